// Curves whose end is known.
#include "hone/surrogate/learning_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "hone/base/rng.h"

namespace hone {
namespace {

std::vector<CurveSample> samples(const std::function<double(double)>& loss, double until, int n,
                                 double noise = 0, std::uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<CurveSample> made;
  for (int i = 1; i <= n; ++i) {
    const double x = until * i / n;
    made.push_back({x, loss(x) + noise * rng.normal()});
  }
  return made;
}

CurvePrior prior(double middle, double spread) { return {middle, spread, equal_shapes()}; }

double power(double x) { return 0.4 + 0.1 * std::pow(x, -0.5); }
double exponential(double x) { return 0.4 + std::exp(-x / 0.12); }
double cosine(double x) { return 1 + 0.5 * std::cos(M_PI * x); }

TEST(LearningCurve, ContinuesItsFamiliesToTheirEnds) {
  for (double (*curve)(double) : {power, exponential, cosine}) {
    const CurveForecast forecast = extrapolate(samples(curve, 0.5, 20), prior(0.7, 0.3));
    EXPECT_NEAR(forecast.mean, curve(1), 0.02);
    EXPECT_NEAR(forecast.mean, curve(1), 3 * forecast.sd);
  }
}

TEST(LearningCurve, IsSurerTheFurtherACurveHasCome) {
  double before = INFINITY;
  for (const double until : {0.05, 0.2, 0.5, 0.95}) {
    const double sd = extrapolate(samples(power, until, 20), prior(0.7, 0.3)).sd;
    EXPECT_LT(sd, before) << until;
    before = sd;
  }
}

TEST(LearningCurve, OnePointSaysLittle) {
  EXPECT_GT(extrapolate(samples(power, 0.1, 1), prior(0.7, 0.3)).sd, 0.2);
}

TEST(LearningCurve, NoiseMakesItLessSure) {
  const auto clean = extrapolate(samples(power, 0.5, 20), prior(0.7, 0.3));
  const auto noisy = extrapolate(samples(power, 0.5, 20, 0.05), prior(0.7, 0.3));
  EXPECT_GT(noisy.sd, 3 * clean.sd);
}

TEST(LearningCurve, ItsIntervalsHoldWhatTheyClaim) {
  // 95 % intervals of Student's law with four degrees of freedom: ±2.776. With 300 curves the count
  // of those outside stays below 45 by chance with probability above 1 − 1e-9 if it is 5 %.
  int outside = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng = Rng(seed).split("curve");
    const double end = 0.3 + 0.4 * rng.uniform();
    const double size = 0.05 + 0.1 * rng.uniform();
    const double exponent = 0.3 + rng.uniform();
    const auto curve = [&](double x) { return end + size * (std::pow(x, -exponent) - 1); };
    const auto forecast = extrapolate(samples(curve, 0.3, 15, 0.01, seed), prior(0.6, 0.2));
    outside += std::abs(curve(1) - forecast.mean) > 2.776 * forecast.sd ? 1 : 0;
  }
  EXPECT_LT(outside, 45);
}

TEST(LearningCurve, MovesAndStretchesWithTheUnits) {
  const auto one = extrapolate(samples(power, 0.3, 10), prior(0.7, 0.3));
  auto moved = samples(power, 0.3, 10);
  for (CurveSample& sample : moved) sample.loss = 1000 * sample.loss + 5;
  const auto other = extrapolate(moved, prior(705, 300));
  EXPECT_NEAR(other.mean, 1000 * one.mean + 5, 1e-6);
  EXPECT_NEAR(other.sd, 1000 * one.sd, 1e-6);
}

TEST(LearningCurve, KnowsStudentsLawWithFourDegreesOfFreedom) {
  EXPECT_NEAR(student4_cdf(0), 0.5, 1e-12);
  EXPECT_NEAR(student4_cdf(2.7764451), 0.975, 1e-6);
  EXPECT_NEAR(student4_cdf(-3.7469474), 0.01, 1e-6);
}

}  // namespace
}  // namespace hone
