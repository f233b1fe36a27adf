#include "hone/surrogate/forest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hone {
namespace {

const double kInactive = std::numeric_limits<double>::quiet_NaN();

double category(int c, int count) { return (c + 0.5) / count; }

/// Every tree sees every row, and a leaf shows its own targets alone.
ForestOptions plain() {
  ForestOptions options;
  options.bootstrap = false;
  options.inherited = 0;
  return options;
}

RegressionForest fitted(std::vector<int> categories, const std::vector<double>& rows,
                        const std::vector<double>& targets, const ForestOptions& options = plain(),
                        std::uint64_t seed = 1) {
  RegressionForest forest(std::move(categories));
  forest.fit(rows, targets, options, Rng(seed));
  return forest;
}

/// n points of one column: 0 below the step, 1 above.
void add_step(int n, double low, double high, double at, std::vector<double>& rows,
              std::vector<double>& targets) {
  for (int i = 0; i < n; ++i) {
    rows.push_back(low + (high - low) * (i + 0.5) / n);
    targets.push_back(rows.back() < at ? 0 : 1);
  }
}

TEST(RegressionForest, FollowsAStep) {
  std::vector<double> rows;
  std::vector<double> targets;
  add_step(60, 0, 1, 0.35, rows, targets);
  const RegressionForest forest = fitted({0}, rows, targets);
  for (const double x : {0.0, 0.1, 0.3, 0.4, 0.7, 1.0}) {
    const std::vector<double> row = {x};
    EXPECT_NEAR(forest.predict(row).mean, x < 0.35 ? 0 : 1, 0.1) << x;
  }
}

TEST(RegressionForest, LearnsWhichPairsOfCategoriesAgree) {
  // 4 by 4 categories: 1 where they agree. Neither column says anything by itself.
  constexpr int kCount = 4;
  std::vector<double> rows;
  std::vector<double> targets;
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const int a = static_cast<int>(rng.below(kCount));
    const int b = static_cast<int>(rng.below(kCount));
    rows.insert(rows.end(), {category(a, kCount), category(b, kCount), rng.uniform()});
    targets.push_back(a == b ? 1 : 0);
  }
  const RegressionForest forest = fitted({kCount, kCount, 0}, rows, targets);
  for (int a = 0; a < kCount; ++a) {
    for (int b = 0; b < kCount; ++b) {
      const std::vector<double> row = {category(a, kCount), category(b, kCount), 0.5};
      EXPECT_NEAR(forest.predict(row).mean, a == b ? 1 : 0, 0.35) << a << ", " << b;
    }
  }
}

TEST(RegressionForest, IsLessSureBetweenRowsThatDifferThanAmongThem) {
  std::vector<double> rows;
  std::vector<double> targets;
  add_step(20, 0, 0.3, 0.5, rows, targets);
  add_step(20, 0.7, 1, 0.5, rows, targets);
  const RegressionForest forest = fitted({0}, rows, targets);
  const auto variance = [&](double x) { return forest.predict(std::vector<double>{x}).variance; };
  EXPECT_GT(variance(0.5), 10 * variance(0.1));
  EXPECT_GT(variance(0.5), 10 * variance(0.9));
  EXPECT_NEAR(forest.predict(std::vector<double>{0.5}).mean, 0.5, 0.25);
}

TEST(RegressionForest, IsUnsureOfABranchThatWasSeenOnce) {
  // Branch 0 forty times with a wide spread of targets, branch 1 once, with their mean.
  std::vector<double> rows;
  std::vector<double> targets;
  for (int i = 0; i < 40; ++i) {
    rows.insert(rows.end(), {category(0, 2), (i + 0.5) / 40});
    targets.push_back(i % 2 == 0 ? -1 : 1);
  }
  rows.insert(rows.end(), {category(1, 2), kInactive});
  targets.push_back(0);
  ForestOptions options = plain();
  options.inherited = 1;
  const std::vector<double> once = {category(1, 2), kInactive};
  const double variance = fitted({2, 0}, rows, targets, options).predict(once).variance;
  EXPECT_GT(variance, 0.05);
  options.inherited = 0;
  EXPECT_LT(fitted({2, 0}, rows, targets, options).predict(once).variance, variance / 2);
}

