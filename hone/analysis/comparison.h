// Trials of a study beside each other, and studies beside each other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/analysis/estimate.h"
#include "hone/study/history.h"

namespace hone {

/// One line of a comparison of trials.
struct ComparedRow {
  std::string name;
  std::vector<Value> values;  ///< by trial; null where there is none
  bool differs = false;
};
struct ComparedTrials {
  std::vector<std::int64_t> trials;
  std::vector<ComparedRow> parameters;          ///< in the order of the study file
  std::vector<ComparedRow> results;             ///< metrics, state, seconds at work
  std::vector<std::vector<CurvePoint>> curves;  ///< by trial, ascending in fidelity
};
/// Pure. The trials exist.
ComparedTrials compare_trials(const History& history, std::span<const std::int64_t> trials);

/// What one study came to.
struct StudyFigures {
  std::string name;
  std::int64_t trials = 0;
  std::int64_t complete = 0;
  std::int64_t failed = 0;
  std::int64_t best_trial = -1;
  std::optional<double> best;      ///< of its trials
  double busy_s = 0;               ///< of all its runs
  std::vector<double> best_after;  ///< by mark; NaN where no trial had ended with a value
};

/// A study against the first: differences are its values minus those of the first.
struct Contrast {
  /// Over configurations that both have evaluated: the mean difference with its 95 % interval
  /// (Student's t law), and Wilcoxon's signed-rank test, two-sided. With three pairs or more.
  std::int64_t pairs = 0;
  std::optional<Estimate> paired;
  double paired_p = 1;
  /// Between the best of both, over the confirmations with fresh seeds of each (Welch 1947),
  /// two-sided. The runs of the search do not count: the best was chosen by them.
  std::optional<Estimate> of_bests;
  double of_bests_p = 1;
  /// The chance that a complete trial of it is better than one of the first (ties half), and the
  /// test of Mann and Whitney (1947), two-sided. With four complete trials in each or more.
  std::optional<double> better;
  double better_p = 1;
};

struct StudyComparison {
  std::string metric;
  Goal goal = Goal::minimize;
  std::vector<std::int64_t> marks;  ///< numbers of ended trials after which bests are given
  std::vector<StudyFigures> studies;
  std::vector<Contrast> contrasts;  ///< of all but the first
};
/// Throws Error(invalid_input) where the studies do not have the same first objective. `names`: one
/// for each history; two or more.
StudyComparison compare_studies(std::span<const History* const> histories,
                                std::span<const std::string> names);

}  // namespace hone
