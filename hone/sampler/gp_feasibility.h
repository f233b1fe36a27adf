// Where the guards hold and the program does not fail, as Gaussian processes: one for every guard
// or constraint with values, one of the trials that failed by their configuration's doing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/model_trials.h"
#include "hone/study/history.h"
#include "hone/surrogate/gaussian_process.h"

namespace hone {

/// Not thread-safe.
class GpFeasibility {
 public:
  explicit GpFeasibility(std::vector<GpColumn> columns) : columns_(std::move(columns)) {}

  /// From the guards' values of `trials`.
  void build_guards(const History& history, const std::vector<std::int64_t>& trials);
  /// From those that failed, `points` at most are looked at, and from `trials`, which did not.
  void build_failures(const History& history, Observations& observations,
                      const std::vector<std::int64_t>& trials, int points);
  void forget_failures() { failures_.reset(); }

  bool has_guards() const { return !guards_.empty(); }
  /// ln of the probability that all is well; adds its derivatives to the gradient where there is
  /// one.
  double log_probability(std::span<const double> row, double* gradient) const;

 private:
  struct Guard {
    GaussianProcess process;
    std::optional<double> low, high;  // in the model's units
  };

  std::vector<GpColumn> columns_;
  std::vector<Guard> guards_;
  std::optional<GaussianProcess> failures_;
  double failure_rate_ = 0;
  double failure_spread_ = 1;
  mutable std::vector<double> by_mean_, by_variance_;
};

}  // namespace hone
