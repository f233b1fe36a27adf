// A study whose trials the calling program evaluates itself: the leader's loop, and in the place of
// a worker with its processes the caller, who asks for a trial, reports, and tells how it ended. It
// works on any store, so a study goes on in the command line and the reverse; several such programs
// share one as `hone run` and `hone worker` do.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "hone/base/clock.h"
#include "hone/store/store.h"
#include "hone/tuner/followers.h"
#include "hone/tuner/tuner.h"

namespace hone {

struct CallerStudyOptions {
  StudyId study;
  Holder holder;
  std::string worker_uid;
  std::string version;
  std::uint64_t entropy = 0;
  /// Records how long trials take; a budget that counts it is always obeyed. Without, equal calls
  /// give an equal record.
  bool timed = true;
  /// Keeps the lease, answers other processes and renews runs while the caller evaluates. Wanted
  /// for every store that others can reach.
  bool background = true;
};

/// A run in the caller's hands.
struct CallerTrial {
  RunId run;
  std::int64_t number = -1;
  Config config;
  int replicate = 0;
  int attempt = 0;                     ///< above 0: it was begun before
  std::optional<double> fidelity_end;  ///< how far to train, where the scheduler says so
  std::int64_t seed = 0;               ///< for the evaluation's own randomness
};

/// Nothing can be evaluated until something else ends.
struct AskLater {};
/// The study is over, or was stopped.
struct AskOver {
  StudyState state = StudyState::finished;
  std::string why;
};
using AskAnswer = std::variant<CallerTrial, AskLater, AskOver>;

/// Thread-safe. Errors of the store that may pass are retried in the background; a call that meets
/// one throws it and may be repeated. Not for use in a child after fork(): every call throws
/// Error(conflict) there.
class CallerStudy {
 public:
  /// All that is given must outlive the study. Throws Error(invalid_input) when the sampler or the
  /// scheduler does not fit the stored spec.
  CallerStudy(Store& store, const Clock& clock, const LivenessProbe& probe,
              CallerStudyOptions options);
  /// Gives trials in the caller's hands back: they wait in the queue. Leaves the study.
  ~CallerStudy();
  CallerStudy(const CallerStudy&) = delete;
  CallerStudy& operator=(const CallerStudy&) = delete;

  /// The next trial: one that waits (enqueued, interrupted, to be tried again), else a new one.
  /// Does not wait for other trials or processes.
  AskAnswer ask();

  /// Values of metrics at a point of a trial's curve. Metrics that the study does not declare are
  /// kept for people. Returns whether the trial should end now (`should_stop`). Throws
  /// Error(not_found) for a run that is not in the caller's hands, Error(conflict) when the run was
  /// given to somebody else, Error(invalid_input) for a fidelity that is NaN.
  bool report(RunId run, double fidelity, std::span<const std::pair<std::string, double>> values);
  /// Whether a scheduler, a detector or a user has ended the trial.
  bool should_stop(RunId run);

  /// Ends a trial. `values`: of the metrics in the order of the spec, or only of the first
  /// objective; none: the values are those that were reported. After `should_stop` was true the
  /// trial is stopped or paused, and values are left out. Throws as `report`, and
  /// Error(invalid_input) for another count of values, or for none where none was reported.
  void tell(RunId run, std::span<const double> values);
  /// Ends a trial before its end, with what was reported of it, by the caller's own decision or
  /// after `should_stop`. Throws as `tell`.
  void tell_stopped(RunId run);
  /// `kind` is not FailKind::none.
  void tell_failed(RunId run, FailKind kind, const std::string& detail);
  /// Gives a trial back as interrupted: it waits in the queue.
  void give_back(RunId run);
  /// The run of a trial in the caller's hands; Error(not_found, conflict) where there is none.
  RunId run_of(std::int64_t number);

  /// Asks the leader (maybe this object) for something: `enqueue`, `stop`, `resume`, `budget`,
  /// `stop_trials`, `retry`; waits up to ten seconds. Throws Error(invalid_input) where it is
  /// refused.
  std::string request(const std::string& kind, const Value& body, const std::string& actor);

  /// Waits until the record changes or the time is over.
  void wait(std::int64_t timeout_us);

  /// Calls `read` with the newest history, which must not be kept.
  template <class Read>
  auto read(Read&& read) {
    const std::unique_lock lock = enter();
    look();
    return read(tuner_->history());
  }

 private:
  struct Held {
    CallerTrial trial;
    std::int64_t token = 0;
    std::int64_t next_ordinal = 0;
    std::int64_t started_mono_us = 0;
    std::int64_t busy_before_us = 0;
    std::optional<double> reached;  // highest fidelity reported
    bool reported = false;          // the first objective
    bool stop_seen = false;         // the caller was told to stop
  };

  std::unique_lock<std::mutex> enter();
  void check_process() const;
  void step();
  void look();
  void register_once();
  void see(const Change& change);
  void take_new_claims();
  void claim_waiting();
  void end_what_was_left();
  Held& held(RunId run);
  std::int64_t busy_us(const Held& held) const;
  void end(RunId run, const ReportBatch& batch, RunEnd end);
  ReportBatch last_values(Held& held, std::span<const double> values);
  Verdict verdict(const Held& held) const;
  void renew();
  void work_in_background();

  Store& store_;
  const Clock& clock_;
  const LivenessProbe& probe_;
  CallerStudyOptions options_;
  const std::int64_t process_;
  WorkerId worker_;
  Followers followers_;
  Membership membership_;
  std::unique_ptr<Tuner> tuner_;
  std::map<RunId, Held> held_;
  std::vector<RunId> claimed_;  // by this worker, as the record tells; not looked at yet
  std::deque<RunId> fresh_;     // held, and not given to the caller yet
  int wanted_ = 0;              // asks that wait for a trial
  bool offered_ = false;        // and that the tuner was told of
  std::int64_t renew_at_us_ = 0;
  std::int64_t take_over_at_us_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;
  std::exception_ptr failure_;  // of the background's
  std::unique_ptr<std::thread> background_;
};

}  // namespace hone
