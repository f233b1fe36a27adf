#include "hone/tuner/caller_study.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/sampler/gp_cost.h"
#include "hone/store/transient.h"
#include "hone/tuner/budget.h"
#include "hone/tuner/report_order.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

constexpr std::int64_t kRunTtl_us = 60'000'000;
constexpr std::int64_t kTakeOverEvery_us = 2'000'000;
constexpr std::int64_t kBackground_us = 200'000;
constexpr std::int64_t kAnswer_us = 10'000'000;
constexpr std::int64_t kAnswerStep_us = 20'000;
constexpr int kTriesToClaim = 3;

}  // namespace

CallerStudy::CallerStudy(Store& store, const Clock& clock, const LivenessProbe& probe,
                         CallerStudyOptions options)
    : store_(store),
      clock_(clock),
      probe_(probe),
      options_(std::move(options)),
      process_(static_cast<std::int64_t>(::getpid())),
      membership_(options_.worker_uid, options_.holder) {
  TunerOptions tuner;
  tuner.holder = options_.holder;
  tuner.parallel = 0;
  tuner.entropy = options_.entropy;
  tuner.other_request = [this](const Request& request) {
    return followers_.answer(request, clock_.now_us());
  };
  tuner.offer = [this]() -> std::optional<ClaimRuns> {
    if (wanted_ == 0 || !worker_.valid() || std::exchange(offered_, true)) return std::nullopt;
    return ClaimRuns{worker_, wanted_, kRunTtl_us};
  };
  tuner_ = std::make_unique<Tuner>(store_, clock_, options_.study, std::move(tuner));
  tuner_->on_change([this](const Change& change) { see(change); });
  const auto spec = stored_spec(store_, options_.study);
  if (counts_run_time(spec->budget) || learns_time(*spec)) options_.timed = true;
  if (options_.background) {
    background_ = std::make_unique<std::thread>([this] { work_in_background(); });
  }
}

