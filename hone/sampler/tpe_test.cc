// What the estimator promises beyond the contract: it learns, goes on refining, and keeps away from
// where trials fail or run.
#include <gtest/gtest.h>

#include <cmath>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

AlgorithmSpec tpe(const char* options = "{}") { return {"tpe", *Value::parse(options)}; }

double number(const Config& config, const std::string& name) {
  return config.get(name)->as_number();
}

SearchSpace cube(int d) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < d; ++i) {
    parameters.push_back(make_parameter("x" + std::to_string(i), make_real(Law::uniform, -5, 5)));
  }
  return make_space(std::move(parameters));
}

/// Σ (x_i − c_i)² with c_i = 3 sin(i + 1).
double shifted_sphere(const Config& config, int d) {
  double sum = 0;
  for (int i = 0; i < d; ++i)
    sum += std::pow(number(config, "x" + std::to_string(i)) - 3 * std::sin(i + 1), 2);
  return sum;
}

TEST(Tpe, KeepsImprovingATenDimensionalSphereFromTheThousandthToTheTwoThousandthTrial) {
  constexpr int kDimensions = 10;
  Player player(sampler_spec(cube(kDimensions), tpe(), 11));
  const auto sampler = try_make(player.history().spec());
  double best = HUGE_VAL;
  double at_thousand = 0;
  for (int k = 0; k < 2000; ++k) {
    if (k == 1000) at_thousand = best;
    const auto result = player.ask(*sampler);
    const Config& config = suggestions(result)->front().config;
    const double value = shifted_sphere(config, kDimensions);
    best = std::min(best, value);
    player.add(config, {}, value);
  }
  EXPECT_LT(at_thousand, 0.29);  // where the usual floor of a hundredth of the range ends
  EXPECT_LT(best, 0.7 * at_thousand);
}

TEST(Tpe, KeepsAwayFromWhereTrialsFail) {
  // Better towards 1, but every trial above 0.6 fails.
  const auto space = make_space({make_parameter("x", make_real(Law::uniform, 0, 1))});
  const auto failures = [&](const char* options) {
    int failed = 0;
    for (std::int64_t seed = 0; seed < 10; ++seed) {
      Player player(sampler_spec(space, tpe(options), seed));
      const auto sampler = try_make(player.history().spec());
      for (int k = 0; k < 60; ++k) {
        const auto result = player.ask(*sampler);
        const Config& config = suggestions(result)->front().config;
        const bool fails = number(config, "x") > 0.6;
        failed += fails ? 1 : 0;
        // Fate makes every fourth kind of failure; a NaN is always the configuration's doing.
        player.add(config, {}, fails ? NAN : 1 - number(config, "x"));
      }
    }
    return failed;
  };
  EXPECT_LT(failures("{}"), 0.7 * failures(R"({"failures": false})"));
}

TEST(Tpe, SpreadsABatchOut) {
  Player player(sampler_spec(cube(2), tpe(), 3));
  const auto sampler = try_make(player.history().spec());
  for (int k = 0; k < 60; ++k) {
    const auto result = player.ask(*sampler);
    const Config& config = suggestions(result)->front().config;
    player.add(config, {}, shifted_sphere(config, 2));
  }
  const auto spread = [&](const char* options) {
    auto spec = sampler_spec(cube(2), tpe(options), 3);
    Player asked = player;
    asked.set_spec(spec);
    const auto fresh = try_make(spec);
    const auto result = asked.ask(*fresh, 16);
    double sum = 0;
    for (const auto& a : *suggestions(result)) {
      double nearest = HUGE_VAL;
      for (const auto& b : *suggestions(result)) {
        const double distance = std::hypot(number(a.config, "x0") - number(b.config, "x0"),
                                           number(a.config, "x1") - number(b.config, "x1"));
        if (&a != &b) nearest = std::min(nearest, distance);
      }
      sum += nearest;
    }
    return sum / 16;
  };
  EXPECT_GT(spread("{}"), spread(R"({"pending": false})"));
}

TEST(Tpe, LearnsWhichBranchOfAConditionalSpaceIsGood) {
  Player player(sampler_spec(conditional_space(), tpe(), 2));
  const auto sampler = try_make(player.history().spec());
  int adam = 0;
  for (int k = 0; k < 80; ++k) {
    const auto result = player.ask(*sampler);
    const Config& config = suggestions(result)->front().config;
    const bool good = config.get("optimizer")->as_string() == "adam";
    if (k >= 40) adam += good ? 1 : 0;
    player.add(config, {}, (good ? 0 : 1) + std::abs(std::log10(number(config, "lr")) + 3));
  }
  EXPECT_GT(adam, 24);  // of 40; a third would be chance
}

}  // namespace
}  // namespace hone
