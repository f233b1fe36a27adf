// Rows are read and written column by column, with the numbers that belong to a store put into the
// other store's terms. Parents come before their children, so every number is known when it is
// needed.
#include "hone/store/snapshot.h"

#include <fmt/core.h>

#include <unordered_map>
#include <variant>
#include <vector>

#include "hone/base/assert.h"
#include "hone/base/error.h"
#include "hone/base/id.h"
#include "hone/base/rng.h"
#include "hone/store/rules.h"
#include "hone/store/sql_store.h"
#include "hone/study/change.h"

namespace hone {

using sql::Connection;
using sql::Query;
using sql::Statement;

namespace {

/// What a column holds: its type, or of what it is the number.
enum class Kind { integer, real, text, bytes, study, trial, run, worker, request };
struct Column {
  const char* name;
  Kind kind;
};
using Columns = std::vector<Column>;
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;
using Numbers = std::unordered_map<std::int64_t, std::int64_t>;

const Columns kStudy = {
    {"uid", Kind::text},           {"project", Kind::text},       {"name", Kind::text},
    {"owner", Kind::text},         {"state", Kind::integer},      {"spec_version", Kind::integer},
    {"next_seq", Kind::integer},   {"next_trial", Kind::integer}, {"leader_token", Kind::integer},
    {"created_us", Kind::integer}, {"deleted_us", Kind::integer}};
const Columns kSpec = {{"study_id", Kind::study},   {"version", Kind::integer},
                       {"source", Kind::text},      {"body", Kind::text},
                       {"from_seq", Kind::integer}, {"by_whom", Kind::text}};
const Columns kMetric = {{"study_id", Kind::study},
                         {"metric_id", Kind::integer},
                         {"name", Kind::text},
                         {"role", Kind::integer},
                         {"goal", Kind::integer}};
const Columns kTrial = {{"study_id", Kind::study},
                        {"number", Kind::integer},
                        {"uid", Kind::text},
                        {"spec_version", Kind::integer},
                        {"state", Kind::integer},
                        {"origin", Kind::integer},
                        {"parent_trial_id", Kind::trial},
                        {"parent_fidelity", Kind::real},
                        {"config", Kind::text},
                        {"config_key", Kind::bytes},
                        {"info", Kind::text},
                        {"bracket", Kind::integer},
                        {"fidelity_target", Kind::real},
                        {"verdict", Kind::integer},
                        {"priority", Kind::integer},
                        {"reached", Kind::real},
                        {"fail_kind", Kind::integer},
                        {"reason", Kind::text},
                        {"created_us", Kind::integer},
                        {"ended_us", Kind::integer},
                        {"busy_us", Kind::integer},
                        {"cost", Kind::real}};
const Columns kResult = {{"trial_id", Kind::trial},   {"metric_id", Kind::integer},
                         {"purpose", Kind::integer},  {"value", Kind::real},
                         {"at_fidelity", Kind::real}, {"n", Kind::integer},
                         {"sd", Kind::real}};
const Columns kEnvironment = {{"environment_id", Kind::bytes}, {"body", Kind::text}};
const Columns kWorker = {{"uid", Kind::text},          {"host", Kind::text},
                         {"boot_id", Kind::text},      {"pid", Kind::integer},
                         {"pid_start", Kind::integer}, {"version", Kind::text},
                         {"resources", Kind::text},    {"seen_us", Kind::integer}};
const Columns kRun = {{"trial_id", Kind::trial},       {"study_id", Kind::study},
                      {"replicate", Kind::integer},    {"segment", Kind::integer},
                      {"attempt", Kind::integer},      {"purpose", Kind::integer},
                      {"state", Kind::integer},        {"token", Kind::integer},
                      {"worker_id", Kind::worker},     {"lease_until_us", Kind::integer},
                      {"priority", Kind::integer},     {"verdict", Kind::integer},
                      {"late_after", Kind::integer},   {"resume_from", Kind::text},
                      {"fidelity_target", Kind::real}, {"seed", Kind::integer},
                      {"resources", Kind::text},       {"argv", Kind::text},
                      {"folder", Kind::text},          {"pid", Kind::integer},
                      {"pid_start", Kind::integer},    {"devices", Kind::text},
                      {"environment_id", Kind::bytes}, {"next_ordinal", Kind::integer},
                      {"parsed", Kind::text},          {"started_us", Kind::integer},
                      {"ended_us", Kind::integer},     {"busy_us", Kind::integer},
                      {"peak_bytes", Kind::integer},   {"peak_gpu_bytes", Kind::integer},
                      {"exit_code", Kind::integer},    {"signal", Kind::integer},
                      {"fail_kind", Kind::integer},    {"detail", Kind::text}};
const Columns kReport = {
    {"study_id", Kind::study},  {"seq", Kind::integer},   {"run_id", Kind::run},
    {"ordinal", Kind::integer}, {"fidelity", Kind::real}, {"metric_id", Kind::integer},
    {"value", Kind::real},      {"at_us", Kind::integer}, {"busy_us", Kind::integer}};
const Columns kRequest = {{"study_id", Kind::study}, {"kind", Kind::text},
                          {"body", Kind::text},      {"actor", Kind::text},
                          {"at_us", Kind::integer},  {"handled_seq", Kind::integer},
                          {"outcome", Kind::text}};
const Columns kEvent = {{"study_id", Kind::study}, {"seq", Kind::integer},
                        {"kind", Kind::integer},   {"at_us", Kind::integer},
                        {"trial_id", Kind::trial}, {"run_id", Kind::run},
                        {"actor", Kind::text},     {"body", Kind::text}};
const Columns kSeries = {{"run_id", Kind::run},     {"metric_id", Kind::integer},
                         {"chunk", Kind::integer},  {"codec", Kind::integer},
                         {"n", Kind::integer},      {"first_step", Kind::real},
                         {"last_step", Kind::real}, {"data", Kind::bytes}};
const Columns kFile = {
    {"run_id", Kind::run},           {"role", Kind::integer},       {"path", Kind::text},
    {"fidelity", Kind::real},        {"bytes", Kind::integer},      {"digest", Kind::bytes},
    {"published_us", Kind::integer}, {"deleted_us", Kind::integer}, {"pins", Kind::integer}};
const Columns kLabel = {{"study_id", Kind::study}, {"trial_id", Kind::trial},
                        {"kind", Kind::integer},   {"name", Kind::text},
                        {"body", Kind::text},      {"actor", Kind::text},
                        {"at_us", Kind::integer}};

constexpr const char* kOfStudy = "study_id = $1";
constexpr const char* kOfTrials = "trial_id IN (SELECT trial_id FROM trial WHERE study_id = $1)";
constexpr const char* kOfRuns = "run_id IN (SELECT run_id FROM run WHERE study_id = $1)";
constexpr const char* kEnvironmentsOf =
    "environment_id IN (SELECT environment_id FROM run WHERE study_id = $1 AND environment_id IS "
    "NOT NULL)";
constexpr const char* kWorkersOf =
    "worker_id IN (SELECT worker_id FROM run WHERE study_id = $1 AND worker_id IS NOT NULL)";

std::string names(const Columns& columns) {
  std::string list;
  for (const Column& column : columns)
    list += (list.empty() ? "" : ", ") + std::string(column.name);
  return list;
}

/// One copy of one study.
class Copy {
 public:
  Copy(Connection& from, StudyId study, Connection& to, const StudyCopyOptions& options,
       std::int64_t now_us)
      : from_(from), old_study_(study.value), to_(to), options_(options), now_us_(now_us) {}

