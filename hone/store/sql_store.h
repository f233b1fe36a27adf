// The durable store over a SQL database. Every writing method is one transaction that first locks
// the study's row (SQLite: the file), takes commit numbers from it, and returns when the data are
// on disk; calls that wait together share a commit. Tables: schema_sqlite.sql; docs/store.md.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "hone/base/clock.h"
#include "hone/store/commit_queue.h"
#include "hone/store/reader_pool.h"
#include "hone/store/sql.h"
#include "hone/store/store.h"

namespace hone {

struct StudyCopyOptions;

/// Thread-safe.
class SqlStore final : public Store {
 public:
  /// Makes or raises the schema. `clock` and `probe` must outlive the store.
  SqlStore(std::unique_ptr<sql::Database> database, const Clock& clock, const LivenessProbe& probe);
  ~SqlStore() override;

  StudyId create_study(const NewStudy& study) override;
  std::optional<StudyInfo> find_study(const std::string& project, const std::string& name) override;
  std::optional<StudyInfo> study(StudyId id) override;
  std::vector<StudyInfo> list_studies() override;
  SpecRecord spec(StudyId study, std::int64_t version) override;
  Standing standing(StudyId study, Goal goal) override;
  void delete_study(StudyId study) override;

  LeadResult lead(StudyId study, const Holder& holder, std::int64_t ttl_us) override;
  void release_lead(StudyId study, std::int64_t token) override;
  LeaseState apply(StudyId study, std::int64_t leader_token,
                   std::span<const Action> actions) override;
  std::vector<RunLease> lost_runs(StudyId study) override;

  WorkerId register_worker(const WorkerInfo& worker) override;
  std::vector<Claim> claim(StudyId study, WorkerId worker, int count, std::int64_t ttl_us) override;
  std::vector<Claim> take_over(StudyId study, WorkerId worker, std::int64_t ttl_us) override;
  std::vector<Claim> held(WorkerId worker) override;
  LeaseState start_run(RunId run, std::int64_t token, const RunStart& start) override;
  std::vector<WorkerAnswer> renew(WorkerId worker, std::span<const RunLease> runs,
                                  std::int64_t ttl_us) override;
  std::vector<WorkerAnswer> check(std::span<const RunLease> runs) override;
  WorkerAnswer append(RunId run, std::int64_t token, const ReportBatch& batch) override;
  LeaseState end_run(RunId run, std::int64_t token, const ReportBatch& last,
                     const RunEnd& end) override;
  std::vector<WorkerAnswer> write_runs(std::span<const RunWrite> writes) override;

  std::vector<Change> changes_since(StudyId study, std::int64_t after, std::int64_t limit) override;
  bool wait_for_change(StudyId study, std::int64_t after, std::int64_t timeout_us) override;
  RunDetail run_detail(RunId run) override;
  void visit_points(RunId run, const SeePoints& see) override;

  RequestId add_request(StudyId study, const std::string& kind, const Value& body,
                        const std::string& actor) override;
  std::vector<Request> open_requests(StudyId study) override;
  std::optional<std::string> request_outcome(RequestId request) override;

  std::vector<Label> labels(StudyId study) override;
  void edit_labels(StudyId study, std::span<const LabelEdit> edits,
                   const std::string& actor) override;

  /// See snapshot.h.
  static StudyId copy(SqlStore& from, StudyId study, SqlStore& to, const StudyCopyOptions& options);
  /// Runs `work` on the database itself: for tables that are no part of a store.
  void with_tables(bool writing, const std::function<void(sql::Connection&)>& work);

  /// A RunWrite that owns nothing; null: no such part.
  struct PartsOfRun {
    RunId run;
    std::int64_t token;
    const RunStart* start;
    const ReportBatch* batch;
    const RunEnd* end;
  };

 private:
  using Work = std::function<void(sql::Connection&)>;
  WorkerAnswer write_one(const PartsOfRun& parts);
  /// Runs `work` in a writing transaction (again, if it was undone through nobody's fault) and
  /// wakes those who wait for changes.
  void write(const Work& work);
  /// Runs `work` on a connection for reading; every statement sees the newest commit.
  void read(const Work& work);
  /// Whether the study has a run that waits. Throws Error(not_found) for study and worker.
  bool has_waiting_runs(StudyId study, WorkerId worker);
  std::vector<std::int64_t> orphaned_runs(sql::Connection& connection, StudyId study,
                                          WorkerId worker) const;
  std::vector<Claim> describe(const std::vector<RunLease>& taken);
  bool has_news(StudyId study, std::int64_t after);
  void wake();

  std::unique_ptr<sql::Database> database_;
  const Clock& clock_;
  const LivenessProbe& probe_;
  std::unique_ptr<sql::CommitQueue> writer_;
  std::unique_ptr<sql::ReaderPool> readers_;  // null: reads share the writer's connection

  // Waiting for changes: own commits count up `commits_`; one of the waiting threads at a time
  // looks out for other processes.
  std::mutex wait_mutex_;
  std::condition_variable changed_;
  std::uint64_t commits_ = 0;
  bool watching_ = false;
  bool watch_made_ = false;
  std::unique_ptr<sql::Watch> watch_;
};

}  // namespace hone
