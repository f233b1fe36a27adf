// What a study came to: the best trial, its gain over the defaults, confirmations, failures, what
// early stopping saved, and how to run the best again. Figures come from the history; the texts of
// `hone run`, `hone best` and `hone status` from here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hone/analysis/best_chance.h"
#include "hone/analysis/replicates.h"
#include "hone/cli/outcome_front.h"
#include "hone/cli/workplace.h"
#include "hone/study/history.h"

namespace hone::cli {

struct Gain {
  double difference = 0;  ///< best − default, in the metric's units
  std::optional<double>
      share;  ///< of the default, unsigned; where both have one sign and the default is no noise
  std::optional<double> share_sd;  ///< over paired seeds, or of two independent replicates
  bool better = false;
  double default_value = 0;
};

/// A trial that ran again with fresh seeds at the end.
struct Confirmed {
  std::int64_t trial = -1;
  std::vector<double> values;  ///< in the order of the seeds
  Spread spread;
  std::optional<double> chance;  ///< to be the best of those confirmed; with two seeds or more
};

struct Outcome {
  std::int64_t best = -1;  ///< trial; −1: no usable one. Of several objectives: History::best()
  Front front;             ///< with several objectives
  bool best_is_complete = false;
  std::optional<Spread> value;  ///< of the best: confirmed where it was
  bool confirmed = false;
  std::optional<Interval> interval;      ///< of the best's true mean, 95 %, where it was confirmed
  std::vector<Confirmed> confirmations;  ///< best first, the defaults among them
  std::vector<std::pair<std::string, double>> other_metrics;  ///< of the best
  std::int64_t default_trial = -1;
  std::optional<Gain> gain;  ///< against the default configuration, unless that is the best
  std::map<FailKind, int> failures;
  std::optional<double> steps_saved;  ///< share of the steps that full trials would have taken
  std::vector<std::int64_t>
      burst;  ///< trials whose reports came all at once, long after they began
};

/// Pure.
Outcome find_outcome(const History& history);

/// Time until the budget of trials is used, at the pace so far; nullopt where that cannot be told.
/// Pure.
std::optional<std::int64_t> time_left_us(const History& history);

/// "7.1 % below the defaults (2.8421)"; empty without a gain.
std::string gain_text(const Outcome& outcome);
/// "3 failed (2 out of memory, 1 diverged)"; empty when none did.
std::string failures_text(const Outcome& outcome);

/// The curve as blocks of one height each, at most `columns` of them: "█▅▃▂▁".
std::string curve_blocks(const std::vector<CurvePoint>& curve, int columns);

/// The end of `hone run`, for people: the best, its curve, the gain, confirmations, failures, what
/// mattered, what to try next. `seen`: names of metrics that programs printed and nobody declared.
/// Lines are at most `width` columns wide where words allow; 0: those of the terminal.
std::string outcome_text(const History& history, const Outcome& outcome, const std::string& study,
                         const std::vector<std::string>& seen, bool colour, int width = 0);
/// The same as one object: state, counts, best with its curve, gain, confirmations, failures,
/// importance.
Value outcome_json(const History& history, const Outcome& outcome, const std::string& study);

/// The command of a trial from scratch, "(cd FOLDER && …)" where it ran elsewhere; empty when none
/// has started.
std::string reproduce_text(const Workplace& place, const History& history, std::int64_t trial);

}  // namespace hone::cli
