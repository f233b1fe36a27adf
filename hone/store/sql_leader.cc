// The leader's side of the SQL store.
#include <fmt/core.h>

#include "hone/base/assert.h"
#include "hone/store/rules.h"
#include "hone/store/sql_store.h"
#include "hone/store/sql_study.h"

namespace hone {

using sql::Connection;
using sql::Query;
using sql::StudyTransaction;
using sql::TrialRef;

namespace {

/// Carries out one action after another within a transaction.
class Actor {
 public:
  Actor(StudyTransaction& study, const LivenessProbe& probe)
      : study_(study), connection_(study.connection()), probe_(probe) {}

  void operator()(const TrialAdded& action);
  void operator()(const QueueRun& action);
  void operator()(const Judged& action);
  void operator()(const TrialMoved& action);
  void operator()(const StudyMoved& action) {
    study_.state = action.state;
    study_.commit(action, std::nullopt);
  }
  void operator()(const RequestHandled& action);
  void operator()(const Noted& action) { study_.commit(action, std::nullopt); }
  void operator()(const ReclaimRun& action);
  void operator()(const CancelRun& action);
  void operator()(const PutSpec& action);
  void operator()(const ClaimRuns& action) {
    sql::find_worker(connection_, action.worker);
    sql::take_waiting(study_, action.worker, action.count, action.ttl_us);
  }

 private:
  TrialRef trial(std::int64_t number) { return sql::find_trial(connection_, study_.id(), number); }
  sql::RunRef run(RunId id) {
    auto run = sql::find_run(connection_, id);
    if (!run || run->study != study_.id()) throw rules::no_run(id);
    return *run;
  }
  std::int64_t count(const char* text, std::int64_t trial_id) {
    Query query(connection_, text, trial_id);
    return query.step() ? query.integer(0) : 0;
  }
  void store_results(std::int64_t trial_id, const std::vector<Result>& results);

