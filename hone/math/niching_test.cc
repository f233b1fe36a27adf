#include "hone/math/niching.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "hone/base/rng.h"

namespace hone {
namespace {

TEST(SimplexLattice, HasEveryPointOnce) {
  for (const auto& [m, divisions, size] :
       {std::tuple(2, 7, 8), std::tuple(3, 12, 91), std::tuple(5, 6, 210)}) {
    const std::vector<double> points = simplex_lattice(m, divisions);
    ASSERT_EQ(points.size(), static_cast<std::size_t>(size * m));
    std::set<std::vector<double>> all;
    for (std::size_t i = 0; i < points.size(); i += static_cast<std::size_t>(m)) {
      const std::vector<double> p(points.begin() + static_cast<std::ptrdiff_t>(i),
                                  points.begin() + static_cast<std::ptrdiff_t>(i) + m);
      double sum = 0;
      for (const double x : p) sum += x;
      EXPECT_NEAR(sum, 1, 1e-12);
      all.insert(p);
    }
    EXPECT_EQ(all.size(), static_cast<std::size_t>(size));
  }
}

TEST(ReferenceDirections, AreAsManyAsAllowedAndHaveInnerOnesForManyLosses) {
  EXPECT_EQ(reference_directions(3, 91).size(), 91U * 3);
  EXPECT_EQ(reference_directions(3, 100).size(), 91U * 3);
  EXPECT_EQ(reference_directions(5, 50).size(), 50U * 5);  // 35 and 15
  EXPECT_EQ(reference_directions(10, 3).size(), 10U * 10);
  const std::vector<double> many = reference_directions(8, 156);
  ASSERT_EQ(many.size(), (120U + 36) * 8);
  for (std::size_t i = 120U * 8; i < many.size(); ++i) EXPECT_GE(many[i], 0.5 / 8);
}

TEST(WorstOfEnds, LeavesOutWhatIsOnTheFrontByOneLossAlone) {
  // The ends (1, 0, 0) and so on; behind them a point that is best in the second loss.
  const std::vector<double> front = {1, 0, 0, 0, 1, 0, 0, 0, 1, 3, -1e-6, 0, 0.5, 0.5, 0.5};
  const std::vector<double> worst = worst_of_ends({front, 3});
  EXPECT_EQ(worst, (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(worst_of_ends({std::vector<double>{2, 3}, 2}), (std::vector<double>{2, 3}));
}

TEST(PickByNiches, SpreadsOverTheDirections) {
  // A crowd near one corner of the simplex, and one point near each of the others.
  std::vector<double> losses = {0.98, 0.01, 0.01, 0.01, 0.98, 0.01, 0.01, 0.01, 0.98};
  Rng rng(2);
  for (int i = 0; i < 30; ++i) {
    const double a = 0.04 * rng.uniform();
    const double b = 0.04 * rng.uniform();
    losses.insert(losses.end(), {1.01 - a - b, a, b});
  }
  const std::vector<double> directions = reference_directions(3, 6);
  const Niched niched = pick_by_niches({losses, 3}, 0, 6, directions);
  ASSERT_EQ(niched.picked.size(), 6U);
  const std::set<std::size_t> picked(niched.picked.begin(), niched.picked.end());
  EXPECT_TRUE(picked.contains(1));
  EXPECT_TRUE(picked.contains(2));
  for (std::size_t i = 0; i < 6; ++i) {
    const bool alone = niched.picked[i] == 1 || niched.picked[i] == 2;
    EXPECT_EQ(niched.crowd[i] == 1, alone);
  }
}

TEST(PickByNiches, KeepsTheCertainOnes) {
  const std::vector<double> losses = {0.5, 0.5, 0.52, 0.5, 0, 1, 1, 0, 0.5, 0.51};
  const Niched niched = pick_by_niches({losses, 2}, 2, 4, reference_directions(2, 3));
  EXPECT_EQ(niched.picked, (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(niched.crowd, (std::vector<std::size_t>{2, 2, 1, 1}));
}

}  // namespace
}  // namespace hone
