// What earlier studies say about this one, as the prior of its Gaussian process:
//   y(x) = c + s·(ρ·M(x) + a(x)·g(x)),   a² = 1 − ρ² + ρ²·V(x),
//   M = Σ_k w_k·m_k/‖Σ_k w_k·m_k‖,
// with m_k the posterior mean of source k in units of its spread over the space, V the variance
// that the sources leave of M (so that the prior is the plain one where they know nothing), g the
// process of the residual, c and s the level and spread of this study's losses over the space, and
// ρ how far the sources are trusted. It is co-kriging (Kennedy and O'Hagan 2000) with a correlation
// in the place of a regression, one stage after the other. Everything is chosen by the marginal
// likelihood of this study's own trials: the weights by that of each source alone, then ρ and s,
// with c integrated out. ρ = 0 is the plain process, so a source that misleads loses its voice as
// soon as the trials speak against it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hone/sampler/source_models.h"

namespace hone {

/// A function of the space, the sources, and what `choose` was last given. Not thread-safe.
class Transfer {
 public:
  Transfer(const SearchSpace& space, const std::vector<WarmSource>& sources);

  /// False where no source says anything.
  bool has_sources() const { return models_.size() > 0; }
  /// Chooses weights, ρ, s and c for losses `y` (centred, unit spread) at `rows` (encoded, of the
  /// space, one after the other) with the best of `candidates` as the parameters of the residual's
  /// process, which has the same points. False, and ρ is 0, where the plain process is better.
  bool choose(GaussianProcess& process, std::span<const GpParameters> candidates,
              std::span<const double> rows, std::span<const double> y);
  /// What the residual's −ln p is to be increased by, to compare with that of the plain process.
  double loss() const { return loss_; }
  void drop() { trust_ = 0; }

  double trust() const { return trust_; }  ///< ρ
  double unit() const { return unit_; }    ///< s
  /// The residual g of a loss y/s, at point i of `choose`.
  double residual(std::size_t i, double loss) const;
  /// From a prediction of the residual to one of y/s. The second also from the derivatives.
  GpPrediction adjust(std::span<const double> row, const GpPrediction& p) const;
  GpPrediction adjust(std::span<const double> row, const GpPrediction& p, std::span<double> by_mean,
                      std::span<double> by_variance) const;
  void adjust_many(std::span<const double> rows, int count, std::span<GpPrediction> p) const;

  const std::string& study(std::size_t source) const { return models_.study(source); }
  const std::vector<double>& weights() const { return weights_; }  ///< by source; their sum is 1

 private:
  struct Fit;
  struct Points;
  void weigh(const std::vector<double>& alone);
  Fit best_fit(GaussianProcess& process, std::span<const GpParameters> candidates,
               const Points& points, std::span<const double> y) const;
  GpPrediction finish(GpPrediction sources, const GpPrediction& p) const;

  SourceModels models_;
  std::vector<std::vector<double>> covariance_;  // of the sources, over the space
  std::vector<double> unknown_;                  // the mean of their variances there
  std::vector<double> weights_;
  double norm_ = 1;  // of Σ w_k·m_k over the space
  double trust_ = 0;
  double unit_ = 1;
  double level_ = 0;  // c/s
  double loss_ = 0;
  std::vector<double> offsets_, amplitudes_;  // at the points of `choose`
  mutable std::vector<double> by_mean_, by_variance_, mean_slope_, variance_slope_;
  mutable std::vector<GpPrediction> many_, sum_;
};

}  // namespace hone
