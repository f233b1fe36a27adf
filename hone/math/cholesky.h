// The Cholesky factor of a growing positive-definite matrix: factored once, then a row at a time.
// Dense arithmetic is Eigen's, on one thread, so results do not depend on the machine's cores.
#pragma once

#include <span>
#include <vector>

namespace hone {

/// A = L·Lᵀ of an n×n matrix. Holds its arrays, so factoring again allocates nothing. Not
/// thread-safe.
class Cholesky {
 public:
  /// Factors `a` (n×n, column by column; the lower triangle is read). False, and the factor is
  /// empty, where the matrix is not positive definite to working precision. O(n³/3).
  bool factor(std::span<const double> a, int n);
  /// Adds a row: `row` holds A(n, 0 … n−1), `diagonal` A(n, n). False, and nothing changes, where
  /// the larger matrix is not positive definite. O(n²).
  bool append(std::span<const double> row, double diagonal);

  int size() const { return n_; }
  /// ln det A.
  double log_determinant() const;
  /// Solves L·z = b in place.
  void solve_lower(std::span<double> b) const;
  /// Solves L·Z = B in place for `count` right sides, each a column of n.
  void solve_lower_many(std::span<double> b, int count) const;
  /// Solves A·x = b in place.
  void solve(std::span<double> b) const;
  /// The lower triangle of A⁻¹, column by column; what is above it means nothing. O(n³).
  void inverse(std::vector<double>& out) const;

 private:
  std::vector<double> factor_;  // column by column with stride_ rows; the lower triangle counts
  int n_ = 0;
  int stride_ = 0;
};

}  // namespace hone
