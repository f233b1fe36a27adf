#include "hone/math/stats.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/rng.h"

namespace hone {
namespace {

TEST(Stats, DescribeSmallSamples) {
  const std::vector<double> x = {3, 1, 4, 1, 5};
  EXPECT_DOUBLE_EQ(mean(x), 2.8);
  EXPECT_DOUBLE_EQ(variance(x), 3.2);
  EXPECT_EQ(median(x), 3);
  EXPECT_DOUBLE_EQ(quantile(x, 0.9), 4.6);  // type 7: 4 + 0.6·(5 − 4)
  EXPECT_EQ(quantile(x, 1), 5);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(KolmogorovSmirnov, AgreesWithTheTableOfCriticalValues) {
  // Stephens 1974: for n = 20 the 5 % point is 0.294, the 1 % point 0.352.
  EXPECT_NEAR(ks_p_value(0.294, 20), 0.05, 0.003);
  EXPECT_NEAR(ks_p_value(0.352, 20), 0.01, 0.001);
  EXPECT_DOUBLE_EQ(ks_statistic_uniform({0.5}), 0.5);
  EXPECT_DOUBLE_EQ(ks_statistic_uniform({0.1, 0.2}), 0.8);
}

// 400 p-values of uniform samples are themselves uniform; a false alarm of this test: 1 in 10 000.
TEST(KolmogorovSmirnov, HasUniformPValuesUnderTheHypothesis) {
  Rng rng(11);
  std::vector<double> p;
  for (int i = 0; i < 400; ++i) {
    std::vector<double> u;
    for (int k = 0; k < 200; ++k) u.push_back(rng.uniform());
    p.push_back(ks_p_value(ks_statistic_uniform(u), u.size()));
  }
  EXPECT_GT(ks_p_value(ks_statistic_uniform(p), p.size()), 1e-4);
}

TEST(ChiSquare, AgreesWithClosedForms) {
  EXPECT_NEAR(chi_square_p_value(3, 2), std::exp(-1.5), 1e-14);
  EXPECT_NEAR(chi_square_p_value(3.841458820694124, 1), 0.05, 1e-12);
  EXPECT_NEAR(chi_square_p_value(40, 2), std::exp(-20), 1e-22);
  EXPECT_NEAR(chi_square_p_value(10, 4), std::exp(-5) * 6, 1e-14);
}

TEST(SignedRank, AgreesWithCountingSigns) {
  // 1, 2, 3 of which 2 and 3 are positive: sums of at least 5 are {2,3}, {1,2,3}: 2 of 8.
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{-0.1, 0.2, 0.3}), 2.0 / 8);
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{0.1, 0.2, 0.3}), 1.0 / 8);
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{-1, -2}), 1);
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{}), 1);
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{0, 0}), 1);
  // Ties: ranks 1.5, 1.5, 3; at least 4.5 are {1.5, 3} twice and all three: 3 of 8.
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{1, -1, 2}), 3.0 / 8);
  // Zeros keep their ranks: 1.5 and 1.5 for them, 3 for the other.
  EXPECT_DOUBLE_EQ(signed_rank_p_value(std::vector<double>{0, 0, 2}), 1.0 / 2);
}

TEST(SignedRank, IsContinuousWhereTheNormalLawTakesOver) {
  std::vector<double> x;
  for (int i = 1; i <= 25; ++i) x.push_back(i % 3 == 0 ? -i : i);
  const double exact = signed_rank_p_value(x);
  x.push_back(-0.5);
  EXPECT_NEAR(signed_rank_p_value(x), exact, 0.01);
}

TEST(CentredDiscrepancy, IsTheClosedFormForOnePoint) {
  // One point in the middle of d = 1: 13/12 − 2 + 1.
  EXPECT_NEAR(centred_discrepancy(std::vector<double>{0.5}, 1), 1.0 / 12, 1e-15);
}

}  // namespace
}  // namespace hone
