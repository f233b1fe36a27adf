#include "hone/math/normal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/rng.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Below, Φ is taken from its asymptotic series (erfc is subnormal at −38).
constexpr double kSeries = -20;

/// ln(1 − e^x) for x ≤ 0 (Mächler 2012).
double log1mexp(double x) {
  return x > -M_LN2 ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x));
}

}  // namespace

double normal_pdf(double x) { return std::exp(-0.5 * x * x - kLogSqrt2Pi); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }

double normal_log_cdf(double x) {
  if (x > 5) return std::log1p(-0.5 * std::erfc(x * M_SQRT1_2));
  if (x > kSeries) return std::log(0.5 * std::erfc(-x * M_SQRT1_2));
  // Φ(x) = φ(x)/|x| · (1 − 1/x² + 3/x⁴ − 15/x⁶ + …): Abramowitz and Stegun 26.2.12. At |x| = 20 the
  // last term is 4e−11.
  const double q = 1 / (x * x);
  const double series = 1 - q * (1 - 3 * q * (1 - 5 * q * (1 - 7 * q * (1 - 9 * q))));
  return -0.5 * x * x - kLogSqrt2Pi - std::log(-x) + std::log(series);
}

double normal_log_mass(double a, double b) {
  if (!(a < b)) return -kInfinity;
  if (a > 0) return normal_log_mass(-b, -a);  // the upper tail mirrored
  if (b > 0) {  // zero lies within: both tails are small against the rest
    return std::log1p(-normal_cdf(a) - normal_cdf(-b));
  }
  const double log_b = normal_log_cdf(b);
  return log_b + log1mexp(normal_log_cdf(a) - log_b);
}

double normal_quantile_of_log(double log_p) {
  if (log_p > -0.5) {
    // p near 1: through the complement, which keeps its digits.
    const double complement = -std::expm1(log_p);
    return complement > 0 ? -normal_quantile(complement) : kInfinity;
  }
  if (log_p > -600) return normal_quantile(std::exp(log_p));
  // Newton on ln Φ(x) = log_p from the leading term; (ln Φ)' = φ/Φ ≈ |x|.
  double x = -std::sqrt(-2 * (log_p + kLogSqrt2Pi));
  for (int i = 0; i < 20; ++i) {
    const double log_cdf = normal_log_cdf(x);
    const double slope = std::exp(-0.5 * x * x - kLogSqrt2Pi - log_cdf);
    const double step = (log_cdf - log_p) / slope;
    x -= step;
    if (std::abs(step) < 1e-14 * std::abs(x)) break;
  }
  return x;
}

double TruncatedNormal::log_density(double x) const {
  const double z = (x - mean) / sd;
  return -0.5 * z * z - kLogSqrt2Pi - std::log(sd) -
         normal_log_mass((low - mean) / sd, (high - mean) / sd);
}

double TruncatedNormal::cdf(double x) const {
  if (x <= low) return 0;
  if (x >= high) return 1;
  const double a = (low - mean) / sd;
  return std::exp(normal_log_mass(a, (x - mean) / sd) - normal_log_mass(a, (high - mean) / sd));
}

double TruncatedNormal::quantile(double p) const {
  const double a = (low - mean) / sd;
  const double b = (high - mean) / sd;
  double z = 0;
  if (a > 0) {
    // The interval lies in the upper tail: mirrored, so that the tail keeps its digits.
    return mean +
           (mean - TruncatedNormal{mean, sd, 2 * mean - high, 2 * mean - low}.quantile(1 - p));
  }
  if (b > -30 && a > -8) {
    const double lower = normal_cdf(a);
    z = normal_quantile(std::clamp(lower + p * (normal_cdf(b) - lower), 1e-300, 1 - 1e-16));
  } else {
    // ln(Φ(a) + p·(Φ(b) − Φ(a))) = ln Φ(b) + ln(p + (1 − p)·Φ(a)/Φ(b))
    const double log_b = normal_log_cdf(b);
    const double ratio = std::exp(normal_log_cdf(a) - log_b);
    z = normal_quantile_of_log(std::min(0.0, log_b + std::log(p + (1 - p) * ratio)));
  }
  return std::clamp(mean + sd * z, low, high);
}

}  // namespace hone
