// The read model of a study: a fold of its changes, shared by samplers, schedulers, tuner and
// analysis. It is a pure function of the spec and the changes applied, in order.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hone/study/change.h"
#include "hone/study/study_spec.h"

namespace hone {

/// A trial-level observation of the first objective: what a rung judges.
struct Observation {
  std::int64_t trial = -1;
  double fidelity = 0;
  double value = 0;  ///< mean over replicates
  int count = 1;     ///< replicates
  std::int64_t busy_us = 0;
  std::int64_t seq = 0;  ///< of the report that completed it
};

/// Not thread-safe; copyable (a copy is a snapshot).
class History {
 public:
  explicit History(std::shared_ptr<const StudySpec> spec);

  /// Applies the next change; seq must rise. Returns the observation that it completed, if it is a
  /// report that did.
  std::optional<Observation> apply(const Change& change);

  const StudySpec& spec() const { return *spec_; }
  std::shared_ptr<const StudySpec> spec_ptr() const { return spec_; }
  /// A newer spec rules from now on (encodings are made anew).
  void set_spec(std::shared_ptr<const StudySpec> spec);

  /// Commit number of the last change applied; 0 at the start.
  std::int64_t version() const { return version_; }
  StudyState state() const { return state_; }
  const std::string& state_reason() const { return state_reason_; }
  /// Commit at which the study was last opened again; 0 if never.
  std::int64_t opened_seq() const { return opened_seq_; }
  std::int64_t created_us() const { return first_us_; }
  std::int64_t last_us() const { return last_us_; }
  /// Time during which at least one run was in a worker's hands, up to the last change: what
  /// budget.time counts.
  std::int64_t active_us() const { return active_us_; }

  std::int64_t size() const { return static_cast<std::int64_t>(trials_.size()); }
  /// By number; numbers are dense from 0.
  const Trial& trial(std::int64_t number) const;
  const std::deque<Trial>& trials() const { return trials_; }
  /// Numbers of the trials that were added or changed their state, in commit order, one entry each
  /// time: readers that keep something per trial go on from where they stopped instead of looking
  /// at every trial again.
  std::span<const std::int64_t> touched() const { return touched_; }
  const TrialCounts& counts() const { return counts_; }
  /// Trials that count against budget.trials.
  std::int64_t counted() const { return counted_; }

  const Run* run(RunId id) const;
  /// Runs of a trial in order of queueing.
  std::span<const RunId> runs_of(std::int64_t number) const;
  /// Runs waiting or in a worker's hands: parallel counts these.
  std::int64_t open_runs() const { return open_runs_; }
  std::int64_t waiting_runs() const { return waiting_runs_; }
  /// Runs in a worker's hands, in the order in which they were claimed.
  std::span<const RunId> held_runs() const { return held_runs_; }
  /// Time that the runs which have ended were at work, of every purpose.
  std::int64_t busy_us() const { return busy_us_; }
  /// What every run reported last as its cost (the first metric of that role), in sum.
  double cost() const { return cost_; }
  /// Units of the fidelity that all runs have reported to have gone through; what was trained twice
  /// counts twice, what a run found in its checkpoint does not.
  double trained() const { return trained_; }

  /// All reports of a run in order, late ones included and marked.
  struct SeriesPoint {
    double fidelity;
    double value;
    std::int64_t busy_us;
    std::int64_t seq;
    int metric;
    bool late;
  };
  std::span<const SeriesPoint> series(RunId run) const;

  /// The judged result of the trial for every declared metric that was reported, by the metric's
  /// `take` over its search runs of the newest attempt: what the leader commits when the trial
  /// ends. Late reports count where the program ended by itself with success before its verdict
  /// reached it.
  std::vector<Result> judge(std::int64_t number) const;

  /// Number of the best trial: among those that reached their target (complete), else among the
  /// stopped and paused; NaN never wins, ties go to the lower number, no infeasible ones. −1 if
  /// there is none. With several objectives: of the front, the one that is best in the first (ties:
  /// in the next).
  std::int64_t best() const;
  /// With several objectives: the trials that no other is better than in one without being worse in
  /// another; among those that best() would choose from. Ascending. With one: the best, if any.
  /// O(trials · size of the front).
  std::vector<std::int64_t> front() const;
  /// Of all objectives, in the order of the spec, turned so that smaller is better; nullopt where
  /// one has no value or is NaN.
  std::optional<std::vector<double>> losses(const Trial& trial) const;
  bool satisfies_guards(const Trial& trial) const;

  /// The facts noted under `kind` with their commit numbers, in order.
  std::span<const std::pair<std::int64_t, Value>> notes(const std::string& kind) const;

  /// Encoded configuration (one entry per searched parameter, NaN where inactive); computed once a
  /// trial. Row of `number`.
  std::span<const double> encoded(std::int64_t number) const;

  /// The first trial with this configuration (by key), or −1.
  std::int64_t find_config(const Hash128& key) const;

 private:
  struct RunRecord {
    Run run;
    std::vector<SeriesPoint> series;
    bool reported = false;  ///< a report of the objective that counts
    double cost = 0;        ///< reported last
    std::optional<double> trained_to;
  };
  struct KeyHash {
    std::size_t operator()(const Hash128& key) const;
  };

  Trial& at(std::int64_t number);
  RunRecord& record(RunId id);
  void move(Trial& trial, TrialState to);
  void fold_added(const TrialAdded& added);
  void fold_queued(const RunQueued& queued);
  void fold_claimed(const RunClaimed& claimed, std::int64_t at_us);
  std::optional<Observation> fold_report(const Reported& reported, std::int64_t seq);
  void fold_use(RunRecord& held, const Report& report);
  void fold_run_end(const RunEnded& ended, std::int64_t at_us);
  void fold_moved(const TrialMoved& moved, std::int64_t at_us);
  std::optional<Observation> complete_point(Trial& trial, const Report& report, std::int64_t seq);
  std::vector<SeriesPoint> replicate_series(std::int64_t trial, int replicate, int metric,
                                            bool with_late) const;
  std::vector<int> started_replicates(std::int64_t trial) const;

  std::shared_ptr<const StudySpec> spec_;
  std::int64_t version_ = 0;
  StudyState state_ = StudyState::open;
  std::string state_reason_;
  std::int64_t opened_seq_ = 0;
  std::int64_t first_us_ = 0;
  std::int64_t last_us_ = 0;
  std::int64_t active_us_ = 0;
  std::deque<Trial> trials_;
  std::vector<std::int64_t> touched_;
  std::vector<std::vector<RunId>> runs_of_;
  std::unordered_map<RunId, RunRecord> runs_;
  TrialCounts counts_;
  std::int64_t counted_ = 0;
  std::int64_t open_runs_ = 0;
  std::int64_t waiting_runs_ = 0;
  std::vector<RunId> held_runs_;
  std::int64_t busy_us_ = 0;
  double cost_ = 0;
  double trained_ = 0;
  std::map<std::string, std::vector<std::pair<std::int64_t, Value>>> notes_;
  std::vector<double> encoded_;
  std::unordered_map<Hash128, std::int64_t, KeyHash> keys_;
};

}  // namespace hone
