#include "hone/math/cholesky.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"

namespace hone {
namespace {

/// B·Bᵀ + I of random B, column by column.
std::vector<double> positive_definite(int n, std::uint64_t seed) {
  const auto size = static_cast<std::size_t>(n);
  Rng rng(seed);
  std::vector<double> b(size * size);
  for (double& x : b) x = rng.normal();
  std::vector<double> a(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < size; ++k) {
      for (std::size_t m = 0; m < size; ++m) a[k * size + i] += b[m * size + i] * b[m * size + k];
    }
    a[i * size + i] += 1;
  }
  return a;
}

TEST(Cholesky, SolvesAndInverts) {
  constexpr int n = 97;
  const auto a = positive_definite(n, 1);
  Cholesky factor;
  ASSERT_TRUE(factor.factor(a, n));
  std::vector<double> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(static_cast<double>(i));
  std::vector<double> b(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) b[i] += a[k * n + i] * x[k];
  }
  factor.solve(b);
  std::vector<double> inverse;
  factor.inverse(inverse);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(b[i], x[i], 1e-9);
    for (std::size_t k = 0; k < n; ++k) {
      double product = 0;
      for (std::size_t m = 0; m < n; ++m) {
        product += a[m * n + i] * inverse[std::min(k, m) * n + std::max(k, m)];
      }
      EXPECT_NEAR(product, i == k ? 1 : 0, 1e-9);
    }
  }
}

TEST(Cholesky, GrowsRowByRowToWhatItWouldHaveFactored) {
  constexpr int n = 25;
  const auto a = positive_definite(n, 2);
  Cholesky whole;
  ASSERT_TRUE(whole.factor(a, n));
  Cholesky grown;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> row(i);
    for (std::size_t k = 0; k < i; ++k) row[k] = a[k * n + i];
    ASSERT_TRUE(grown.append(row, a[i * n + i]));
  }
  EXPECT_EQ(grown.size(), n);
  EXPECT_NEAR(grown.log_determinant(), whole.log_determinant(), 1e-9);
  std::vector<double> x(n, 1.0);
  std::vector<double> y(n, 1.0);
  grown.solve(x);
  whole.solve(y);
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(x[i], y[i], 1e-10);
}

TEST(Cholesky, SolvesManyRightSidesLikeOne) {
  constexpr int n = 12;
  const auto a = positive_definite(n, 3);
  Cholesky factor;
  ASSERT_TRUE(factor.factor(a, n));
  std::vector<double> many(n * 3);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = std::cos(static_cast<double>(i));
  std::vector<double> last(many.end() - n, many.end());
  factor.solve_lower_many(many, 3);
  factor.solve_lower(last);
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(many[2 * n + i], last[i], 1e-12);
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefinite) {
  Cholesky factor;
  EXPECT_FALSE(factor.factor(std::vector<double>{1, 2, 2, 1}, 2));
  ASSERT_TRUE(factor.factor(std::vector<double>{4}, 1));
  EXPECT_FALSE(factor.append(std::vector<double>{4}, 4)) << "the same point twice";
  EXPECT_EQ(factor.size(), 1);
  EXPECT_TRUE(factor.append(std::vector<double>{4}, 4.5));
}

}  // namespace
}  // namespace hone
