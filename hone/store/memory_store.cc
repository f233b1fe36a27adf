#include "hone/store/memory_store.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/base/rng.h"
#include "hone/store/rules.h"
#include "hone/store/undo.h"

namespace hone {
namespace {

struct TrialRow {
  std::shared_ptr<const Proposal> proposal;
  TrialState state = TrialState::queued;
  Verdict verdict = Verdict::go_on;
  std::vector<RunId> runs;
  std::optional<double> value;  ///< judged, in the first objective
};

struct RunRow {
  StudyId study;
  Run run;
  Verdict verdict = Verdict::go_on;
  std::int64_t late_after = 0;
  std::int64_t lease_until_us = 0;
  std::int64_t next_ordinal = 0;
  std::int64_t reported_busy_us = 0;
  std::string parsed = "{}";
  std::optional<RunStart> start;
  bool is_held() const { return run.state == RunState::claimed || run.state == RunState::running; }
  bool is_open() const { return run.state != RunState::ended; }
};

struct RequestRow {
  StudyId study;
  Request request;
  std::optional<std::string> outcome;
};

struct StudyRow {
  StudyInfo info;
  std::int64_t leader_token = 0;
  std::int64_t metrics = 0;
  std::vector<SpecRecord> specs;
  std::vector<TrialRow> trials;
  std::vector<Change> changes;              ///< the one with commit number s is at s - 1
  std::set<std::pair<int, RunId>> waiting;  ///< by falling priority, then in order of queueing
  std::set<RunId> held;
  std::map<std::tuple<std::int64_t, LabelKind, std::string>, std::string> labels;  ///< −1: its own
};

}  // namespace

struct MemoryStore::State {
  State(const Clock& the_clock, const LivenessProbe& the_probe)
      : clock(the_clock), probe(the_probe) {}

  const Clock& clock;
  const LivenessProbe& probe;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<StudyId, StudyRow> studies;
  std::map<RunId, RunRow> runs;
  std::map<RunId, std::vector<Point>> points;
  std::map<WorkerId, WorkerInfo> workers;
  std::map<RequestId, RequestRow> requests;
  std::int64_t last_study = 0;
  std::int64_t last_run = 0;
  std::int64_t last_request = 0;
  std::function<bool(std::string_view)> faulty = [](std::string_view) { return false; };

  StudyRow& study_row(StudyId id) {
    const auto it = studies.find(id);
    if (it == studies.end()) throw rules::no_study(id);
    return it->second;
  }
  const WorkerInfo& worker_row(WorkerId id) const {
    const auto it = workers.find(id);
    if (it == workers.end()) throw rules::no_worker(id);
    return it->second;
  }
  TrialRow& trial_row(StudyRow& study, std::int64_t number) {
    if (number < 0 || number >= std::ssize(study.trials)) throw rules::no_trial(number);
    return study.trials[static_cast<std::size_t>(number)];
  }
  /// The run if this token holds it, else null.
  RunRow* held_row(RunId id, std::int64_t token) {
    const auto it = runs.find(id);
    if (it != runs.end() && faulty("fencing")) return &it->second;
    if (it == runs.end() || !it->second.is_held() || it->second.run.token != token) return nullptr;
    return &it->second;
  }
  StudyInfo info_of(const StudyRow& study) const {
    StudyInfo info = study.info;
    info.last_seq = std::ssize(study.changes);
    info.trials = std::ssize(study.trials);
    return info;
  }

  std::int64_t commit(StudyRow& study, ChangeBody body) {
    const std::int64_t seq = std::ssize(study.changes) + 1;
    study.changes.push_back({seq, clock.now_us(), std::move(body)});
    return seq;
  }