CallerStudy::~CallerStudy() {
  if (process_ != static_cast<std::int64_t>(::getpid())) {
    // A child after fork() has no such thread, and the parent's trials are not its own.
    static_cast<void>(background_.release());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (background_) background_->join();
  try {
    while (!held_.empty()) {
      RunEnd given_back;
      given_back.outcome = RunOutcome::interrupted;
      given_back.detail = "the program that evaluated it has ended";
      end(held_.begin()->first, {}, given_back);
    }
    if (worker_.valid()) step();
    tuner_->release();
  } catch (const std::exception& error) {
    log(LogLevel::warning, fmt::format("leaving the study: {}", error.what()));
  }
}

void CallerStudy::check_process() const {
  if (process_ == static_cast<std::int64_t>(::getpid())) return;
  throw Error(ErrorCode::conflict, "this study was opened before the process was forked",
              "open it in the child: hone.Study(name=…, store=…); both then work on it");
}

std::unique_lock<std::mutex> CallerStudy::enter() {
  check_process();
  std::unique_lock lock(mutex_);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return lock;
}

/// The leader's part or, where another process leads, the fold of what it did.
void CallerStudy::step() {
  const int own = static_cast<int>(held_.size()) + wanted_;
  const int parallel = own + followers_.parallel(probe_, clock_.now_us());
  tuner_->set_parallel(parallel);
  tuner_->step();
  if (tuner_->role() == TunerRole::leading) {
    const int with_new = own + followers_.parallel(probe_, clock_.now_us());
    if (parallel == with_new) return;
    tuner_->set_parallel(with_new);
    tuner_->step();  // runs for who has just joined
  } else if (tuner_->leader() && own > 0) {
    membership_.announce(store_, options_.study, tuner_->leader()->text(), own,
                         clock_.monotonic_us());
  }
}

/// As `step`. Who only looks leaves the study to whoever works on it.
void CallerStudy::look() {
  step();
  if (!worker_.valid()) tuner_->release();
}

void CallerStudy::register_once() {
  if (worker_.valid()) return;
  worker_ = store_.register_worker(
      WorkerInfo{options_.worker_uid, options_.holder, options_.version, "{}"});
}

void CallerStudy::see(const Change& change) {
  const auto* claimed = std::get_if<RunClaimed>(&change.body);
  if (claimed != nullptr && worker_.valid() && claimed->worker == worker_) {
    claimed_.push_back(claimed->run);
  }
}

/// What the record gives to this worker and is not in its hands yet.
void CallerStudy::take_new_claims() {
  for (const RunId id : std::exchange(claimed_, {})) {
    const Run* run = tuner_->history().run(id);
    if (run == nullptr || run->state == RunState::ended || run->worker != worker_) continue;
    if (held_.contains(id)) continue;
    const Trial& trial = tuner_->history().trial(run->plan.trial);
    Held taken;
    taken.trial.run = id;
    taken.trial.number = run->plan.trial;
    taken.trial.config = trial.config();
    taken.trial.replicate = run->plan.replicate;
    taken.trial.attempt = run->plan.attempt;
    taken.trial.fidelity_end = run->plan.fidelity_target;
    taken.trial.seed = run->plan.seed;
    taken.token = run->token;
    taken.started_mono_us = clock_.monotonic_us();
    taken.busy_before_us = trial.busy_us;
    held_.emplace(id, std::move(taken));
    fresh_.push_back(id);
  }
}

/// Trials that a program on this machine had in its hands when it ended wait again.
void CallerStudy::end_what_was_left() {
  const std::int64_t now = clock_.monotonic_us();
  if (now < take_over_at_us_) return;
  take_over_at_us_ = now + kTakeOverEvery_us;
  const std::vector<Claim> left = store_.take_over(options_.study, worker_, kRunTtl_us);
  for (const Claim& claim : left) {
    RunEnd gone;
    gone.outcome = RunOutcome::interrupted;
    gone.detail = "the process that evaluated it has gone";
    ReportBatch nothing;
    nothing.next_ordinal = claim.next_ordinal;
    store_.end_run(claim.run.id, claim.run.token, nothing, gone);
  }
  if (!left.empty()) step();
}

void CallerStudy::claim_waiting() {
  if (tuner_->history().waiting_runs() == 0) return;
  store_.claim(options_.study, worker_, 1, kRunTtl_us);
  step();
  take_new_claims();
}

AskAnswer CallerStudy::ask() {
  const std::unique_lock lock = enter();
  register_once();
  step();
  end_what_was_left();
  for (int i = 0; i < kTriesToClaim && fresh_.empty(); ++i) {
    if (tuner_->history().state() != StudyState::open) break;
    claim_waiting();
    if (!fresh_.empty()) break;
    wanted_ = 1;
    offered_ = false;
    try {
      step();
    } catch (...) {
      wanted_ = 0;
      throw;
    }
    wanted_ = 0;
    take_new_claims();
    if (tuner_->history().waiting_runs() == 0) break;
  }
  const History& history = tuner_->history();
  if (fresh_.empty()) {
    if (history.state() == StudyState::open) return AskLater{};
    return AskOver{history.state(), history.state_reason()};
  }
  const RunId next = fresh_.front();
  fresh_.pop_front();
  return held(next).trial;
}

CallerStudy::Held& CallerStudy::held(RunId run) {
  const auto it = held_.find(run);
  if (it != held_.end()) return it->second;
  throw Error(ErrorCode::conflict, "the trial is not being evaluated here: it was told before",
              "ask for another one");
}

RunId CallerStudy::run_of(std::int64_t number) {
  const std::unique_lock lock = enter();
  for (const auto& [id, held] : held_) {
    if (held.trial.number == number) return id;
  }
  const History& history = tuner_->history();
  if (number < 0 || number >= history.size()) {
    throw Error(ErrorCode::not_found,
                fmt::format("there is no trial {}; there are {}", number, history.size()));
  }
  throw Error(ErrorCode::conflict,
              fmt::format("trial {} is not being evaluated here: it is {}", number,
                          trial_state_name(history.trial(number).state)));
}

std::int64_t CallerStudy::busy_us(const Held& held) const {
  if (!options_.timed) return 0;
  return clock_.monotonic_us() - held.started_mono_us;
}

Verdict CallerStudy::verdict(const Held& held) const {
  return tuner_->history().trial(held.trial.number).verdict;
}

bool CallerStudy::report(RunId run, double fidelity,
                         std::span<const std::pair<std::string, double>> values) {
  const std::unique_lock lock = enter();
  Held& held = this->held(run);
  if (std::isnan(fidelity)) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("trial {}: the step of a report is nan", held.trial.number));
  }
  const StudySpec& spec = tuner_->history().spec();
  const std::int64_t busy = busy_us(held);
  ReportBatch batch;
  batch.next_ordinal = held.next_ordinal;
  bool reports_objective = false;
  for (const auto& [name, value] : values) {
    const int metric = spec.metric_index(name);
    if (metric < 0) {
      batch.points.push_back({name, fidelity, value, held.busy_before_us + busy});
    } else {
      reports_objective = reports_objective || metric == 0;
      batch.reports.push_back({run, held.trial.number, batch.next_ordinal, fidelity, metric, value,
                               held.busy_before_us + busy});
    }
    ++batch.next_ordinal;
  }
  put_objective_last(batch.reports);
  const WorkerAnswer answer = store_.append(run, held.token, batch);
  if (answer.lease == LeaseState::lost) {
    const std::int64_t number = held.trial.number;
    held_.erase(run);
    throw Error(ErrorCode::conflict, fmt::format("trial {} was given to another process", number));
  }
  held.next_ordinal = batch.next_ordinal;
  if (reports_objective) {
    held.reported = true;
    held.reached = std::max(held.reached.value_or(fidelity), fidelity);
  }
  step();
  held.stop_seen = held.stop_seen || verdict(held) != Verdict::go_on;
  return held.stop_seen;
}