  StudyId run() {
    copy_study_row();
    rows("spec", kSpec, kOfStudy, "version", "", nullptr, [this](Row& row) { rename(row); });
    rows("metric", kMetric, kOfStudy, "metric_id");
    rows("trial", kTrial, kOfStudy, "trial_id", "trial_id", &trials_);
    rows("result", kResult, kOfTrials, "trial_id, metric_id, purpose");
    rows("environment", kEnvironment, kEnvironmentsOf, "environment_id", "", nullptr, {},
         "ON CONFLICT (environment_id) DO NOTHING");
    // A worker that is there already is the same one.
    rows("worker", kWorker, kWorkersOf, "worker_id", "worker_id", &workers_, {},
         "ON CONFLICT (uid) DO UPDATE SET seen_us = worker.seen_us");
    rows("run", kRun, kOfStudy, "run_id", "run_id", &runs_, [this](Row& row) { give_up(row); });
    rows("report", kReport, kOfStudy, "seq");
    rows("request", kRequest, kOfStudy, "request_id", "request_id", &requests_);
    rows("event", kEvent, kOfStudy, "seq", "", nullptr, [this](Row& row) { put_numbers(row); });
    rows("series", kSeries, kOfRuns, "run_id, metric_id, chunk");
    rows("file", kFile, kOfRuns, "file_id");
    rows("label", kLabel, kOfStudy, "trial_id, kind, name");
    return StudyId{new_study_};
  }

 private:
  using Row = std::vector<Cell>;
  using Change = std::function<void(Row&)>;

