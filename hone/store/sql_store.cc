#include "hone/store/sql_store.h"

#include "hone/base/rng.h"
#include "hone/store/migrate.h"
#include "hone/store/rules.h"
#include "hone/store/sql_study.h"

namespace hone {

using sql::Connection;
using sql::Query;
using sql::StudyTransaction;

SqlStore::SqlStore(std::unique_ptr<sql::Database> database, const Clock& clock,
                   const LivenessProbe& probe)
    : database_(std::move(database)), clock_(clock), probe_(probe) {
  auto connection = database_->connect_writer();
  sql::migrate(*database_, *connection, clock_);
  writer_ = std::make_unique<sql::CommitQueue>(std::move(connection));
  auto first = database_->connect_reader();
  if (first) readers_ = std::make_unique<sql::ReaderPool>(*database_, std::move(first));
}

SqlStore::~SqlStore() = default;

void SqlStore::write(const Work& work) {
  writer_->run(work);
  wake();
}

void SqlStore::read(const Work& work) {
  if (!readers_) {
    writer_->run(work);
    return;
  }
  if (writer_->try_read(work)) return;
  auto connection = readers_->take();
  try {
    work(*connection);
  } catch (const sql::Transient&) {
    (*connection).mend();
    work(*connection);
  }
}

void SqlStore::wake() {
  const std::lock_guard lock(wait_mutex_);
  ++commits_;
  changed_.notify_all();
}

// Studies.

StudyId SqlStore::create_study(const NewStudy& fresh) {
  StudyId id;
  write([&](Connection& connection) {
    const std::int64_t now = clock_.now_us();
    {
      Query insert(connection,
                   "INSERT INTO study (uid, project, name, owner, state, spec_version, created_us) "
                   "VALUES ($1, $2, $3, $4, 0, 1, $5) ON CONFLICT (project, name) DO NOTHING "
                   "RETURNING study_id",
                   make_uid(now, Rng(system_entropy())), fresh.project, fresh.name, fresh.owner,
                   now);
      if (!insert.step()) throw rules::study_exists(fresh.project, fresh.name);
      id = StudyId{insert.integer(0)};
    }
    Query(connection,
          "INSERT INTO spec (study_id, version, source, body, from_seq, by_whom) "
          "VALUES ($1, 1, $2, $3, 0, $4)",
          id.value, fresh.source, fresh.body, fresh.owner)
        .run();
    for (std::size_t i = 0; i < fresh.metrics.size(); ++i) {
      Query(connection,
            "INSERT INTO metric (study_id, metric_id, name, role) VALUES ($1, $2, $3, $4)",
            id.value, static_cast<std::int64_t>(i), fresh.metrics[i].first, fresh.metrics[i].second)
          .run();
    }
  });
  return id;
}

namespace {

const char* const kStudyColumns =
    "SELECT study_id, uid, project, name, state, spec_version, next_seq, next_trial, created_us, "
    "leader, "
    "leader_until_us FROM study ";

StudyInfo read_study(const Query& query) {
  StudyInfo info;
  info.id = StudyId{query.integer(0)};
  info.uid = query.string(1);
  info.project = query.string(2);
  info.name = query.string(3);
  info.state = query.as<StudyState>(4);
  info.spec_version = query.integer(5);
  info.last_seq = query.integer(6) - 1;
  info.trials = query.integer(7);
  info.created_us = query.integer(8);
  if (!query.is_null(9)) info.leader = Holder::parse(query.text(9));
  info.leader_until_us = query.integer(10);
  return info;
}

void require_study(Connection& connection, StudyId study) {
  Query query(connection, "SELECT 1 FROM study WHERE study_id = $1", study.value);
  if (!query.step()) throw rules::no_study(study);
}

}  // namespace

std::optional<StudyInfo> SqlStore::find_study(const std::string& project, const std::string& name) {
  std::optional<StudyInfo> info;
  read([&](Connection& connection) {
    static const std::string text = std::string(kStudyColumns) + "WHERE project = $1 AND name = $2";
    Query query(connection, text, project, name);
    if (query.step()) info = read_study(query);
  });
  return info;
}

std::optional<StudyInfo> SqlStore::study(StudyId id) {
  std::optional<StudyInfo> info;
  read([&](Connection& connection) {
    static const std::string text = std::string(kStudyColumns) + "WHERE study_id = $1";
    Query query(connection, text, id.value);
    if (query.step()) info = read_study(query);
  });
  return info;
}

std::vector<StudyInfo> SqlStore::list_studies() {
  std::vector<StudyInfo> list;
  read([&](Connection& connection) {
    static const std::string text = std::string(kStudyColumns) + "ORDER BY study_id";
    list.clear();
    Query query(connection, text);
    while (query.step()) list.push_back(read_study(query));
  });
  return list;
}

SpecRecord SqlStore::spec(StudyId study, std::int64_t version) {
  SpecRecord record;
  read([&](Connection& connection) {
    require_study(connection, study);
    Query query(connection,
                "SELECT version, source, body, from_seq FROM spec WHERE study_id = $1 AND ($2 = 0 "
                "OR version = $2) "
                "ORDER BY version DESC LIMIT 1",
                study.value, version);
    if (!query.step()) throw rules::no_spec(study, version);
    record = {query.integer(0), query.string(1), query.string(2), query.integer(3)};
  });
  return record;
}

Standing SqlStore::standing(StudyId study, Goal goal) {
  Standing standing;
  read([&](Connection& connection) {
    standing = {};
    require_study(connection, study);
    Query states(connection, "SELECT state, COUNT(*) FROM trial WHERE study_id = $1 GROUP BY state",
                 study.value);
    while (states.step()) standing.trials.of(states.as<TrialState>(0)) = states.integer(1);
    const auto text = [](const char* order) {
      return std::string(
                 "SELECT t.number, r.value FROM trial t JOIN result r ON r.trial_id = t.trial_id "
                 "AND r.metric_id = 0 AND r.purpose = 0 WHERE t.study_id = $1 AND t.state = $2 AND "
                 "r.value IS NOT NULL ORDER BY r.value ") +
             order + ", t.number LIMIT 1";
    };
    static const std::string least = text("ASC");
    static const std::string greatest = text("DESC");
    Query best(connection, goal == Goal::maximize ? greatest : least, study.value,
               TrialState::complete);
    if (best.step()) standing.best = {best.integer(0), best.real(1)};
  });
  return standing;
}

void SqlStore::delete_study(StudyId study) {
  write([&](Connection& connection) {
    StudyTransaction row(connection, study, clock_.now_us());
    if (!rules::is_free(row.leader, row.leader_until_us, row.now_us(), probe_)) {
      throw rules::study_in_use(row.name, row.leader->text());
    }
    {
      Query held(
          connection,
          "SELECT w.host, w.boot_id, w.pid, w.pid_start, u.lease_until_us, u.pid, u.pid_start "
          "FROM run u JOIN worker w ON w.worker_id = u.worker_id WHERE u.study_id = $1 AND u.state "
          "IN (1, 2)",
          study.value);
      while (held.step()) {
        const Holder holder{held.string(0), held.string(1), held.integer(2), held.integer(3)};
        if (rules::is_alive(holder, held.integer(4), row.now_us(),
                            held.maybe_integer(5).value_or(0), held.maybe_integer(6).value_or(0),
                            probe_)) {
          throw rules::study_in_use(row.name, holder.text());
        }
      }
    }
    // Children before parents.
    for (const char* text :
         {"DELETE FROM file WHERE run_id IN (SELECT run_id FROM run WHERE trial_id IN "
          "(SELECT trial_id FROM trial WHERE study_id = $1))",
          "DELETE FROM series WHERE run_id IN (SELECT run_id FROM run WHERE trial_id IN "
          "(SELECT trial_id FROM trial WHERE study_id = $1))",
          "DELETE FROM report WHERE study_id = $1", "DELETE FROM event WHERE study_id = $1",
          "DELETE FROM label WHERE study_id = $1", "DELETE FROM request WHERE study_id = $1",
          "DELETE FROM run WHERE trial_id IN (SELECT trial_id FROM trial WHERE study_id = $1)",
          "DELETE FROM result WHERE trial_id IN (SELECT trial_id FROM trial WHERE study_id = $1)",
          "UPDATE trial SET parent_trial_id = NULL WHERE study_id = $1 AND parent_trial_id IS NOT "
          "NULL",
          "DELETE FROM trial WHERE study_id = $1", "DELETE FROM metric WHERE study_id = $1",
          "DELETE FROM spec WHERE study_id = $1", "DELETE FROM study WHERE study_id = $1"}) {
      Query(connection, text, study.value).run();
    }
    Query(connection,
          "DELETE FROM environment WHERE environment_id NOT IN "
          "(SELECT environment_id FROM run WHERE environment_id IS NOT NULL)")
        .run();
    connection.announce();
  });
}

// Labels. In the table, trial 0 stands for the study itself: rows of trials count from 1.

std::vector<Label> SqlStore::labels(StudyId study) {
  std::vector<Label> labels;
  read([&](Connection& connection) {
    labels.clear();
    require_study(connection, study);
    Query query(connection,
                "SELECT t.number, l.kind, l.name, l.body FROM label l LEFT JOIN trial t ON "
                "t.trial_id = l.trial_id WHERE l.study_id = $1 ORDER BY l.trial_id, l.kind, l.name",
                study.value);
    while (query.step()) {
      labels.push_back(
          {query.maybe_integer(0), query.as<LabelKind>(1), query.string(2), query.string(3)});
    }
  });
  return labels;
}

void SqlStore::edit_labels(StudyId study, std::span<const LabelEdit> edits,
                           const std::string& actor) {
  write([&](Connection& connection) {
    require_study(connection, study);
    const std::int64_t now = clock_.now_us();
    for (const auto& [label, remove] : edits) {
      const std::int64_t trial =
          label.trial ? sql::find_trial(connection, study, *label.trial).id : 0;
      if (remove) {
        Query(connection,
              "DELETE FROM label WHERE study_id = $1 AND trial_id = $2 AND kind = $3 AND ($4 = '' "
              "OR name = $4)",
              study.value, trial, label.kind, label.name)
            .run();
        continue;
      }
      Query(connection,
            "INSERT INTO label (study_id, trial_id, kind, name, body, actor, at_us) VALUES ($1, "
            "$2, $3, $4, $5, $6, $7) ON CONFLICT (study_id, trial_id, kind, name) DO UPDATE SET "
            "body = $5, actor = $6, at_us = $7",
            study.value, trial, label.kind, label.name, label.text, actor, now)
          .run();
    }
  });
}

// Requests.

RequestId SqlStore::add_request(StudyId study, const std::string& kind, const Value& body,
                                const std::string& actor) {
  RequestId id;
  write([&](Connection& connection) {
    require_study(connection, study);
    Query insert(
        connection,
        "INSERT INTO request (study_id, kind, body, actor, at_us) VALUES ($1, $2, $3, $4, $5) "
        "RETURNING request_id",
        study.value, kind, body.dump(), actor, clock_.now_us());
    if (insert.step()) id = RequestId{insert.integer(0)};
    connection.announce();
  });
  return id;
}

std::vector<Request> SqlStore::open_requests(StudyId study) {
  std::vector<Request> open;
  read([&](Connection& connection) {
    open.clear();
    require_study(connection, study);
    Query query(connection,
                "SELECT request_id, kind, body, actor, at_us FROM request "
                "WHERE study_id = $1 AND handled_seq IS NULL ORDER BY request_id",
                study.value);
    while (query.step()) {
      open.push_back({RequestId{query.integer(0)}, query.string(1),
                      Value::parse(query.text(2)).value_or(Value()), query.string(3),
                      query.integer(4)});
    }
  });
  return open;
}

std::optional<std::string> SqlStore::request_outcome(RequestId request) {
  std::optional<std::string> outcome;
  read([&](Connection& connection) {
    Query query(connection, "SELECT handled_seq, outcome FROM request WHERE request_id = $1",
                request.value);
    if (!query.step()) throw rules::no_request(request);
    if (!query.is_null(0)) outcome = query.string(1);
  });
  return outcome;
}

}  // namespace hone
