#include "hone/sampler/cma_warm_start.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

SearchSpace two_numbers_and_a_kind() {
  return make_space({make_parameter("x", make_real(Law::uniform, 0, 1)),
                     make_parameter("y", make_real(Law::uniform, 0, 1)),
                     make_parameter("kind", make_choice({"a", "b"}, false))});
}

const CmaStart kPlain = {{0.5, 0.5, 0.5}, {0.16, 0.16, 0.16}, 7, {}, {}};

Config config_of(double x, double y, const char* kind) {
  Config config;
  config.set("x", x);
  config.set("y", y);
  config.set("kind", kind);
  return config;
}

/// Three good trials, and 27 worse ones.
WarmSource source_of(const std::vector<Config>& good) {
  WarmSource source{"earlier", {}};
  for (int i = 0; i < 30; ++i) {
    const auto k = static_cast<std::size_t>(i) - 27;
    source.trials.push_back(
        {i < 27 ? config_of(0.01, 0.99, "b") : good[k], i < 27 ? 10.0 + i : 1.0 + i % 3, i});
  }
  return source;
}

TEST(CmaWarmStart, IsTheNormalLawNearestToTheMixtureAroundTheBestTenth) {
  const std::vector<Config> good = {config_of(0.2, 0.2, "a"), config_of(0.3, 0.3, "a"),
                                    config_of(0.7, 0.4, "b")};
  const auto start = warm_cma_start(two_numbers_and_a_kind(), {source_of(good)}, kPlain);
  ASSERT_TRUE(start.has_value());
  EXPECT_EQ(start->population, 7);
  EXPECT_NEAR(start->mean[0], 0.4, 1e-12);
  EXPECT_NEAR(start->mean[1], 0.3, 1e-12);
  // 0.1² + the mean of the squares (0.04, 0.01, 0.09) and (0.01, 0, 0.01); products 0.02, 0, 0.03.
  EXPECT_NEAR(start->covariance[0], 0.01 + 0.14 / 3, 1e-12);
  EXPECT_NEAR(start->covariance[4], 0.01 + 0.02 / 3, 1e-12);
  EXPECT_NEAR(start->covariance[1], 0.05 / 3, 1e-12);
  EXPECT_NEAR(start->covariance[3], 0.05 / 3, 1e-12);
  EXPECT_NEAR(start->spread[0], std::sqrt(0.01 + 0.14 / 3), 1e-12);
  ASSERT_EQ(start->shares[2].size(), 2U);
  EXPECT_NEAR(start->shares[2][0], 0.25 + 0.5 * 2 / 3, 1e-12);
  EXPECT_NEAR(start->shares[2][1], 0.25 + 0.5 / 3, 1e-12);
}

TEST(CmaWarmStart, LeavesColumnsThatTheSourceDoesNotKnowAsTheyWere) {
  std::vector<Config> good(3);
  for (Config& config : good) config.set("x", 0.9);
  const auto start = warm_cma_start(two_numbers_and_a_kind(), {source_of(good)}, kPlain);
  ASSERT_TRUE(start.has_value());
  EXPECT_NEAR(start->mean[0], 0.9, 1e-12);
  EXPECT_NEAR(start->spread[0], 0.1, 1e-12);
  EXPECT_NEAR(start->mean[1], 0.5, 1e-12);
  EXPECT_NEAR(start->spread[1], 0.16, 1e-12);
  EXPECT_NEAR(start->shares[2][0], 0.5, 1e-12);
}

TEST(CmaWarmStart, CountsSourcesAlikeHoweverManyTrialsTheyHave) {
  const std::vector<Config> high(3, config_of(0.8, 0.5, "a"));
  const std::vector<Config> low(3, config_of(0.2, 0.5, "a"));
  WarmSource larger = source_of(low);
  for (int i = 0; i < 30; ++i) larger.trials.push_back({low[0], 0.5, 30 + i});
  const auto start = warm_cma_start(two_numbers_and_a_kind(), {source_of(high), larger}, kPlain);
  ASSERT_TRUE(start.has_value());
  EXPECT_NEAR(start->mean[0], 0.5, 1e-12);
}

TEST(CmaWarmStart, NeedsTrialsWithValues) {
  WarmSource source = source_of(std::vector<Config>(3));
  for (std::size_t i = 4; i < source.trials.size(); ++i) source.trials[i].loss.reset();
  EXPECT_FALSE(warm_cma_start(two_numbers_and_a_kind(), {source}, kPlain).has_value());
  EXPECT_FALSE(warm_cma_start(two_numbers_and_a_kind(), {}, kPlain).has_value());
}

TEST(CmaLaw, DrawsFromTheCovarianceAndTheSharesThatItStartsWith) {
  const Domain real = make_real(Law::uniform, 0, 1);
  const Domain kind = make_choice({"a", "b"}, false);
  CmaStart start = {{0.4, 0.5, 0.6}, {0.1, 0, 0.05}, 6, {}, {}};
  start.covariance = {0.01, 0, 0.004, 0, 0, 0, 0.004, 0, 0.0025};
  start.shares = {{}, {0.9, 0.1}, {}};
  const CmaLaw law({&real, &kind, &real}, start);
  Rng rng(1);
  std::vector<double> row(3);
  double sum = 0;
  int first = 0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    law.draw(rng, {}, 1, row);
    sum += (row[0] - 0.4) * (row[2] - 0.6) / kDraws;
    first += row[1] < 0.5 ? 1 : 0;
  }
  // Standard errors: 0.00010 and 0.0047; five of each.
  EXPECT_NEAR(sum, 0.004, 0.0005);
  EXPECT_NEAR(first / static_cast<double>(kDraws), 0.9, 0.024);
}

}  // namespace
}  // namespace hone
