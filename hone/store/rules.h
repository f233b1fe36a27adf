// What every store decides alike, as pure functions: who may hold what, which state follows, which
// reports of a batch are new and which are late. Stores differ in where they keep rows, never in
// these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/base/error.h"
#include "hone/store/store.h"

namespace hone::rules {

// Leases: liveness before time. On one machine and boot the probe knows; elsewhere the lease's time
// decides.

/// Whether another process may take a lease.
bool is_free(const std::optional<Holder>& holder, std::int64_t until_us, std::int64_t now_us,
             const LivenessProbe& probe);
/// Whether nobody will come back for a run in the hands of this worker: it is on another machine,
/// or from before a reboot, and its lease has run out.
bool is_lost(const Holder& worker, std::int64_t until_us, std::int64_t now_us,
             const LivenessProbe& probe);
/// Whether `heir` may take over the runs of `worker`: the same machine and boot, and the process
/// has gone.
bool may_take_over(const Holder& worker, const Holder& heir, const LivenessProbe& probe);
/// Whether a run in the hands of `worker` may still be worked on: by the worker, or by the program
/// it left behind.
bool is_alive(const Holder& worker, std::int64_t until_us, std::int64_t now_us,
              std::int64_t run_pid, std::int64_t run_pid_start, const LivenessProbe& probe);

// States of trials.

/// What queueing a run does to its trial and gives to the run.
struct Queueing {
  TrialState state;
  bool begins_anew;     ///< verdict, reason and results of the trial are cleared
  Verdict run_verdict;  ///< what workers are told of the new run
};
/// `open_runs`: runs of the trial, of any purpose, that have not ended. Same rule as `History`.
Queueing on_queue(const RunPlan& plan, TrialState state, Verdict verdict, std::int64_t open_runs);
/// The trial's state once a run of it was claimed.
TrialState on_claim(RunPurpose purpose, TrialState state);
/// Throws Error(conflict) unless the move is legal. `waiting_runs`: search runs of the trial that
/// nobody has claimed.
void check_move(const TrialMoved& moved, TrialState from, std::int64_t waiting_runs);

// Lateness. A verdict (pause or stop) names the report that caused it; reports with a higher commit
// number of the runs that had been queued when the verdict was committed are late, whether those
// runs are still open or have ended meanwhile (the leader that judged could not know of their end,
// and has left those reports out of its fold). No run queued after the verdict is touched. So a run
// remembers the first cause.

/// The commit number after which reports of a run are late; 0: none are. Applied to each run of the
/// trial queued so far, ended ones too.
std::int64_t late_after(std::int64_t before, const Judged& judged);
inline bool is_late(std::int64_t late_after, std::int64_t seq) {
  return late_after > 0 && seq > late_after;
}

// Batches.

/// What of a batch is not stored yet.
struct NewPart {
  std::size_t first_report = 0;  ///< reports from this index on are new
  bool points = false;           ///< store the points
  bool parsed = false;           ///< replace the parsers' state
};
/// A value as every store gives it back: negative zero, which SQLite cannot hold, is zero.
inline double stored_value(double value) { return value + 0.0; }
/// Throws Error(invalid_input) when ordinals do not rise, reach `batch.next_ordinal`, a metric is
/// not declared, or a fidelity is NaN.
NewPart new_part(const ReportBatch& batch, std::int64_t next_ordinal, std::int64_t metrics);

// Errors in the same words everywhere.

Error no_study(StudyId study);
Error no_trial(std::int64_t number);
Error no_run(RunId run);
Error no_worker(WorkerId worker);
Error no_request(RequestId request);
Error no_spec(StudyId study, std::int64_t version);
Error study_exists(const std::string& project, const std::string& name);
Error study_in_use(const std::string& name, const std::string& by);
Error wrong_number(std::int64_t number, std::int64_t next);
Error run_exists(const RunPlan& plan);
Error request_handled(RequestId request);
Error worker_exists(const WorkerInfo& worker);

/// The JSON of a run's start, for `Claim::started` and `RunDetail::started`.
Value start_value(const RunStart& start);
/// How a reclaimed run ended. `busy_us`: its own, as far as it was reported.
RunEnd reclaimed_end(const std::string& host, std::int64_t busy_us);

}  // namespace hone::rules
