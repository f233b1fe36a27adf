// Sobol's low-discrepancy sequence with Owen's nested uniform scrambling, any point by its index.
//
// Direction numbers: primitive polynomials over GF(2) in ascending order; initial numbers of the
// first 48 dimensions from S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better
// two-dimensional projections", SIAM J. Sci. Comput. 30 (2008), beyond that odd numbers from a
// hash: every one-dimensional projection stays perfectly stratified, pairs of high dimensions are
// as good as scrambling makes them. Scrambling: B. Burley, "Practical hash-based Owen scrambling",
// JCGT 9 (2020), with a stronger mix.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hone {

/// Immutable and thread-safe. Any 2^m consecutive points from a multiple of 2^m put one point into
/// every interval of width 2^−m of every coordinate.
class Sobol {
 public:
  static constexpr int kMaxDimensions = 4096;

  /// 1 ≤ dimensions ≤ kMaxDimensions. Memory: 128 bytes per dimension.
  Sobol(int dimensions, std::uint64_t seed);

  int dimensions() const { return dimensions_; }
  /// Point number `index` (from 0) in (0, 1)^d; u has `dimensions` entries. O(d·log index).
  void point(std::uint32_t index, std::span<double> u) const;

 private:
  int dimensions_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> directions_;  // 32 per dimension, most significant bit first
};

/// The first `count` primitive polynomials over GF(2) in ascending order, coefficients as bits: x +
/// 1 is 3.
std::vector<std::uint32_t> primitive_polynomials(int count);

}  // namespace hone