  // The leader's actions; each registers how to undo it.
  void act(StudyRow& study, const TrialAdded& action, Undo& undo);
  void act(StudyRow& study, const QueueRun& action, Undo& undo);
  void act(StudyRow& study, const Judged& action, Undo& undo);
  void act(StudyRow& study, const TrialMoved& action, Undo& undo);
  void act(StudyRow& study, const StudyMoved& action, Undo& undo);
  void act(StudyRow& study, const RequestHandled& action, Undo& undo);
  void act(StudyRow& study, const Noted& action, Undo& undo);
  void act(StudyRow& study, const ReclaimRun& action, Undo& undo);
  void act(StudyRow& study, const CancelRun& action, Undo& undo);
  void act(StudyRow& study, const PutSpec& action, Undo& undo);
  void act(StudyRow& study, const ClaimRuns& action, Undo& undo);

  std::int64_t busy_before(const StudyRow& study, const RunRow& row) const;
  Claim claim_of(const StudyRow& study, const RunRow& row) const;
  Claim take(StudyRow& study, RunRow& row, WorkerId worker, std::int64_t ttl_us);
  LeaseState start(RunId run, std::int64_t token, const RunStart& start);
  WorkerAnswer append(RunId run, std::int64_t token, const ReportBatch& batch);
  LeaseState end_of(RunId run, std::int64_t token, const ReportBatch& last, const RunEnd& end);
  void store_batch(StudyRow& study, RunRow& row, const ReportBatch& batch);
  void end(StudyRow& study, RunRow& row, const RunEnd& end);
};

MemoryStore::MemoryStore(const Clock& clock, const LivenessProbe& probe)
    : clock_(clock), probe_(probe), state_(std::make_unique<State>(clock, probe)) {}
MemoryStore::~MemoryStore() = default;

// Studies.

StudyId MemoryStore::create_study(const NewStudy& fresh) {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [id, row] : state_->studies) {
    if (row.info.project == fresh.project && row.info.name == fresh.name) {
      throw rules::study_exists(fresh.project, fresh.name);
    }
  }
  const StudyId id{++state_->last_study};
  StudyRow& row = state_->studies[id];
  row.info.id = id;
  row.info.created_us = clock_.now_us();
  row.info.uid =
      make_uid(row.info.created_us, Rng(0).split("study", static_cast<std::uint64_t>(id.value)));
  row.info.project = fresh.project;
  row.info.name = fresh.name;
  row.metrics = std::ssize(fresh.metrics);
  row.specs.push_back({1, fresh.source, fresh.body, 0});
  return id;
}

std::optional<StudyInfo> MemoryStore::find_study(const std::string& project,
                                                 const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [id, row] : state_->studies) {
    if (row.info.project == project && row.info.name == name) return state_->info_of(row);
  }
  return std::nullopt;
}

std::optional<StudyInfo> MemoryStore::study(StudyId id) {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->studies.find(id);
  if (it == state_->studies.end()) return std::nullopt;
  return state_->info_of(it->second);
}

std::vector<StudyInfo> MemoryStore::list_studies() {
  const std::lock_guard lock(state_->mutex);
  std::vector<StudyInfo> list;
  for (const auto& [id, row] : state_->studies) list.push_back(state_->info_of(row));
  return list;
}

SpecRecord MemoryStore::spec(StudyId study, std::int64_t version) {
  const std::lock_guard lock(state_->mutex);
  const StudyRow& row = state_->study_row(study);
  if (version == 0) return row.specs.back();
  if (version < 1 || version > std::ssize(row.specs)) throw rules::no_spec(study, version);
  return row.specs[static_cast<std::size_t>(version - 1)];
}

Standing MemoryStore::standing(StudyId study, Goal goal) {
  const std::lock_guard lock(state_->mutex);
  const StudyRow& row = state_->study_row(study);
  Standing standing;
  for (std::size_t number = 0; number < row.trials.size(); ++number) {
    const TrialRow& trial = row.trials[number];
    ++standing.trials.of(trial.state);
    if (trial.state != TrialState::complete || !trial.value) continue;
    if (is_better(goal, *trial.value, standing.best ? standing.best->second : NAN))
      standing.best = {static_cast<std::int64_t>(number), *trial.value};
  }
  return standing;
}

