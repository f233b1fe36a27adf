// Interval arithmetic with outward rounding: results hold every value that the operation can give
// on members of its operands (Moore, 1966; Jaulin et al., Applied Interval Analysis, chapter 2).
// Integers below 2^53 stay exact, so that bounds of integer expressions are sharp.
#pragma once

#include <limits>

namespace hone {

constexpr double kInf = std::numeric_limits<double>::infinity();

/// A closed interval; empty when low > high (the default).
struct Interval {
  double low = kInf;
  double high = -kInf;

  static Interval all() { return {-kInf, kInf}; }
  static Interval point(double x) { return {x, x}; }
  bool empty() const { return !(low <= high); }
  bool is_point() const { return low == high; }
  bool contains(double x) const { return low <= x && x <= high; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

Interval intersect(const Interval& a, const Interval& b);
Interval hull(const Interval& a, const Interval& b);
/// Wider by `ulps` units in the last place at both ends.
Interval widen(const Interval& a, int ulps);

Interval add(const Interval& a, const Interval& b);
Interval subtract(const Interval& a, const Interval& b);
Interval multiply(const Interval& a, const Interval& b);
/// Hull of {x / y : y != 0}; empty when b is [0, 0].
Interval divide(const Interval& a, const Interval& b);
Interval negate(const Interval& a);
Interval absolute(const Interval& a);
Interval floored(const Interval& a);
Interval square_root(const Interval& a);
Interval exponential(const Interval& a);
Interval logarithm(const Interval& a);
/// Hull of x ** y where it is defined.
Interval power(const Interval& x, const Interval& y);
/// Python's x % y.
Interval modulo(const Interval& x, const Interval& y);

}  // namespace hone
