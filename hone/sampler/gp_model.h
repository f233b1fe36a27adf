// What the trials of a study say, as Gaussian processes: one of the objective (with the fidelity as
// a further column where trials were stopped early), one for every guard, one of where programs
// fail. Together they are the acquisition: expected improvement times the probability that the
// guards hold and the program does not fail, times the user's beliefs (Hvarfner et al. 2022, arXiv
// 2204.11051), in logarithms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/acquisition_search.h"
#include "hone/sampler/observations.h"
#include "hone/study/history.h"
#include "hone/surrogate/gaussian_process.h"
#include "hone/surrogate/output_transform.h"

namespace hone {

struct GpModelOptions {
  /// Learns the exponent of the power law with the process; else by `transform`.
  bool learn_transform = true;
  OutputTransform transform = OutputTransform::power;
  int points = 400;      ///< trials that the model is conditioned on, at most
  int fit_points = 256;  ///< of them, those that its parameters are fitted to
  bool failures = true;
  bool fidelity = true;
  bool trend = true;    ///< a quadratic trend where there are trials enough
  double beliefs = 10;  ///< strength of the users' beliefs against one trial; 0: none
};

/// Where a fit starts, and what it finds: the parameters of the objective's process and the
/// exponent of the losses' transform (Yeo and Johnson's) where that is learned.
struct GpFit {
  GpParameters parameters;
  double exponent = 1;
};

/// A pure function of history and options. Not thread-safe.
class GpModel final : public Acquisition {
 public:
  explicit GpModel(const SearchSpace& space);

  /// Fits and conditions. `start`: an earlier fit, or null; `restart`: descend from the prior's
  /// mode too; without `refit` the start is taken as it is.
  void build(const History& history, Observations& observations, const GpModelOptions& options,
             const GpFit* start, bool restart, bool refit);
  /// Adds a trial that has no value yet with the value that the model expects of it.
  void believe(std::span<const double> row);
  const GpFit& fitted() const { return fit_; }
  /// Rows of the best trials, best first: by the model's mean where it finds noise.
  const std::vector<std::vector<double>>& incumbents() const { return incumbents_; }

  /// Explores instead: the acquisition is the model's uncertainty.
  void explore(bool on) { exploring_ = on; }

  double value(std::span<const double> row) const override;
  double value(std::span<const double> row, std::span<double> gradient) const override;
  void values(std::span<const double> rows, int count, std::span<double> out) const override;

 private:
  struct Guard {
    GaussianProcess process;
    std::optional<double> low, high;  // in the model's units
  };
  void choose(const History& history, Observations& observations, int points);
  std::vector<double> encode_trials(const History& history, Observations& observations);
  void fit(std::span<const double> losses, const GpFit* start, bool restart);
  void fit_transform(std::span<const double> losses, std::span<const GpParameters> starts,
                     int evaluations);
  void build_guards(const History& history);
  void build_failures(const History& history, Observations& observations);
  bool noisy() const;
  void find_incumbents();
  double add_terms(std::span<const double> row, double* gradient) const;
  void extend(std::span<const double> row) const;

  SearchSpace space_;
  std::vector<GpColumn> columns_;
  GpModelOptions options_;
  std::vector<std::int64_t> trials_;  // those modelled, ascending
  std::vector<double> rows_;          // theirs, with the fidelity
  std::vector<bool> whole_;           // reached the full fidelity and broke no guard
  bool with_fidelity_ = false;
  std::optional<GaussianProcess> objective_;
  GpFit fit_;
  std::vector<double> y_;
  std::vector<Guard> guards_;
  std::optional<GaussianProcess> failures_;
  double failure_rate_ = 0;
  double failure_spread_ = 1;
  double best_ = 0;
  bool any_whole_ = false;
  bool exploring_ = false;
  double belief_weight_ = 0;
  std::vector<double> belief_centre_, belief_spread_;  // spread 0: none
  std::vector<std::vector<double>> incumbents_;
  mutable std::vector<double> wide_, by_mean_, by_variance_;
};

}  // namespace hone
