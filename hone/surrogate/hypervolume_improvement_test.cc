#include "hone/surrogate/hypervolume_improvement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"
#include "hone/math/normal.h"
#include "hone/surrogate/acquisition.h"

namespace hone {
namespace {

std::vector<double> some_front(int m, int n, Rng rng) {
  std::vector<double> losses;
  for (int i = 0; i < n; ++i) {
    std::vector<double> p(static_cast<std::size_t>(m));
    double norm = 0;
    for (double& x : p) norm += std::pow(x = std::abs(rng.normal()), 2);
    for (const double x : p) losses.push_back(1 - x / std::sqrt(norm));
  }
  return losses;
}

/// σφ((b − μ)/σ) + (a − μ)Φ((b − μ)/σ), as the strips' formula is usually written.
double psi(double a, double b, double mu, double sd) {
  return sd * normal_pdf((b - mu) / sd) + (a - mu) * normal_cdf((b - mu) / sd);
}

/// Emmerich, Yang et al.: exact for two losses. `front` ascending in the second loss.
double by_strips(std::vector<std::array<double, 2>> front, std::array<double, 2> reference,
                 std::array<double, 2> mu, std::array<double, 2> sd) {
  front.insert(front.begin(), {reference[0], -INFINITY});
  front.push_back({-INFINITY, reference[1]});
  double sum = 0;
  for (std::size_t i = 1; i < front.size(); ++i) {
    const double from = front[i - 1][0];
    const double to = front[i][0];
    double along = psi(from, from, mu[0], sd[0]);
    if (std::isfinite(to)) {
      along += (from - to) * normal_cdf((to - mu[0]) / sd[0]) - psi(from, to, mu[0], sd[0]);
    }
    sum += along * psi(front[i][1], front[i][1], mu[1], sd[1]);
  }
  return sum;
}

TEST(HypervolumeImprovement, IsTheExactFormulaForTwoLosses) {
  const std::vector<double> losses = {0.1, 0.9, 0.3, 0.5, 0.6, 0.2, 0.62, 0.15};
  const HypervolumeImprovement improvement({losses, 2}, std::vector<double>{1, 1.1});
  EXPECT_EQ(improvement.boxes(), 5U);
  for (const double m1 : {-0.4, 0.2, 0.7, 1.3}) {
    for (const double m2 : {-0.4, 0.3, 0.9}) {
      for (const double sd : {0.05, 0.3, 2.0}) {
        const double exact = by_strips({{0.62, 0.15}, {0.6, 0.2}, {0.3, 0.5}, {0.1, 0.9}}, {1, 1.1},
                                       {m1, m2}, {sd, 2 * sd});
        if (exact < 1e-12) continue;
        const double value =
            improvement.log_expected(std::vector{m1, m2}, std::vector{sd * sd, 4 * sd * sd});
        EXPECT_NEAR(value, std::log(exact), 1e-6) << m1 << " " << m2 << " " << sd;
      }
    }
  }
}

TEST(HypervolumeImprovement, AgreesWithMonteCarlo) {
  for (const int m : {2, 3, 4}) {
    Rng rng(static_cast<std::uint64_t>(m));
    const auto size = static_cast<std::size_t>(m);
    std::vector<double> losses = some_front(m, 8, rng.split("front"));
    const std::vector<double> reference(size, 0.9);
    const HypervolumeImprovement improvement({losses, m}, reference);
    const double before = hypervolume({losses, m}, reference);
    std::vector<double> mean(size);
    std::vector<double> variance(size);
    for (std::size_t k = 0; k < size; ++k) {
      mean[k] = 0.2 + 0.3 * rng.uniform();
      variance[k] = 0.02 + 0.1 * rng.uniform();
    }
    constexpr int kDraws = 40'000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      for (std::size_t k = 0; k < size; ++k)
        losses.push_back(mean[k] + std::sqrt(variance[k]) * rng.normal());
      const double gain = hypervolume({losses, m}, reference) - before;
      losses.resize(losses.size() - size);
      sum += gain;
      squares += gain * gain;
    }
    const double found = sum / kDraws;
    const double error = std::sqrt((squares / kDraws - found * found) / kDraws);
    // Four standard errors: a false alarm in 16 000, were the seed not fixed.
    EXPECT_NEAR(std::exp(improvement.log_expected(mean, variance)), found, 4 * error) << m;
  }
}

/// z from −1 to 2, y steep in some places and flat in others.
LossScale some_scale() { return {{-1, 0.2, 0.5, 2}, {-4, 0.1, 0.3, 6}}; }

TEST(HypervolumeImprovement, IsMeantInTheLossesBeforeTheirTransform) {
  const LossScale bent = some_scale();
  const std::vector<LossScale> scales = {bent, LossScale{}};
  EXPECT_NEAR(bent.y_of(0.35), 0.2, 1e-12);
  EXPECT_NEAR(bent.z_of(0.2), 0.35, 1e-12);
  EXPECT_NEAR(bent.y_of(3.5), 11.7, 1e-12);
  // Where the ends of the boxes are the bends, all is exact.
  std::vector<double> z = {-1, 0.8, 0.2, 0.5, 0.5, 0.1};
  std::vector<double> y = {-4, 0.8, 0.1, 0.5, 0.3, 0.1};
  const HypervolumeImprovement improvement({z, 2}, std::vector<double>{2, 1}, scales);
  const std::vector<double> reference = {6, 1};
  const double before = hypervolume({y, 2}, reference);
  const std::vector<double> mean = {0.4, 0.4};
  const std::vector<double> variance = {0.3, 0.1};
  Rng rng(5);
  constexpr int kDraws = 200'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    y.push_back(bent.y_of(mean[0] + std::sqrt(variance[0]) * rng.normal()));
    y.push_back(mean[1] + std::sqrt(variance[1]) * rng.normal());
    const double gain = hypervolume({y, 2}, reference) - before;
    y.resize(6);
    sum += gain;
    squares += gain * gain;
  }
  const double found = sum / kDraws;
  const double error = std::sqrt((squares / kDraws - found * found) / kDraws);
  EXPECT_NEAR(std::exp(improvement.log_expected(mean, variance)), found, 4 * error);
}

