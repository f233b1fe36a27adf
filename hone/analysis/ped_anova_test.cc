#include "hone/analysis/ped_anova.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/analysis/analysis_test_support.h"

namespace hone {
namespace {

/// Var(10(x0 − 0.7)²) : Var(3(x1 − 0.3)²) = 11.4 : 1.03 under the uniform law; the others nothing.
double two_of_six(const Config& config, Rng& noise) {
  return 10 * std::pow(number(config, "x0") - 0.7, 2) +
         3 * std::pow(number(config, "x1") - 0.3, 2) + 0.1 * noise.normal();
}

TEST(PedAnova, SetsWhatMattersAboveWhatDoesNot) {
  std::vector<double> sum(6);
  constexpr int kSeeds = 10;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const auto found = ped_anova(played(unit_space(6, seed), 200, two_of_six));
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += found.effects[j].divergence / kSeeds;
  }
  EXPECT_GT(sum[0], sum[1]);
  for (std::size_t j = 2; j < sum.size(); ++j) EXPECT_LT(3 * sum[j], sum[1]);
}

TEST(PedAnova, IsZeroForAParameterWithOneValueAndEmptyForFewTrials) {
  StudySpec spec = unit_space(0, 1);
  spec.space =
      *SearchSpace::create({{"x0", Real{}, {}, {}, {}}, {"one", Integer{3, 3}, {}, {}, {}}}, {})
           .space;
  const auto loss = [](const Config& c, Rng&) { return number(c, "x0"); };
  const auto found = ped_anova(played(spec, 40, loss));
  ASSERT_EQ(found.effects.size(), 2U);
  EXPECT_GT(found.effects[0].divergence, 1);
  EXPECT_EQ(found.effects[1].divergence, 0);
  EXPECT_FALSE(ped_anova(played(spec, 9, loss)).enough);
}

TEST(PedAnova, IntervalsHoldWhatOtherTrialsWouldGive) {
  // Intervals of 95 % around figures without what chance adds, of 60 studies × 2 parameters.
  PedAnovaOptions options;
  options.resamples = 100;
  std::vector<std::vector<Estimate>> found(2);
  for (int seed = 1; seed <= 60; ++seed) {
    const PedAnova one = ped_anova(played(unit_space(6, seed), 300, two_of_six), options);
    for (std::size_t j = 0; j < 2; ++j) found[j].push_back(one.effects[j].share);
  }
  int inside = 0;
  for (const auto& estimates : found) {
    double mean = 0;
    for (const Estimate& one : estimates) mean += one.value / 60;
    for (const Estimate& one : estimates) inside += one.low <= mean && mean <= one.high ? 1 : 0;
  }
  EXPECT_GE(inside, 104);  // fewer: below 1e-3 at 95 %
}

TEST(PedAnova, WithoutEffectsSharesAreNotMoreThanChanceLeaves) {
  PedAnovaOptions options;
  options.resamples = 100;
  const PedAnova found = ped_anova(played(unit_space(6, 3), 300, two_of_six), options);
  for (std::size_t j = 2; j < 6; ++j) {
    EXPECT_LT(found.effects[j].share.value, 0.05);
    EXPECT_EQ(found.effects[j].share.low, 0);
  }
}

TEST(PedAnova, NearTheOptimumTheBestAreComparedWithTheGood) {
  // x0 decides whether a trial is any good; among the good ones x1 does.
  const auto loss = [](const Config& c, Rng&) {
    return (number(c, "x0") > 0.5 ? 10.0 : 0.0) + number(c, "x1");
  };
  const History history = played(unit_space(3, 5), 400, loss);
  PedAnovaOptions near;
  near.within = 0.5;
  const PedAnova whole = ped_anova(history);
  const PedAnova local = ped_anova(history, near);
  EXPECT_EQ(local.trials, 200);
  EXPECT_EQ(local.best, 20);
  EXPECT_GT(whole.effects[0].divergence, 0.5);
  EXPECT_LT(local.effects[0].divergence, 0.2);
  EXPECT_GT(local.effects[1].divergence, 10 * local.effects[0].divergence);
}

}  // namespace
}  // namespace hone