void MemoryStore::delete_study(StudyId study) {
  const std::lock_guard lock(state_->mutex);
  const StudyRow& row = state_->study_row(study);
  const std::int64_t now = clock_.now_us();
  if (!rules::is_free(row.info.leader, row.info.leader_until_us, now, probe_)) {
    throw rules::study_in_use(row.info.name, row.info.leader->text());
  }
  for (const RunId id : row.held) {
    const RunRow& run = state_->runs.at(id);
    const Holder& holder = state_->worker_row(run.run.worker).holder;
    if (rules::is_alive(holder, run.lease_until_us, now, run.start ? run.start->pid : 0,
                        run.start ? run.start->pid_start : 0, probe_)) {
      throw rules::study_in_use(row.info.name, holder.text());
    }
  }
  std::erase_if(state_->points,
                [&](const auto& entry) { return state_->runs.at(entry.first).study == study; });
  std::erase_if(state_->runs, [&](const auto& entry) { return entry.second.study == study; });
  std::erase_if(state_->requests, [&](const auto& entry) { return entry.second.study == study; });
  state_->studies.erase(study);
  state_->changed.notify_all();
}

// Leader.

LeadResult MemoryStore::lead(StudyId study, const Holder& holder, std::int64_t ttl_us) {
  const std::lock_guard lock(state_->mutex);
  StudyRow& row = state_->study_row(study);
  StudyInfo& info = row.info;
  const std::int64_t now = clock_.now_us();
  if (info.leader != holder) {
    if (!rules::is_free(info.leader, info.leader_until_us, now, probe_)) {
      return {LeaseState::lost, 0, info.leader, info.leader_until_us};
    }
    info.leader = holder;
    ++row.leader_token;
  }
  info.leader_until_us = now + ttl_us;
  return {LeaseState::held, row.leader_token, std::nullopt, info.leader_until_us};
}

void MemoryStore::release_lead(StudyId study, std::int64_t token) {
  const std::lock_guard lock(state_->mutex);
  StudyRow& row = state_->study_row(study);
  if (row.leader_token != token) return;
  row.info.leader.reset();
  row.info.leader_until_us = 0;
}

LeaseState MemoryStore::apply(StudyId study, std::int64_t leader_token,
                              std::span<const Action> actions) {
  const std::lock_guard lock(state_->mutex);
  StudyRow& row = state_->study_row(study);
  if (!row.info.leader || row.leader_token != leader_token) return LeaseState::lost;
  Undo undo;
  undo.add([this, &row, size = row.changes.size(), last_run = state_->last_run] {
    row.changes.erase(row.changes.begin() + static_cast<std::ptrdiff_t>(size), row.changes.end());
    state_->last_run = last_run;
  });
  for (const Action& action : actions) {
    std::visit([&](const auto& act) { state_->act(row, act, undo); }, action);
  }
  undo.keep();
  state_->changed.notify_all();
  return LeaseState::held;
}

void MemoryStore::State::act(StudyRow& study, const TrialAdded& action, Undo& undo) {
  HONE_ASSERT(action.proposal != nullptr, "a trial is added with its proposal");
  const Proposal& proposal = *action.proposal;
  const std::int64_t next = std::ssize(study.trials);
  if (proposal.number != next) throw rules::wrong_number(proposal.number, next);
  if (proposal.parent) trial_row(study, *proposal.parent);
  study.trials.push_back({action.proposal, TrialState::queued, Verdict::go_on, {}, {}});
  undo.add([&study] { study.trials.pop_back(); });
  commit(study, action);
}

void MemoryStore::State::act(StudyRow& study, const QueueRun& action, Undo& undo) {
  const RunPlan& plan = action.plan;
  TrialRow& trial = trial_row(study, plan.trial);
  std::int64_t open_runs = 0;
  for (const RunId id : trial.runs) {
    const RunRow& other = runs.at(id);
    const RunPlan& has = other.run.plan;
    if (has.replicate == plan.replicate && has.segment == plan.segment &&
        has.attempt == plan.attempt && has.purpose == plan.purpose) {
      throw rules::run_exists(plan);
    }
    if (other.is_open()) ++open_runs;
  }
  const auto queueing = rules::on_queue(plan, trial.state, trial.verdict, open_runs);
  const RunId id{++last_run};
  RunRow row;
  row.study = study.info.id;
  row.run.id = id;
  row.run.plan = plan;
  row.verdict = queueing.run_verdict;
  // By index, since a trial added later in the same chain may move the rows.
  undo.add([this, &study, plan, id, before = trial] {
    study.trials[static_cast<std::size_t>(plan.trial)] = before;
    study.waiting.erase({-plan.priority, id});
    runs.erase(id);
  });
  runs.emplace(id, std::move(row));
  study.waiting.emplace(-plan.priority, id);
  trial.runs.push_back(id);
  trial.state = queueing.state;
  if (queueing.begins_anew) trial.verdict = Verdict::go_on;
  commit(study, RunQueued{id, plan});
}

