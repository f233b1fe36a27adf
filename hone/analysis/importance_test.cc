// Known answers: functions whose variance under the law of the space is known term by term. What is
// asked of figures is far from where chance would put them; the rates of false alarms are counted
// over seeds.
#include "hone/analysis/importance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hone/analysis/analysis_test_support.h"

namespace hone {
namespace {

const Effect& effect(const Importance& importance, const std::string& name) {
  for (const Effect& one : importance.effects) {
    if (one.parameter == name) return one;
  }
  throw std::runtime_error(name);
}

/// Var(10(x0 − 0.7)²) : Var(3(x1 − 0.3)²) = 11.4 : 1.03 under the uniform law; the others nothing.
double two_of_six(const Config& config, Rng& noise) {
  return 10 * std::pow(number(config, "x0") - 0.7, 2) +
         3 * std::pow(number(config, "x1") - 0.3, 2) + 0.1 * noise.normal();
}

TEST(Importance, IsTheShareOfTheVarianceWhereConfigurationsAreDrawnAtRandom) {
  const Importance found = find_importance(played(unit_space(6, 1), 200, two_of_six));
  ASSERT_TRUE(found.enough);
  EXPECT_NEAR(effect(found, "x0").share, 11.4 / 12.4, 0.12);  // ranks are not values
  EXPECT_GT(effect(found, "x1").share, 0.03);
  EXPECT_LE(effect(found, "x1").p, kSignificance);
  EXPECT_GT(found.explained, 0.8);
  for (const char* name : {"x2", "x3", "x4", "x5"}) EXPECT_LT(effect(found, name).share, 0.02);
  EXPECT_EQ(found.effects.front().parameter, "x0");
}

TEST(Importance, FindsWhatMattersAmongTrialsOfASamplerThatLearns) {
  int first = 0, false_alarms = 0, tests = 0;
  double share = 0;
  constexpr int kSeeds = 10;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const Importance found =
        find_importance(played(unit_space(6, seed), 60, two_of_six, Draws::near_the_best));
    first += found.effects.front().parameter == "x0" ? 1 : 0;
    share += effect(found, "x0").share;
    for (const char* name : {"x2", "x3", "x4", "x5"}) {
      false_alarms += effect(found, name).p <= kSignificance ? 1 : 0;
      ++tests;
    }
  }
  EXPECT_GE(first, 6);
  EXPECT_GT(share / kSeeds, 0.5);
  EXPECT_LE(false_alarms, tests / 8) << "of " << tests;  // 5 % expected; P(> 5 of 40) = 1.4 %
}

TEST(Importance, TellsNothingWhereNothingMatters) {
  const auto noise_only = [](const Config&, Rng& noise) { return noise.normal(); };
  int alarms = 0, pairs = 0;
  constexpr int kSeeds = 20;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const Importance found = find_importance(played(unit_space(4, seed), 40, noise_only));
    for (const Effect& one : found.effects) alarms += one.p <= kSignificance ? 1 : 0;
    pairs += found.strongest && found.strongest->p <= kSignificance ? 1 : 0;
  }
  EXPECT_LE(alarms, 10);  // of 80; 4 expected, P(> 10) = 0.2 %
  EXPECT_LE(pairs, 4);    // of 20; 1 expected, P(> 4) = 0.3 %
}

TEST(Importance, NamesThePairThatInteracts) {
  // (x0 + x1 − 1)²: each alone says little, together all. x2 adds.
  const auto ridge = [](const Config& c, Rng& noise) {
    return 10 * std::pow(number(c, "x0") + number(c, "x1") - 1, 2) + number(c, "x2") +
           0.1 * noise.normal();
  };
  const Importance found = find_importance(played(unit_space(5, 3), 80, ridge));
  ASSERT_TRUE(found.strongest);
  EXPECT_EQ(found.strongest->first, "x0");
  EXPECT_EQ(found.strongest->second, "x1");
  EXPECT_LE(found.strongest->p, kSignificance);
  EXPECT_GT(found.strongest->share, 0.2);
  EXPECT_NEAR(effect(found, "x0").share, effect(found, "x1").share, 0.15);
}

TEST(Importance, DoesNotTakeASumForAnInteraction) {
  const auto sum = [](const Config& c, Rng& noise) {
    return 3 * number(c, "x0") + 2 * number(c, "x1") + 0.3 * noise.normal();
  };
  int alarms = 0;
  for (int seed = 1; seed <= 10; ++seed) {
    const Importance found = find_importance(played(unit_space(4, seed), 60, sum));
    alarms += found.strongest && found.strongest->p <= kSignificance ? 1 : 0;
  }
  EXPECT_LE(alarms, 3);  // of 10; P(> 3) = 0.1 % at 5 %
}

