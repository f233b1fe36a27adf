// What a model of a study (gp_model.h, forest_model.h) learns from: trials with their losses,
// values of guards, and trials that failed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hone/sampler/observations.h"
#include "hone/study/history.h"

namespace hone {

/// Trials, ascending, with an entry each in every list.
struct ModelTrials {
  std::vector<std::int64_t> numbers;
  std::vector<std::vector<double>> losses;      ///< a list an objective
  std::vector<bool> whole;                      ///< reached the full fidelity and broke no guard
  std::vector<std::optional<double>> fidelity;  ///< where a partial one was stopped; of others none

  bool any_whole() const;
  /// Whether some were stopped early, in a study that has a fidelity.
  bool partial = false;
};

/// All trials that teach something where there are no more than `points`; beyond that the best two
/// fifths, the newest three tenths, and of the rest a sample that every trial enters by a hash of
/// its number.
ModelTrials choose_model_trials(const History& history, Observations& observations, int points);

/// The values of a guard or constraint that has a bound.
struct GuardValues {
  std::size_t metric = 0;  ///< of the spec
  std::optional<double> low, high;
  std::vector<double> rows;  ///< encoded, one after the other
  std::vector<double> values;
};
/// Of those trials that have a finite one; guards with fewer than two are left out.
std::vector<GuardValues> guard_values(const History& history,
                                      const std::vector<std::int64_t>& trials);

/// Trials that failed by their configuration's doing, of `points` that are looked at.
std::vector<std::int64_t> infeasible_trials(Observations& observations, int points);

/// Appends the encoded row of a trial.
void append_row(const History& history, std::int64_t trial, std::vector<double>& rows);

}  // namespace hone
