#include "hone/analysis/best_chance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace hone {
namespace {

using Values = std::vector<std::vector<double>>;

TEST(ChanceOfBest, IsEvenForEquals) {
  const auto chances = chance_of_best({{1, 2, 3}, {3, 1, 2}});
  EXPECT_NEAR(chances[0], 0.5, 0.02);
  EXPECT_NEAR(std::accumulate(chances.begin(), chances.end(), 0.0), 1, 1e-9);
}

// Two trials: the difference of the means is t with 4 degrees of freedom, location 1 and scale
// sqrt(2/3), so the chance is P(T ≤ 1.2247) = 0.8560.
TEST(ChanceOfBest, AgreesWithTheClosedFormForTwo) {
  const auto chances = chance_of_best({{0, 1, 2}, {1, 2, 3}});
  EXPECT_NEAR(chances[0], 0.8560, 0.01);
}

TEST(ChanceOfBest, IsSureWithoutSpreadAndShared) {
  const auto chances = chance_of_best({{1, 1}, {2, 2}, {1, 1}});
  EXPECT_NEAR(chances[0], 0.5, 1e-9);
  EXPECT_EQ(chances[1], 0);
  EXPECT_NEAR(chances[2], 0.5, 1e-9);
}

TEST(ChanceOfBest, IsUnknownFromSingleValuesAndSkipsWhatIsNoNumber) {
  EXPECT_TRUE(chance_of_best({{1}, {2}}).empty());
  const auto chances = chance_of_best({{1, 1.1}, {NAN, 0}, {5, 5.1}});
  EXPECT_NEAR(chances[0], 1, 0.01);
  EXPECT_EQ(chances[1], 0);
}

// The mean of 1, 2, 3 with their own spread alone: 2 ± 4.3027 / sqrt(3).
TEST(MeanInterval, IsStudentsInterval) {
  const auto interval = mean_interval({{1, 2, 3}}, 0);
  EXPECT_NEAR(interval->low, 2 - 4.3027 / std::sqrt(3.0), 1e-3);
  EXPECT_NEAR(interval->high, 2 + 4.3027 / std::sqrt(3.0), 1e-3);
  EXPECT_FALSE(mean_interval({{1}, {2}}, 0).has_value());
}

}  // namespace
}  // namespace hone
