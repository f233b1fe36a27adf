// Descriptive statistics and the tests that statistical tests of samplers use.
#pragma once

#include <span>
#include <vector>

namespace hone {

/// Sum divided by n, in order; NaN when empty.
double mean(std::span<const double> x);
/// With divisor n − 1; NaN for fewer than two values.
double variance(std::span<const double> x);
/// The q-quantile with linear interpolation between order statistics (Hyndman and Fan's type 7);
/// NaN when empty.
double quantile(std::vector<double> x, double q);
double median(std::vector<double> x);

/// Largest distance between the empirical distribution of u and the uniform law on [0, 1].
double ks_statistic_uniform(std::vector<double> u);
/// P(D ≥ d) for n values: Kolmogorov's limit with Stephens' correction for finite n; absolute error
/// below 1e-2 for n ≥ 8.
double ks_p_value(double d, std::size_t n);
/// P(X ≥ x) for X ~ χ² with k degrees of freedom: the regularised upper incomplete gamma function
/// Q(k/2, x/2).
double chi_square_p_value(double x, int k);

/// Wilcoxon's signed-rank test, one-sided: P(W ≥ the observed sum of ranks of positive values) if
/// the law of x were symmetric around 0. Ties share their mean rank; zeros count half for either
/// side. Exact up to 25 values, beyond by the normal law with the variance of the ranks. 1 when
/// empty. No NaN.
double signed_rank_p_value(std::span<const double> x);

/// Centred L2 discrepancy, squared (Hickernell 1998), of n points in d dimensions, row by row.
/// O(n²·d).
double centred_discrepancy(std::span<const double> points, int d);

}  // namespace hone
