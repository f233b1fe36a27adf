// Each law is a distribution function whose inverse is written so that the round trip value → u →
// value loses only what u, a double near 1, cannot hold. Grids place their cells' edges half-way
// between neighbouring values.
#include "hone/space/law.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "hone/base/assert.h"
#include "hone/base/rng.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double normal_cdf(double z) { return 0.5 * std::erfc(-z * M_SQRT1_2); }

double logit(double x) { return std::log(x) - std::log1p(-x); }
double inverse_logit(double y) {
  return y >= 0 ? 1 / (1 + std::exp(-y)) : std::exp(y) / (1 + std::exp(y));
}

/// 0.1 + 2·0.1 as 0.3: the double with at most 15 digits where it lies within a few units in the
/// last place.
double tidy(double x, double scale) {
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::general, 15).ptr;
  double rounded = x;
  std::from_chars(buffer, end, rounded);
  return std::fabs(rounded - x) <= 4 * std::numeric_limits<double>::epsilon() * scale ? rounded : x;
}

/// The continuous law under a discrete one: bounds half a step further out, but never beyond
/// half-way to the end of the law's domain.
ContinuousLaw widened(Law law, double low, double high, double step, double a, double b) {
  double wide_low = low - step / 2;
  double wide_high = high + step / 2;
  if (law == Law::log_uniform || law == Law::logit_uniform) wide_low = std::max(wide_low, low / 2);
  if (law == Law::logit_uniform) wide_high = std::min(wide_high, (1 + high) / 2);
  return {law, wide_low, wide_high, a, b};
}

/// Number of steps from low to high, with room for rounding: (1 − 0) / 0.1 is ten.
double steps_between(double low, double high, double step) {
  return std::floor((high - low) / step * (1 + 1e-12) + 1e-9);
}

/// I_x(a, b) by Lentz's evaluation of DLMF 8.17.22; quick for x below about the mean.
double beta_fraction(double x, double a, double b) {
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x)) /
                       a;
  constexpr double kTiny = 1e-300;
  constexpr int kMaxTerms = 3000;
  double f = 1;
  double c = 1;
  double d = 0;
  for (int i = 0; i <= kMaxTerms; ++i) {
    const double m = std::floor(i / 2.0);
    double numerator = 1;
    if (i > 0 && i % 2 == 0) numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    if (i % 2 == 1) numerator = -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + numerator * d;
    if (std::fabs(d) < kTiny) d = kTiny;
    d = 1 / d;
    c = 1 + numerator / c;
    if (std::fabs(c) < kTiny) c = kTiny;
    f *= c * d;
    if (std::fabs(1 - c * d) < 1e-16) break;
  }
  return front * (f - 1);
}

bool unbounded(Law law) { return law == Law::normal || law == Law::log_normal; }

}  // namespace

double beta_cdf(double x, double a, double b) {
  if (!(x > 0)) return 0;
  if (!(x < 1)) return 1;
  // The fraction converges quickly below the mean; above it I_x(a, b) = 1 − I_{1−x}(b, a).
  if (x > (a + 1) / (a + b + 2)) return std::clamp(1 - beta_fraction(1 - x, b, a), 0.0, 1.0);
  return std::clamp(beta_fraction(x, a, b), 0.0, 1.0);
}

double beta_quantile(double p, double a, double b) {
  if (!(p > 0)) return 0;
  if (!(p < 1)) return 1;
  // Bisection with Newton steps inside of the bracket: always ends, quadratic near the root.
  const double log_norm = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b);
  double low = 0;
  double high = 1;
  double x = a / (a + b);
  for (int i = 0; i < 200; ++i) {
    const double error = beta_cdf(x, a, b) - p;
    if (error == 0) break;
    (error > 0 ? high : low) = x;
    const double density = std::exp(log_norm + (a - 1) * std::log(x) + (b - 1) * std::log1p(-x));
    double next = x - error / density;
    // In a far tail Newton creeps and the middle of tiny numbers is far from their geometric mean:
    // bisect in ln x there.
    if (!(next > low && next < high))
      next =
          low > 0 && high < 0.1 * (low + 1) ? std::sqrt(low) * std::sqrt(high) : (low + high) / 2;
    if (std::fabs(next - x) <= 1e-16 * x) break;
    x = next;
  }
  return x;
}

ContinuousLaw::ContinuousLaw(Law law, double low, double high, double a, double b)
    : law_(law), low_(low), high_(high), a_(a), b_(b) {
  switch (law) {
    case Law::uniform:
      break;
    case Law::log_uniform:
      span_ = std::log(high) - std::log(low);
      break;
    case Law::logit_uniform:
      span_ = logit(high) - logit(low);
      break;
    case Law::normal:
      low_ = -kInfinity;
      high_ = kInfinity;
      break;
    case Law::log_normal:
      low_ = 0;
      high_ = kInfinity;
      break;
    case Law::beta:
      low_ = 0;
      high_ = 1;
      break;
  }
}

