// A Gaussian process over a mixed, conditional space, fitted by maximum a posteriori.
//
// Rows are encoded: a number in [0, 1] per column, NaN where a parameter is inactive. Kernel:
// Matérn-5/2 in r² = Σ_j δ_j/ℓ_j², with δ the squared difference of numbers, 0 or 1 for categories
// that agree or differ, 0 where the parameter is inactive in both rows and 1 where it is in one.
// Optionally a trend is added, τ²·((1 + s)² − 1)/3 with s = (3 Σ z_j z'_j + Σ [c_j = c'_j])/d over
// the numbers z = 2x − 1 and the categories c that are active in both rows: every polynomial of
// degree 2 in the numbers, and every pair of categories, with τ² as large as the points ask for.
// What is far from all points then follows the bowl that they lie in, where the Matérn part alone
// goes back to the mean.
// Priors: ln ℓ ~ N(m, s²) with m growing as ½ ln d, so that the typical distance between points of
// a larger space stays as telling (Hvarfner, Hellsten and Nardi 2024, arXiv 2402.02229); ln of the
// scale N(0, 1); ln of the noise variance N(−5, 1.5²); ln τ² N(½, 1.5²). Targets are expected to be
// centred with unit spread; the mean is 0.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hone/math/cholesky.h"

namespace hone {

enum class GpColumn { number, category };

struct GpPrior {
  double length_mean = 0;  ///< of ln ℓ
  double length_sd = 1;
  double scale_sd = 0.3;   ///< of ln σ², mean 0
  double noise_mean = -5;  ///< of ln of the noise variance
  double noise_sd = 1.5;
  bool trend = false;
  double trend_mean = 0.5;  ///< of ln of the trend's scale
  double trend_sd = 1.5;
};
/// The prior for `d` columns: tight up to 20, wide beyond. With a trend where it is to be learned
/// from 20 points or more: from fewer it leads to corners of the space.
GpPrior gp_prior(int d, std::size_t trend_points = 0);

/// ln ℓ of every column, ln of the scale, ln of the noise variance, ln of the trend's scale
/// (without meaning where there is no trend): d + 3 numbers.
using GpParameters = std::vector<double>;

struct GpPrediction {
  double mean = 0;
  double variance = 0;  ///< of the function, without noise; > 0
};

/// Holds its arrays. Not thread-safe.
class GaussianProcess {
 public:
  GaussianProcess(std::vector<GpColumn> columns, GpPrior prior);

  int dimension() const { return static_cast<int>(columns_.size()); }
  int size() const { return n_; }

  /// The points: `n` rows of d entries, one after the other.
  void set_rows(std::span<const double> rows, int n);
  /// −ln p(y, θ) up to a constant, and its gradient (d + 3 entries; none, at a third of the cost,
  /// where the span is empty). +∞ where the matrix is not positive definite.
  double loss(std::span<const double> parameters, std::span<const double> y,
              std::span<double> gradient);
  /// The loss under each of several targets: one factor for all of them.
  std::vector<double> losses(std::span<const double> parameters,
                             std::span<const std::vector<double>> targets);
  /// The best of descents from `starts`, at most `evaluations` of the loss each.
  GpParameters fit(std::span<const double> y, std::span<const GpParameters> starts,
                   int evaluations);
  /// The mode of the prior.
  GpParameters prior_mode() const;

  /// Conditions on y at the rows. Adds noise where the matrix demands it.
  void condition(const GpParameters& parameters, std::span<const double> y);
  /// One more point under the same parameters. O(n²).
  void append(std::span<const double> row, double y);

  double noise_variance() const;
  double scale() const;
  double length(int j) const;

  GpPrediction predict(std::span<const double> row) const;
  /// Also d mean/dx_j and d variance/dx_j of the active numeric columns; 0 for others.
  GpPrediction predict(std::span<const double> row, std::span<double> mean_gradient,
                       std::span<double> variance_gradient) const;
  /// Predictions for `count` rows one after the other.
  void predict_many(std::span<const double> rows, int count,
                    std::span<GpPrediction> predictions) const;
  /// L⁻¹·v of every column v (n entries each) with L·Lᵀ the covariance of the targets under these
  /// parameters, and ln det L·Lᵀ: what likelihoods of linear models with this process as residual
  /// are made of. False where the matrix is not positive definite.
  bool whiten(std::span<const double> parameters, std::vector<std::vector<double>>& columns,
              double& log_determinant);
  /// The posterior mean at point i of those conditioned on.
  double mean_at(int i) const;

 private:
  struct Column {
    std::vector<double> x;       // 0 where inactive
    std::vector<double> active;  // 1 or 0
    std::vector<double> z;       // 2x − 1 of a number, 0 where inactive
    bool all_active = true;
  };
  void push_row(std::span<const double> row);
  void make_pairs();
  /// s of every point and the row; returns that of the row with itself.
  double align(std::span<const double> row, double* s) const;
  /// Factors the matrix of these parameters, in `work_`; false where it is not positive definite.
  bool factor(std::span<const double> parameters);
  /// What the likelihood adds to the loss; leaves its solution in `alpha_work_`.
  double fit_of(std::span<const double> y);
  double prior_loss(std::span<const double> parameters, std::span<double> gradient) const;
  void loss_gradient(std::span<const double> parameters, double scale, double noise,
                     std::span<double> gradient);
  /// Distances r² to every point, then the kernel, −2·dk/dr² of its Matérn part and dk/ds of its
  /// trend (these may be null). Returns s of the row with itself.
  double correlate(std::span<const double> row, double* kernel, double* slope, double* by_s) const;

  std::vector<GpColumn> columns_;
  GpPrior prior_;
  int n_ = 0;
  std::vector<Column> data_;
  bool has_pairs_ = false;
  std::vector<std::vector<double>> pairs_;  // δ_j of every pair i > k, k outermost
  std::vector<double> trend_, self_trend_;  // ((1 + s)² − 1)/3 of every pair, of every point
  std::vector<double> r2_, kernel_, slope_, matrix_, inverse_, alpha_work_;
  Cholesky work_;

  GpParameters parameters_;
  std::vector<double> inverse_length2_;
  double scale_ = 1;
  double noise_ = 0;
  double trend_scale_ = 0;
  Cholesky factor_;
  std::vector<double> y_;
  std::vector<double> alpha_;
  mutable std::vector<double> k_, s_, t_, by_s_, beta_;
};

}  // namespace hone
