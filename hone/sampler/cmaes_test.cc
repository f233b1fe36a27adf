// What covariance matrix adaptation promises beyond the contract.
#include <gtest/gtest.h>

#include <cmath>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

AlgorithmSpec cmaes(const char* options = "{}") { return {"cmaes", *Value::parse(options)}; }

SearchSpace cube(int d) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < d; ++i)
    parameters.push_back(make_parameter("x" + std::to_string(i), make_real(Law::uniform, -5, 5)));
  return make_space(std::move(parameters));
}

double rosenbrock(const Config& config, int d) {
  double sum = 0;
  for (int i = 0; i + 1 < d; ++i) {
    const double x = config.get("x" + std::to_string(i))->as_number();
    const double y = config.get("x" + std::to_string(i + 1))->as_number();
    sum += 100 * std::pow(y - x * x, 2) + std::pow(1 - x, 2);
  }
  return sum;
}

/// The best value of a study of a function in a cube.
double best_of(const AlgorithmSpec& sampler, int trials, std::int64_t seed) {
  Player player(sampler_spec(cube(4), sampler, seed));
  const auto made = try_make(player.history().spec());
  double best = HUGE_VAL;
  for (int k = 0; k < trials; ++k) {
    const auto result = player.ask(*made);
    const double value = rosenbrock(suggestions(result)->front().config, 4);
    best = std::min(best, value);
    player.add(suggestions(result)->front().config, {}, value);
  }
  return best;
}

TEST(Cmaes, FollowsACurvedValleyFurtherThanTpe) {
  int further = 0;
  for (std::int64_t seed = 0; seed < 5; ++seed)
    further += best_of(cmaes(), 800, seed) < 0.2 * best_of({"tpe", Value::Map{}}, 800, seed);
  EXPECT_GE(further, 4);
}

TEST(Cmaes, StartsAtTheUsersDefaults) {
  Parameter x = make_parameter("x", make_real(Law::uniform, 0, 1));
  x.default_value = Value(0.9);
  Parameter y = make_parameter("y", make_real(Law::uniform, 0, 1));
  y.prior = Prior{Value(0.1), 0.02};
  Player player(sampler_spec(make_space({x, y}), cmaes(R"({"sigma": 0.02})")));
  const auto sampler = try_make(player.history().spec());
  const auto result = player.ask(*sampler, 5);
  for (const Suggestion& s : *suggestions(result)) {
    EXPECT_NEAR(s.config.get("x")->as_number(), 0.9, 0.1);
    EXPECT_NEAR(s.config.get("y")->as_number(), 0.1, 0.1);
  }
}

/// An earlier study of 40 trials that was best around x0 = 3, x1 = -2.
StudySpec after_another(std::int64_t seed = 1) {
  StudySpec spec = sampler_spec(cube(2), cmaes(), seed);
  WarmSource source{"earlier", {}};
  Rng rng(3);
  for (int i = 0; i < 40; ++i) {
    WarmTrial trial{*spec.space.sample(rng), std::nullopt, i};
    const double x = trial.config.get("x0")->as_number() - 3;
    const double y = trial.config.get("x1")->as_number() + 2;
    if (i % 10 != 0) trial.loss = x * x + y * y;
    source.trials.push_back(trial);
  }
  spec.warm_start.sources.push_back(source);
  return spec;
}

TEST(Cmaes, BeginsWhereAnEarlierStudyWasBest) {
  Player player(after_another());
  const auto sampler = try_make(player.history().spec());
  const auto result = player.ask(*sampler, 30);
  double x = 0;
  double y = 0;
  for (const Suggestion& s : *suggestions(result)) {
    EXPECT_NE(s.info.find("warm"), nullptr);
    x += s.config.get("x0")->as_number() / 30;
    y += s.config.get("x1")->as_number() / 30;
  }
  EXPECT_NEAR(x, 3, 1);
  EXPECT_NEAR(y, -2, 1);
}

TEST(Cmaes, ForgetsAnEarlierStudyThatMisleads) {
  Player player(after_another());
  const auto sampler = try_make(player.history().spec());
  const Config middle = player.space().default_config();
  player.add(middle, {}, 1.0);
  for (int k = 0; k < 2; ++k)
    player.add_suggestion(suggestions(player.ask(*sampler))->front(), 2.0 + k);
  const auto result = player.ask(*sampler, 30);
  double x = 0;
  for (const Suggestion& s : *suggestions(result)) {
    EXPECT_EQ(s.info.find("warm"), nullptr);
    EXPECT_EQ(s.info.int_or("restart", -1), 1);
    x += s.config.get("x0")->as_number() / 30;
  }
  EXPECT_NEAR(x, 0, 0.7);
}

TEST(Cmaes, DrawsOnFromTheSameGenerationWhileItsMembersRun) {
  Player player(sampler_spec(cube(4), cmaes()));
  const auto sampler = try_make(player.history().spec());
  for (int k = 0; k < 40; ++k) {
    const auto result = player.ask(*sampler);
    EXPECT_EQ(suggestions(result)->front().info.int_or("generation", -1), 0);
    player.add(suggestions(result)->front().config, Fate{.left_running = 1});
  }
  for (int k = 0; k < 8; ++k) {  // λ of four parameters
    const auto result = player.ask(*sampler);
    player.add(suggestions(result)->front().config);
  }
  const auto result = player.ask(*sampler);
  EXPECT_EQ(suggestions(result)->front().info.int_or("generation", -1), 1);
}

TEST(Cmaes, StartsAgainElsewhereWhenARunHasComeToRest) {
  Player player(sampler_spec(cube(2), cmaes()));
  const auto sampler = try_make(player.history().spec());
  std::int64_t last = 0;
  for (int k = 0; k < 1500 && last < 2; ++k) {
    const auto result = player.ask(*sampler);
    const Suggestion& s = suggestions(result)->front();
    last = s.info.int_or("restart", -1);
    player.add(s.config, {}, std::pow(s.config.get("x0")->as_number() - 1, 2));
  }
  EXPECT_EQ(last, 2);
}

TEST(Cmaes, SaysThatItTakesOneObjective) {
  StudySpec spec = sampler_spec(cube(2), cmaes());
  spec.metrics.push_back(spec.metrics.front());
  spec.metrics.back().name = "time";
  std::vector<OptionProblem> problems;
  EXPECT_EQ(make_sampler(spec, problems), nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().message.find("one objective"), std::string::npos);
}

}  // namespace
}  // namespace hone
