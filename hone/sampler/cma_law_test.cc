#include "hone/sampler/cma_law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder
using Row = std::vector<double>;

CmaStart start_of(std::size_t columns, int population, double spread = 0.2) {
  return {Row(columns, 0.5), Row(columns, spread), population, {}, {}};
}

/// Plays `generations` of the law on a loss; returns the best loss.
double play(CmaLaw& law, std::size_t columns, int generations,
            const std::function<double(const Row&)>& loss,
            const std::function<void(Row&)>& seen_as = {}) {
  Rng rng(5);
  double best = HUGE_VAL;
  std::uint64_t number = 0;
  for (int g = 0; g < generations; ++g) {
    std::vector<std::pair<double, Row>> drawn;
    for (int i = 0; i < law.population(); ++i) {
      Row row(columns);
      law.draw(rng, {}, 1, row);
      const double value = loss(row);
      if (seen_as) seen_as(row);
      drawn.emplace_back(value, row);
      best = std::min(best, value);
    }
    std::sort(drawn.begin(), drawn.end());
    std::vector<CmaMember> ranked;
    for (const auto& [value, row] : drawn) ranked.push_back({row, Rng(9).split("m", number++)});
    law.update(ranked);
  }
  return best;
}

TEST(CmaLaw, FindsTheOptimumOfARotatedEllipsoid) {
  const Domain domain = make_real(Law::uniform, 0, 1);
  CmaLaw law(std::vector<const Domain*>(5, &domain), start_of(5, 8));
  const double best = play(law, 5, 150, [](const Row& x) {
    double sum = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      const double z = (x[i] - 0.31) + 0.7 * (x[(i + 1) % 5] - 0.31);
      sum += std::pow(100.0, static_cast<double>(i) / 4) * z * z;
    }
    return sum;
  });
  EXPECT_LT(best, 1e-8);
  EXPECT_LT(law.width(), 1e-2);
  EXPECT_FALSE(law.is_degenerate());
}

TEST(CmaLaw, FindsAnOptimumInACorner) {
  const Domain domain = make_real(Law::uniform, 0, 1);
  CmaLaw law(std::vector<const Domain*>(3, &domain), start_of(3, 7));
  const double best = play(law, 3, 100, [](const Row& x) { return x[0] + x[1] - x[2]; });
  EXPECT_LT(best, -0.999);
}

/// Of a column of draws.
double deviation(const CmaLaw& law, std::size_t columns, std::size_t column) {
  Rng rng(8);
  Row row(columns);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 400;
  for (int i = 0; i < kDraws; ++i) {
    law.draw(rng, {}, 1, row);
    sum += row[column];
    squares += row[column] * row[column];
  }
  return std::sqrt(squares / kDraws - sum / kDraws * sum / kDraws);
}

// Rows leave open where in its cell a discrete value was, and what an inactive parameter was. The
// law of such columns must not shrink for it.
TEST(CmaLaw, HoldsTheWidthOfWhatTheRowsHide) {
  const Domain real = make_real(Law::uniform, 0, 1);
  const Domain whole = Integer{1, 40, Law::uniform, 1};
  double inactive = 0;
  double discrete = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Rng noise(seed);
    CmaLaw law({&real, &whole, &real}, start_of(3, 7, 0.08));
    play(
        law, 3, 40, [&](const Row&) { return noise.uniform(); },
        [&](Row& row) {
          row[1] = snap(whole, row[1]);
          row[2] = NAN;
        });
    const double seen = std::log(deviation(law, 3, 0));
    inactive += (std::log(deviation(law, 3, 2)) - seen) / 40;
    discrete += (std::log(deviation(law, 3, 1)) - seen) / 40;
  }
  EXPECT_NEAR(inactive, 0, 0.35);
  EXPECT_NEAR(discrete, 0, 0.35);
}

TEST(CmaLaw, KeepsAMarginOfProbabilityOutsideOfTheMeansCell) {
  const Domain real = make_real(Law::uniform, 0, 1);
  const Domain whole = Integer{1, 21, Law::uniform, 1};
  CmaLaw law({&real, &whole}, start_of(2, 6));
  // The integer does not matter once it is 5, and the real converges: without a margin the law of
  // the integer would shrink with it.
  play(
      law, 2, 120,
      [&](const Row& x) {
        return std::pow(x[0] - 0.3, 2) + std::abs(snap(whole, x[1]) - snap(whole, 0.2));
      },
      [&](Row& x) { x[1] = snap(whole, x[1]); });
  EXPECT_LT(law.width(), 1e-3);
  Rng rng(1);
  int apart = 0;
  Row row(2);
  for (int i = 0; i < 4000; ++i) {
    law.draw(rng, {}, 1, row);
    apart += snap(whole, row[1]) == snap(whole, 0.2) ? 0 : 1;
  }
  // α = 1/(dλ) = 1/12; 4000 draws have a standard deviation of 17.
  EXPECT_GT(apart, 4000 / 12 - 5 * 18);
  EXPECT_LT(apart, 2000);
}

TEST(CmaLaw, LearnsWhichCategoryIsBest) {
  const Domain choice = make_choice({"a", "b", "c", "d"}, false);
  const Domain real = make_real(Law::uniform, 0, 1);
  CmaLaw law({&choice, &real, &choice}, start_of(3, 7));
  play(law, 3, 60, [](const Row& x) {
    return std::abs(x[0] - 0.625) + std::pow(x[1] - 0.5, 2) + std::abs(x[2] - 0.125);
  });
  Rng rng(2);
  Row row(3);
  int right = 0;
  for (int i = 0; i < 1000; ++i) {
    law.draw(rng, {}, 1, row);
    right += row[0] == 0.625 && row[2] == 0.125 ? 1 : 0;
  }
  // The margin of two columns of four leaves 0.864² to the best.
  EXPECT_GT(right, 600);
  EXPECT_LT(right, 850);
}

TEST(CmaLaw, TakesMembersFromFarAwayWithBoundedSteps) {
  const Domain domain = make_real(Law::uniform, 0, 1);
  CmaLaw law(std::vector<const Domain*>(2, &domain), start_of(2, 6, 1e-4));
  const Row far = {0.99, 0.01};
  std::vector<CmaMember> ranked(6, {far, Rng(1)});
  law.update(ranked);
  EXPECT_LT(law.width(), 1e-3);
  EXPECT_FALSE(law.is_degenerate());
  Rng rng(3);
  Row row(2);
  law.draw(rng, {}, 1, row);
  EXPECT_NEAR(row[0], 0.5, 0.02);
}

}  // namespace
}  // namespace hone