TEST(RegressionForest, KeepsInactiveApartFromEveryNumber) {
  std::vector<double> rows;
  std::vector<double> targets;
  for (int i = 0; i < 40; ++i) {
    const bool active = i % 2 == 0;
    rows.insert(rows.end(), {active ? i / 40.0 : kInactive, 0.5});
    targets.push_back(active ? i / 40.0 : -3);
  }
  const RegressionForest forest = fitted({0, 0}, rows, targets);
  EXPECT_NEAR(forest.predict(std::vector<double>{kInactive, 0.5}).mean, -3, 0.2);
  EXPECT_NEAR(forest.predict(std::vector<double>{0.0, 0.5}).mean, 0, 0.3);
  EXPECT_NEAR(forest.predict(std::vector<double>{1.0, 0.5}).mean, 1, 0.3);
  // Inactive where no row was: what is known without that column.
  const auto blind = forest.predict(std::vector<double>{0.3, kInactive});
  EXPECT_TRUE(std::isfinite(blind.mean));
}

TEST(RegressionForest, PredictsACategoryThatNoRowHadByTheOthers) {
  std::vector<double> rows;
  std::vector<double> targets;
  for (int i = 0; i < 30; ++i) {
    rows.push_back(category(i % 3, 5));
    targets.push_back(i % 3);
  }
  const RegressionForest forest = fitted({5}, rows, targets);
  const ForestPrediction unseen = forest.predict(std::vector<double>{category(4, 5)});
  EXPECT_NEAR(unseen.mean, 1, 0.1);
  EXPECT_GT(unseen.variance, 0.4);
}

TEST(RegressionForest, TakesMoreCategoriesThanAWordHasBits) {
  constexpr int kCount = 150;
  std::vector<double> rows;
  std::vector<double> targets;
  for (int i = 0; i < kCount; ++i) {
    rows.push_back(category(i, kCount));
    targets.push_back(i % 7 == 0 ? 1 : 0);
  }
  const RegressionForest forest = fitted({kCount}, rows, targets);
  for (int i = 0; i < kCount; ++i)
    EXPECT_NEAR(forest.predict(std::span(rows).subspan(i, 1)).mean, targets[i], 1e-9) << i;
}

TEST(RegressionForest, IsAFunctionOfTheSeed) {
  std::vector<double> rows;
  std::vector<double> targets;
  Rng rng(5);
  for (int i = 0; i < 80; ++i) {
    for (int j = 0; j < 3; ++j) rows.push_back(rng.uniform());
    targets.push_back(rng.normal());
  }
  ForestOptions options = plain();
  options.bootstrap = true;
  options.column_share = 0.5;
  const RegressionForest a = fitted({0, 4, 0}, rows, targets, options, 7);
  RegressionForest b = fitted({0, 4, 0}, rows, targets, options, 8);
  std::vector<ForestPrediction> of_a(80);
  std::vector<ForestPrediction> of_b(80);
  a.predict_many(rows, of_a);
  b.predict_many(rows, of_b);
  EXPECT_NE(of_a[3].mean, of_b[3].mean);
  b.fit(rows, targets, options, Rng(7));  // nothing of the first fit remains
  b.predict_many(rows, of_b);
  for (std::size_t i = 0; i < 80; ++i) {
    EXPECT_EQ(of_a[i].mean, of_b[i].mean);
    EXPECT_EQ(of_a[i].variance, of_b[i].variance);
  }
}

TEST(RegressionForest, ConstantTargetsGiveThatConstantWithoutVariance) {
  const std::vector<double> rows = {0.1, 0.5, 0.9};
  for (const double y : {0.0, -2.5, 1e300, 1e-300}) {
    const RegressionForest forest = fitted({0}, rows, {y, y, y});
    const ForestPrediction p = forest.predict(std::vector<double>{0.4});
    EXPECT_DOUBLE_EQ(p.mean, y);
    EXPECT_EQ(p.variance, 0) << y;
  }
}