void MemoryStore::State::act(StudyRow& study, const Judged& action, Undo& undo) {
  TrialRow& trial = trial_row(study, action.trial);
  undo.add([&study, number = action.trial, before = trial.verdict] {
    study.trials[static_cast<std::size_t>(number)].verdict = before;
  });
  trial.verdict = action.verdict;
  for (const RunId id : trial.runs) {
    RunRow& row = runs.at(id);
    undo.restore(row);
    if (row.is_open()) row.verdict = action.verdict;
    // Also of runs that ended meanwhile: the leader that judged could not know, and left their
    // later reports out.
    row.late_after = rules::late_after(row.late_after, action);
  }
  commit(study, action);
}

void MemoryStore::State::act(StudyRow& study, const TrialMoved& action, Undo& undo) {
  TrialRow& trial = trial_row(study, action.trial);
  const auto waiting = std::count_if(trial.runs.begin(), trial.runs.end(), [&](RunId id) {
    const Run& run = runs.at(id).run;
    return run.state == RunState::waiting && run.plan.purpose == RunPurpose::search;
  });
  rules::check_move(action, trial.state, waiting);
  undo.add([&study, number = action.trial, state = trial.state, value = trial.value] {
    TrialRow& row = study.trials[static_cast<std::size_t>(number)];
    row.state = state;
    row.value = value;
  });
  trial.state = action.state;
  trial.value.reset();
  for (const Result& result : action.results) {
    if (result.metric == 0) trial.value = result.value;
  }
  commit(study, action);
}

void MemoryStore::State::act(StudyRow& study, const StudyMoved& action, Undo& undo) {
  undo.restore(study.info.state);
  study.info.state = action.state;
  commit(study, action);
}

void MemoryStore::State::act(StudyRow& study, const RequestHandled& action, Undo& undo) {
  const auto it = requests.find(action.request);
  if (it == requests.end() || it->second.study != study.info.id)
    throw rules::no_request(action.request);
  if (it->second.outcome) throw rules::request_handled(action.request);
  undo.restore(it->second.outcome);
  it->second.outcome = action.outcome;
  commit(study, action);
}

void MemoryStore::State::act(StudyRow& study, const Noted& action, Undo&) { commit(study, action); }

void MemoryStore::State::act(StudyRow& study, const ReclaimRun& action, Undo& undo) {
  const auto it = runs.find(action.run);
  if (it == runs.end() || it->second.study != study.info.id) throw rules::no_run(action.run);
  RunRow& row = it->second;
  if (!row.is_held() || row.run.token != action.token) return;
  const Holder& holder = worker_row(row.run.worker).holder;
  if (!rules::is_lost(holder, row.lease_until_us, clock.now_us(), probe)) return;
  undo.restore(row);
  undo.add([&study, id = action.run] { study.held.insert(id); });
  const std::int64_t busy =
      std::max<std::int64_t>(0, row.reported_busy_us - busy_before(study, row));
  ++row.run.token;  // the worker, should it come back, is told that it lost the run
  end(study, row, rules::reclaimed_end(holder.host, busy));
}

void MemoryStore::State::act(StudyRow& study, const CancelRun& action, Undo& undo) {
  const auto it = runs.find(action.run);
  if (it == runs.end() || it->second.study != study.info.id) throw rules::no_run(action.run);
  RunRow& row = it->second;
  if (row.run.state != RunState::waiting) return;
  undo.restore(row);
  const std::pair<int, RunId> place{-row.run.plan.priority, action.run};
  undo.add([&study, place] { study.waiting.insert(place); });
  study.waiting.erase(place);
  RunEnd cancelled;
  cancelled.outcome = RunOutcome::cancelled;
  end(study, row, cancelled);
}

