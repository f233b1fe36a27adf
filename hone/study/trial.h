// A trial: one configuration, as samplers and schedulers see it, with its states and the table of
// legal changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/value.h"
#include "hone/space/config.h"

namespace hone {

/// Numbers are stored; never renumber.
enum class TrialState {
  queued = 0,
  running = 1,
  paused = 2,
  complete = 3,
  stopped = 4,
  failed = 5,
  cancelled = 6
};
enum class TrialOrigin {
  sampler = 0,
  default_config = 1,
  enqueued = 2,
  clone = 3,
  fork = 4,
  retry_with_change = 5,
  imported = 6
};
/// Why a run or trial failed; none: it did not.
enum class FailKind {
  none = 0,
  exit_code = 1,
  signal = 2,
  out_of_memory = 3,
  gpu_out_of_memory = 4,
  timeout = 5,
  silence = 6,
  no_metric = 7,
  nan = 8,
  diverged = 9,
  infeasible = 10,
  lost = 11,
};
/// What workers must make true of a running trial.
enum class Verdict { go_on = 0, pause = 1, stop = 2 };

const char* trial_state_name(TrialState state);
const char* trial_origin_name(TrialOrigin origin);
const char* fail_kind_name(FailKind kind);
/// For people: "out of memory", "exit code", ….
const char* fail_kind_text(FailKind kind);
const char* verdict_name(Verdict verdict);
std::optional<TrialState> trial_state_from_name(std::string_view name);
std::optional<FailKind> fail_kind_from_name(std::string_view name);

/// The table of legal state changes.
bool may_change(TrialState from, TrialState to);
/// complete, stopped, failed or cancelled.
bool is_ended(TrialState state);

/// Of a study's trials, how many are in each state.
struct TrialCounts {
  std::int64_t queued = 0, running = 0, paused = 0, complete = 0, stopped = 0, failed = 0,
               cancelled = 0;
  std::int64_t& of(TrialState state);
  std::int64_t total() const {
    return queued + running + paused + complete + stopped + failed + cancelled;
  }
};

/// What is fixed when a trial is made. Immutable and shared.
struct Proposal {
  std::int64_t number = -1;  ///< dense per study, from 0
  std::string uid;
  std::int64_t spec_version = 1;
  TrialOrigin origin = TrialOrigin::sampler;
  std::optional<std::int64_t> parent;
  std::optional<double> parent_fidelity;
  Config config;
  Value info;  ///< rule, based_on, batch; what a sampler must remember
  int bracket = 0;
  std::optional<double> fidelity_target;
  int priority = 0;
  std::int64_t created_us = 0;
};

/// The judged value of a trial for one metric, over its replicates.
struct Result {
  int metric = 0;  ///< index into the study's declared metrics
  double value = 0;
  std::optional<double> at_fidelity;
  int count = 1;
  std::optional<double> sd;
};

/// A point of a trial's objective curve: the mean over the replicates that have been started, once
/// all have reached it.
struct CurvePoint {
  double fidelity = 0;
  double value = 0;
  std::int64_t busy_us = 0;
  std::int64_t seq = 0;
};

/// What a detector noted about a trial while it ran, once each.
struct TrialWarning {
  std::string detector;
  std::string reason;
  std::int64_t seq = 0;  ///< commit of the note
};

struct Trial {
  std::shared_ptr<const Proposal> proposal;
  TrialState state = TrialState::queued;
  Verdict verdict = Verdict::go_on;
  FailKind verdict_fail_kind = FailKind::none;  ///< a detector's verdict: the trial fails with this
  std::string reason;
  FailKind fail_kind = FailKind::none;
  std::string detail;  ///< of the failure: its last log lines
  std::optional<double>
      reached;  ///< highest fidelity of the objective that counts (late reports excluded)
  std::optional<double> fidelity_target;  ///< of the current segment
  std::vector<CurvePoint>
      curve;                    ///< of the first objective, in commit order, late reports excluded
  std::vector<Result> results;  ///< set when the trial ends
  std::vector<TrialWarning> warnings;
  std::int64_t busy_us = 0;
  std::int64_t first_started_us = 0;
  std::int64_t ended_us = 0;
  int segment = 0;          ///< of the newest run
  int attempts_failed = 0;  ///< ends of the user's program that count against `retries`
  int interruptions = 0;    ///< since the last progress
  int runs_open = 0;        ///< waiting, claimed or running

  std::int64_t number() const { return proposal->number; }
  const Config& config() const { return proposal->config; }
  /// The judged value of the first objective, if any.
  std::optional<double> value() const;
  /// The judged value of a declared metric.
  std::optional<double> value_of(int metric) const;
  bool warned_by(std::string_view detector) const;
};

}  // namespace hone
