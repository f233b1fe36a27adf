#include "hone/space/search_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/space/space_test_support.h"

namespace hone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "field: message" of every problem, warnings marked.
std::vector<std::string> problems(std::vector<Parameter> parameters,
                                  std::vector<Constraint> list = {}) {
  std::vector<std::string> out;
  for (const auto& p : SearchSpace::create(std::move(parameters), std::move(list)).problems) {
    out.push_back((p.warning ? "warning " : "") + p.field + ": " + p.message);
  }
  return out;
}

Parameter with_default(Parameter p, Value v) {
  p.default_value = std::move(v);
  return p;
}

Config config(std::string_view json) { return *Config::parse(json); }

SearchSpace lora() {
  return space(
      {choice("model", {"small", "large"}),
       with_default(choice("tuning", {"lora", "full"}), "lora"),
       when(choice("rank", {4, 8, 16, 32, 64}, true), "tuning", {"lora"}),
       when(derived("alpha", "2 * rank"), "tuning", {"lora"}), choice("batch", {8, 16, 32, 64}),
       choice("accumulation", {1, 2, 4, 8}), parameter("epochs", Fixed{Value(3), "3"})},
      constraints({"batch * accumulation <= 128"}));
}

TEST(SearchSpace, CompletesAConfiguration) {
  const SearchSpace s = lora();
  EXPECT_EQ(s.complete(config(R"({"tuning": "lora", "rank": 8})")).canonical(),
            R"({"alpha":16,"epochs":3,"rank":8,"tuning":"lora"})");
  EXPECT_EQ(s.complete(config(R"({"tuning": "full", "rank": 8, "alpha": 1})")).canonical(),
            R"({"epochs":3,"tuning":"full"})");
  EXPECT_EQ(s.complete(config(R"({"rank": 8})")).canonical(), R"({"epochs":3})");
}

TEST(SearchSpace, SaysEveryViolation) {
  const SearchSpace s = lora();
  const std::string whole =
      R"({"model":"small","tuning":"lora","rank":8,"alpha":16,"batch":64,"accumulation":2,"epochs":3})";
  EXPECT_TRUE(s.is_feasible(config(whole)));
  Config c = config(whole);
  c.set("accumulation", 4);
  c.set("rank", 9);
  c.set("colour", "red");
  EXPECT_THAT(
      s.violations(c),
      ElementsAre("'colour' is no parameter of the space",
                  "'rank' cannot be 9: it is one of 4, 8, 16, 32, 64", "'alpha' is 18, not 16",
                  "the constraint 'batch * accumulation <= 128' is broken"));
  c = config(whole);
  c.set("tuning", "full");
  c.erase("model");
  EXPECT_THAT(s.violations(c),
              ElementsAre("'model' has no value", "'rank' has a value but is not active",
                          "'alpha' has a value but is not active"));
}

TEST(SearchSpace, OrdersParentsBeforeChildren) {
  const SearchSpace s = space({when(real("c", 0, 1), "b", {1}), derived("e", "c + a"),
                               when(integer("b", 0, 1), "a > 0.5"), real("a", 0, 1)});
  EXPECT_THAT(s.order(), ElementsAre(3, 2, 0, 1));
  EXPECT_THAT(s.searched(), ElementsAre(3, 2, 0));
  EXPECT_EQ(s.dimension(), 3);
  EXPECT_TRUE(s.has_conditions());
}

TEST(SearchSpace, FindsCircles) {
  EXPECT_THAT(problems({when(integer("a", 0, 1), "c", {1}), when(integer("b", 0, 1), "a", {1}),
                        when(integer("c", 0, 1), "b", {1})}),
              ElementsAre("when: parameters depend on each other in a circle: a → c → b → a"));
  EXPECT_THAT(
      problems({derived("x", "y + 1"), derived("y", "x - 1"), real("z", 0, 1)},
               constraints({"x == y"})),
      testing::Contains("expression: parameters depend on each other in a circle: x → y → x"));
  EXPECT_THAT(problems({when(integer("a", 0, 1), "a", {1})}),
              ElementsAre("when: parameters depend on each other in a circle: a → a"));
  // A long chain is no circle.
  std::vector<Parameter> chain{integer("p0", 0, 1)};
  for (int i = 1; i < 300; ++i)
    chain.push_back(when(integer("p" + std::to_string(i), 0, 1), "p" + std::to_string(i - 1), {1}));
  EXPECT_THAT(problems(chain), IsEmpty());
}