void MemoryStore::State::act(StudyRow& study, const PutSpec& action, Undo& undo) {
  const std::int64_t version = std::ssize(study.specs) + 1;
  undo.restore(study.info.spec_version);
  undo.add([&study] { study.specs.pop_back(); });
  const std::int64_t seq = commit(study, SpecChanged{version});
  study.specs.push_back({version, action.source, action.body, seq});
  study.info.spec_version = version;
}

void MemoryStore::State::act(StudyRow& study, const ClaimRuns& action, Undo& undo) {
  worker_row(action.worker);
  for (int i = 0; i < action.count && !study.waiting.empty(); ++i) {
    const auto place = *study.waiting.begin();
    RunRow& row = runs.at(place.second);
    const std::int64_t trial = row.run.plan.trial;
    undo.restore(row);
    undo.add([&study, place, trial, before = study.trials[static_cast<std::size_t>(trial)].state] {
      study.trials[static_cast<std::size_t>(trial)].state = before;
      study.waiting.insert(place);
      study.held.erase(place.second);
    });
    study.waiting.erase(place);
    study.held.insert(place.second);
    take(study, row, action.worker, action.ttl_us);
  }
}

std::vector<RunLease> MemoryStore::lost_runs(StudyId study) {
  const std::lock_guard lock(state_->mutex);
  const StudyRow& row = state_->study_row(study);
  std::vector<RunLease> lost;
  for (const RunId id : row.held) {
    const RunRow& run = state_->runs.at(id);
    const Holder& holder = state_->worker_row(run.run.worker).holder;
    if (rules::is_lost(holder, run.lease_until_us, clock_.now_us(), probe_)) {
      lost.push_back({id, run.run.token});
    }
  }
  return lost;
}

void MemoryStore::set_fault(std::function<bool(std::string_view)> is_on) {
  state_->faulty = std::move(is_on);
}

// Workers.

WorkerId MemoryStore::register_worker(const WorkerInfo& worker) {
  const std::lock_guard lock(state_->mutex);
  for (auto& [id, known] : state_->workers) {
    if (known.uid != worker.uid) continue;
    if (known.holder != worker.holder) throw rules::worker_exists(worker);
    known = worker;
    return id;
  }
  const WorkerId id{std::ssize(state_->workers) + 1};
  state_->workers.emplace(id, worker);
  return id;
}

/// Time that runs of the same trial, replicate and purpose worked before this one.
std::int64_t MemoryStore::State::busy_before(const StudyRow& study, const RunRow& row) const {
  const RunPlan& plan = row.run.plan;
  std::int64_t sum = 0;
  for (const RunId id : study.trials[static_cast<std::size_t>(plan.trial)].runs) {
    const Run& other = runs.at(id).run;
    if (other.state != RunState::ended || other.plan.replicate != plan.replicate) continue;
    if (other.plan.purpose == plan.purpose) sum += other.end.busy_us;
  }
  return sum;
}

Claim MemoryStore::State::claim_of(const StudyRow& study, const RunRow& row) const {
  Claim claim;
  claim.run = row.run;
  claim.proposal = study.trials[static_cast<std::size_t>(row.run.plan.trial)].proposal;
  claim.verdict = row.verdict;
  claim.next_ordinal = row.next_ordinal;
  claim.parsed = row.parsed;
  claim.started = row.run.state == RunState::running ? rules::start_value(*row.start).dump() : "{}";
  claim.busy_before_us = busy_before(study, row);
  return claim;
}

