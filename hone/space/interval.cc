#include "hone/space/interval.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace hone {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool whole(double x) { return std::fabs(x) < kExactIntegers && x == std::floor(x); }
double below(double x) { return std::nextafter(x, -kInf); }
double above(double x) { return std::nextafter(x, kInf); }

/// Rounded outwards unless the operation on these integers was exact.
Interval outward(double low, double high, bool exact) {
  if (exact && std::fabs(low) < kExactIntegers && std::fabs(high) < kExactIntegers)
    return {low, high};
  return {below(low), above(high)};
}

bool whole(const Interval& a, const Interval& b) {
  return whole(a.low) && whole(a.high) && whole(b.low) && whole(b.high);
}

double product(double x, double y) { return x == 0 || y == 0 ? 0 : x * y; }  // 0·∞ = 0 for bounds

}  // namespace

Interval intersect(const Interval& a, const Interval& b) {
  return {std::max(a.low, b.low), std::min(a.high, b.high)};
}

Interval hull(const Interval& a, const Interval& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Interval widen(const Interval& a, int ulps) {
  Interval out = a;
  for (int i = 0; i < ulps; ++i) {
    out.low = below(out.low);
    out.high = above(out.high);
  }
  return out;
}

Interval add(const Interval& a, const Interval& b) {
  if (a.empty() || b.empty()) return {};
  return outward(a.low + b.low, a.high + b.high, whole(a, b));
}

Interval subtract(const Interval& a, const Interval& b) {
  if (a.empty() || b.empty()) return {};
  return outward(a.low - b.high, a.high - b.low, whole(a, b));
}

Interval multiply(const Interval& a, const Interval& b) {
  if (a.empty() || b.empty()) return {};
  const double p[] = {product(a.low, b.low), product(a.low, b.high), product(a.high, b.low),
                      product(a.high, b.high)};
  const auto [low, high] = std::minmax_element(std::begin(p), std::end(p));
  return outward(*low, *high, whole(a, b));
}

Interval divide(const Interval& a, const Interval& b) {
  if (a.empty() || b.empty() || (b.low == 0 && b.high == 0)) return {};
  if (b.low < 0 && b.high > 0) return a.low == 0 && a.high == 0 ? a : Interval::all();
  if (b.high <= 0) return divide(negate(a), negate(b));
  // b > 0, its low end possibly 0.
  const auto ratio = [](double x, double y, double at_zero) {
    if (y == 0) return x == 0 ? 0 : at_zero;
    if (std::isinf(x) && std::isinf(y)) return at_zero;
    return x / y;
  };
  const double low =
      a.low >= 0 ? (std::isinf(b.high) ? 0 : a.low / b.high) : ratio(a.low, b.low, -kInf);
  const double high =
      a.high <= 0 ? (std::isinf(b.high) ? 0 : a.high / b.high) : ratio(a.high, b.low, kInf);
  return {below(low), above(high)};
}

Interval negate(const Interval& a) { return {-a.high, -a.low}; }

Interval absolute(const Interval& a) {
  if (a.empty()) return {};
  if (a.low >= 0) return a;
  if (a.high <= 0) return negate(a);
  return {0, std::max(-a.low, a.high)};
}

Interval floored(const Interval& a) { return {std::floor(a.low), std::floor(a.high)}; }

Interval square_root(const Interval& a) {
  if (a.empty() || a.high < 0) return {};
  const Interval root{std::sqrt(std::max(a.low, 0.0)), std::sqrt(a.high)};
  const Interval wide = widen(root, 1);
  return {std::max(wide.low, 0.0), wide.high};
}

Interval exponential(const Interval& a) {
  if (a.empty()) return {};
  const Interval wide = widen({std::exp(a.low), std::exp(a.high)}, 2);
  return {std::max(wide.low, 0.0), wide.high};
}

Interval logarithm(const Interval& a) {
  if (a.empty() || !(a.high > 0)) return {};
  return widen({a.low > 0 ? std::log(a.low) : -kInf, std::log(a.high)}, 2);
}

Interval power(const Interval& x, const Interval& y) {
  if (x.empty() || y.empty()) return {};
  if (x.low > 0 || (x.low == 0 && y.low > 0)) {
    // Monotone in each argument on either side of 1: the extremes stand in the corners.
    const double p[] = {std::pow(x.low, y.low), std::pow(x.low, y.high), std::pow(x.high, y.low),
                        std::pow(x.high, y.high)};
    const auto [low, high] = std::minmax_element(std::begin(p), std::end(p));
    if (std::isnan(*low) || std::isnan(*high)) return Interval::all();
    const Interval wide = widen({*low, *high}, 4);
    return {std::max(wide.low, 0.0), wide.high};
  }
  if (y.is_point() && whole(y.low) && y.low >= 0) {
    if (y.low == 0) return Interval::point(1);
    const bool even = std::fmod(y.low, 2.0) == 0;
    const Interval base = even ? absolute(x) : x;
    return widen({std::pow(base.low, y.low), std::pow(base.high, y.low)}, 4);
  }
  return Interval::all();
}

Interval modulo(const Interval& x, const Interval& y) {
  if (x.empty() || y.empty()) return {};
  // Within one period the remainder is x − ⌊x/y⌋·y, monotone for a fixed y.
  if (y.is_point() && y.low > 0 && std::isfinite(x.low) && std::isfinite(x.high)) {
    const double quotient = std::floor(x.low / y.low);
    if (whole(x, y) && quotient == std::floor(x.high / y.low)) {
      return {x.low - quotient * y.low, x.high - quotient * y.low};
    }
  }
  return {std::min(y.low, 0.0), std::max(y.high, 0.0)};
}

}  // namespace hone