bool CallerStudy::should_stop(RunId run) {
  const std::unique_lock lock = enter();
  Held& held = this->held(run);
  if (!options_.background || tuner_->role() == TunerRole::following) step();
  held.stop_seen = held.stop_seen || verdict(held) != Verdict::go_on;
  return held.stop_seen;
}

/// The end of the curve: a trial that is told has been evaluated in full, as far as was asked.
ReportBatch CallerStudy::last_values(Held& held, std::span<const double> values) {
  const StudySpec& spec = tuner_->history().spec();
  const bool first_only = values.size() == 1 && spec.objective_count() == 1;
  if (!values.empty() && values.size() != spec.metrics.size() && !first_only) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("trial {}: {} values for {} declared metrics", held.trial.number,
                            values.size(), spec.metrics.size()));
  }
  if (values.empty() && !held.reported && !held.stop_seen) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("trial {}: no value was told and none was reported of {}",
                            held.trial.number, spec.objective().name),
                "tell the value, or tell_failed where there is none");
  }
  ReportBatch batch;
  batch.next_ordinal = held.next_ordinal;
  if (held.stop_seen) return batch;
  double fidelity = 1;
  if (held.trial.fidelity_end) {
    fidelity = *held.trial.fidelity_end;
  } else if (spec.fidelity && spec.fidelity->max) {
    fidelity = *spec.fidelity->max;
  }
  fidelity = std::max(fidelity, held.reached.value_or(fidelity));
  for (std::size_t i = 0; i < values.size(); ++i) {
    batch.reports.push_back({held.trial.run, held.trial.number, batch.next_ordinal++, fidelity,
                             static_cast<int>(i), values[i], held.busy_before_us + busy_us(held)});
  }
  put_objective_last(batch.reports);
  return batch;
}