Claim MemoryStore::State::take(StudyRow& study, RunRow& row, WorkerId worker, std::int64_t ttl_us) {
  TrialRow& trial = study.trials[static_cast<std::size_t>(row.run.plan.trial)];
  const std::int64_t now = clock.now_us();
  if (row.run.state == RunState::waiting) {
    row.run.state = RunState::claimed;
    row.run.started_us = now;
  }
  ++row.run.token;
  row.run.worker = worker;
  row.lease_until_us = now + ttl_us;
  trial.state = rules::on_claim(row.run.plan.purpose, trial.state);
  commit(study, RunClaimed{row.run.id, row.run.plan.trial, row.run.token, worker});
  return claim_of(study, row);
}

std::vector<Claim> MemoryStore::claim(StudyId study, WorkerId worker, int count,
                                      std::int64_t ttl_us) {
  const std::lock_guard lock(state_->mutex);
  StudyRow& row = state_->study_row(study);
  state_->worker_row(worker);
  std::vector<Claim> claims;
  while (std::ssize(claims) < count && !row.waiting.empty()) {
    const RunId id = row.waiting.begin()->second;
    row.waiting.erase(row.waiting.begin());
    row.held.insert(id);
    claims.push_back(state_->take(row, state_->runs.at(id), worker, ttl_us));
  }
  if (claims.empty() && count > 0 && !row.held.empty() && state_->faulty("claim_twice")) {
    claims.push_back(state_->take(row, state_->runs.at(*row.held.begin()), worker, ttl_us));
  }
  if (!claims.empty()) state_->changed.notify_all();
  return claims;
}

std::vector<Claim> MemoryStore::take_over(StudyId study, WorkerId worker, std::int64_t ttl_us) {
  const std::lock_guard lock(state_->mutex);
  StudyRow& row = state_->study_row(study);
  const Holder& heir = state_->worker_row(worker).holder;
  std::vector<Claim> claims;
  for (const RunId id : row.held) {
    RunRow& run = state_->runs.at(id);
    if (!rules::may_take_over(state_->worker_row(run.run.worker).holder, heir, probe_)) continue;
    claims.push_back(state_->take(row, run, worker, ttl_us));
  }
  if (!claims.empty()) state_->changed.notify_all();
  return claims;
}

std::vector<Claim> MemoryStore::held(WorkerId worker) {
  const std::lock_guard lock(state_->mutex);
  state_->worker_row(worker);
  std::vector<Claim> claims;
  for (const auto& [id, study] : state_->studies) {
    for (const RunId run : study.held) {
      const RunRow& row = state_->runs.at(run);
      if (row.run.worker == worker) claims.push_back(state_->claim_of(study, row));
    }
  }
  return claims;
}

LeaseState MemoryStore::State::start(RunId run, std::int64_t token, const RunStart& start) {
  RunRow* row = held_row(run, token);
  if (row == nullptr) return LeaseState::lost;
  row->run.state = RunState::running;
  row->start = start;
  return LeaseState::held;
}

LeaseState MemoryStore::start_run(RunId run, std::int64_t token, const RunStart& start) {
  const std::lock_guard lock(state_->mutex);
  return state_->start(run, token, start);
}

std::vector<WorkerAnswer> MemoryStore::renew(WorkerId worker, std::span<const RunLease> runs,
                                             std::int64_t ttl_us) {
  const std::lock_guard lock(state_->mutex);
  state_->worker_row(worker);
  std::vector<WorkerAnswer> answers;
  for (const RunLease& lease : runs) {
    RunRow* row = state_->held_row(lease.run, lease.token);
    if (row == nullptr || row->run.worker != worker) {
      answers.push_back({LeaseState::lost, Verdict::go_on});
      continue;
    }
    row->lease_until_us = clock_.now_us() + ttl_us;
    answers.push_back({LeaseState::held, row->verdict});
  }
  return answers;
}

std::vector<WorkerAnswer> MemoryStore::check(std::span<const RunLease> runs) {
  const std::lock_guard lock(state_->mutex);
  std::vector<WorkerAnswer> answers;
  for (const RunLease& lease : runs) {
    const RunRow* row = state_->held_row(lease.run, lease.token);
    answers.push_back(row == nullptr ? WorkerAnswer{}
                                     : WorkerAnswer{LeaseState::held, row->verdict});
  }
  return answers;
}

