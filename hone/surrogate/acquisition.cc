#include "hone/surrogate/acquisition.h"

#include <cmath>

#include "hone/math/normal.h"

namespace hone {

double log_improvement_unit(double u) {
  if (u > -1) return std::log(normal_pdf(u) + u * normal_cdf(u));
  const double log_pdf = -0.5 * u * u - kLogSqrt2Pi;
  if (u > -25) {
    // φ + uΦ = φ·(1 − w) with w = |u|Φ/φ, which approaches 1: 1 − w keeps 12 digits at −25.
    return log_pdf + std::log1p(-std::exp(std::log(-u) + normal_log_cdf(u) - log_pdf));
  }
  // 1 − w = 1/u² − 3/u⁴ + 15/u⁶ − 105/u⁸ + … from the asymptotic series of Φ.
  const double q = 1 / (u * u);
  return log_pdf + std::log(q) + std::log1p(-3 * q * (1 - 5 * q * (1 - 7 * q)));
}

LogImprovement log_expected_improvement(double mean, double variance, double best) {
  const double sd = std::sqrt(variance);
  const double u = (best - mean) / sd;
  const double log_h = log_improvement_unit(u);
  LogImprovement result;
  result.value = std::log(sd) + log_h;
  // d EI/d mean = −Φ(u), d EI/d sd = φ(u); EI = sd·h(u).
  const double log_pdf = -0.5 * u * u - kLogSqrt2Pi;
  result.by_mean = -std::exp(normal_log_cdf(u) - log_h) / sd;
  result.by_variance = std::exp(log_pdf - log_h) / (2 * variance);
  return result;
}

LogImprovement log_probability_below(double mean, double variance, double bound) {
  const double sd = std::sqrt(variance);
  const double u = (bound - mean) / sd;
  LogImprovement result;
  result.value = normal_log_cdf(u);
  const double ratio = std::exp(-0.5 * u * u - kLogSqrt2Pi - result.value);
  result.by_mean = -ratio / sd;
  result.by_variance = -ratio * u / (2 * variance);
  return result;
}

}  // namespace hone