TEST(HypervolumeImprovement, HasTheDerivativesThatItSays) {
  for (const int m : {2, 3, 4}) {
    const auto size = static_cast<std::size_t>(m);
    Rng rng(static_cast<std::uint64_t>(10 + m));
    const std::vector<double> losses = some_front(m, 9, rng.split("front"));
    std::vector<LossScale> scales;
    if (m == 3) scales = {some_scale(), LossScale{}, some_scale()};
    const HypervolumeImprovement improvement({losses, m}, std::vector<double>(size, 1.1), scales);
    for (int round = 0; round < 30; ++round) {
      std::vector<double> mean(size);
      std::vector<double> variance(size);
      for (std::size_t k = 0; k < size; ++k) {
        mean[k] = (round < 20 ? 1 : 10) * rng.normal();
        variance[k] = std::exp(2 * rng.normal() - 2);
      }
      std::vector<double> by_mean(size);
      std::vector<double> by_variance(size);
      const double value = improvement.log_expected(mean, variance, by_mean, by_variance);
      EXPECT_EQ(value, improvement.log_expected(mean, variance));
      for (std::size_t k = 0; k < size; ++k) {
        const auto slope = [&](std::vector<double>& x, double h) {
          const double at = x[k];
          x[k] = at + h;
          const double above = improvement.log_expected(mean, variance);
          x[k] = at - h;
          const double below = improvement.log_expected(mean, variance);
          x[k] = at;
          return (above - below) / (2 * h);
        };
        const double mean_slope = slope(mean, 1e-4 * std::sqrt(variance[k]));
        const double variance_slope = slope(variance, 1e-4 * variance[k]);
        EXPECT_NEAR(by_mean[k], mean_slope, 1e-2 * (1 + std::abs(mean_slope))) << round;
        EXPECT_NEAR(by_variance[k], variance_slope, 1e-2 * (1 + std::abs(variance_slope))) << round;
      }
    }
  }
}

TEST(HypervolumeImprovement, StaysFiniteAndOrderedFarAway) {
  const std::vector<double> losses = {0.1, 0.9, 0.3, 0.5, 0.6, 0.2, 0.6 + 1e-14, 0.2 - 1e-14};
  const HypervolumeImprovement improvement({losses, 2}, std::vector<double>{1, 1});
  std::vector<double> by_mean(2);
  std::vector<double> by_variance(2);
  for (const double variance : {1e-12, 1e-4, 1.0, 1e6}) {
    double before = INFINITY;
    for (const double mean : {-1e6, -1.0, 0.0, 0.5, 1.0, 3.0, 100.0, 1e6}) {
      const double value = improvement.log_expected(
          std::vector{mean, mean}, std::vector{variance, variance}, by_mean, by_variance);
      EXPECT_TRUE(std::isfinite(value)) << mean << " " << variance;
      EXPECT_LT(value, before) << mean << " " << variance;
      before = value;
      for (const double slope : by_mean) EXPECT_TRUE(std::isfinite(slope) && slope <= 0);
      for (const double slope : by_variance) EXPECT_TRUE(std::isfinite(slope));
    }
  }
}

TEST(HypervolumeImprovement, IsTheGainItselfWhereNothingIsUncertain) {
  const std::vector<double> losses = {0.2, 0.6, 0.6, 0.2};
  const HypervolumeImprovement improvement({losses, 2}, std::vector<double>{1, 1});
  const std::vector<double> certain = {1e-16, 1e-16};
  EXPECT_NEAR(std::exp(improvement.log_expected(std::vector{0.4, 0.4}, certain)), 0.04, 1e-8);
  EXPECT_NEAR(std::exp(improvement.log_expected(std::vector{0.1, 0.1}, certain)), 0.81 - 0.48,
              1e-8);
  // Behind the front: nothing to speak of, but less and less the further it is.
  EXPECT_LT(improvement.log_expected(std::vector{0.7, 0.7}, certain), -1e6);
  EXPECT_LT(improvement.log_expected(std::vector{0.8, 0.8}, certain),
            improvement.log_expected(std::vector{0.7, 0.7}, certain));
}

TEST(LogImprovementBetween, HasNoSeams) {
  const auto exact = [](double a, double width) {  // by many midpoints
    constexpr int kSteps = 20'000;
    double sum = 0;
    for (int i = 0; i < kSteps; ++i) sum += normal_cdf(a + (i + 0.5) / kSteps * width);
    return std::log(sum / kSteps * width);
  };
  for (const double a : {-8.0, -3.0, -1.0, 0.0, 2.0, 30.0}) {
    for (const double width : {1e-9, 1e-3, 0.01, 0.05, 0.1, 0.3, 1.0, 5.0})
      EXPECT_NEAR(log_improvement_between(a, a + width, width), exact(a, width), 1e-6) << a;
  }
  EXPECT_EQ(log_improvement_between(-INFINITY, 0.3, INFINITY), log_improvement_unit(0.3));
}

}  // namespace
}  // namespace hone
