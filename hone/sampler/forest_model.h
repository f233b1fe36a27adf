// What the trials of a study say, as regression forests: one of the objective (with the fidelity as
// a further column where trials were stopped early), one for every guard, one of where programs
// fail. Together they are the acquisition: ln of the expected improvement of the best trial, times
// the probability that the guards hold and the program does not fail.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/acquisition_search.h"
#include "hone/sampler/model_trials.h"
#include "hone/study/history.h"
#include "hone/surrogate/forest.h"
#include "hone/surrogate/output_transform.h"

namespace hone {

struct ForestModelOptions {
  ForestOptions forest;
  OutputTransform transform = OutputTransform::half_rank;
  int points = 500;  ///< trials that the model takes, at most
  bool failures = true;
  bool fidelity = true;
  double apart = 0.1;  ///< nearer to a trial the expected improvement counts in proportion
};

/// A pure function of history, options and the generator. Not thread-safe.
class ForestModel final : public Acquisition {
 public:
  explicit ForestModel(const SearchSpace& space);

  /// Fits. `pending` are rows of trials without a value, one after the other: they are believed to
  /// come out as the model of the others says.
  void build(const History& history, Observations& observations, const ForestModelOptions& options,
             std::span<const double> pending, Rng rng);
  /// Rows of the best trials, best first.
  const std::vector<std::vector<double>>& incumbents() const { return incumbents_; }

  double value(std::span<const double> row) const override;
  /// A forest has no slopes: the gradient is 0.
  double value(std::span<const double> row, std::span<double> gradient) const override;
  void values(std::span<const double> rows, int count, std::span<double> out) const override;

 private:
  struct Guard {
    RegressionForest forest;
    std::optional<double> low, high;
    double least_variance = 0;
  };

  /// Fills rows_.
  void encode_trials(const History& history);
  void fit_objective(std::span<const double> pending, Rng rng);
  void find_incumbents(std::span<const double> y);
  void fit_guards(const History& history, Rng rng);
  void fit_failures(const History& history, std::span<const std::int64_t> failed, Rng rng);
  /// Of the forests of guards and failures.
  ForestOptions smooth() const;
  void log_feasible(std::span<const double> rows, std::span<double> out) const;
  double log_apart(std::span<const double> row) const;
  std::span<const double> widened(std::span<const double> row) const;

  SearchSpace space_;
  std::vector<int> categories_;
  ForestModelOptions options_;
  ModelTrials trials_;        // those modelled
  std::vector<double> rows_;  // theirs, with the fidelity
  bool with_fidelity_ = false;
  bool any_whole_ = false;
  double best_ = 0;
  std::optional<RegressionForest> objective_;
  std::vector<Guard> guards_;
  std::optional<RegressionForest> failures_;
  std::vector<std::vector<double>> incumbents_;
  std::vector<double> seen_;  // rows of trials: modelled, pending and failed
  mutable std::vector<double> wide_;
};

}  // namespace hone
