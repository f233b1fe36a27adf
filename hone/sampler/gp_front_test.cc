#include "hone/sampler/gp_front.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

TEST(GpFront, HasTheTrialsThatNoOtherDominatesTheLargestGainFirst) {
  const GpFront front({0.0, 1.0, 0.3, 0.3, 1.0, 0.0, 0.5, 0.5, 0.05, 0.98}, 2);
  const std::vector<std::size_t> all = front.members(10);
  ASSERT_EQ(all.size(), 4U);  // the trial at (0.5, 0.5) is not among them
  EXPECT_EQ(all[0], 1U);
  EXPECT_EQ(all[3], 4U);  // hardly different from (0, 1)
  EXPECT_EQ(front.members(2).size(), 2U);
}

TEST(GpFront, EndsATenthOfItsRangeBehindItsWorst) {
  const GpFront front({0.0, 1.0, 1.0, 0.0, 5.0, 5.0}, 2);
  const auto gain = [&](double a, double b) {
    return std::exp(front.improvement().log_expected(std::vector{a, b}, std::vector{1e-14, 1e-14}));
  };
  EXPECT_NEAR(gain(1.0 - 1e-3, -1.0), (1.1 - 0.999) * 1.0 + 1e-3 * 1.0, 1e-6);
  EXPECT_LT(gain(1.2, -1.0), 1e-9);
}

TEST(GpFront, MeasuresVolumeBeforeTheTransform) {
  // Modelled on a scale that stretches small losses: z = ln y.
  std::vector<double> y = {0.01, 0.1, 0.5, 1.0, 2.0};
  LossScale scale;
  for (const double v : y) {
    scale.y.push_back(v);
    scale.z.push_back(std::log(v));
  }
  const std::vector<double> z = {std::log(0.01), std::log(2.0),  std::log(0.5), std::log(0.5),
                                 std::log(2.0),  std::log(0.01), std::log(1.0), std::log(1.0)};
  const GpFront front(z, 2, {scale, scale});
  const auto gain = [&](double a, double b) {
    return front.improvement().log_expected(std::vector{std::log(a), std::log(b)},
                                            std::vector{1e-14, 1e-14});
  };
  // Where the front has members the scale is exact.
  EXPECT_NEAR(gain(0.01, 0.5), std::log((0.5 - 0.01) * (2.0 - 0.5)), 1e-6);
  EXPECT_NEAR(gain(0.5, 0.01), std::log((0.5 - 0.01) * (2.0 - 0.5)), 1e-6);
}

TEST(GpFront, DoesNotReachForTrialsThatOnlyOneLossKeepsOnIt) {
  std::vector<double> losses = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0.6, 0.6, 0.6};
  losses.insert(losses.end(), {5, -1e-6, 0});
  const GpFront front(losses, 3);
  const std::vector<double> certain(3, 1e-14);
  EXPECT_LT(front.improvement().log_expected(std::vector{3.0, -0.5, -0.5}, certain), -100);
  EXPECT_GT(front.improvement().log_expected(std::vector{0.9, -0.5, -0.5}, certain), -3);
}

TEST(GpFront, HasRoomAroundASinglePoint) {
  const GpFront front({0.0, 0.0, 2.0, 3.0, 1.0, 0.5}, 2);
  ASSERT_EQ(front.members(5), std::vector<std::size_t>{0});
  const double log_gain =
      front.improvement().log_expected(std::vector{-0.5, -0.5}, std::vector{1e-14, 1e-14});
  EXPECT_GT(std::exp(log_gain), 0.25);
}

TEST(GpFront, CountsWhatIsBelieved) {
  GpFront front({0.0, 1.0, 1.0, 0.0}, 2);
  const std::vector<double> mean = {0.4, 0.4};
  const std::vector<double> variance = {0.01, 0.01};
  const double before = front.improvement().log_expected(mean, variance);
  front.believe(std::vector{0.35, 0.35});
  EXPECT_LT(front.improvement().log_expected(mean, variance), before - 1);
  EXPECT_EQ(front.members(5).size(), 2U);
}

TEST(GpFront, TakesManyPointsOfFourLosses) {
  std::vector<double> losses;
  Rng rng(3);
  for (int i = 0; i < 400; ++i) {
    double norm = 0;
    std::vector<double> p(4);
    for (double& x : p) norm += std::pow(x = std::abs(rng.normal()), 2);
    for (const double x : p) losses.push_back(1 - x / std::sqrt(norm));
  }
  const GpFront front(std::move(losses), 4);
  EXPECT_EQ(front.members(20).size(), 20U);
  EXPECT_LT(front.improvement().boxes(), 2000U);
}

/// The share of the unit box that 30 trials dominate: distances from three corners of a cube.
double dominated(const char* sampler, int objectives, std::int64_t seed) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 4; ++i)
    parameters.push_back(make_parameter("x" + std::to_string(i), make_real(Law::uniform, 0, 1)));
  StudySpec spec = sampler_spec(make_space(std::move(parameters)), {sampler, Value::Map{}}, seed);
  add_objectives(spec, objectives);
  Player player(spec);
  const auto made = try_make(spec);
  std::vector<double> losses;
  for (int i = 0; i < 30; ++i) {
    const Config config = suggestions(player.ask(*made))->front().config;
    for (int m = 0; m < objectives; ++m) losses.push_back(player.value(config, m));
    player.add(config);
  }
  const std::vector<double> reference(static_cast<std::size_t>(objectives), 0.4);
  return hypervolume({losses, objectives}, reference) / std::pow(0.4, objectives);
}

TEST(Gp, FindsMoreOfAFrontThanSamplersForManyTrials) {
  for (const int objectives : {2, 3}) {
    for (const std::int64_t seed : {1, 2, 3}) {
      for (const char* other : {"random", "nsga2", "tpe"}) {
        EXPECT_GT(dominated("gp", objectives, seed), dominated(other, objectives, seed))
            << other << ", " << objectives << " objectives, seed " << seed;
      }
    }
  }
}

TEST(Gp, RefusesFiveObjectives) {
  StudySpec spec = sampler_spec(make_space({make_parameter("x", make_real(Law::uniform, 0, 1))}),
                                {"gp", Value::Map{}});
  add_objectives(spec, 5);
  std::vector<OptionProblem> problems;
  EXPECT_EQ(make_sampler(spec, problems), nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].message.find("at most 4 objectives"), std::string::npos);
}

}  // namespace
}  // namespace hone
