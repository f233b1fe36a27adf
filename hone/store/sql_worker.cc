// The workers' side of the SQL store.
#include <algorithm>

#include "hone/base/hash.h"
#include "hone/store/point_frame.h"
#include "hone/store/rules.h"
#include "hone/store/sql_store.h"
#include "hone/store/sql_study.h"

namespace hone {

using sql::Connection;
using sql::Query;
using sql::RunRef;
using sql::StudyTransaction;

namespace {

/// Gives the run to the worker: a new token and the event.
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

void store_points(Connection& connection, RunId run, const std::vector<Point>& points) {
  std::int64_t chunk = 0;
  {
    Query query(
        connection,
        "SELECT COALESCE(MAX(chunk), -1) + 1 FROM series WHERE run_id = $1 AND metric_id = -1",
        run.value);
    if (query.step()) chunk = query.integer(0);
  }
  const auto [low, high] = std::minmax_element(
      points.begin(), points.end(), [](const Point& a, const Point& b) { return a.step < b.step; });
  const auto or_zero = [](double step) {
    return step == step ? step : 0;
  };  // the columns hold no NaN
  const std::string data = encode_points(points);
  Query(connection,
        "INSERT INTO series (run_id, metric_id, chunk, codec, n, first_step, last_step, data) "
        "VALUES ($1, -1, $2, $3, $4, $5, $6, $7)",
        run.value, chunk, kPointFrameCodec, static_cast<std::int64_t>(points.size()),
        or_zero(low->step), or_zero(high->step),
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()))
      .run();
}

void store_batch(StudyTransaction& study, const RunRef& run, const ReportBatch& batch) {
  Connection& connection = study.connection();
  std::int64_t metrics = 0;
  if (!batch.reports.empty()) {
    Query query(connection, "SELECT COUNT(*) FROM metric WHERE study_id = $1", run.study.value);
    if (query.step()) metrics = query.integer(0);
  }
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
  if (part.points && !batch.points.empty()) store_points(connection, run.id, batch.points);
  if (!part.parsed) return;
  Query(connection, "UPDATE run SET next_ordinal = $2, parsed = $3, busy_us = $4 WHERE run_id = $1",
        run.id.value, batch.next_ordinal, batch.parsed, busy_us)
      .run();
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
    std::vector<std::int64_t> runs;
    {
      Query waiting(connection,
                    "SELECT run_id FROM run WHERE study_id = $1 AND state = 0 ORDER BY priority "
                    "DESC, run_id LIMIT $2",
                    study.value, count);
      while (waiting.step()) runs.push_back(waiting.integer(0));
    }
    for (const std::int64_t run : runs) taken.push_back(take(row, run, worker, ttl_us));
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

LeaseState SqlStore::start_run(RunId run, std::int64_t token, const RunStart& start) {
  LeaseState lease = LeaseState::lost;
  write([&](Connection& connection) {
    const Hash128 key = hash128(start.environment);
    const auto environment = start.environment.empty()
                                 ? std::nullopt
                                 : std::optional(std::span<const std::uint8_t>(key));
    if (environment) {
      Query(connection,
            "INSERT INTO environment (environment_id, body) VALUES ($1, $2) ON CONFLICT "
            "(environment_id) DO NOTHING",
            environment, start.environment)
          .run();
    }
    Value::List argv(start.argv.begin(), start.argv.end());
    Query update(
        connection,
        "UPDATE run SET state = 2, argv = $3, folder = $4, pid = $5, pid_start = $6, devices = $7, "
        "environment_id = $8 WHERE run_id = $1 AND token = $2 AND state IN (1, 2) RETURNING run_id",
        run.value, token, Value(std::move(argv)).dump(), start.folder, start.pid, start.pid_start,
        start.devices, environment);
    lease = update.step() ? LeaseState::held : LeaseState::lost;
  });
  return lease;
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

WorkerAnswer SqlStore::append(RunId run, std::int64_t token, const ReportBatch& batch) {
  WorkerAnswer answer;
  write([&](Connection& connection) {
    answer = {};
    const auto ref = sql::lock_run(connection, run);
    if (!ref || !ref->is_held(token)) return;
    StudyTransaction row(connection, ref->study, clock_.now_us());
    store_batch(row, *ref, batch);
    row.save();
    answer = {LeaseState::held, ref->verdict};
  });
  return answer;
}

LeaseState SqlStore::end_run(RunId run, std::int64_t token, const ReportBatch& last,
                             const RunEnd& end) {
  LeaseState lease = LeaseState::lost;
  write([&](Connection& connection) {
    lease = LeaseState::lost;
    const auto ref = sql::lock_run(connection, run);
    if (!ref || ref->token != token || token <= 0) return;
    lease = LeaseState::held;
    if (ref->state == RunState::ended) return;  // told before
    StudyTransaction row(connection, ref->study, clock_.now_us());
    store_batch(row, *ref, last);
    sql::end_run_row(row, *ref, ref->token, end);
    row.save();
  });
  return lease;
}

}  // namespace hone