TEST(RegressionForest, HugeAndTinyTargetsAreTheSameTreesInOtherUnits) {
  std::vector<double> rows;
  std::vector<double> targets;
  add_step(30, 0, 1, 0.5, rows, targets);
  const std::vector<double> at = {0.51};
  const double unscaled = fitted({0}, rows, targets).predict(at).mean;
  for (const double unit : {0x1p900, 0x1p-900}) {
    std::vector<double> scaled = targets;
    for (double& y : scaled) y *= unit;
    const ForestPrediction p = fitted({0}, rows, scaled).predict(at);
    EXPECT_DOUBLE_EQ(p.mean, unscaled * unit);
    EXPECT_FALSE(std::isnan(p.variance));
  }
}

TEST(RegressionForest, OneRowAndNoColumnsPredictTheMean) {
  EXPECT_EQ(fitted({0, 3}, {0.5, 0.5}, {4}).predict(std::vector<double>{0.1, 0.9}).mean, 4);
  EXPECT_EQ(fitted({}, {}, {1, 2, 3}).predict({}).mean, 2);
}

TEST(RegressionForest, LeavesHaveAtLeastTheRowsAskedFor) {
  std::vector<double> rows;
  std::vector<double> targets;
  Rng rng(11);
  for (int i = 0; i < 64; ++i) {
    rows.push_back(rng.uniform());
    targets.push_back(rng.normal());
  }
  ForestOptions options = plain();
  options.trees = 10;
  options.smallest_leaf = 8;
  // At most 8 leaves a tree, so at most 15 nodes.
  EXPECT_LE(fitted({0}, rows, targets, options).node_count(), 150U);
  options.smallest_leaf = 1;
  EXPECT_EQ(fitted({0}, rows, targets, options).node_count(), 10U * 127);
}

TEST(RegressionForest, PartsOfATreeDivideTheSpaceAndPredictAsItDoes) {
  std::vector<double> rows;
  std::vector<double> targets;
  Rng rng(5);
  for (int i = 0; i < 60; ++i) {
    const double child = rng.chance(0.4) ? kInactive : rng.uniform();
    rows.insert(rows.end(), {rng.uniform(), category(static_cast<int>(rng.below(3)), 5), child});
    targets.push_back(rng.normal());
  }
  ForestOptions options = plain();
  options.trees = 4;
  const RegressionForest forest = fitted({0, 5, 0}, rows, targets, options);
  ASSERT_EQ(forest.tree_count(), 4);
  for (int i = 0; i < 200; ++i) {  // categories that no row had, and inactivity where none was seen
    std::vector<double> row = {rng.chance(0.1) ? kInactive : rng.uniform(),
                               category(static_cast<int>(rng.below(5)), 5),
                               rng.chance(0.4) ? kInactive : rng.uniform()};
    double sum = 0;
    for (int tree = 0; tree < 4; ++tree) {
      int held = 0;
      forest.for_each_part(tree, [&](std::span<const ForestSide> sides, double mean) {
        for (std::size_t j = 0; j < row.size(); ++j) {
          const ForestSide& side = sides[j];
          if (std::isnan(row[j]) ? !side.inactive : !side.active) return;
          if (std::isnan(row[j])) continue;
          if (j == 1) {
            const auto c = static_cast<std::size_t>(row[j] * 5);
            if (!side.categories.empty() && !side.categories[c]) return;
          } else if (!(side.low < row[j] && row[j] <= side.high)) {
            return;
          }
        }
        ++held;
        sum += mean;
      });
      EXPECT_EQ(held, 1);
    }
    EXPECT_NEAR(forest.predict(row).mean, sum / 4, 1e-12);
  }
}

}  // namespace
}  // namespace hone
