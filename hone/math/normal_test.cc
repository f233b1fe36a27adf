#include "hone/math/normal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/rng.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

// Reference figures: scipy.special.log_ndtr, 1.17.
TEST(NormalLogCdf, AgreesWithReferenceFiguresInTheTails) {
  EXPECT_NEAR(normal_log_cdf(0), -M_LN2, 1e-16);
  EXPECT_NEAR(normal_log_cdf(1), -0.17275377902344988, 1e-15);
  EXPECT_NEAR(normal_log_cdf(-5), -15.064998393988725, 1e-13);
  EXPECT_NEAR(normal_log_cdf(-10), -53.23128515051247, 1e-12);
  EXPECT_NEAR(normal_log_cdf(-38), -726.5572160188201, 1e-10);
  EXPECT_NEAR(normal_log_cdf(9), -1.1285884059538405e-19, 1e-27);
}

TEST(NormalLogCdf, HasNoJumpWhereItsFormulasMeet) {
  for (const double x : {-20.0, 5.0}) {
    const double step = 1e-6;
    const double slope = (normal_log_cdf(x + step) - normal_log_cdf(x - step)) / (2 * step);
    const double expected = std::exp(std::log(normal_pdf(x)) - normal_log_cdf(x));
    EXPECT_NEAR(slope / expected, 1, 1e-3) << x;
  }
}

TEST(NormalLogMass, IsTheLogarithmOfTheDifference) {
  for (const auto& [a, b] : {std::pair{-1.0, 2.0}, {-8.0, -3.0}, {0.5, 0.6}, {-0.1, 0.0}}) {
    EXPECT_NEAR(normal_log_mass(a, b), std::log(normal_cdf(b) - normal_cdf(a)), 1e-9);
  }
  // Far out, the mass of [30, 31] is that of [30, ∞) to 13 digits.
  EXPECT_NEAR(normal_log_mass(30, 31), normal_log_cdf(-30), 1e-12);
  EXPECT_EQ(normal_log_mass(2, 2), -INFINITY);
}

TEST(NormalQuantileOfLog, InvertsTheLogarithmicCdf) {
  for (const double x : {-100.0, -40.0, -37.0, -20.0, -3.0, -0.1, 0.0, 0.3, 4.0}) {
    EXPECT_NEAR(normal_quantile_of_log(normal_log_cdf(x)), x, 1e-11 * std::max(1.0, std::abs(x)))
        << x;
  }
}

TEST(TruncatedNormal, HasAQuantileThatInvertsItsCdf) {
  for (const double mean : {-30.0, -1.0, 0.0, 0.4, 1.0, 8.0}) {
    for (const double sd : {0.01, 0.3, 5.0}) {
      const TruncatedNormal law{mean, sd, 0, 1};
      for (const double p : {0.01, 0.5, 0.9}) {
        const double x = law.quantile(p);
        ASSERT_GE(x, 0);
        ASSERT_LE(x, 1);
        // Where the law sits within a few ulps of one end, its quantiles do too.
        if (std::min(x, 1 - x) < 1e-6) continue;
        EXPECT_NEAR(law.cdf(x), p, 1e-8) << mean << " " << sd;
      }
    }
  }
}

TEST(TruncatedNormal, HasADensityThatIntegratesToOne) {
  for (const TruncatedNormal law :
       {TruncatedNormal{0.9, 0.2, 0, 1}, TruncatedNormal{-2, 0.5, 0, 1}}) {
    double sum = 0;
    constexpr int kSteps = 20'000;
    for (int i = 0; i < kSteps; ++i) sum += std::exp(law.log_density((i + 0.5) / kSteps));
    EXPECT_NEAR(sum / kSteps, 1, 1e-6);
  }
}

}  // namespace
}  // namespace hone