  StudyTransaction& study_;
  Connection& connection_;
  const LivenessProbe& probe_;
};

void Actor::operator()(const TrialAdded& action) {
  HONE_ASSERT(action.proposal != nullptr, "a trial is added with its proposal");
  const Proposal& proposal = *action.proposal;
  if (proposal.number != study_.next_trial)
    throw rules::wrong_number(proposal.number, study_.next_trial);
  std::optional<std::int64_t> parent;
  if (proposal.parent) parent = trial(*proposal.parent).id;
  std::int64_t id = 0;
  {
    const Hash128 key = proposal.config.key();
    Query insert(
        connection_,
        "INSERT INTO trial (study_id, number, uid, spec_version, state, origin, parent_trial_id, "
        "parent_fidelity, config, config_key, info, bracket, fidelity_target, priority, "
        "created_us) "
        "VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING "
        "trial_id",
        study_.id().value, proposal.number, proposal.uid, proposal.spec_version, proposal.origin,
        parent, proposal.parent_fidelity, proposal.config.canonical(),
        std::span<const std::uint8_t>(key), proposal.info.dump(), proposal.bracket,
        proposal.fidelity_target, proposal.priority, proposal.created_us);
    if (insert.step()) id = insert.integer(0);
  }
  ++study_.next_trial;
  study_.commit(action, id);
}

void Actor::operator()(const QueueRun& action) {
  const RunPlan& plan = action.plan;
  const TrialRef ref = trial(plan.trial);
  const std::int64_t open_runs =
      count("SELECT COUNT(*) FROM run WHERE trial_id = $1 AND state <> 3", ref.id);
  const auto queueing = rules::on_queue(plan, ref.state, ref.verdict, open_runs);
  RunId id;
  {
    Query insert(
        connection_,
        "INSERT INTO run (trial_id, study_id, replicate, segment, attempt, purpose, state, "
        "priority, "
        "verdict, resume_from, fidelity_target, seed, resources) "
        "VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12) "
        "ON CONFLICT (trial_id, replicate, segment, attempt, purpose) DO NOTHING RETURNING run_id",
        ref.id, study_.id().value, plan.replicate, plan.segment, plan.attempt, plan.purpose,
        plan.priority, queueing.run_verdict, plan.resume_from, plan.fidelity_target, plan.seed,
        plan.resources.dump());
    if (!insert.step()) throw rules::run_exists(plan);
    id = RunId{insert.integer(0)};
  }
  if (queueing.begins_anew) {
    Query(connection_,
          "UPDATE trial SET state = $2, verdict = 0, fail_kind = 0, reason = NULL, ended_us = NULL "
          "WHERE trial_id = $1",
          ref.id, queueing.state)
        .run();
    if (is_ended(ref.state)) store_results(ref.id, {});
  }
  study_.commit(RunQueued{id, plan}, ref.id);
}

void Actor::operator()(const Judged& action) {
  const TrialRef ref = trial(action.trial);
  Query(connection_, "UPDATE trial SET verdict = $2, reason = $3 WHERE trial_id = $1", ref.id,
        action.verdict, action.reason)
      .run();
  struct Touched {
    std::int64_t run;
    Verdict verdict;
    std::int64_t late_after;
  };
  std::vector<Touched> touched;
  {
    Query query(connection_,
                "SELECT run_id, state, verdict, late_after FROM run WHERE trial_id = $1", ref.id);
    while (query.step()) {
      const bool open = query.as<RunState>(1) != RunState::ended;
      const std::int64_t before = query.integer(3);
      const std::int64_t late_after = rules::late_after(before, action);
      if (!open && late_after == before) continue;
      touched.push_back(
          {query.integer(0), open ? action.verdict : query.as<Verdict>(2), late_after});
    }
  }
  for (const Touched& row : touched) {
    Query(connection_, "UPDATE run SET verdict = $2, late_after = $3 WHERE run_id = $1", row.run,
          row.verdict, row.late_after)
        .run();
  }
  study_.commit(action, ref.id);
}

void Actor::operator()(const TrialMoved& action) {
  const TrialRef ref = trial(action.trial);
  const std::int64_t waiting =
      count("SELECT COUNT(*) FROM run WHERE trial_id = $1 AND state = 0 AND purpose = 0", ref.id);
  rules::check_move(action, ref.state, waiting);
  const auto reason = action.reason.empty() ? std::nullopt : std::optional(action.reason);
  std::optional<std::int64_t> ended_us;
  if (is_ended(action.state)) ended_us = study_.now_us();
  Query(connection_,
        "UPDATE trial SET state = $2, fail_kind = $3, reason = COALESCE($4, reason), "
        "reached = COALESCE($5, reached), ended_us = $6 WHERE trial_id = $1",
        ref.id, action.state, action.fail_kind, reason, action.reached, ended_us)
      .run();
  store_results(ref.id, action.results);
  study_.commit(action, ref.id);
}

void Actor::store_results(std::int64_t trial_id, const std::vector<Result>& results) {
  Query(connection_, "DELETE FROM result WHERE trial_id = $1 AND purpose = 0", trial_id).run();
  for (const Result& result : results) {
    Query(connection_,
          "INSERT INTO result (trial_id, metric_id, purpose, value, at_fidelity, n, sd) "
          "VALUES ($1, $2, 0, $3, $4, $5, $6) ON CONFLICT (trial_id, metric_id, purpose) "
          "DO UPDATE SET value = excluded.value, at_fidelity = excluded.at_fidelity, n = "
          "excluded.n, sd = excluded.sd",
          trial_id, result.metric, result.value, result.at_fidelity, result.count, result.sd)
        .run();
  }
}

void Actor::operator()(const RequestHandled& action) {
  bool handled = false;
  {
    Query query(connection_,
                "SELECT handled_seq FROM request WHERE request_id = $1 AND study_id = $2",
                action.request.value, study_.id().value);
    if (!query.step()) throw rules::no_request(action.request);
    handled = !query.is_null(0);
  }
  if (handled) throw rules::request_handled(action.request);
  const std::int64_t seq = study_.commit(action, std::nullopt);
  Query(connection_, "UPDATE request SET handled_seq = $2, outcome = $3 WHERE request_id = $1",
        action.request.value, seq, action.outcome)
      .run();
}

void Actor::operator()(const ReclaimRun& action) {
  if (connection_.locks_rows()) {  // a renewal locks the run's row only: it comes wholly before or
                                   // is told that it lost
    Query(connection_, "SELECT 1 FROM run WHERE run_id = $1 FOR UPDATE", action.run.value).run();
  }
  const sql::RunRef ref = run(action.run);
  if (!ref.is_held(action.token)) return;
  const Holder holder = sql::find_worker(connection_, ref.worker).holder;
  if (!rules::is_lost(holder, ref.lease_until_us, study_.now_us(), probe_)) return;
  const std::int64_t busy =
      std::max<std::int64_t>(0, ref.busy_us - sql::busy_before(connection_, ref));
  // A new token: the worker, should it come back, is told that it lost the run.
  sql::end_run_row(study_, ref, ref.token + 1, rules::reclaimed_end(holder.host, busy));
}

void Actor::operator()(const CancelRun& action) {
  const sql::RunRef ref = run(action.run);
  if (ref.state != RunState::waiting) return;
  RunEnd cancelled;
  cancelled.outcome = RunOutcome::cancelled;
  sql::end_run_row(study_, ref, ref.token, cancelled);
}

void Actor::operator()(const PutSpec& action) {
  const std::int64_t version = ++study_.spec_version;
  const std::int64_t seq = study_.commit(SpecChanged{version}, std::nullopt, action.by_whom);
  Query(connection_,
        "INSERT INTO spec (study_id, version, source, body, from_seq, by_whom) VALUES ($1, $2, $3, "
        "$4, $5, $6)",
        study_.id().value, version, action.source, action.body, seq, action.by_whom)
      .run();
}

}  // namespace

LeadResult SqlStore::lead(StudyId study, const Holder& holder, std::int64_t ttl_us) {
  LeadResult result;
  write([&](Connection& connection) {
    StudyTransaction row(connection, study, clock_.now_us());
    if (row.leader != holder) {
      if (!rules::is_free(row.leader, row.leader_until_us, row.now_us(), probe_)) {
        result = {LeaseState::lost, 0, row.leader, row.leader_until_us};
        return;
      }
      row.leader = holder;
      ++row.leader_token;
    }
    row.leader_until_us = row.now_us() + ttl_us;
    row.save();
    result = {LeaseState::held, row.leader_token, std::nullopt, row.leader_until_us};
  });
  return result;
}

void SqlStore::release_lead(StudyId study, std::int64_t token) {
  write([&](Connection& connection) {
    StudyTransaction row(connection, study, clock_.now_us());
    if (row.leader_token != token || !row.leader) return;
    row.leader.reset();
    row.leader_until_us = 0;
    row.save();
  });
}

LeaseState SqlStore::apply(StudyId study, std::int64_t leader_token,
                           std::span<const Action> actions) {
  LeaseState lease = LeaseState::lost;
  write([&](Connection& connection) {
    StudyTransaction row(connection, study, clock_.now_us());
    lease = row.leader && row.leader_token == leader_token ? LeaseState::held : LeaseState::lost;
    if (lease == LeaseState::lost || actions.empty()) return;
    Actor actor(row, probe_);
    for (const Action& action : actions) std::visit(actor, action);
    row.save();
  });
  return lease;
}

std::vector<RunLease> SqlStore::lost_runs(StudyId study) {
  std::vector<RunLease> lost;
  read([&](Connection& connection) {
    lost.clear();
    Query there(connection, "SELECT 1 FROM study WHERE study_id = $1", study.value);
    if (!there.step()) throw rules::no_study(study);
    const std::int64_t now = clock_.now_us();
    Query held(connection,
               "SELECT u.run_id, u.token, u.lease_until_us, w.host, w.boot_id, w.pid, w.pid_start "
               "FROM run u JOIN worker w ON w.worker_id = u.worker_id "
               "WHERE u.study_id = $1 AND u.state IN (1, 2) ORDER BY u.run_id",
               study.value);
    while (held.step()) {
      const Holder holder{held.string(3), held.string(4), held.integer(5), held.integer(6)};
      if (rules::is_lost(holder, held.integer(2), now, probe_)) {
        lost.push_back({RunId{held.integer(0)}, held.integer(1)});
      }
    }
  });
  return lost;
}

}  // namespace hone
