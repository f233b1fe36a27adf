// What a study makes of what its sampler's model knows besides where to look: cheaper
// configurations first, and an end where nothing is left to gain.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/base/rng.h"
#include "hone/tuner/ask_tell.h"

namespace hone {
namespace {

StudySpec spec_of(const std::string& method, Value options) {
  std::vector<Parameter> parameters;
  for (const char* name : {"x", "y"}) {
    Parameter parameter;
    parameter.name = name;
    parameter.domain = Real{};  // 0 … 1
    parameters.push_back(std::move(parameter));
  }
  StudySpec spec;
  spec.name = "model";
  spec.space = *SearchSpace::create(std::move(parameters), {}).space;
  Metric loss;
  loss.name = "loss";
  spec.metrics = {loss};
  spec.sampler = {method, std::move(options)};
  spec.seed = 7;
  return spec;
}

double number_of(const Config& config, std::string_view name) {
  return config.get(name)->as_number();
}

/// Trials within the budget where the time grows with y, of which the loss knows nothing: their
/// number and the least loss.
struct Spent {
  int trials = 0;
  double least = INFINITY;
};
Spent spend(const std::string& method, bool cost_aware, std::int64_t seed) {
  StudySpec spec = spec_of(method, Value::Map{{"cost_aware", cost_aware}});
  spec.seed = seed;
  spec.budget.time_us = 300 * kSecond_us;
  ManualClock clock;
  AskTell study(spec, &clock);
  Spent spent;
  while (const auto asked = study.ask()) {
    const double loss = std::pow(number_of(asked->config, "x") - 0.3, 2);
    clock.advance_us(std::llround(std::exp(4 * number_of(asked->config, "y")) *
                                  static_cast<double>(kSecond_us)));
    study.tell(asked->number, loss);
    spent.least = std::min(spent.least, loss);
    ++spent.trials;
  }
  return spent;
}

TEST(CostAware, BuysMoreTrialsForTheSameTimeWhereCheapOnesTellAsMuch) {
  int plain = 0;
  int aware = 0;
  for (std::int64_t seed = 1; seed <= 3; ++seed) {
    plain += spend("gp", false, seed).trials;
    const Spent spent = spend("gp", true, seed);
    aware += spent.trials;
    EXPECT_LT(spent.least, 1e-3);
  }
  EXPECT_GT(aware, plain * 3 / 2);
}

TEST(CostAware, AutoHandsItToTheProcess) {
  EXPECT_GT(spend("auto", true, 1).trials, spend("auto", false, 1).trials);
}

TEST(CostAware, TakesAMetricThatTellsTheCost) {
  const auto trials = [](bool cost_aware) {
    StudySpec spec = spec_of("gp", Value::Map{{"cost_aware", cost_aware}});
    Metric price;
    price.name = "price";
    price.role = MetricRole::cost;
    spec.metrics.push_back(price);
    spec.budget.cost = 300;
    AskTell study(spec);
    int count = 0;
    while (const auto asked = study.ask()) {
      study.tell(asked->number, std::array{std::pow(number_of(asked->config, "x") - 0.3, 2),
                                           std::exp(4 * number_of(asked->config, "y"))});
      ++count;
    }
    return count;
  };
  EXPECT_GT(trials(true), trials(false));
}

/// Trials until the study ends, 80 at most, with noise of this deviation on a bowl.
struct Ended {
  int trials = 0;
  std::string why;
};
Ended until_end(double noise, bool by_regret) {
  StudySpec spec = spec_of("gp", Value::Map{{"stop_by_regret", by_regret}});
  spec.budget.trials = 80;
  AskTell study(spec);
  Rng rng(5);
  Ended ended;
  while (const auto asked = study.ask()) {
    study.tell(asked->number, std::pow(number_of(asked->config, "x") - 0.3, 2) +
                                  std::pow(number_of(asked->config, "y") - 0.6, 2) +
                                  noise * rng.normal());
    ++ended.trials;
  }
  ended.why = study.why_done();
  return ended;
}

TEST(StopByRegret, EndsWhereNothingIsLeftToGainBeyondTheNoise) {
  const Ended noisy = until_end(0.2, true);
  EXPECT_LT(noisy.trials, 80);
  EXPECT_GE(noisy.trials, 20);
  EXPECT_NE(noisy.why.find("no improvement expected: by the Gaussian process nothing is better "
                           "than trial"),
            std::string::npos)
      << noisy.why;
  EXPECT_EQ(until_end(0.2, false).trials, 80);
}

}  // namespace
}  // namespace hone