TEST(SearchSpace, SuggestsTheNameThatWasMeant) {
  EXPECT_THAT(
      problems({real("learning_rate", 0, 1), derived("x", "2 * learning_rat"),
                when(real("y", 0, 1), "learnign_rate", {1})},
               constraints({"Learning_Rate < 1", "speed > 0"})),
      ElementsAre("expression: there is no parameter 'learning_rat'; did you mean 'learning_rate'?",
                  "when: there is no parameter 'learnign_rate'; did you mean 'learning_rate'?",
                  ": there is no parameter 'Learning_Rate'; did you mean 'learning_rate'?",
                  ": there is no parameter 'speed'"));
  EXPECT_THAT(
      problems({real("weight-decay", 0, 1)}, constraints({"weight-decay < 0.5"}))[0],
      ": there is no parameter 'weight'; a name with a dash stands in back-quotes: `weight-decay`");
  const auto built = SearchSpace::create({real("a", 0, 1)}, constraints({"a < 1 and 2 < aa"}));
  ASSERT_EQ(built.problems.size(), 1u);
  EXPECT_EQ(built.problems[0].constraint, 0);
  EXPECT_EQ(built.problems[0].offset, 14u);
}

TEST(SearchSpace, RefusesImpossibleDomains) {
  EXPECT_THAT(problems({real("a", 2, 1)}), ElementsAre("max: max (1) is below min (2)"));
  EXPECT_THAT(problems({real("a", 2, 2)}),
              ElementsAre("max: min and max are both 2; write 'value: 2' for a fixed parameter"));
  EXPECT_THAT(problems({real("a", 0, 1, Law::log_uniform)}),
              ElementsAre("min: a logarithmic scale needs min above 0, not 0"));
  EXPECT_THAT(problems({real("a", 0, 1, Law::logit_uniform)}),
              ElementsAre("min: a logit scale needs bounds strictly between 0 and 1"));
  EXPECT_THAT(problems({real("a", 0, INFINITY)}),
              ElementsAre("max: the bounds must be finite numbers"));
  EXPECT_THAT(problems({parameter("a", Real{Law::normal, 0, 1, 0, 0, {}, false})}),
              ElementsAre("sigma: the standard deviation must be above 0, not 0"));
  EXPECT_THAT(problems({parameter("a", Real{Law::uniform, 0, 1, 0, 1, Quantum{0, true}, false})}),
              ElementsAre("step: the step must be above 0, not 0"));
  EXPECT_THAT(problems({parameter("a", Real{Law::uniform, 0, 1, 0, 1, Quantum{2, true}, false})}),
              ElementsAre("warning step: a step of 2 leaves one value only"));
  EXPECT_THAT(problems({integer("a", 0, 5, Law::log_uniform)}),
              ElementsAre("min: a logarithmic scale needs min of at least 1, not 0"));
  EXPECT_THAT(problems({integer("a", 0, 5, Law::uniform, 0)}),
              ElementsAre("step: the step must be at least 1, not 0"));
  EXPECT_THAT(problems({integer("a", 0, INT64_MAX)}),
              ElementsAre("max: integers beyond 2^53 cannot be searched"));
  EXPECT_THAT(problems({choice("a", {})}), ElementsAre("values: the list of values is empty"));
  EXPECT_THAT(problems({choice("a", {1, 2, 1.0})}),
              ElementsAre("values: the value 1.0 stands there twice"));
  EXPECT_THAT(problems({choice("a", {1, 2}, false, {0.5})}),
              ElementsAre("probabilities: 1 probabilities for 2 values"));
  EXPECT_THAT(problems({choice("a", {1, 2}, false, {0.5, 0.6})}),
              ElementsAre("probabilities: the probabilities sum to 1.1, not to 1"));
  EXPECT_THAT(problems({real("a", 0, 1), real("a", 0, 1)}),
              ElementsAre("name: there is a second parameter 'a'"));
}

TEST(SearchSpace, RefusesDefaultsAndConditionsThatCannotBe) {
  EXPECT_THAT(problems({with_default(real("a", 0, 1), 2)}),
              ElementsAre("default: the default 2 is no legal value: 'a' is a number from 0 to 1"));
  EXPECT_THAT(
      problems({with_default(integer("a", 1, 9, Law::uniform, 2), 4)}),
      ElementsAre(
          "default: the default 4 is no legal value: 'a' is an integer from 1 to 9 in steps of 2"));
  EXPECT_THAT(problems({with_default(choice("opt", {"adam", "sgd"}), "adm")}),
              ElementsAre("default: the default 'adm' is no legal value: 'opt' is one of 'adam', "
                          "'sgd'; did you mean 'adam'?"));
  EXPECT_THAT(problems({with_default(derived("a", "1 + 1"), 2)}),
              ElementsAre("default: a parameter that is not searched takes no default"));
  Parameter p = real("a", 0, 1);
  p.prior = Prior{Value(3), 0};
  EXPECT_THAT(
      problems({p}),
      ElementsAre("prior: the prior's centre 3 is no legal value: 'a' is a number from 0 to 1",
                  "prior: the prior's spread must be above 0, not 0"));
  EXPECT_THAT(
      problems({choice("tuning", {"lora", "full"}), when(real("x", 0, 1), "tuning", {"loar"})}),
      ElementsAre(
          "when: 'tuning' can never be 'loar'; it is one of 'lora', 'full'; did you mean 'lora'?"));
  EXPECT_THAT(problems({integer("n", 1, 4), when(real("x", 0, 1), "n", {2.0, 5})}),
              ElementsAre("when: 'n' can never be 5; it is an integer from 1 to 4"));
}

