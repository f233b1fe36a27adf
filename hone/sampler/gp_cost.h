// What trials cost over the configurations: a Gaussian process of the logarithm of their cost (of
// their time, or of the metric with the role `cost`), so that a search can prefer the cheaper of
// two configurations that promise as much.
//
// Expected improvement per unit of cost (Snoek, Larochelle and Adams 2012, arXiv 1206.2944) is
// ln EI − ln c. Taken to the end of a study it is a trap: of what little improvement is left it
// goes after the cheap part. So the weight of ln c falls from `exponent` to 0 as the budget is used
// up (cost cooling: Lee, Perrone, Archambeau and Seeger 2020, arXiv 2003.10870).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/model_trials.h"
#include "hone/study/history.h"
#include "hone/surrogate/gaussian_process.h"

namespace hone {

/// Whether the study's sampler (gp, auto) prefers what is cheaper: as its option `cost_aware` says,
/// else where the budget has a limit of time or cost.
bool learns_cost(const StudySpec& spec);
/// … and the cost is the time of trials, not a metric that they report.
bool learns_time(const StudySpec& spec);

/// Share of the budget that is used, in [0, 1]: of its limits of time and cost the one that is used
/// most; without them, that of trials; 0 without a budget. Of runs that have ended.
double used_share(const History& history);

/// Not thread-safe.
class GpCost {
 public:
  explicit GpCost(std::vector<GpColumn> columns) : columns_(std::move(columns)) {}

  /// Learns from `trials`. A trial that was stopped early counts as if it had gone on as fast to
  /// the full fidelity. Without a model afterwards where fewer than 4 costs are known, or where
  /// they differ by less than a twentieth.
  void build(const History& history, const std::vector<std::int64_t>& trials);
  void forget() { process_.reset(); }
  bool has_model() const { return process_.has_value(); }

  /// Expected ln of the cost (microseconds, or the metric's units), 0 without a model; adds
  /// `factor` times its derivatives to the gradient where there is one.
  double log_cost(std::span<const double> row, double factor, double* gradient) const;

 private:
  std::vector<GpColumn> columns_;
  std::optional<GaussianProcess> process_;
  double centre_ = 0;
  double spread_ = 1;
  mutable std::vector<double> by_mean_, by_variance_;
};

}  // namespace hone
