// The grid's own promises: order, conditions, enqueued trials, and what it refuses. The contract
// suite covers the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

AlgorithmSpec grid(const char* options = "{}") { return {"grid", *Value::parse(options)}; }

std::vector<std::string> all_points(const StudySpec& spec, int batch = 1) {
  Player player(spec);
  const auto sampler = try_make(spec);
  std::vector<std::string> points;
  for (int calls = 0; calls < 1000; ++calls) {
    const auto result = player.ask(*sampler, batch);
    const auto* list = suggestions(result);
    if (list == nullptr) break;
    for (const Suggestion& s : *list) {
      points.push_back(s.config.canonical());
      player.add(s.config);
    }
  }
  return points;
}

TEST(Grid, TurnsTheFirstParameterSlowest) {
  const auto space = make_space({make_parameter("b", make_choice({"x", "y"}, false)),
                                 make_parameter("a", Integer{1, 2, Law::uniform, 1})});
  const std::vector<std::string> wanted = {R"({"a":1,"b":"x"})", R"({"a":2,"b":"x"})",
                                           R"({"a":1,"b":"y"})", R"({"a":2,"b":"y"})"};
  EXPECT_EQ(all_points(sampler_spec(space, grid())), wanted);
  EXPECT_EQ(all_points(sampler_spec(space, grid()), 3), wanted);
}

TEST(Grid, GivesEveryConfigurationOfAConditionalSpaceOnce) {
  const auto points = all_points(sampler_spec(small_space(), grid()));
  EXPECT_EQ(std::set<std::string>(points.begin(), points.end()).size(), kSmallSpaceSize);
  EXPECT_EQ(points.size(), kSmallSpaceSize);
}

TEST(Grid, LeavesOutWhatAConstraintForbidsAndWhatWasEnqueued) {
  const auto space = make_space({make_parameter("a", Integer{1, 4, Law::uniform, 1}),
                                 make_parameter("b", Integer{1, 4, Law::uniform, 1})},
                                {"a * b <= 6"});
  const auto spec = sampler_spec(space, grid());
  EXPECT_EQ(all_points(spec).size(), 4U + 3 + 2 + 1);
  Player player(spec);
  Config enqueued;
  enqueued.set("a", 1);
  enqueued.set("b", 1);
  player.add(enqueued);
  const auto sampler = try_make(spec);
  EXPECT_EQ(suggestions(player.ask(*sampler))->front().config.canonical(), R"({"a":1,"b":2})");
}

TEST(Grid, StartsAtOnceInAGridOfTenToTheThirty) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 30; ++i) {
    parameters.push_back(make_parameter("p" + std::to_string(i), Integer{0, 9, Law::uniform, 1}));
  }
  const auto spec = sampler_spec(make_space(std::move(parameters)), grid());
  Player player(spec);
  const auto sampler = try_make(spec);
  const auto result = player.ask(*sampler, 11);
  ASSERT_EQ(suggestions(result)->size(), 11U);
  EXPECT_EQ(suggestions(result)->back().config.get("p28")->as_number(), 1);
}

TEST(Grid, SpacesPointsOfAContinuousParameterEvenlyInItsLaw) {
  Real normal;
  normal.law = Law::normal;
  normal.low = -INFINITY;
  normal.high = INFINITY;
  const auto values = [](Domain domain) {
    const auto space = make_space({make_parameter("x", std::move(domain))});
    Player player(sampler_spec(space, grid(R"({"points": 3})")));
    const auto sampler = try_make(player.history().spec());
    std::vector<double> x;
    const auto result = player.ask(*sampler, 5);
    for (const auto& s : *suggestions(result)) x.push_back(s.config.get("x")->as_number());
    return x;
  };
  EXPECT_THAT(values(make_real(Law::log_uniform, 1e-4, 1)),
              testing::Pointwise(testing::DoubleNear(1e-12), {1e-4, 1e-2, 1.0}));
  EXPECT_THAT(values(normal),  // thirds of the law at their medians
              testing::Pointwise(testing::DoubleNear(1e-4), {-0.9674, 0.0, 0.9674}));
}

TEST(Grid, RefusesAContinuousParameterByName) {
  std::vector<OptionProblem> problems;
  const auto space = make_space({make_parameter("rate", make_real(Law::uniform, 0, 1))});
  EXPECT_EQ(make_sampler(sampler_spec(space, grid()), problems), nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().message.find("rate is continuous"), std::string::npos)
      << problems.front().message;
}

TEST(Samplers, KnowWhatAMisspeltNameOrOptionWasMeantToBe) {
  const auto first_problem = [](const char* name, const char* options) {
    std::vector<OptionProblem> problems;
    const AlgorithmSpec spec{name, *Value::parse(options)};
    EXPECT_EQ(make_sampler(sampler_spec(small_space(), spec), problems), nullptr);
    return problems.empty() ? std::string() : problems.front().message;
  };
  EXPECT_NE(first_problem("sobool", "{}").find("'sobol'"), std::string::npos);
  EXPECT_NE(first_problem("tpe", R"({"candidate": 3})").find("'candidates'"), std::string::npos);
  EXPECT_NE(first_problem("nonsense", "{}").find("random"), std::string::npos);
}

TEST(Samplers, HaveHelpForEveryOption) {
  for (const AlgorithmHelp& help : sampler_help()) {
    EXPECT_FALSE(help.summary.empty()) << help.name;
    for (const auto& option : help.options) {
      EXPECT_GT(option.help.size(), 10U) << help.name << "." << option.name;
    }
  }
}

}  // namespace
}  // namespace hone