  static Cell read(const Statement& statement, int column, Kind kind) {
    if (statement.is_null(column)) return std::monostate{};
    switch (kind) {
      case Kind::real:
        return statement.real(column);
      case Kind::text:
        return std::string(statement.text(column));
      case Kind::bytes:
        return statement.bytes(column);
      default:
        return statement.integer(column);
    }
  }

  /// A number in the target's terms. 0 is "of the study itself" (labels).
  std::int64_t translated(std::int64_t number, Kind kind) const {
    if (kind == Kind::study) return new_study_;
    const Numbers* known = kind == Kind::trial     ? &trials_
                           : kind == Kind::run     ? &runs_
                           : kind == Kind::worker  ? &workers_
                           : kind == Kind::request ? &requests_
                                                   : nullptr;
    if (known == nullptr || number == 0) return number;
    const auto at = known->find(number);
    if (at != known->end()) return at->second;
    throw Error(ErrorCode::store_corrupt,
                fmt::format("study {} in the store names a row that is not there ({})", old_study_,
                            number));
  }

  void bind(Statement& statement, int n, const Cell& cell, Kind kind) const {
    if (std::holds_alternative<std::monostate>(cell)) return statement.bind_null(n);
    if (const auto* number = std::get_if<std::int64_t>(&cell))
      return statement.bind_integer(n, translated(*number, kind));
    if (const auto* real = std::get_if<double>(&cell)) return statement.bind_real(n, *real);
    const auto& text = std::get<std::string>(cell);
    if (kind == Kind::bytes) return statement.bind_bytes(n, text);
    statement.bind_text(n, text);
  }

  /// Copies the rows that `where` ($1: the study) lets through. `id` and `numbers`: the column that
  /// the target numbers anew, and where its numbers go, by the old ones.
  void rows(const std::string& table, const Columns& columns, const std::string& where,
            const std::string& order, const std::string& id = "", Numbers* numbers = nullptr,
            const Change& change = {}, const std::string& conflict = "") {
    std::string values;
    for (std::size_t i = 0; i < columns.size(); ++i)
      values += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
    const std::string list = names(columns);
    const std::string insert = fmt::format("INSERT INTO {} ({}) VALUES ({}) {}{}", table, list,
                                           values, conflict, id.empty() ? "" : " RETURNING " + id);
    Query select(from_,
                 fmt::format("SELECT {}{} FROM {} WHERE {} ORDER BY {}", list,
                             id.empty() ? "" : ", " + id, table, where, order),
                 old_study_);
    Statement& in = select.statement();
    Row row(columns.size());
    while (select.step()) {
      for (std::size_t i = 0; i < columns.size(); ++i)
        row[i] = read(in, static_cast<int>(i), columns[i].kind);
      if (change) change(row);
      const std::int64_t number = put(insert, columns, row);
      if (numbers != nullptr) (*numbers)[select.integer(static_cast<int>(columns.size()))] = number;
    }
  }

  /// Inserts a row; the number that the target gives it, where it is asked for one.
  std::int64_t put(const std::string& insert, const Columns& columns, const Row& row) const {
    Query query(to_, insert);
    for (std::size_t i = 0; i < columns.size(); ++i)
      bind(query.statement(), static_cast<int>(i) + 1, row[i], columns[i].kind);
    std::int64_t number = 0;
    while (query.step()) number = query.integer(0);  // the row that RETURNING gives, if any
    return number;
  }

  static Cell& cell(Row& row, const Columns& columns, std::string_view name) {
    std::size_t i = 0;
    while (i < columns.size() && columns[i].name != name) ++i;
    HONE_ASSERT(i < columns.size(), "columns are named by literals of this file");
    return row[i];
  }