void MemoryStore::State::store_batch(StudyRow& study, RunRow& row, const ReportBatch& batch) {
  const auto part =
      rules::new_part(batch, faulty("append_twice") ? 0 : row.next_ordinal, study.metrics);
  for (std::size_t i = part.first_report; i < batch.reports.size(); ++i) {
    Report report = batch.reports[i];
    report.run = row.run.id;
    report.trial = row.run.plan.trial;
    report.value = rules::stored_value(report.value);
    row.reported_busy_us = std::max(row.reported_busy_us, report.busy_us);
    commit(study, Reported{report, false});
  }
  if (part.points) {
    auto& stored = points[row.run.id];
    stored.insert(stored.end(), batch.points.begin(), batch.points.end());
  }
  if (part.parsed) row.parsed = batch.parsed;
  row.next_ordinal = std::max(row.next_ordinal, batch.next_ordinal);
  changed.notify_all();
}

void MemoryStore::State::end(StudyRow& study, RunRow& row, const RunEnd& how) {
  study.held.erase(row.run.id);
  row.run.state = RunState::ended;
  row.run.ended_us = clock.now_us();
  row.run.end = how;
  commit(study, RunEnded{row.run.id, row.run.plan.trial, how});
}

WorkerAnswer MemoryStore::State::append(RunId run, std::int64_t token, const ReportBatch& batch) {
  RunRow* row = held_row(run, token);
  if (row == nullptr) return {LeaseState::lost, Verdict::go_on};
  store_batch(study_row(row->study), *row, batch);
  return {LeaseState::held, row->verdict};
}

LeaseState MemoryStore::State::end_of(RunId run, std::int64_t token, const ReportBatch& last,
                                      const RunEnd& how) {
  const auto it = runs.find(run);
  if (it == runs.end() || it->second.run.token != token) return LeaseState::lost;
  RunRow& row = it->second;
  if (row.run.state == RunState::ended && token > 0) return LeaseState::held;
  if (!row.is_held()) return LeaseState::lost;
  StudyRow& study = study_row(row.study);
  store_batch(study, row, last);
  end(study, row, how);
  return LeaseState::held;
}

WorkerAnswer MemoryStore::append(RunId run, std::int64_t token, const ReportBatch& batch) {
  const std::lock_guard lock(state_->mutex);
  return state_->append(run, token, batch);
}

LeaseState MemoryStore::end_run(RunId run, std::int64_t token, const ReportBatch& last,
                                const RunEnd& end) {
  const std::lock_guard lock(state_->mutex);
  return state_->end_of(run, token, last, end);
}

std::vector<WorkerAnswer> MemoryStore::write_runs(std::span<const RunWrite> writes) {
  const std::lock_guard lock(state_->mutex);
  for (const RunWrite& each :
       writes) {  // all or nothing: mistakes are found before the first write
    const auto it = state_->runs.find(each.run);
    if (it == state_->runs.end() || !each.batch) continue;
    rules::new_part(*each.batch, it->second.next_ordinal,
                    state_->study_row(it->second.study).metrics);
  }
  std::vector<WorkerAnswer> answers;
  for (const RunWrite& each : writes) {
    WorkerAnswer answer{LeaseState::held, Verdict::go_on};
    const auto it = state_->runs.find(each.run);
    if (it != state_->runs.end()) answer.verdict = it->second.verdict;
    if (each.start &&
        !(each.end && it != state_->runs.end() && it->second.run.state == RunState::ended)) {
      answer.lease = state_->start(each.run, each.token, *each.start);
    }
    if (answer.lease == LeaseState::held && each.end) {
      answer.lease =
          state_->end_of(each.run, each.token, each.batch.value_or(ReportBatch{}), *each.end);
    } else if (answer.lease == LeaseState::held && each.batch) {
      answer.lease = state_->append(each.run, each.token, *each.batch).lease;
    }
    answers.push_back(answer.lease == LeaseState::held ? answer : WorkerAnswer{});
  }
  return answers;
}

// Readers.

