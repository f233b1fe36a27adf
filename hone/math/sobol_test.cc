#include "hone/math/sobol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "hone/base/rng.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

std::vector<double> points(int n, int d, std::uint64_t seed, std::uint32_t first = 0) {
  const Sobol sobol(d, seed);
  std::vector<double> all(static_cast<std::size_t>(n * d));
  for (int i = 0; i < n; ++i) {
    sobol.point(
        first + static_cast<std::uint32_t>(i),
        std::span(all).subspan(static_cast<std::size_t>(i * d), static_cast<std::size_t>(d)));
  }
  return all;
}

TEST(PrimitivePolynomials, AreCountedByEulersTotient) {
  // φ(2^n − 1)/n of degree n: 1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144.
  const int expected[] = {1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144};
  int counts[13] = {};
  for (const auto p : primitive_polynomials(480)) ++counts[std::bit_width(p) - 2];
  for (int n = 0; n < 12; ++n) EXPECT_EQ(counts[n], expected[n]) << "degree " << n + 1;
  EXPECT_EQ(primitive_polynomials(6), (std::vector<std::uint32_t>{3, 7, 11, 13, 19, 25}));
}

TEST(Sobol, PutsOnePointIntoEveryIntervalOfEveryCoordinate) {
  for (const int d : {1, 2, 21, 48, 60, 300}) {
    for (const std::uint32_t first : {0U, 64U, 1024U}) {
      const auto all = points(64, d, 7, first);
      for (int j = 0; j < d; ++j) {
        std::set<int> cells;
        for (int i = 0; i < 64; ++i)
          cells.insert(static_cast<int>(64 * all[static_cast<std::size_t>(i * d + j)]));
        ASSERT_EQ(cells.size(), 64U) << "dimension " << j << " of " << d;
      }
    }
  }
}

TEST(Sobol, IsANetInItsFirstTwoDimensions) {
  // A (0, m, 2)-net: every elementary box of volume 2^−m holds one point.
  const auto all = points(64, 2, 3);
  for (int k = 0; k <= 6; ++k) {
    std::set<std::pair<int, int>> boxes;
    for (std::size_t i = 0; i < 64; ++i) {
      boxes.emplace(static_cast<int>(std::ldexp(all[2 * i], k)),
                    static_cast<int>(std::ldexp(all[2 * i + 1], 6 - k)));
    }
    EXPECT_EQ(boxes.size(), 64U) << k;
  }
}

TEST(Sobol, HasLowerDiscrepancyThanRandomPoints) {
  for (const int d : {2, 5, 10}) {
    double random = 0;
    double sobol = 0;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      Rng rng(seed);
      std::vector<double> u(static_cast<std::size_t>(128 * d));
      for (double& x : u) x = rng.uniform();
      random += centred_discrepancy(u, d);
      sobol += centred_discrepancy(points(128, d, seed), d);
    }
    EXPECT_LT(sobol, 0.3 * random) << d;
  }
}

// In many dimensions 128 points cannot fill the cube; what can be had is that pairs of neighbouring
// coordinates are spread.
TEST(Sobol, SpreadsPairsOfCoordinatesInManyDimensions) {
  for (const int d : {48, 100, 1000}) {
    const auto all = points(128, d, 1);
    Rng rng(2);
    double sobol = 0;
    double random = 0;
    for (int j = 0; j + 1 < d; j += d / 16) {
      std::vector<double> pair;
      std::vector<double> drawn;
      for (int i = 0; i < 128; ++i) {
        for (const int k : {j, j + 1}) {
          pair.push_back(all[static_cast<std::size_t>(i * d + k)]);
          drawn.push_back(rng.uniform());
        }
      }
      sobol += centred_discrepancy(pair, 2);
      random += centred_discrepancy(drawn, 2);
    }
    EXPECT_LT(sobol, 0.5 * random) << d;
  }
}

// Scrambled points are uniform one by one: over seeds, any fixed point is a uniform draw. A false
// alarm: 3 in 10 000.
TEST(Sobol, IsUniformOverItsSeeds) {
  for (const std::uint32_t index : {0U, 1U, 77U}) {
    std::vector<double> u;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) u.push_back(points(1, 5, seed, index)[4]);
    EXPECT_GT(ks_p_value(ks_statistic_uniform(u), u.size()), 1e-4) << index;
  }
}

TEST(Sobol, GivesAnyPointByItsIndex) {
  const auto all = points(10, 4, 5);
  const auto one = points(1, 4, 5, 7);
  for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(one[j], all[28 + j]);
}

}  // namespace
}  // namespace hone
