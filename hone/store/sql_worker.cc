// The workers' side of the SQL store.
#include <algorithm>

#include "hone/base/hash.h"
#include "hone/store/rules.h"
#include "hone/store/sql_store.h"
#include "hone/store/sql_study.h"

namespace hone {

using sql::Connection;
using sql::Query;
using sql::RunRef;
using sql::StudyTransaction;
using sql::take;

namespace {

void store_batch(StudyTransaction& study, const RunRef& run, const ReportBatch& batch) {
  Connection& connection = study.connection();
  const std::int64_t metrics = batch.reports.empty() ? 0 : study.metric_count();
  const auto part = rules::new_part(batch, run.next_ordinal, metrics);
  std::int64_t busy_us = run.busy_us;
  for (std::size_t i = part.first_report; i < batch.reports.size(); ++i) {
    const Report& report = batch.reports[i];
    busy_us = std::max(busy_us, report.busy_us);
    Query(connection,
          "INSERT INTO report (study_id, seq, run_id, ordinal, fidelity, metric_id, value, at_us, "
          "busy_us) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
          run.study.value, study.take_seq(), run.id.value, report.ordinal, report.fidelity,
          report.metric, rules::stored_value(report.value), study.now_us(), report.busy_us)
        .run();
  }
  if (part.points && !batch.points.empty()) sql::store_points(connection, run.id, batch.points);
  if (!part.parsed) return;
  Query(connection, "UPDATE run SET next_ordinal = $2, parsed = $3, busy_us = $4 WHERE run_id = $1",
        run.id.value, batch.next_ordinal, batch.parsed, busy_us)
      .run();
}

void store_start(Connection& connection, RunId run, const RunStart& start) {
  const Hash128 key = hash128(start.environment);
  const auto environment =
      start.environment.empty() ? std::nullopt : std::optional(std::span<const std::uint8_t>(key));
  if (environment) {
    Query(connection,
          "INSERT INTO environment (environment_id, body) VALUES ($1, $2) ON CONFLICT "
          "(environment_id) DO NOTHING",
          environment, start.environment)
        .run();
  }
  Value::List argv(start.argv.begin(), start.argv.end());
  Query(connection,
        "UPDATE run SET state = 2, argv = $2, folder = $3, pid = $4, pid_start = $5, devices = $6, "
        "environment_id = $7 WHERE run_id = $1",
        run.value, Value(std::move(argv)).dump(), start.folder, start.pid, start.pid_start,
        start.devices, environment)
      .run();
}

/// Stores the parts of one run, if this token holds it. `study`: the locked row of the study that
/// the transaction has changed so far; saved by the caller, or here when a run is another study's.
WorkerAnswer write_parts(Connection& connection, std::int64_t now_us,
                         const SqlStore::PartsOfRun& parts,
                         std::optional<StudyTransaction>& study) {
  const auto ref = sql::lock_run(connection, parts.run);
  if (!ref || ref->token != parts.token || parts.token <= 0) return {};
  const bool told_before = parts.end != nullptr && ref->state == RunState::ended;
  if (told_before) return {LeaseState::held, ref->verdict};
  if (!ref->is_held(parts.token)) return {};
  if (parts.start != nullptr) store_start(connection, ref->id, *parts.start);
  if (parts.batch != nullptr || parts.end != nullptr) {
    if (study && study->id() != ref->study) {
      study->save();
      study.reset();
    }
    if (!study) study.emplace(connection, ref->study, now_us);
    if (parts.batch != nullptr) store_batch(*study, *ref, *parts.batch);
    if (parts.end != nullptr) sql::merge_points(connection, ref->id);
    if (parts.end != nullptr) sql::end_run_row(*study, *ref, ref->token, *parts.end);
  }
  return {LeaseState::held, ref->verdict};
}

}  // namespace

WorkerId SqlStore::register_worker(const WorkerInfo& worker) {
  WorkerId id;
  write([&](Connection& connection) {
    const Holder& holder = worker.holder;
    Query upsert(
        connection,
        "INSERT INTO worker (uid, host, boot_id, pid, pid_start, version, resources, seen_us) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (uid) DO UPDATE SET version = "
        "excluded.version, "
        "resources = excluded.resources, seen_us = excluded.seen_us WHERE worker.host = "
        "excluded.host "
        "AND worker.boot_id = excluded.boot_id AND worker.pid = excluded.pid "
        "AND worker.pid_start = excluded.pid_start RETURNING worker_id",
        worker.uid, holder.host, holder.boot_id, holder.pid, holder.pid_start, worker.version,
        worker.resources, clock_.now_us());
    if (!upsert.step()) throw rules::worker_exists(worker);
    id = WorkerId{upsert.integer(0)};
  });
  return id;
}

/// Asked before a writing transaction, so that workers who look for work in vain do not queue for
/// the file.
bool SqlStore::has_waiting_runs(StudyId study, WorkerId worker) {
  bool any = false;
  read([&](Connection& connection) {
    Query there(connection, "SELECT 1 FROM study WHERE study_id = $1", study.value);
    if (!there.step()) throw rules::no_study(study);
    sql::find_worker(connection, worker);
    Query query(connection, "SELECT 1 FROM run WHERE study_id = $1 AND state = 0 LIMIT 1",
                study.value);
    any = query.step();
  });
  return any;
}

/// The runs in the hands of dead workers that `worker` may take over.
std::vector<std::int64_t> SqlStore::orphaned_runs(Connection& connection, StudyId study,
                                                  WorkerId worker) const {
  const Holder heir = sql::find_worker(connection, worker).holder;
  std::vector<std::int64_t> runs;
  Query held(connection,
             "SELECT u.run_id, w.host, w.boot_id, w.pid, w.pid_start "
             "FROM run u JOIN worker w ON w.worker_id = u.worker_id "
             "WHERE u.study_id = $1 AND u.state IN (1, 2) AND u.worker_id <> $2 ORDER BY u.run_id",
             study.value, worker.value);
  while (held.step()) {
    const Holder holder{held.string(1), held.string(2), held.integer(3), held.integer(4)};
    if (rules::may_take_over(holder, heir, probe_)) runs.push_back(held.integer(0));
  }
  return runs;
}

/// What the worker must know of the runs that it has taken; read after the commit, so that parsing
/// holds nobody up. A run that was lost again meanwhile is left out.
std::vector<Claim> SqlStore::describe(const std::vector<RunLease>& taken) {
  std::vector<Claim> claims;
  if (taken.empty()) return claims;
  read([&](Connection& connection) {
    static const std::string text =
        sql::select_claims() + "WHERE u.run_id = $1 AND u.token = $2 AND u.state IN (1, 2)";
    claims.clear();
    for (const RunLease& lease : taken) {
      Query query(connection, text, lease.run.value, lease.token);
      if (query.step()) claims.push_back(sql::read_claim(query));
    }
  });
  return claims;
}

std::vector<Claim> SqlStore::claim(StudyId study, WorkerId worker, int count, std::int64_t ttl_us) {
  if (count <= 0 || !has_waiting_runs(study, worker)) return {};
  std::vector<RunLease> taken;
  write([&](Connection& connection) {
    taken.clear();
    StudyTransaction row(connection, study, clock_.now_us());
    taken = sql::take_waiting(row, worker, count, ttl_us);
    if (!taken.empty()) row.save();
  });
  return describe(taken);
}

std::vector<Claim> SqlStore::take_over(StudyId study, WorkerId worker, std::int64_t ttl_us) {
  bool any = false;  // asked often, and mostly in vain: first without a writing transaction
  read([&](Connection& connection) {
    Query there(connection, "SELECT 1 FROM study WHERE study_id = $1", study.value);
    if (!there.step()) throw rules::no_study(study);
    any = !orphaned_runs(connection, study, worker).empty();
  });
  if (!any) return {};
  std::vector<RunLease> taken;
  write([&](Connection& connection) {
    taken.clear();
    StudyTransaction row(connection, study, clock_.now_us());
    const std::vector<std::int64_t> runs = orphaned_runs(connection, study, worker);
    for (const std::int64_t run : runs) taken.push_back(take(row, run, worker, ttl_us));
    if (!taken.empty()) row.save();
  });
  return describe(taken);
}

std::vector<Claim> SqlStore::held(WorkerId worker) {
  std::vector<Claim> claims;
  read([&](Connection& connection) {
    claims.clear();
    sql::find_worker(connection, worker);
    // The studies are named so that the index on (study_id, worker_id) serves.
    static const std::string text = sql::select_claims() +
                                    "WHERE u.study_id IN (SELECT study_id FROM study) AND "
                                    "u.worker_id = $1 AND u.state IN (1, 2) "
                                    "ORDER BY u.run_id";
    Query query(connection, text, worker.value);
    while (query.step()) claims.push_back(sql::read_claim(query));
  });
  return claims;
}

std::vector<WorkerAnswer> SqlStore::renew(WorkerId worker, std::span<const RunLease> runs,
                                          std::int64_t ttl_us) {
  std::vector<WorkerAnswer> answers;
  write([&](Connection& connection) {
    answers.clear();
    const std::int64_t now = clock_.now_us();
    {
      Query seen(connection,
                 "UPDATE worker SET seen_us = $2 WHERE worker_id = $1 RETURNING worker_id",
                 worker.value, now);
      if (!seen.step()) throw rules::no_worker(worker);
    }
    for (const RunLease& lease : runs) {
      Query update(
          connection,
          "UPDATE run SET lease_until_us = $4 WHERE run_id = $1 AND token = $2 AND worker_id = $3 "
          "AND state IN (1, 2) RETURNING verdict",
          lease.run.value, lease.token, worker.value, now + ttl_us);
      answers.push_back(update.step() ? WorkerAnswer{LeaseState::held, update.as<Verdict>(0)}
                                      : WorkerAnswer{});
    }
  });
  return answers;
}

std::vector<WorkerAnswer> SqlStore::check(std::span<const RunLease> runs) {
  std::vector<WorkerAnswer> answers;
  read([&](Connection& connection) {
    answers.clear();
    for (const RunLease& lease : runs) {
      Query query(connection,
                  "SELECT verdict FROM run WHERE run_id = $1 AND token = $2 AND state IN (1, 2)",
                  lease.run.value, lease.token);
      answers.push_back(query.step() ? WorkerAnswer{LeaseState::held, query.as<Verdict>(0)}
                                     : WorkerAnswer{});
    }
  });
  return answers;
}

LeaseState SqlStore::start_run(RunId run, std::int64_t token, const RunStart& start) {
  return write_one({run, token, &start, nullptr, nullptr}).lease;
}

WorkerAnswer SqlStore::append(RunId run, std::int64_t token, const ReportBatch& batch) {
  return write_one({run, token, nullptr, &batch, nullptr});
}

LeaseState SqlStore::end_run(RunId run, std::int64_t token, const ReportBatch& last,
                             const RunEnd& end) {
  return write_one({run, token, nullptr, &last, &end}).lease;
}

WorkerAnswer SqlStore::write_one(const PartsOfRun& parts) {
  WorkerAnswer answer;
  write([&](Connection& connection) {
    std::optional<StudyTransaction> study;
    answer = write_parts(connection, clock_.now_us(), parts, study);
    if (study) study->save();
  });
  return answer;
}

std::vector<WorkerAnswer> SqlStore::write_runs(std::span<const RunWrite> writes) {
  std::vector<WorkerAnswer> answers;
  if (writes.empty()) return answers;
  write([&](Connection& connection) {
    answers.clear();
    std::optional<StudyTransaction> study;
    for (const RunWrite& each : writes) {
      answers.push_back(
          write_parts(connection, clock_.now_us(),
                      {each.run, each.token, each.start ? &*each.start : nullptr,
                       each.batch ? &*each.batch : nullptr, each.end ? &*each.end : nullptr},
                      study));
    }
    if (study) study->save();
  });
  return answers;
}

}  // namespace hone