double ContinuousLaw::cdf(double x) const {
  if (!unbounded(law_)) {
    if (!(x > low_)) return 0;
    if (!(x < high_)) return 1;
  }
  double u = 0;
  switch (law_) {
    case Law::uniform: {
      const double width = high_ - low_;
      u = std::isfinite(width) ? (x - low_) / width : (x / 2 - low_ / 2) / (high_ / 2 - low_ / 2);
      break;
    }
    case Law::log_uniform: {
      // ln of the ratio to the nearer end keeps the digits that a difference of logarithms would
      // lose.
      const double ratio = x / low_;
      u = (std::isfinite(ratio) && ratio > 0 ? std::log(ratio) : std::log(x) - std::log(low_)) /
          span_;
      break;
    }
    case Law::logit_uniform:
      u = (logit(x) - logit(low_)) / span_;
      break;
    case Law::normal:
      return std::clamp(normal_cdf((x - a_) / b_), kTail, 1 - kTail);
    case Law::log_normal:
      return x > 0 ? std::clamp(normal_cdf((std::log(x) - a_) / b_), kTail, 1 - kTail) : kTail;
    case Law::beta:
      u = beta_cdf(x, a_, b_);
      break;
  }
  return std::clamp(u, 0.0, 1.0);
}

double ContinuousLaw::quantile(double u) const {
  if (unbounded(law_)) {
    const double z = a_ + b_ * normal_quantile(std::clamp(u, kTail, 1 - kTail));
    // A log-normal with a huge spread must stay positive and finite.
    return law_ == Law::normal ? z
                               : std::clamp(std::exp(z), std::numeric_limits<double>::min(),
                                            std::numeric_limits<double>::max());
  }
  if (!(u > 0)) return low_;
  if (!(u < 1)) return high_;
  double x = 0;
  switch (law_) {
    case Law::uniform:
      x = std::lerp(low_, high_, u);
      break;
    case Law::log_uniform: {
      // From the nearer end, so that both ends are met exactly.
      x = u < 0.5 ? low_ * std::exp(u * span_) : high_ * std::exp((u - 1) * span_);
      break;
    }
    case Law::logit_uniform:
      x = inverse_logit(logit(low_) + u * span_);
      break;
    case Law::beta:
      x = beta_quantile(u, a_, b_);
      break;
    default:
      break;
  }
  return std::clamp(x, low_, high_);
}

Grid::Grid(const Integer& domain)
    : law_(widened(domain.law, static_cast<double>(domain.low),
                   static_cast<double>(domain.low) + std::floor((static_cast<double>(domain.high) -
                                                                 static_cast<double>(domain.low)) /
                                                                static_cast<double>(domain.step)) *
                                                         static_cast<double>(domain.step),
                   static_cast<double>(domain.step), 0, 1)),
      equal_cells_(domain.law == Law::uniform),
      anchor_(static_cast<double>(domain.low)),
      step_(static_cast<double>(domain.step)),
      integer_low_(domain.low),
      integer_step_(domain.step),
      integer_(true) {
  if (domain.high >= domain.low && domain.step > 0) {
    const std::uint64_t width =
        static_cast<std::uint64_t>(domain.high) - static_cast<std::uint64_t>(domain.low);
    count_ = static_cast<double>(width / static_cast<std::uint64_t>(domain.step)) + 1;
  }
}

Grid::Grid(const Real& domain)
    : law_(domain.law, domain.low, domain.high, domain.a, domain.b), step_(domain.quantum->step) {
  const bool from_low = domain.quantum->from_low && !unbounded(domain.law);
  if (from_low) {
    const double low = domain.law == Law::beta ? 0 : domain.low;
    const double high = domain.law == Law::beta ? 1 : domain.high;
    anchor_ = low;
    count_ = steps_between(low, high, step_) + 1;
    equal_cells_ = domain.law == Law::uniform;
    law_ = widened(domain.law, low, low + (count_ - 1) * step_, step_, domain.a, domain.b);
  } else {
    first_ = std::nearbyint(law_.quantile(0) / step_);
    count_ = std::nearbyint(law_.quantile(1) / step_) - first_ + 1;
    // A bound half-way between two values reaches the outer one with probability 0.
    if (count_ > 1 && !(law_.cdf((first_ + 0.5) * step_) > law_.cdf(law_.low()))) {
      first_ += 1;
      count_ -= 1;
    }
    if (count_ > 1 && !(law_.cdf((first_ + count_ - 1.5) * step_) < law_.cdf(law_.high()))) {
      count_ -= 1;
    }
  }
  if (!(count_ >= 1)) count_ = 0;
}

double Grid::value(double k) const {
  if (integer_) return static_cast<double>(integer(k));
  const double x = anchor_ + (first_ + k) * step_;
  return tidy(x, std::max(std::fabs(anchor_), std::fabs(x)));
}

std::int64_t Grid::integer(double k) const {
  if (integer_) return integer_low_ + static_cast<std::int64_t>(k) * integer_step_;
  return static_cast<std::int64_t>(std::nearbyint(value(k)));
}

double Grid::nearest(double x) const {
  const double k = std::nearbyint((x - anchor_) / step_ - first_);
  return std::clamp(k, 0.0, count_ - 1);
}

double Grid::edge(double k) const {
  if (k <= 0) return 0;
  if (k >= count_) return 1;
  if (equal_cells_) return k / count_;
  return law_.cdf(anchor_ + (first_ + k - 0.5) * step_);
}

double Grid::at(double u) const {
  if (equal_cells_) return std::clamp(std::floor(u * count_), 0.0, count_ - 1);
  double k = nearest(law_.quantile(u));
  // Rounding at an edge may have chosen a neighbour.
  while (k > 0 && u < edge(k)) k -= 1;
  while (k < count_ - 1 && u >= edge(k + 1)) k += 1;
  return k;
}

}  // namespace hone