std::vector<Change> MemoryStore::changes_since(StudyId study, std::int64_t after,
                                               std::int64_t limit) {
  const std::lock_guard lock(state_->mutex);
  const StudyRow& row = state_->study_row(study);
  const std::int64_t first = std::clamp<std::int64_t>(after, 0, std::ssize(row.changes));
  const std::int64_t size = std::clamp<std::int64_t>(limit, 0, std::ssize(row.changes) - first);
  std::vector<Change> page(row.changes.begin() + first, row.changes.begin() + first + size);
  for (Change& change : page) {
    auto* reported = std::get_if<Reported>(&change.body);
    if (reported == nullptr) continue;
    reported->late = rules::is_late(state_->runs.at(reported->report.run).late_after, change.seq);
  }
  return page;
}

bool MemoryStore::wait_for_change(StudyId study, std::int64_t after, std::int64_t timeout_us) {
  std::unique_lock lock(state_->mutex);
  const auto is_there = [&] {
    if (std::ssize(state_->study_row(study).changes) > after) return true;
    return std::any_of(state_->requests.begin(), state_->requests.end(), [&](const auto& entry) {
      return entry.second.study == study && !entry.second.outcome;
    });
  };
  return state_->changed.wait_for(lock, std::chrono::microseconds(timeout_us), is_there);
}

Store::RunDetail MemoryStore::run_detail(RunId run) {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->runs.find(run);
  if (it == state_->runs.end()) throw rules::no_run(run);
  const RunRow& row = it->second;
  RunDetail detail;
  if (row.start) detail.started = rules::start_value(*row.start).dump();
  if (row.start && !row.start->environment.empty()) detail.environment = row.start->environment;
  detail.parsed = row.parsed;
  return detail;
}

void MemoryStore::visit_points(RunId run, const SeePoints& see) {
  std::vector<Point> points;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->runs.contains(run)) throw rules::no_run(run);
    if (const auto it = state_->points.find(run); it != state_->points.end()) points = it->second;
  }
  if (!points.empty()) see(points);
}

// Requests.

RequestId MemoryStore::add_request(StudyId study, const std::string& kind, const Value& body,
                                   const std::string& actor) {
  const std::lock_guard lock(state_->mutex);
  state_->study_row(study);
  const RequestId id{++state_->last_request};
  state_->requests[id] = {study, {id, kind, body, actor, clock_.now_us()}, std::nullopt};
  state_->changed.notify_all();
  return id;
}

std::vector<Request> MemoryStore::open_requests(StudyId study) {
  const std::lock_guard lock(state_->mutex);
  state_->study_row(study);
  std::vector<Request> open;
  for (const auto& [id, row] : state_->requests) {
    if (row.study == study && !row.outcome) open.push_back(row.request);
  }
  return open;
}

std::optional<std::string> MemoryStore::request_outcome(RequestId request) {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->requests.find(request);
  if (it == state_->requests.end()) throw rules::no_request(request);
  return it->second.outcome;
}

// Labels.

std::vector<Label> MemoryStore::labels(StudyId study) {
  const std::lock_guard lock(state_->mutex);
  std::vector<Label> labels;
  for (const auto& [key, text] : state_->study_row(study).labels) {
    const auto& [trial, kind, name] = key;
    labels.push_back({trial < 0 ? std::nullopt : std::optional(trial), kind, name, text});
  }
  return labels;
}

void MemoryStore::edit_labels(StudyId study, std::span<const LabelEdit> edits,
                              const std::string& /*actor*/) {
  const std::lock_guard lock(state_->mutex);
  StudyRow& row = state_->study_row(study);
  for (const auto& [label, remove] : edits) {
    if (label.trial) state_->trial_row(row, *label.trial);
  }
  for (const auto& [label, remove] : edits) {
    const std::tuple key(label.trial.value_or(-1), label.kind, label.name);
    if (remove && label.name.empty()) {
      std::erase_if(row.labels, [&](const auto& entry) {
        return std::get<0>(entry.first) == label.trial.value_or(-1) &&
               std::get<1>(entry.first) == label.kind;
      });
    } else if (remove) {
      row.labels.erase(key);
    } else {
      row.labels[key] = label.text;
    }
  }
}

}  // namespace hone
