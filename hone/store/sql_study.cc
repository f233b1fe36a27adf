#include "hone/store/sql_study.h"

#include <fmt/core.h>

#include "hone/store/rules.h"

namespace hone::sql {
namespace {

Value parse_json(std::string_view text, const char* what) {
  auto value = Value::parse(text);
  if (!value) {
    throw Error(ErrorCode::store_corrupt,
                fmt::format("{} in the store is no JSON: {:.80}", what, text));
  }
  return std::move(*value);
}

const char* const kSelectStudy =
    "SELECT name, state, spec_version, next_seq, next_trial, leader_token, leader, leader_until_us "
    "FROM study WHERE study_id = $1";
const char* const kSelectStudyLocked =
    "SELECT name, state, spec_version, next_seq, next_trial, leader_token, leader, leader_until_us "
    "FROM study WHERE study_id = $1 FOR UPDATE";

}  // namespace

StudyTransaction::StudyTransaction(Connection& connection, StudyId study, std::int64_t now_us)
    : connection_(connection), id_(study), now_us_(now_us) {
  Query query(connection, connection.locks_rows() ? kSelectStudyLocked : kSelectStudy, study.value);
  if (!query.step()) throw rules::no_study(study);
  name = query.string(0);
  state = query.as<StudyState>(1);
  spec_version = query.integer(2);
  next_seq_ = first_seq_ = query.integer(3);
  next_trial = query.integer(4);
  leader_token = query.integer(5);
  if (!query.is_null(6)) leader = Holder::parse(query.text(6));
  leader_until_us = query.integer(7);
}

std::int64_t StudyTransaction::metric_count() {
  if (!metric_count_) {
    Query query(connection_, "SELECT COUNT(*) FROM metric WHERE study_id = $1", id_.value);
    metric_count_ = query.step() ? query.integer(0) : 0;
  }
  return *metric_count_;
}

std::int64_t StudyTransaction::commit(const ChangeBody& body, std::optional<std::int64_t> trial_id,
                                      std::string_view actor) {
  const std::int64_t seq = take_seq();
  Query(connection_,
        "INSERT INTO event (study_id, seq, kind, at_us, trial_id, run_id, actor, body) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id_.value, seq, event_kind(body), now_us_, trial_id, run_of(body), actor,
        event_body(body).dump())
      .run();
  return seq;
}

void StudyTransaction::save() {
  Query(connection_,
        "UPDATE study SET state = $2, spec_version = $3, next_seq = $4, next_trial = $5, "
        "leader_token = $6, "
        "leader = $7, leader_until_us = $8 WHERE study_id = $1",
        id_.value, state, spec_version, next_seq_, next_trial, leader_token,
        leader ? std::optional(leader->text()) : std::nullopt, leader_until_us)
      .run();
  if (next_seq_ != first_seq_) connection_.announce();
}

TrialRef find_trial(Connection& connection, StudyId study, std::int64_t number) {
  Query query(connection,
              "SELECT trial_id, state, verdict FROM trial WHERE study_id = $1 AND number = $2",
              study.value, number);
  if (!query.step()) throw rules::no_trial(number);
  return {query.integer(0), query.as<TrialState>(1), query.as<Verdict>(2)};
}

std::optional<RunRef> find_run(Connection& connection, RunId run) {
  Query query(connection,
              "SELECT u.study_id, u.trial_id, t.number, u.replicate, u.purpose, u.state, u.token, "
              "u.worker_id, "
              "u.lease_until_us, u.verdict, u.next_ordinal, u.busy_us, u.pid, u.pid_start "
              "FROM run u JOIN trial t ON t.trial_id = u.trial_id WHERE u.run_id = $1",
              run.value);
  if (!query.step()) return std::nullopt;
  RunRef ref;
  ref.id = run;
  ref.study = StudyId{query.integer(0)};
  ref.trial_id = query.integer(1);
  ref.trial = query.integer(2);
  ref.replicate = query.small(3);
  ref.purpose = query.as<RunPurpose>(4);
  ref.state = query.as<RunState>(5);
  ref.token = query.integer(6);
  ref.worker = WorkerId{query.maybe_integer(7).value_or(-1)};
  ref.lease_until_us = query.integer(8);
  ref.verdict = query.as<Verdict>(9);
  ref.next_ordinal = query.integer(10);
  ref.busy_us = query.integer(11);
  ref.pid = query.maybe_integer(12).value_or(0);
  ref.pid_start = query.maybe_integer(13).value_or(0);
  return ref;
}

std::optional<RunRef> lock_run(Connection& connection, RunId run) {
  if (connection.locks_rows()) {
    Query(connection,
          "SELECT 1 FROM study WHERE study_id = (SELECT study_id FROM run WHERE run_id = $1) FOR "
          "UPDATE",
          run.value)
        .run();
  }
  return find_run(connection, run);
}

std::int64_t busy_before(Connection& connection, const RunRef& run) {
  Query query(connection,
              "SELECT CAST(COALESCE(SUM(busy_us), 0) AS BIGINT) FROM run "
              "WHERE trial_id = $1 AND replicate = $2 AND purpose = $3 AND state = 3",
              run.trial_id, run.replicate, run.purpose);
  return query.step() ? query.integer(0) : 0;
}

void end_run_row(StudyTransaction& study, const RunRef& run, std::int64_t new_token,
                 const RunEnd& end) {
  Connection& connection = study.connection();
  Query(connection,
        "UPDATE run SET state = 3, token = $2, ended_us = $3, busy_us = $4, peak_bytes = $5, "
        "peak_gpu_bytes = $6, "
        "exit_code = $7, signal = $8, fail_kind = $9, detail = $10 WHERE run_id = $1",
        run.id.value, new_token, study.now_us(), end.busy_us, end.peak_bytes, end.peak_gpu_bytes,
        end.exit_code, end.signal, end.fail_kind, end.detail)
      .run();
  if (run.purpose == RunPurpose::search && end.busy_us != 0) {
    Query(connection, "UPDATE trial SET busy_us = busy_us + $2 WHERE trial_id = $1", run.trial_id,
          end.busy_us)
        .run();
  }
  study.commit(RunEnded{run.id, run.trial, end}, run.trial_id);
}

WorkerRef find_worker(Connection& connection, WorkerId worker) {
  Query query(connection, "SELECT host, boot_id, pid, pid_start FROM worker WHERE worker_id = $1",
              worker.value);
  if (!query.step()) throw rules::no_worker(worker);
  return {{query.string(0), query.string(1), query.integer(2), query.integer(3)}};
}

const char* const kProposalColumns =
    "t.number, t.uid, t.spec_version, t.origin, p.number, t.parent_fidelity, t.config, t.info, "
    "t.bracket, "
    "t.fidelity_target, t.priority, t.created_us";
constexpr int kProposalWidth = 12;

std::shared_ptr<const Proposal> read_proposal(const Query& query, int first) {
  auto proposal = std::make_shared<Proposal>();
  proposal->number = query.integer(first);
  proposal->uid = query.string(first + 1);
  proposal->spec_version = query.integer(first + 2);
  proposal->origin = query.as<TrialOrigin>(first + 3);
  proposal->parent = query.maybe_integer(first + 4);
  proposal->parent_fidelity = query.maybe_real(first + 5);
  auto config = Config::parse(query.text(first + 6));
  if (!config) {
    throw Error(ErrorCode::store_corrupt,
                fmt::format("the configuration of trial {} in the store is no JSON object",
                            proposal->number));
  }
  proposal->config = std::move(*config);
  proposal->info = parse_json(query.text(first + 7), "the info of a trial");
  proposal->bracket = query.small(first + 8);
  proposal->fidelity_target = query.maybe_real(first + 9);
  proposal->priority = query.small(first + 10);
  proposal->created_us = query.integer(first + 11);
  return proposal;
}

const std::string& select_claims() {
  static const std::string text =
      std::string("SELECT ") + kProposalColumns +
      ", u.run_id, u.replicate, u.segment, u.attempt, u.purpose, u.resume_from, u.fidelity_target, "
      "u.seed, "
      "u.resources, u.priority, u.state, u.token, u.worker_id, u.started_us, u.verdict, "
      "u.next_ordinal, u.parsed, "
      "u.argv, u.folder, u.pid, u.pid_start, u.devices, "
      "(SELECT CAST(COALESCE(SUM(b.busy_us), 0) AS BIGINT) FROM run b WHERE b.trial_id = "
      "u.trial_id "
      "AND b.replicate = u.replicate AND b.purpose = u.purpose AND b.state = 3) "
      "FROM run u JOIN trial t ON t.trial_id = u.trial_id LEFT JOIN trial p ON p.trial_id = "
      "t.parent_trial_id ";
  return text;
}

std::string read_start(const Query& query, int first) {
  RunStart start;
  const Value argv = parse_json(query.text(first), "the command of a run");
  if (argv.is_list()) {
    for (const Value& arg : argv.as_list())
      start.argv.push_back(arg.is_string() ? arg.as_string() : arg.dump());
  }
  start.folder = query.string(first + 1);
  start.pid = query.maybe_integer(first + 2).value_or(0);
  start.pid_start = query.maybe_integer(first + 3).value_or(0);
  start.devices = query.string(first + 4);
  return rules::start_value(start).dump();
}

Claim read_claim(const Query& query) {
  Claim claim;
  claim.proposal = read_proposal(query, 0);
  int c = kProposalWidth;
  Run& run = claim.run;
  RunPlan& plan = run.plan;
  plan.trial = claim.proposal->number;
  run.id = RunId{query.integer(c++)};
  plan.replicate = query.small(c++);
  plan.segment = query.small(c++);
  plan.attempt = query.small(c++);
  plan.purpose = query.as<RunPurpose>(c++);
  plan.resume_from = query.string(c++);
  plan.fidelity_target = query.maybe_real(c++);
  plan.seed = query.integer(c++);
  plan.resources = parse_json(query.text(c++), "the resources of a run");
  plan.priority = query.small(c++);
  run.state = query.as<RunState>(c++);
  run.token = query.integer(c++);
  run.worker = WorkerId{query.maybe_integer(c++).value_or(-1)};
  run.started_us = query.maybe_integer(c++).value_or(0);
  claim.verdict = query.as<Verdict>(c++);
  claim.next_ordinal = query.integer(c++);
  claim.parsed = query.string(c++);
  if (run.state == RunState::running) claim.started = read_start(query, c);
  claim.busy_before_us = query.integer(c + 5);
  return claim;
}

RunLease take(StudyTransaction& study, std::int64_t run, WorkerId worker, std::int64_t ttl_us) {
  Connection& connection = study.connection();
  std::int64_t trial_id = 0;
  RunClaimed claimed{RunId{run}, -1, 0, worker};
  auto purpose = RunPurpose::search;
  {
    Query query(connection,
                "UPDATE run SET state = CASE WHEN state = 0 THEN 1 ELSE state END, token = token + "
                "1, worker_id = $2, "
                "lease_until_us = $3, started_us = COALESCE(started_us, $4) WHERE run_id = $1 "
                "RETURNING trial_id, token, purpose",
                run, worker.value, study.now_us() + ttl_us, study.now_us());
    query.step();
    trial_id = query.integer(0);
    claimed.token = query.integer(1);
    purpose = query.as<RunPurpose>(2);
    query.run();
  }
  {
    Query query(connection, "SELECT number, state FROM trial WHERE trial_id = $1", trial_id);
    query.step();
    claimed.trial = query.integer(0);
    const auto before = query.as<TrialState>(1);
    const auto after = rules::on_claim(purpose, before);
    if (after != before) {
      Query(connection, "UPDATE trial SET state = $2 WHERE trial_id = $1", trial_id, after).run();
    }
  }
  study.commit(claimed, trial_id);
  return {claimed.run, claimed.token};
}

std::vector<RunLease> take_waiting(StudyTransaction& study, WorkerId worker, int count,
                                   std::int64_t ttl_us) {
  std::vector<std::int64_t> runs;
  {
    Query waiting(study.connection(),
                  "SELECT run_id FROM run WHERE study_id = $1 AND state = 0 ORDER BY priority "
                  "DESC, run_id LIMIT $2",
                  study.id().value, count);
    while (waiting.step()) runs.push_back(waiting.integer(0));
  }
  std::vector<RunLease> taken;
  for (const std::int64_t run : runs) taken.push_back(take(study, run, worker, ttl_us));
  return taken;
}

}  // namespace hone::sql
