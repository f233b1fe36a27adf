// How much a point promises: expected improvement and probabilities, all in logarithms, so that
// gradients stay usable where the values themselves vanish (Ament et al. 2023, arXiv 2310.20708).
#pragma once

namespace hone {

/// ln E[max(0, best − f)] for f ~ N(mean, variance), minimising, with its derivatives by mean and
/// by variance. Finite for every finite argument with variance > 0.
struct LogImprovement {
  double value = 0;
  double by_mean = 0;
  double by_variance = 0;
};
LogImprovement log_expected_improvement(double mean, double variance, double best);

/// ln P(f ≤ bound) for f ~ N(mean, variance), with its derivatives.
LogImprovement log_probability_below(double mean, double variance, double bound);

/// ln(φ(u) + u·Φ(u)): relative error below 1e-7 for any u.
double log_improvement_unit(double u);

}  // namespace hone
