// The normal distribution and its truncation, stable in the tails: sums of densities are taken in
// logarithms, and kernels may sit far outside of the interval they are cut to. Φ⁻¹ itself is
// normal_quantile in base/rng.h.
#pragma once

namespace hone {

/// ln √(2π).
constexpr double kLogSqrt2Pi = 0.91893853320467274178;

/// φ(x).
double normal_pdf(double x);
/// Φ(x), relative precision kept in the lower tail.
double normal_cdf(double x);
/// ln Φ(x): asymptotic series below −20, never −∞ for finite x.
double normal_log_cdf(double x);
/// ln(Φ(b) − Φ(a)) for a ≤ b, without cancellation in either tail; −∞ where a = b.
double normal_log_mass(double a, double b);
/// x with ln Φ(x) = log_p; log_p ≤ 0. For p below the smallest double too.
double normal_quantile_of_log(double log_p);

/// A normal law N(mean, sd²) restricted to [low, high]. A value type.
struct TruncatedNormal {
  double mean = 0;
  double sd = 1;
  double low = 0;
  double high = 1;

  /// ln of the density at x in [low, high].
  double log_density(double x) const;
  /// Its cumulative distribution function.
  double cdf(double x) const;
  /// The inverse of cdf, within [low, high]; p in [0, 1].
  double quantile(double p) const;
};

}  // namespace hone