void CallerStudy::end(RunId run, const ReportBatch& batch, RunEnd end) {
  const Held& held = held_.at(run);
  end.busy_us = busy_us(held);
  ReportBatch last = batch;
  last.next_ordinal = std::max(last.next_ordinal, held.next_ordinal);
  const std::int64_t number = held.trial.number;
  const LeaseState lease = store_.end_run(run, held.token, last, end);
  held_.erase(run);
  if (lease == LeaseState::lost && !closing_)
    throw Error(ErrorCode::conflict, fmt::format("trial {} was given to another process", number));
}

void CallerStudy::tell(RunId run, std::span<const double> values) {
  const std::unique_lock lock = enter();
  Held& held = this->held(run);
  const ReportBatch batch = last_values(held, values);
  RunEnd finished;
  if (held.stop_seen) {
    finished.outcome = verdict(held) == Verdict::pause ? RunOutcome::paused : RunOutcome::stopped;
  }
  end(run, batch, std::move(finished));
  step();
}

void CallerStudy::tell_stopped(RunId run) {
  const std::unique_lock lock = enter();
  Held& held = this->held(run);
  const ReportBatch batch = last_values(held, {});
  RunEnd stopped;
  stopped.outcome = verdict(held) == Verdict::pause ? RunOutcome::paused : RunOutcome::stopped;
  end(run, batch, std::move(stopped));
  step();
}

void CallerStudy::tell_failed(RunId run, FailKind kind, const std::string& detail) {
  const std::unique_lock lock = enter();
  const Held& held = this->held(run);
  if (kind == FailKind::none) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("trial {}: a failed trial has a kind of failure", held.trial.number));
  }
  RunEnd failed;
  failed.outcome = RunOutcome::failed;
  failed.fail_kind = kind;
  failed.detail = detail;
  end(run, {}, std::move(failed));
  step();
}

void CallerStudy::give_back(RunId run) {
  const std::unique_lock lock = enter();
  static_cast<void>(held(run));
  RunEnd given_back;
  given_back.outcome = RunOutcome::interrupted;
  given_back.detail = "given back";
  end(run, {}, std::move(given_back));
  step();
}

std::string CallerStudy::request(const std::string& kind, const Value& body,
                                 const std::string& actor) {
  const RequestId id = [&] {
    const std::unique_lock lock = enter();
    return store_.add_request(options_.study, kind, body, actor);
  }();
  const std::int64_t end = clock_.monotonic_us() + kAnswer_us;
  for (;;) {
    {
      const std::unique_lock lock = enter();
      look();
    }
    if (const auto outcome = store_.request_outcome(id)) {
      if (outcome->starts_with("refused: "))
        throw Error(ErrorCode::invalid_input, outcome->substr(9));
      return *outcome;
    }
    if (clock_.monotonic_us() > end) {
      throw Error(ErrorCode::conflict, "the process that leads the study did not answer",
                  "the request stays in the store and is handled when the leader comes to it");
    }
    ::usleep(kAnswerStep_us);
  }
}

void CallerStudy::wait(std::int64_t timeout_us) {
  std::int64_t version = 0;
  {
    const std::unique_lock lock = enter();
    version = tuner_->history().version();
  }
  store_.wait_for_change(options_.study, version, timeout_us);
}

void CallerStudy::renew() {
  const std::int64_t now = clock_.monotonic_us();
  if (held_.empty() || now < renew_at_us_) return;
  std::vector<RunLease> leases;
  for (const auto& [id, held] : held_) leases.push_back({id, held.token});
  store_.renew(worker_, leases, kRunTtl_us);
  renew_at_us_ = now + kRunTtl_us / 3;
}

void CallerStudy::work_in_background() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    try {
      if (tuner_->role() == TunerRole::leading || !held_.empty()) {
        step();
        renew();
      }
    } catch (const Error& error) {
      if (!is_transient(error.code())) {
        failure_ = std::current_exception();
        return;
      }
    }
    wake_.wait_for(lock, std::chrono::microseconds(kBackground_us), [this] { return closing_; });
  }
}

}  // namespace hone