  void copy_study_row() {
    Query select(from_, fmt::format("SELECT {} FROM study WHERE study_id = $1", names(kStudy)),
                 old_study_);
    if (!select.step()) throw rules::no_study(StudyId{old_study_});
    Row row(kStudy.size());
    for (std::size_t i = 0; i < kStudy.size(); ++i)
      row[i] = read(select.statement(), static_cast<int>(i), kStudy[i].kind);
    auto& uid = std::get<std::string>(cell(row, kStudy, "uid"));
    auto& name = std::get<std::string>(cell(row, kStudy, "name"));
    const auto& project = std::get<std::string>(cell(row, kStudy, "project"));
    if (options_.name) {
      name = *options_.name;
      uid = make_uid(now_us_, Rng(system_entropy()));
    }
    Query same(to_, "SELECT project, name FROM study WHERE uid = $1", uid);
    if (same.step()) {
      const std::string there =
          same.string(0).empty() ? same.string(1) : same.string(0) + "/" + same.string(1);
      throw Error(ErrorCode::exists,
                  fmt::format("this study is in the store already, as '{}'", there),
                  "--name OTHER puts a copy beside it");
    }
    Query taken(to_, "SELECT 1 FROM study WHERE project = $1 AND name = $2", project, name);
    if (taken.step()) {
      throw Error(ErrorCode::exists,
                  fmt::format("another study named '{}' is in the store already",
                              project.empty() ? name : project + "/" + name),
                  "--name OTHER gives this one another name");
    }
    std::string values;
    for (std::size_t i = 0; i < kStudy.size(); ++i)
      values += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
    new_study_ = put(
        fmt::format("INSERT INTO study ({}) VALUES ({}) RETURNING study_id", names(kStudy), values),
        kStudy, row);
  }

  /// A spec says what its study is called.
  void rename(Row& row) const {
    if (!options_.name) return;
    auto& body = std::get<std::string>(cell(row, kSpec, "body"));
    auto value = Value::parse(body);
    if (value && value->is_map()) body = value->set("name", *options_.name).dump();
  }

  void give_up(Row& row) {
    const auto& state = cell(row, kRun, "state");
    const auto number = static_cast<RunState>(std::get<std::int64_t>(state));
    if (!options_.gives_up_runs) return;
    cell(row, kRun, "lease_until_us") = std::int64_t{0};
    if (number != RunState::claimed && number != RunState::running) return;
    if (nobody_ == 0) {
      nobody_ = put(
          fmt::format("INSERT INTO worker ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING "
                      "worker_id",
                      names(kWorker)),
          kWorker,
          {make_uid(now_us_, Rng(system_entropy())), std::string("(imported)"), std::string(),
           std::int64_t{0}, std::int64_t{0}, std::string(), std::string("{}"), now_us_});
      workers_[-nobody_] = nobody_;
    }
    cell(row, kRun, "worker_id") = -nobody_;
  }

  /// Events whose text names a worker or a request.
  void put_numbers(Row& row) const {
    static const int claimed = event_kind(RunClaimed{});
    static const int handled = event_kind(RequestHandled{});
    const auto kind = std::get<std::int64_t>(cell(row, kEvent, "kind"));
    const bool is_claim = kind == claimed;
    if (!is_claim && kind != handled) return;
    auto& body = std::get<std::string>(cell(row, kEvent, "body"));
    auto value = Value::parse(body);
    if (!value || !value->is_map()) return;
    const char* key = is_claim ? "worker" : "request";
    const Numbers& numbers = is_claim ? workers_ : requests_;
    // A worker whose runs others have taken over since has no row of its own in the copy.
    const auto at = numbers.find(value->int_or(key, -1));
    body = value->set(key, at == numbers.end() ? -1 : at->second).dump();
  }

  Connection& from_;
  std::int64_t old_study_;
  Connection& to_;
  const StudyCopyOptions& options_;
  std::int64_t now_us_;
  std::int64_t new_study_ = 0;
  std::int64_t nobody_ = 0;  ///< the worker that has the runs which are given up
  Numbers trials_, runs_, workers_, requests_;
};

SqlStore& tables_of(Store& store) {
  auto* sql = dynamic_cast<SqlStore*>(&store);
  if (sql != nullptr) return *sql;
  throw Error(ErrorCode::unsupported,
              "a study is copied between stores in files or PostgreSQL only",
              "give --store PATH or postgres://…");
}

}  // namespace

StudyId SqlStore::copy(SqlStore& from, StudyId study, SqlStore& to,
                       const StudyCopyOptions& options) {
  StudyId copied;
  from.read([&](Connection& source) {
    // One moment of the study, whatever is committed meanwhile.
    const bool own = !source.in_transaction();
    if (own) {
      source.run_script(source.locks_rows() ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                            : "BEGIN");
    }
    try {
      to.write([&](Connection& target) {
        copied = Copy(source, study, target, options, to.clock_.now_us()).run();
      });
    } catch (...) {
      if (own) source.rollback();
      throw;
    }
    if (own) source.rollback();  // nothing was written
  });
  return copied;
}

void SqlStore::with_tables(bool writing, const std::function<void(Connection&)>& work) {
  if (writing) {
    write(work);
  } else {
    read(work);
  }
}

StudyId copy_study(Store& from, StudyId study, Store& to, const StudyCopyOptions& options) {
  return SqlStore::copy(tables_of(from), study, tables_of(to), options);
}

}  // namespace hone
