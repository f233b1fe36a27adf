#include "hone/surrogate/acquisition.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/math/normal.h"

namespace hone {
namespace {

/// φ(u) + u·Φ(u) in long double, where it does not cancel badly.
double direct(double u) {
  const long double x = u;
  const long double pdf = std::exp(-x * x / 2) / std::sqrt(2 * M_PIl);
  const long double cdf = 0.5L * std::erfc(-x / std::sqrt(2.0L));
  return static_cast<double>(std::log(pdf + x * cdf));
}

TEST(LogExpectedImprovement, IsTheLogarithmOfTheFormula) {
  for (double u = -6; u <= 8; u += 0.37) EXPECT_NEAR(log_improvement_unit(u), direct(u), 1e-7) << u;
}

TEST(LogExpectedImprovement, IsSmoothAcrossItsSeams) {
  for (const double seam : {-1.0, -25.0}) {
    const double below = log_improvement_unit(std::nextafter(seam, -100));
    const double above = log_improvement_unit(std::nextafter(seam, 100));
    EXPECT_NEAR(below, above, 1e-7 * std::abs(above)) << seam;
  }
}

TEST(LogExpectedImprovement, StaysFiniteFarAway) {
  for (const double u : {-1e2, -1e4, -1e8}) {
    const double value = log_improvement_unit(u);
    EXPECT_TRUE(std::isfinite(value)) << u;
    EXPECT_NEAR(value / (-0.5 * u * u), 1, 0.01) << u;
  }
}

TEST(LogExpectedImprovement, HasTheDerivativesThatItSays) {
  for (const double mean : {-2.0, 0.0, 0.7, 3.0, 20.0}) {
    for (const double variance : {0.01, 0.5, 2.0}) {
      const double best = 0.2;
      const LogImprovement at = log_expected_improvement(mean, variance, best);
      const double h = 1e-6;
      const double by_mean = (log_expected_improvement(mean + h, variance, best).value -
                              log_expected_improvement(mean - h, variance, best).value) /
                             (2 * h);
      const double k = 1e-6 * variance;
      const double by_variance = (log_expected_improvement(mean, variance + k, best).value -
                                  log_expected_improvement(mean, variance - k, best).value) /
                                 (2 * k);
      EXPECT_NEAR(at.by_mean, by_mean, 1e-4 * (1 + std::abs(by_mean))) << mean << " " << variance;
      EXPECT_NEAR(at.by_variance, by_variance, 1e-4 * (1 + std::abs(by_variance)))
          << mean << " " << variance;
    }
  }
}

TEST(LogProbabilityBelow, HasItsValueAndDerivatives) {
  const LogImprovement at = log_probability_below(1, 4, 2);
  EXPECT_NEAR(at.value, std::log(normal_cdf(0.5)), 1e-12);
  const double h = 1e-6;
  EXPECT_NEAR(
      at.by_mean,
      (log_probability_below(1 + h, 4, 2).value - log_probability_below(1 - h, 4, 2).value) /
          (2 * h),
      1e-6);
  EXPECT_NEAR(
      at.by_variance,
      (log_probability_below(1, 4 + h, 2).value - log_probability_below(1, 4 - h, 2).value) /
          (2 * h),
      1e-6);
}

}  // namespace
}  // namespace hone
