#include "hone/sampler/gp_features.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

Parameter feature(const char* name, const char* source) {
  return make_parameter(name, Derived{make_expression(source), true});
}

constexpr std::array kColumns = {GpColumn::number, GpColumn::number, GpColumn::category};

SearchSpace net() {
  return make_space({make_parameter("width", make_real(Law::uniform, 1, 100)),
                     make_parameter("depth", make_real(Law::uniform, 1, 4)),
                     make_parameter("kind", make_choice({"plain", "deep"}, false)),
                     feature("size", "width * width * depth"), feature("double", "2 * depth")});
}

TEST(GpFeatures, AreScaledToTheSpace) {
  const GpFeatures features(net());
  ASSERT_EQ(features.size(), 2u);
  std::vector<double> low;
  std::vector<double> high;
  features.append(std::array{0.0, 0.0, 0.25}, low);
  features.append(std::array{1.0, 1.0, 0.25}, high);
  EXPECT_NEAR(low[1], 0, 0.02);
  EXPECT_NEAR(high[1], 1, 0.02);
  EXPECT_NEAR(high[0], 1, 0.1);
  EXPECT_LT(low[0], 0.1);
  // Logarithmic: from a tenth of the width on there are as many sizes as up to it.
  std::vector<double> tenth;
  features.append(std::array{0.09, 0.0, 0.25}, tenth);
  EXPECT_GT(tenth[0], 0.25);
}

TEST(GpFeatures, HaveTheGradientThatTheyAdd) {
  const GpFeatures features(net());
  const std::array row = {0.4, 0.7, 0.25};
  const std::array by_feature = {1.5, -0.5};
  std::array gradient = {1.0, 2.0, 3.0};
  features.add_gradient(row, kColumns, by_feature, gradient);
  const auto sum = [&](std::array<double, 3> at) {
    std::vector<double> x;
    features.append(at, x);
    return by_feature[0] * x[0] + by_feature[1] * x[1];
  };
  constexpr double h = 1e-5;
  EXPECT_NEAR(gradient[0] - 1, (sum({0.4 + h, 0.7, 0.25}) - sum({0.4 - h, 0.7, 0.25})) / (2 * h),
              1e-2);
  EXPECT_NEAR(gradient[1] - 2, (sum({0.4, 0.7 + h, 0.25}) - sum({0.4, 0.7 - h, 0.25})) / (2 * h),
              1e-2);
  EXPECT_EQ(gradient[2], 3);
}

/// Trials until all edges are convolutions, of which only an even number helps.
std::int64_t trials_to_best(bool with_feature, std::int64_t seed) {
  std::vector<Parameter> parameters;
  std::string sum;
  for (int i = 0; i < 6; ++i) {
    const std::string name = "edge" + std::to_string(i);
    parameters.push_back(
        make_parameter(name, make_choice({"none", "skip", "pool", "conv"}, false)));
    sum += (i == 0 ? "" : " + ") + std::string("(1 if ") + name + " == 'conv' else 0)";
  }
  if (with_feature) parameters.push_back(feature("convolutions", sum.c_str()));
  const AlgorithmSpec gp{"gp", Value::Map{}};
  Player player(sampler_spec(make_space(std::move(parameters)), gp, seed));
  const auto sampler = try_make(player.history().spec());
  for (std::int64_t k = 1; k <= 60; ++k) {
    const auto result = player.ask(*sampler);
    const Config& config = suggestions(result)->front().config;
    int count = 0;
    for (int i = 0; i < 6; ++i)
      count += config.get("edge" + std::to_string(i))->as_string() == "conv" ? 1 : 0;
    if (count == 6) return k;
    player.add(config, {}, (count % 2) - 0.3 * count);
  }
  return 61;
}

TEST(GpFeatures, ShowTheModelWhatTheParametersHide) {
  std::int64_t with = 0;
  std::int64_t without = 0;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    with += trials_to_best(true, seed);
    without += trials_to_best(false, seed);
  }
  EXPECT_LT(3 * with, 2 * without);
}

}  // namespace
}  // namespace hone
