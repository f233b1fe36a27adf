#include "hone/math/pareto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"

namespace hone {
namespace {

using Fronts = std::vector<std::vector<std::size_t>>;

/// Losses with ties, and some equal points.
std::vector<double> draw(Rng& rng, std::size_t n, int m, int levels) {
  std::vector<double> losses;
  for (std::size_t i = 0; i < n * static_cast<std::size_t>(m); ++i) {
    losses.push_back(levels > 0 ? static_cast<double>(rng.below(static_cast<std::uint64_t>(levels)))
                                : rng.uniform());
  }
  return losses;
}

/// By the definition.
Fronts peel(const PointSet& points) {
  Fronts fronts;
  std::vector<bool> gone(points.size(), false);
  for (std::size_t left = points.size(); left > 0;) {
    std::vector<std::size_t> front;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool dominated = gone[i];
      for (std::size_t j = 0; j < points.size() && !dominated; ++j)
        dominated = !gone[j] && dominates(points.point(j), points.point(i));
      if (!dominated) front.push_back(i);
    }
    for (const std::size_t i : front) gone[i] = true;
    left -= front.size();
    fronts.push_back(front);
  }
  return fronts;
}

/// On whole numbers: the cells of the grid below the reference that a point dominates.
double count_cells(const PointSet& points, int reference) {
  const auto m = static_cast<std::size_t>(points.objectives);
  std::vector<double> cell(m, 0.0);
  double count = 0;
  for (;;) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto p = points.point(i);
      if (!std::equal(p.begin(), p.end(), cell.begin(), [](double a, double b) { return a <= b; }))
        continue;
      ++count;
      break;
    }
    std::size_t k = 0;
    while (k < m && ++cell[k] >= reference) cell[k++] = 0;
    if (k == m) return count;
  }
}

TEST(Pareto, APointDominatesWhatIsNowhereBetterAndSomewhereWorse) {
  const auto check = [](std::vector<double> a, std::vector<double> b) { return dominates(a, b); };
  EXPECT_TRUE(check({1, 2}, {1, 3}));
  EXPECT_FALSE(check({1, 3}, {1, 2}));
  EXPECT_FALSE(check({1, 2}, {1, 2}));
  EXPECT_FALSE(check({0, 3}, {1, 2}));
  EXPECT_TRUE(check({-INFINITY, 2, 2}, {0, 2, 2}));
}

TEST(Pareto, FrontsAreThoseOfTheDefinition) {
  Rng rng(1);
  for (int m = 1; m <= 4; ++m) {
    for (const int levels : {0, 3, 8}) {
      for (int round = 0; round < 30; ++round) {
        const auto losses = draw(rng, 1 + rng.below(40), m, levels);
        const PointSet points{losses, m};
        const Fronts all = peel(points);
        EXPECT_EQ(sort_fronts(points, points.size()), all);
        const Fronts some = sort_fronts(points, all.front().size());
        EXPECT_EQ(some, Fronts{all.front()});
      }
    }
  }
  EXPECT_TRUE(sort_fronts({{}, 2}, 5).empty());
}

TEST(Pareto, HypervolumeOfWholeNumbersIsTheNumberOfCells) {
  Rng rng(2);
  for (int m = 1; m <= 4; ++m) {
    for (int round = 0; round < 40; ++round) {
      const auto losses = draw(rng, rng.below(14), m, 7);
      const PointSet points{losses, m};
      const std::vector<double> reference(static_cast<std::size_t>(m), 6);  // some lie beyond it
      EXPECT_DOUBLE_EQ(hypervolume(points, reference), count_cells(points, 6)) << m;
    }
  }
}

TEST(Pareto, HypervolumeOfRealNumbersIsTheShareOfPointsThatAreDominated) {
  Rng rng(3);
  for (int m = 2; m <= 4; ++m) {
    const auto losses = draw(rng, 12, m, 0);
    const PointSet points{losses, m};
    const std::vector<double> reference(static_cast<std::size_t>(m), 1);
    int hits = 0;
    constexpr int kDraws = 40'000;
    for (int i = 0; i < kDraws; ++i) {
      const auto x = draw(rng, 1, m, 0);
      for (std::size_t j = 0; j < points.size(); ++j) {
        if (!dominates(points.point(j), x)) continue;
        ++hits;
        break;
      }
    }
    // Five standard errors of a share: a false alarm in 10^6.
    EXPECT_NEAR(hypervolume(points, reference), static_cast<double>(hits) / kDraws, 0.0125);
  }
}

TEST(Pareto, HypervolumeOfAKnownFront) {
  // The front of f2 = 1 − f1 in n steps up to (1, 1): a staircase below the diagonal.
  std::vector<double> losses;
  constexpr int kSteps = 100;
  for (int i = 0; i <= kSteps; ++i)
    losses.insert(losses.end(),
                  {static_cast<double>(i) / kSteps, 1 - static_cast<double>(i) / kSteps});
  EXPECT_NEAR(hypervolume({losses, 2}, std::vector<double>{1, 1}), 0.5 * (1 - 1.0 / kSteps), 1e-12);
}

TEST(Pareto, CrowdingIsTheRoomBetweenNeighbours) {
  const std::vector<double> losses = {0, 10, 2, 6, 3, 5, 10, 0};
  const std::vector<std::size_t> front = {0, 1, 2, 3};
  const auto distance = crowding_distances({losses, 2}, front);
  EXPECT_TRUE(std::isinf(distance[0]));
  EXPECT_DOUBLE_EQ(distance[1], 0.3 + 0.5);
  EXPECT_DOUBLE_EQ(distance[2], 0.8 + 0.6);
  EXPECT_TRUE(std::isinf(distance[3]));
  const std::vector<double> equal = {1, 1, 1, 1, 1, 1};
  const std::vector<std::size_t> three = {0, 1, 2};
  EXPECT_EQ(crowding_distances({equal, 2}, three)[1], 0);
}

TEST(Pareto, PicksAreGreedyByWhatTheyAdd) {
  Rng rng(4);
  for (int m = 2; m <= 3; ++m) {
    for (int round = 0; round < 10; ++round) {
      const auto losses = draw(rng, 25, m, round % 2 == 0 ? 0 : 6);
      const PointSet points{losses, m};
      const auto fronts = sort_fronts(points, 1);
      const std::vector<double> reference(static_cast<std::size_t>(m), 6);
      const auto picked = pick_by_hypervolume(points, fronts[0], reference, fronts[0].size());
      EXPECT_EQ(picked.size(), fronts[0].size());
      std::vector<double> chosen;
      for (std::size_t k = 0; k < picked.size(); ++k) {
        const auto with = [&](std::size_t i) {
          auto more = chosen;
          const auto p = points.point(fronts[0][i]);
          more.insert(more.end(), p.begin(), p.end());
          return hypervolume({more, m}, reference);
        };
        double most = 0;
        for (std::size_t i = 0; i < fronts[0].size(); ++i) most = std::max(most, with(i));
        EXPECT_NEAR(with(picked[k]), most, 1e-9);
        const auto p = points.point(fronts[0][picked[k]]);
        chosen.insert(chosen.end(), p.begin(), p.end());
      }
    }
  }
}

}  // namespace
}  // namespace hone
