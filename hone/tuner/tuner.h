// The leader's loop: folds what happened, judges it, settles trials, launches what comes next, and
// commits each round of decisions in one transaction. Everything it decides from comes from the
// store; a fresh Tuner on the same record decides the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/detector/watch.h"
#include "hone/sampler/sampler.h"
#include "hone/scheduler/scheduler.h"
#include "hone/store/store.h"
#include "hone/tuner/oom_retry.h"
#include "hone/tuner/outage.h"
#include "hone/tuner/settle.h"

namespace hone {

struct TunerOptions {
  Holder holder;
  std::int64_t lease_ttl_us = 30'000'000;
  int parallel = 1;                       ///< runs to keep open, over all workers
  std::int64_t give_up_us = 600'000'000;  ///< a store that fails for so long ends the loop
  std::uint64_t entropy = 0;              ///< for uids
  /// Turns a stored spec into a StudySpec; StudySpec::from_value by default.
  std::function<std::shared_ptr<const StudySpec>(const SpecRecord&)> load_spec;
  /// Asked about every sampled configuration before it is added; a reason rules it out (it becomes
  /// an infeasible trial).
  std::function<std::optional<std::string>(const Config&)> rule_out;
  /// Answers requests of kinds that the tuner does not know ("join" of workers); their outcome, or
  /// nullopt where nobody does.
  std::function<std::optional<std::string>(const Request&)> other_request;
  /// A user has asked for so many runs at a time: for the session, which knows its worker.
  std::function<void(int)> parallel_changed;
  /// What the worker of the same process would claim: a round that leaves runs waiting gives them
  /// to it in its own commit.
  std::function<std::optional<ClaimRuns>()> offer;
  std::function<std::string(std::string_view)>
      fault;  ///< test switch: names of deliberate faults; empty in production
};

enum class TunerRole { following, leading };

inline constexpr int kRunsAtMost = 10'000;

/// One owner thread.
class Tuner {
 public:
  Tuner(Store& store, const Clock& clock, StudyId study, TunerOptions options);
  ~Tuner();

  /// Folds, decides and commits until nothing is left to do, within a bounded number of rounds.
  /// Returns whether anything changed. Store errors are retried at later steps; throws once they
  /// have lasted `give_up_us`.
  bool step();

  TunerRole role() const { return role_; }
  /// False after a failed commit: the fold holds decisions that may not be in the record, and is
  /// made anew at the next step.
  bool is_current() const { return !stale_; }
  /// Who leads when this tuner does not.
  const std::optional<Holder>& leader() const { return leader_; }
  const History& history() const { return *history_; }
  const Scheduler& scheduler() const { return *scheduler_; }
  Sampler& sampler() { return *sampler_; }
  /// The study has ended or was paused: nothing will be launched.
  bool over() const { return history_->state() != StudyState::open; }
  /// No new runs from now on (Ctrl-C); ends are still settled.
  void drain() { draining_ = true; }
  /// Shortens the time for which a failing store is borne with.
  void give_up_after(std::int64_t us) { options_.give_up_us = std::min(options_.give_up_us, us); }
  void set_parallel(int parallel) { options_.parallel = parallel; }
  /// Gives the lease back.
  void release();
  /// Called with every change folded, in order; for displays.
  void on_change(std::function<void(const Change&)> callback) { callback_ = std::move(callback); }

 private:
  struct Round;
  bool step_once();
  bool take_lead();
  void rebuild();
  void load_spec(std::int64_t version);
  bool fold(Round& round);
  void fold_one(Change change, Round& round);
  void judge(const Change& change, const std::optional<Observation>& observation,
             const std::vector<Alarm>& alarms, Round& round);
  static void forget_warning(const WarningNote& known, Round& round);
  void warn(const Alarm& alarm, std::int64_t trial, std::int64_t seq, Round& round) const;
  void warn_if_late(RunId run, Round& round);
  void handle_requests(Round& round);
  void handle_request(const Request& request, Round& round);
  std::string stop_trials(const std::vector<std::int64_t>& numbers, const std::string& actor,
                          Round& round);
  std::string retry_trials(const std::vector<std::int64_t>& numbers, Round& round);
  std::string enqueue(const Value& body, Round& round);
  std::string change_budget(const Value& body, const std::string& actor, Round& round);
  std::string change_parallel(const Value& body, const std::string& actor, Round& round);
  std::string end_study(const std::string& actor, Round& round);
  void end_if_due(Round& round);
  bool may_launch_beside(const Round& round) const;
  void hand_over(Round& round);
  void launch(Round& round);
  void launch_new(const LaunchNew& launch, std::int64_t room, Round& round);
  bool retry_smaller(Round& round);
  void race_on(std::int64_t trial, Action& action, Round& round);
  bool race_late(Round& round);
  void add_trial(Suggestion suggestion, TrialOrigin origin, const LaunchNew& launch, Round& round,
                 std::optional<std::int64_t> parent = std::nullopt);
  void finish_if_done(Round& round);
  bool confirming() const;
  bool confirm(const std::string& reason, Round& round);
  void finish(const std::string& reason, Round& round);
  bool may_add(const Round& round) const;
  bool faulty(std::string_view name) const;

  Store& store_;
  const Clock& clock_;
  StudyId study_;
  TunerOptions options_;
  TunerRole role_ = TunerRole::following;
  std::optional<Holder> leader_;
  std::int64_t token_ = 0;
  std::int64_t renew_at_us_ = 0;
  std::int64_t leads_since_us_ = 0;  ///< the store's clock
  bool draining_ = false;
  bool stale_ = true;  ///< the fold must be made anew from the store
  Outage outage_;
  std::shared_ptr<const StudySpec> spec_;
  std::int64_t spec_version_ = 0;
  std::unique_ptr<History> history_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Watch> watch_;
  std::set<std::int64_t>
      unsettled_;  ///< trials whose runs have all ended and that wait for a decision
  OomRetries oom_retries_;
  std::int64_t judged_through_ = 0;  ///< reports up to this commit were judged by a leader before
  bool late_warned_ = false;         ///< verdicts were found to come too late
  std::string exhausted_;            ///< why no new trial can be made, once known
  std::function<void(const Change&)> callback_;
};

}  // namespace hone
