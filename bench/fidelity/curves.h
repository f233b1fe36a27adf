// Recorded learning curves of real trainings, as they are in the data folder (TaskSet, AlgoPerf,
// PEFT's comparison of fine-tuning methods): configurations, metrics over steps, seconds. Nothing
// is resampled, cut off or left out here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hone/space/config.h"
#include "hone/study/objective.h"

namespace hone::fidelity {

/// One metric of a run: a value for every step of the run, NaN where it was not evaluated, or where
/// it had diverged (see `RecordedRun::diverged`).
struct Series {
  std::string name;
  Goal goal = Goal::minimize;
  std::vector<double> values;
};

/// One recorded training.
struct RecordedRun {
  std::string name;             ///< unique within its set
  std::string group;            ///< runs of one configuration (repeats with other seeds) share it
  std::string rule;             ///< AlgoPerf: external_tuning or self_tuning; else empty
  Config config;                ///< may be empty
  std::vector<double> steps;    ///< rising; 0: before training
  std::vector<double> seconds;  ///< since the start, of training alone; empty: not recorded
  std::vector<Series> metrics;  ///< the first one is what the set is compared by

  /// Of a metric that the run has; null pointer else.
  const Series* metric(const std::string& metric_name) const;
  const Series& objective() const { return metrics.front(); }
  /// The objective ends in a NaN or an infinity.
  bool diverged() const;
};

/// Trainings of one task.
struct CurveSet {
  std::string name;       ///< "taskset_lstm128_avg", "algoperf_wmt_jax", "peft_metamathqa"
  std::string family;     ///< taskset, algoperf, peft
  std::string step_name;  ///< what steps count: checkpoint (of 50), step
  std::vector<RecordedRun> runs;
};

/// 1,000 runs of 51 values each (step 0 is before training); no seconds.
std::vector<CurveSet> read_taskset(const std::string& data, std::vector<std::string>& skipped);
/// 12 to 160 runs of 10 to 333 values each, with seconds; the objective is the one that the
/// benchmark's targets are set in, `loss` comes beside it.
std::vector<CurveSet> read_algoperf(const std::string& data, std::vector<std::string>& skipped);
/// 32 runs of 20 values of the training loss, with validation accuracy (50 samples) and seconds.
std::vector<CurveSet> read_peft(const std::string& data, std::vector<std::string>& skipped);
/// All of them. Sets whose files are absent below `data` are named in `skipped`; a file that cannot
/// be read as what it should be throws Error(invalid_input).
std::vector<CurveSet> read_curves(const std::string& data, std::vector<std::string>& skipped);

}  // namespace hone::fidelity
