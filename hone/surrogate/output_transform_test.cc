#include "hone/surrogate/output_transform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

constexpr OutputTransform kAll[] = {OutputTransform::none, OutputTransform::power,
                                    OutputTransform::half_rank};

std::vector<double> skewed(std::size_t n) {
  Rng rng(3);
  std::vector<double> losses(n);
  for (double& x : losses) x = 2.3 + 0.2 * std::exp(2 * rng.normal());
  return losses;
}

TEST(OutputTransform, KeepsTheOrderAndGivesUnitSpread) {
  const auto losses = skewed(60);
  for (const OutputTransform transform : kAll) {
    const auto y = transform_losses(losses, transform);
    EXPECT_NEAR(mean(y), 0, 1e-9);
    EXPECT_NEAR(variance(y), 60.0 / 59, 1e-6);
    for (std::size_t i = 0; i < y.size(); ++i) {
      for (std::size_t k = 0; k < y.size(); ++k) {
        if (losses[i] < losses[k]) {
          EXPECT_LE(y[i], y[k]);
        }
      }
    }
  }
}

TEST(OutputTransform, OfAPowerCanBeUndone) {
  std::vector<double> losses = skewed(60);
  losses[3] = 2.1;
  losses[7] = -4;
  const std::vector<double> kept = winsorise(losses);
  for (const double exponent : {-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0}) {
    const PowerTransform transform = power_transform(losses, exponent);
    for (std::size_t i = 0; i < losses.size(); ++i)
      EXPECT_NEAR(transform.loss_of(transform.values[i]), kept[i], 1e-7) << exponent;
  }
  // Beyond what the law takes.
  EXPECT_EQ(power_transform(losses, -1).loss_of(1e9), INFINITY);
  EXPECT_EQ(power_transform(losses, 4).loss_of(-1e9), -INFINITY);
  const std::vector<double> same(5, 0.25);
  EXPECT_DOUBLE_EQ(power_transform(same, 1).loss_of(0), 0.25);
}

TEST(OutputTransform, TakesTheSkewAway) {
  const auto skew = [](const std::vector<double>& y) {
    double sum = 0;
    for (const double v : y) sum += v * v * v;
    return sum / static_cast<double>(y.size());
  };
  const auto losses = skewed(200);
  EXPECT_GT(skew(transform_losses(losses, OutputTransform::none)), 0.9);
  EXPECT_LT(std::abs(skew(transform_losses(losses, OutputTransform::power))), 0.7);
}

TEST(OutputTransform, ThePowersJacobianIsItsSlope) {
  std::vector<double> losses(400);
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = 0.01 * static_cast<double>(i);
  const auto unit = power_transform(losses, 1).values;
  for (const double exponent : {-1.0, 0.0, 0.5, 2.0, 4.0}) {
    const PowerTransform t = power_transform(losses, exponent);
    EXPECT_NEAR(mean(t.values), 0, 1e-9);
    double sum = 0;  // of the logarithms of the slopes between neighbours
    for (std::size_t i = 0; i + 1 < unit.size(); ++i) {
      EXPECT_GT(t.values[i + 1], t.values[i]);
      sum += std::log((t.values[i + 1] - t.values[i]) / (unit[i + 1] - unit[i]));
    }
    EXPECT_NEAR(sum / 399, t.log_jacobian / 400, 0.01) << exponent;
  }
}

TEST(OutputTransform, MovesDivergedRunsToWhereTheyDoNoHarm) {
  std::vector<double> losses = {2.3, 2.4, 2.35, 2.5, 2.45, 2.6, 2.42, 1e30};
  const auto y = winsorise(losses);
  EXPECT_LT(y.back(), 4);
  EXPECT_GT(y.back(), 2.6);
  EXPECT_EQ(std::vector<double>(y.begin(), y.end() - 1),
            std::vector<double>(losses.begin(), losses.end() - 1));
}

TEST(OutputTransform, BearsEveryFiniteValue) {
  for (const std::vector<double>& losses : {std::vector<double>{},
                                            {5},
                                            {1, 1, 1, 1, 1},
                                            {1e300, -1e300, 1e-300, 0, 7},
                                            {1e-310, 2e-310, 0, 3e-310},
                                            {1, 1, 1, 1, 1, 1, 2}}) {
    for (const OutputTransform transform : kAll) {
      const auto y = transform_losses(losses, transform);
      ASSERT_EQ(y.size(), losses.size());
      for (const double v : y) EXPECT_TRUE(std::isfinite(v));
    }
  }
}

}  // namespace
}  // namespace hone