TEST(SearchSpace, RefusesEqualitiesOverRealsAndAllowsThemOverIntegers) {
  const auto list = problems({real("a", 0, 1), real("b", 0, 1)}, constraints({"a + b == 1"}));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_THAT(list[0],
              HasSubstr("an equality over the real parameter 'a' leaves nothing to search"));
  EXPECT_THAT(list[0], HasSubstr("'expression'"));
  EXPECT_THAT(
      problems({real("a", 0, 1), derived("c", "2 * a")}, constraints({"a < 2 and c == 1"})).size(),
      1u);
  EXPECT_THAT(problems({integer("a", 0, 4), integer("b", 0, 4)}, constraints({"a + b == 4"})),
              IsEmpty());
  EXPECT_THAT(problems({real("a", 0, 4), integer("b", 0, 4)}, constraints({"round(a) == b"})),
              IsEmpty());
  EXPECT_THAT(
      problems({real("a", 0, 4), choice("b", {"x", "y"})}, constraints({"a < 1 or b == 'x'"})),
      IsEmpty());
}

TEST(SearchSpace, TellsExpressionsThatCannotBeComputed) {
  EXPECT_THAT(
      problems({choice("o", {"a", "b"}), derived("x", "2 * o")}),
      ElementsAre(
          "expression: the expression cannot be computed: '*' needs two numbers, not 2 and \"a\""));
  EXPECT_THAT(problems({real("a", 0, 1)}, constraints({"a + 1"}))[0],
              HasSubstr(": the constraint cannot be judged: it gives 1.5, not true or false"));
  EXPECT_THAT(problems({integer("a", 0, 1), derived("x", "1 / a")})[0],
              "warning expression: the expression cannot be computed in parts of the space, which "
              "will not be searched: division by zero in '1 / 0'");
  EXPECT_THAT(problems({real("a", 0, 1)}, constraints({"1 < 2"})),
              ElementsAre(": the constraint '1 < 2' names no parameter"));
}

TEST(SearchSpace, WarnsOfDefaultsThatBreakAConstraint) {
  EXPECT_THAT(
      problems({with_default(real("a", 0, 1), 0.9), with_default(real("b", 0, 1), 0.1)},
               constraints({"a < b"})),
      ElementsAre("warning : the defaults break this constraint, so they will not be tried"));
}

TEST(SearchSpace, CountsDistinctConfigurations) {
  EXPECT_EQ(lora().cardinality(), 2u * (5 + 1) * 4 * 4);
  EXPECT_EQ(space({real("x", 0, 1)}).cardinality(), std::nullopt);
  EXPECT_EQ(SearchSpace().cardinality(), 1u);
  EXPECT_EQ(space({integer("a", 1, 1'000'000), integer("b", 1, 1'000'000)}).cardinality(),
            1'000'000'000'000u);
  EXPECT_EQ(space({integer("a", 0, 1'000'000'000), integer("b", 0, 1'000'000'000)}).cardinality(),
            std::nullopt);
  EXPECT_EQ(space({integer("a", 0, 2), when(integer("b", 0, 9), "a >= 1"),
                   when(choice("c", {"x", "y"}), "b > 7")})
                .cardinality(),
            1u + 2 * (8 + 2 * 2));
}

TEST(SearchSpace, DefaultsComeFromTheUserThePriorAndTheMiddle) {
  Parameter likely = real("lr", 1e-6, 1e-2, Law::log_uniform);
  likely.prior = Prior{Value(3e-4), 0.1};
  const SearchSpace s =
      space({with_default(integer("a", 0, 10), 7), likely, real("m", 1, 100, Law::log_uniform),
             choice("o", {4, 8, 16}, true), choice("u", {"x", "y"}), integer("k", 0, 10)});
  const Config c = s.default_config();
  EXPECT_EQ(c.get("a")->as_int(), 7);
  EXPECT_EQ(c.get("lr")->as_number(), 3e-4);
  EXPECT_EQ(c.get("m")->as_number(), 10);
  EXPECT_EQ(c.get("o")->as_int(), 8);
  EXPECT_EQ(c.get("u")->as_string(), "x");
  EXPECT_EQ(c.get("k")->as_int(), 5);
  EXPECT_TRUE(s.has_user_defaults());
  // The middle is the number that a person would write.
  const SearchSpace decades = space({real("lr", 1e-5, 0.1, Law::log_uniform)});
  EXPECT_EQ(decades.default_config().get("lr")->as_number(), 0.001);
  Config outside;
  outside.set("lr", 2.0);
  EXPECT_THAT(decades.violations(outside),
              ElementsAre("'lr' cannot be 2.0: it is a number from 1e-5 to 0.1"));
  EXPECT_FALSE(space({real("x", 0, 1)}).has_user_defaults());
}

