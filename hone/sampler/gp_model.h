// What the trials of a study say, as Gaussian processes: one of every objective (with the fidelity
// as a further column where trials were stopped early), one for every guard, one of where programs
// fail. Together they are the acquisition: expected improvement of the best trial, or of the
// front's hypervolume where there are several objectives, times the probability that the guards
// hold and the program does not fail, times the user's beliefs (Hvarfner et al. 2022, arXiv
// 2204.11051), by the expected cost where that is wanted (gp_cost.h), in logarithms.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/acquisition_search.h"
#include "hone/sampler/gp_cost.h"
#include "hone/sampler/gp_feasibility.h"
#include "hone/sampler/gp_features.h"
#include "hone/sampler/gp_front.h"
#include "hone/sampler/gp_objective.h"
#include "hone/sampler/model_trials.h"
#include "hone/study/history.h"

namespace hone {

struct GpModelOptions : GpObjectiveOptions {
  int points = 400;  ///< trials that the model is conditioned on, at most
  bool failures = true;
  bool fidelity = true;
  double beliefs = 10;  ///< strength of the users' beliefs against one trial; 0: none
  bool listen = true;   ///< to earlier studies
  double cost = 0;      ///< exponent of the expected cost that the acquisition is divided by
};

/// A pure function of history and options. Not thread-safe.
class GpModel final : public Acquisition {
 public:
  explicit GpModel(const SearchSpace& space);

  /// Fits and conditions. `start`: earlier fits, one per objective, or none; `restart`: descend
  /// from the prior's mode too; without `refit` the start is taken as it is.
  void build(const History& history, Observations& observations, const GpModelOptions& options,
             std::span<const GpFit> start, bool restart, bool refit);
  /// Earlier studies shape the prior of the objective's process from now on, where they help. Takes
  /// one objective.
  void learn_from(const std::vector<WarmSource>& sources);
  /// Null where there are none, or where the plain process was better.
  const Transfer* transfer() const {
    return transfer_ && transfer_->trust() > 0 ? &*transfer_ : nullptr;
  }

  /// Of this configuration, as far as it is divided by it; nullopt where it is not.
  std::optional<double> expected_cost(std::span<const double> row) const;

  /// Adds a trial that has no value yet with the value that the model expects of it.
  void believe(std::span<const double> row);
  /// One per objective.
  std::vector<GpFit> fitted() const;
  /// Rows of the best trials, best first, by the model's mean where it finds noise. With several
  /// objectives: members of the front, spread over it, the `turn`-th of them first.
  std::vector<std::vector<double>> incumbents(std::int64_t turn) const;

  // Of one objective, in the terms of its transformed losses, at the full fidelity.
  GpPrediction predict(std::span<const double> row) const;
  /// As GaussianProcess::predict: an entry a column of the row.
  GpPrediction predict(std::span<const double> row, std::span<double> mean_gradient,
                       std::span<double> variance_gradient) const;
  /// Rows of the trials that reached the full fidelity and broke no guard.
  std::vector<std::vector<double>> whole_rows() const;
  /// Whether the transform can be undone: with one objective, under a power law, without transfer.
  bool can_undo() const {
    return objectives_.size() == 1 && objectives_.front().power() != nullptr;
  }
  /// The loss with this transform. Needs `can_undo`.
  double loss_of(double transformed) const {
    return objectives_.front().power()->loss_of(transformed);
  }
  /// Standard deviation of the noise that the fit finds, in transformed terms.
  double noise() const { return std::sqrt(objectives_.front().noise_variance()); }

  /// Explores instead: the acquisition is the model's uncertainty.
  void explore(bool on) { exploring_ = on; }

  double value(std::span<const double> row) const override;
  double value(std::span<const double> row, std::span<double> gradient) const override;
  void values(std::span<const double> rows, int count, std::span<double> out) const override;

 private:
  /// Fills rows_.
  void encode_trials(const History& history);
  void find_incumbents();
  double loss_at(const GpObjective& objective, std::size_t i) const;
  /// What the objectives promise, from means_ and variances_; fills their slopes where wanted.
  double promise(bool with_slopes) const;
  double add_terms(std::span<const double> row, double* gradient) const;
  /// Columns beside those of the space.
  std::size_t extra() const { return features_.size() + (with_fidelity_ ? 1 : 0); }
  /// The row with its features, at the full fidelity, behind what `wide` has.
  void widen(std::span<const double> row, std::vector<double>& wide) const;
  void extend(std::span<const double> row) const;

  SearchSpace space_;
  std::vector<GpColumn> columns_;
  GpFeatures features_;
  GpModelOptions options_;
  ModelTrials trials_;        // those modelled
  std::vector<double> rows_;  // theirs, with the features and the fidelity
  bool with_fidelity_ = false;
  std::optional<Transfer> transfer_;
  std::vector<GpObjective> objectives_;
  GpFeasibility feasibility_;
  GpCost cost_;
  std::optional<GpFront> front_;  // of several objectives
  double best_ = 0;               // of one
  bool any_whole_ = false;
  bool exploring_ = false;
  double belief_weight_ = 0;
  std::vector<double> belief_centre_, belief_spread_;  // spread 0: none
  std::vector<std::vector<double>> incumbents_;
  mutable std::vector<double> wide_;
  mutable std::vector<double> means_, variances_, by_mean_, by_variance_;  // an entry an objective
};

}  // namespace hone
