// The index of trials on a chain, against what can be worked out by hand.
#include "hone/scheduler/gittins.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/rng.h"
#include "hone/math/normal.h"

namespace hone {
namespace {

/// What is interpolated between two prices may be off by so much.
constexpr double kLadder = 0.12;

GittinsProblem problem(std::vector<double> level, std::vector<double> correlation) {
  GittinsProblem made;
  made.level = std::move(level);
  made.correlation = std::move(correlation);
  return made;
}

double chance(double q, double rho, double u) {
  return normal_cdf((normal_quantile(q) - rho * u) / std::sqrt(1 - rho * rho));
}

TEST(GittinsIndex, IsChanceByCostAtTheLastLevel) {
  const GittinsIndex index(problem({0.25}, {0.8}));
  for (const double u : {-2.5, -1.0, 0.0, 0.7}) {
    const double rate = chance(0.03, 0.8, u) / 0.75;
    EXPECT_NEAR(index.of(0, u).rate, rate, kLadder * rate) << u;
    EXPECT_EQ(index.of(0, u).to, 1);
  }
}

TEST(GittinsIndex, OfAFreshTrialIsThatOfTheBestStoppingRule) {
  // One level: the rate of "come to it, go on below u" is largest at the index, by a fine search.
  const double rho = 0.9;
  const GittinsIndex index(problem({0.1}, {rho}));
  double best = 0;
  for (double threshold = -3; threshold < 3; threshold += 0.01) {
    double success = 0;
    for (double u = -6; u < threshold; u += 0.01)
      success += 0.01 * normal_pdf(u) * chance(0.03, rho, u);
    best = std::max(best, success / (0.1 + 0.9 * normal_cdf(threshold)));
  }
  EXPECT_NEAR(index.fresh().rate, best, kLadder * best);
}

TEST(GittinsIndex, FallsWithTheScoreAndRisesWithWhatWasDone) {
  const GittinsIndex index(problem({0.02, 0.1, 0.4}, {0.7, 0.8, 0.95}));
  for (int k = 0; k < 3; ++k) {
    for (double u = -3; u < 1; u += 0.25)
      EXPECT_GE(index.of(k, u).rate, index.of(k, u + 0.25).rate) << k << " " << u;
  }
  EXPECT_GT(index.of(2, -2).rate, index.of(0, -2).rate);
  EXPECT_GT(index.of(0, -2).rate, index.fresh().rate);
  EXPECT_LT(index.of(0, 1).rate, index.fresh().rate);
}

TEST(GittinsIndex, PrefersWhatIsFurtherWhereEarlyValuesSayNothing) {
  const GittinsIndex index(problem({0.1, 0.5}, {0.001, 0.002}));
  EXPECT_GT(index.of(1, 1).rate, index.of(0, -2).rate);
}

TEST(GittinsIndex, LeavesLevelsOutOnlyWhereTrialsStartAgain) {
  GittinsProblem restart = problem({0.3, 0.6}, {0.9, 0.9});  // the second level says nothing new
  EXPECT_EQ(GittinsIndex(restart).of(0, -2).to, 1);
  restart.starts_again = true;
  const GittinsIndex index(restart);
  EXPECT_EQ(index.of(0, -2).to, 2);
  const double rate = chance(0.03, 0.9, -2);  // the whole of a training lies ahead
  EXPECT_NEAR(index.of(0, -2).rate, rate, kLadder * rate);
}

}  // namespace
}  // namespace hone
