// One objective of a study as a Gaussian process: the transform of its losses, and the parameters
// of both, fitted together.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/transfer.h"
#include "hone/surrogate/gaussian_process.h"
#include "hone/surrogate/hypervolume_improvement.h"
#include "hone/surrogate/output_transform.h"

namespace hone {

struct GpObjectiveOptions {
  /// Learns the exponent of the power law with the process; else by `transform`.
  bool learn_transform = true;
  OutputTransform transform = OutputTransform::power;
  int fit_points = 256;  ///< trials that the parameters are fitted to, at most
  bool trend = true;     ///< a quadratic trend where there are trials enough
};

/// Where a fit starts, and what it finds: the parameters of the objective's process and the
/// exponent of the losses' transform (Yeo and Johnson's) where that is learned.
struct GpFit {
  GpParameters parameters;
  double exponent = 1;
};

/// A pure function of what it is built from. Not thread-safe.
class GpObjective {
 public:
  /// For so many trials. `transfer`: earlier studies that shape the prior where that helps, or
  /// null; it is changed, and must live as long.
  GpObjective(std::vector<GpColumn> columns, const GpObjectiveOptions& options, std::size_t trials,
              Transfer* transfer);

  /// Fits and conditions on the losses of rows that lie one after the other. `start`: an earlier
  /// fit, or null; `restart`: descend from the prior's mode too; without `refit` the start is taken
  /// as it is.
  void build(std::span<const double> rows, std::span<const double> losses, const GpFit* start,
             bool restart, bool refit);

  const GpFit& fitted() const { return fit_; }
  GpPrediction predict(std::span<const double> row) const;
  GpPrediction predict(std::span<const double> row, std::span<double> mean_gradient,
                       std::span<double> variance_gradient) const;
  void predict_many(std::span<const double> rows, int count,
                    std::span<GpPrediction> predictions) const;
  /// One more row, with the value that the process expects of it, which is returned.
  double believe(std::span<const double> row);
  /// The loss of trial i as the process sees it: the transformed one, or the posterior mean where
  /// the fit finds noise.
  double loss(std::size_t i) const;
  /// What losses are before their transform, in units of their range.
  LossScale scale() const;
  /// The power law that the losses went through; null for other transforms, and with a transfer.
  const PowerTransform* power() const { return power_ ? &*power_ : nullptr; }
  double noise_variance() const { return process_.noise_variance(); }

 private:
  void fit(std::span<const double> rows, std::span<const double> losses, const GpFit* start,
           bool restart);
  void fit_transform(std::span<const double> losses, std::span<const GpParameters> starts,
                     int evaluations);

  std::vector<double> residuals(std::span<const double> rows, const GpFit* start, bool refit);
  bool transferred() const { return transfer_ != nullptr && transfer_->trust() > 0; }

  GpObjectiveOptions options_;
  GaussianProcess process_;
  Transfer* transfer_;
  GpFit fit_;
  std::optional<PowerTransform> power_;
  std::vector<double> plain_;  // the losses
  std::vector<double> y_;      // the transformed losses; with a transfer in units of its spread
  std::vector<double> rows_;   // with a transfer
};

}  // namespace hone
