// Laws of numeric parameters as cumulative distribution functions on the real line, and the grid of
// values that a quantised or integer domain takes from one.
#pragma once

#include <cstdint>

#include "hone/space/parameter.h"

namespace hone {

/// A continuous law restricted to [low, high]; `cdf` and `quantile` are each other's inverse. A
/// value type.
class ContinuousLaw {
 public:
  /// Bounds are ignored by normal, log_normal (unbounded) and beta ([0, 1]).
  ContinuousLaw(Law law, double low, double high, double a, double b);

  /// P(X <= x), 0 below and 1 above the support; unbounded laws within [1e-12, 1 − 1e-12].
  double cdf(double x) const;
  /// The value at u in [0, 1], inside of the support; non-decreasing. Unbounded laws clip u to
  /// [1e-12, 1 − 1e-12].
  double quantile(double u) const;
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  Law law_;
  double low_;
  double high_;
  double a_;
  double b_;
  double span_ = 0;  ///< ln(high / low), or the logit's span
};

/// The values of a discrete numeric domain, value(k) for k = 0 … count − 1 ascending, each with a
/// cell of the unit interval as wide as its probability.
class Grid {
 public:
  explicit Grid(const Integer& domain);
  /// Requires a quantum.
  explicit Grid(const Real& domain);

  /// As double; 0 when the domain is empty.
  double count() const { return count_; }
  double value(double k) const;
  /// Integers without rounding through doubles.
  std::int64_t integer(double k) const;
  /// The nearest k of a value, clipped.
  double nearest(double x) const;
  /// Lower edge of the cell of k; edge(count) = 1.
  double edge(double k) const;
  /// The k whose cell holds u.
  double at(double u) const;

 private:
  ContinuousLaw law_;
  bool equal_cells_ = false;
  double anchor_ = 0;  ///< value(0) = anchor + first·step
  double step_ = 1;
  double first_ = 0;
  double count_ = 0;
  std::int64_t integer_low_ = 0;
  std::int64_t integer_step_ = 1;
  bool integer_ = false;
};

/// Probability outside of [1e-12, 1 − 1e-12] that unbounded laws give up.
constexpr double kTail = 1e-12;

/// The regularised incomplete beta function I_x(a, b); a, b > 0 (DLMF 8.17.22, Lentz's continued
/// fraction).
double beta_cdf(double x, double a, double b);
/// Its inverse in x.
double beta_quantile(double p, double a, double b);

}  // namespace hone