StudySpec mixed_space(std::int64_t seed) {
  const auto text = [](const char* word) { return ChoiceItem{word, word}; };
  Choice kind;
  kind.items = {text("lora"), text("full"), text("none")};
  Choice rank;
  rank.ordered = true;
  for (const std::int64_t r : {4, 8, 16, 32}) rank.items.push_back({r, std::to_string(r)});
  Parameter only_lora{"rank", rank, {{"kind", {Value("lora")}, {}}}, {}, {}};
  Real rate;
  rate.law = Law::log_uniform;
  rate.low = 1e-5;
  rate.high = 1e-1;
  StudySpec spec = unit_space(0, seed);
  spec.space = *SearchSpace::create({{"kind", kind, {}, {}, {}},
                                     only_lora,
                                     {"rate", rate, {}, {}, {}},
                                     {"layers", Integer{1, 6}, {}, {}, {}},
                                     {"seed", Integer{0, 1000000}, {}, {}, {}}},
                                    {})
                    .space;
  return spec;
}

TEST(Importance, UnderstandsChoicesConditionsLogarithmsAndIntegers) {
  const auto loss = [](const Config& c, Rng& noise) {
    const std::string& kind = c.get("kind")->as_string();
    double value = kind == "full" ? 1.5 : 0;
    if (const Value* rank = c.get("rank")) value += 2 - std::log2(rank->as_number()) / 2.0;
    value += 0.3 * std::pow(std::log10(number(c, "rate")) + 3, 2);
    return value + 0.05 * number(c, "layers") + 0.02 * noise.normal();
  };
  const Importance found = find_importance(played(mixed_space(5), 150, loss));
  ASSERT_TRUE(found.enough);
  for (const char* name : {"kind", "rank", "rate"})
    EXPECT_LE(effect(found, name).p, kSignificance) << name;
  EXPECT_LT(effect(found, "seed").share, 0.02);
  EXPECT_GT(effect(found, "kind").share, effect(found, "layers").share);
  EXPECT_GT(effect(found, "rate").share, effect(found, "layers").share);
  if (found.strongest) {
    EXPECT_NE(found.strongest->first + found.strongest->second, "kindrank")
        << "a condition is no interaction";
  }
}

TEST(Importance, LearnsFromTrialsThatFailedByTheirConfiguration) {
  const auto diverges = [](const Config& c, Rng& noise) {
    return number(c, "x0") > 0.6 ? INFINITY : noise.normal();
  };
  const Importance found = find_importance(played(unit_space(3, 2), 60, diverges));
  EXPECT_EQ(found.effects.front().parameter, "x0");
  EXPECT_LE(found.effects.front().p, kSignificance);
}

TEST(Importance, SaysThatTrialsAreTooFew) {
  const Importance few = find_importance(played(unit_space(6, 1), 15, two_of_six));
  EXPECT_FALSE(few.enough);
  EXPECT_EQ(few.trials, 15);
  EXPECT_EQ(few.needed, 16);
  EXPECT_TRUE(few.effects.empty());
  EXPECT_TRUE(find_importance(played(unit_space(6, 1), 16, two_of_six)).enough);
  const auto flat = [](const Config&, Rng&) { return 1.0; };
  EXPECT_FALSE(find_importance(played(unit_space(2, 1), 40, flat)).enough);
}

TEST(Importance, IsAFunctionOfTheHistoryAndIgnoresTheDirection) {
  const History history = played(unit_space(6, 1), 40, two_of_six, Draws::near_the_best);
  const Importance once = find_importance(history);
  const Importance again = find_importance(history);
  for (std::size_t i = 0; i < once.effects.size(); ++i) {
    EXPECT_EQ(once.effects[i].share, again.effects[i].share);
    EXPECT_EQ(once.effects[i].p, again.effects[i].p);
  }
  StudySpec upside_down = unit_space(6, 1);
  upside_down.metrics[0].goal = Goal::maximize;
  const auto negative = [](const Config& c, Rng& noise) { return -two_of_six(c, noise); };
  const Importance down = find_importance(played(unit_space(6, 1), 40, two_of_six));
  const Importance up = find_importance(played(upside_down, 40, negative));
  for (std::size_t i = 0; i < down.effects.size(); ++i)
    EXPECT_DOUBLE_EQ(down.effects[i].share, up.effects[i].share);
}

}  // namespace
}  // namespace hone