TEST(SearchSpace, EncodesAndDecodesRows) {
  const SearchSpace s = lora();
  Rng rng(1);
  for (int i = 0; i < 500; ++i) {
    const Config c = *s.sample(rng);
    ASSERT_THAT(s.violations(c), IsEmpty());
    std::vector<double> row(static_cast<std::size_t>(s.dimension()));
    s.encode(c, row);
    EXPECT_EQ(s.decode(row), c);
    const bool full = c.get("tuning")->as_string() == "full";
    EXPECT_EQ(std::isnan(row[2]), full);
    EXPECT_EQ(s.is_active(s.index_of("rank"), c), !full);
  }
  std::vector<double> row(static_cast<std::size_t>(s.dimension()));
  s.encode(config(R"({"tuning": "lora", "rank": "many", "batch": 16, "colour": 3})"), row);
  EXPECT_TRUE(std::isnan(row[2]));
  EXPECT_DOUBLE_EQ(row[3], 0.375);
}

TEST(SearchSpace, IsEmptyByDefault) {
  const SearchSpace s;
  EXPECT_EQ(s.size(), 0);
  EXPECT_EQ(s.dimension(), 0);
  Rng rng(1);
  EXPECT_EQ(s.sample(rng)->size(), 0u);
  EXPECT_EQ(s.index_of("x"), -1);
}

TEST(SearchSpace, DerivedFromAnInactiveOneIsInactive) {
  const SearchSpace s = space({choice("t", {"a", "b"}), when(integer("r", 1, 4), "t", {"a"}),
                               derived("twice", "2 * r"), derived("any", "r if t == 'a' else 0"),
                               when(real("z", 0, 1), "any > 2")});
  EXPECT_EQ(s.complete(config(R"({"t": "b", "z": 0.5})")).canonical(), R"({"any":0,"t":"b"})");
  EXPECT_EQ(s.complete(config(R"({"t": "a", "r": 3, "z": 0.5})")).canonical(),
            R"({"any":3,"r":3,"t":"a","twice":6,"z":0.5})");
}

TEST(SearchSpace, AFeatureIsANumber) {
  const auto made = [](const char* source) {
    Parameter parameter = derived("feature", source);
    std::get<Derived>(parameter.domain).feature = true;
    return SearchSpace::create({choice("t", {"a", "b"}), std::move(parameter)}, {});
  };
  EXPECT_TRUE(made("1 if t == 'a' else 2.5").space);
  const auto wrong = made("'large' if t == 'a' else 'small'");
  EXPECT_FALSE(wrong.space);
  ASSERT_EQ(wrong.problems.size(), 1u);
  EXPECT_EQ(wrong.problems[0].message,
            "the expression cannot be computed: a feature is a number, and it gives \"large\"");
}

TEST(Config, FindsDuplicatesAcrossNumberSpellings) {
  const Config a = config(R"({"x": 1, "y": [1, 2.5], "z": "1"})");
  const Config b = config(R"({"z": "1", "y": [1.0, 2.5], "x": 1.0})");
  EXPECT_EQ(a.key(), b.key());
  EXPECT_NE(a.canonical(), b.canonical());
  EXPECT_NE(a.key(), config(R"({"x": 1, "y": [1, 2.5], "z": 1})").key());
  EXPECT_NE(config(R"({"x": null})").key(), config("{}").key());
}

TEST(Config, IsSortedByNameAndRoundTrips) {
  Config c;
  c.set("b", 2);
  c.set("a", Value("x"));
  c.set("b", 3);
  EXPECT_EQ(c.size(), 2u);
  EXPECT_EQ(c.canonical(), R"({"a":"x","b":3})");
  EXPECT_EQ(Config::parse(c.canonical()), c);
  c.erase("a");
  c.erase("nothing");
  EXPECT_EQ(c.get("a"), nullptr);
  EXPECT_EQ(Config::parse("[1]"), std::nullopt);
  EXPECT_EQ(Config::parse("{"), std::nullopt);
}

}  // namespace
}  // namespace hone
