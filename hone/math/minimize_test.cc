#include "hone/math/minimize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace hone {
namespace {

double rosenbrock(std::span<const double> x, std::span<double> gradient) {
  const double a = 1 - x[0];
  const double b = x[1] - x[0] * x[0];
  gradient[0] = -2 * a - 400 * x[0] * b;
  gradient[1] = 200 * b;
  return a * a + 100 * b * b;
}

TEST(MinimizeBounded, FindsTheValleysEnd) {
  std::vector<double> x = {-1.2, 1};
  const std::vector<double> low = {-5, -5};
  const std::vector<double> high = {5, 5};
  EXPECT_LT(minimize_bounded(rosenbrock, x, low, high, {.evaluations = 300}), 1e-6);
  EXPECT_NEAR(x[0], 1, 1e-2);
}

TEST(MinimizeBounded, StaysWithinTheBounds) {
  std::vector<double> x = {0.2, 0.1};
  const std::vector<double> low = {0, 0};
  const std::vector<double> high = {0.5, 2};
  minimize_bounded(rosenbrock, x, low, high, {.evaluations = 300});
  EXPECT_NEAR(x[0], 0.5, 1e-4);
  EXPECT_NEAR(x[1], 0.25, 1e-3);
}

TEST(MinimizeBounded, ReturnsTheBestPointSeenWhenTheFunctionBreaks) {
  int calls = 0;
  const Gradient broken = [&](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = 2 * x[0];
    return ++calls > 3 ? std::numeric_limits<double>::quiet_NaN() : x[0] * x[0];
  };
  std::vector<double> x = {3};
  const std::vector<double> low = {-5};
  const std::vector<double> high = {5};
  const double value = minimize_bounded(broken, x, low, high, {.evaluations = 20});
  EXPECT_LE(value, 9);
  EXPECT_DOUBLE_EQ(value, x[0] * x[0]);
}

TEST(MinimizeBounded, TakesNoCoordinatesAtAll) {
  std::vector<double> none;
  const Gradient constant = [](std::span<const double>, std::span<double>) { return 7.0; };
  EXPECT_EQ(minimize_bounded(constant, none, none, none, {}), 7);
}

}  // namespace
}  // namespace hone
