// Pieces of the SQL store's transactions: the locked study with its commit numbers, rows of trials
// and runs, and the ends of runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hone/store/sql.h"
#include "hone/store/store.h"

namespace hone::sql {

/// The study's row, locked until the transaction ends: nobody else takes commit numbers meanwhile.
class StudyTransaction {
 public:
  /// Throws Error(not_found).
  StudyTransaction(Connection& connection, StudyId study, std::int64_t now_us);

  Connection& connection() { return connection_; }
  StudyId id() const { return id_; }
  std::int64_t now_us() const { return now_us_; }

  std::string name;
  StudyState state = StudyState::open;
  std::int64_t spec_version = 1;
  std::int64_t next_trial = 0;
  std::int64_t leader_token = 0;
  std::optional<Holder> leader;
  std::int64_t leader_until_us = 0;

  /// How many metrics the study declares.
  std::int64_t metric_count();
  /// The number for the next change.
  std::int64_t take_seq() { return next_seq_++; }
  /// Stores an event row; its number. `trial_id`: row id of the trial it is about.
  std::int64_t commit(const ChangeBody& body, std::optional<std::int64_t> trial_id,
                      std::string_view actor = "");
  /// Writes the study's row; the last statement of a transaction that changed anything.
  void save();

 private:
  Connection& connection_;
  StudyId id_;
  std::int64_t now_us_;
  std::int64_t next_seq_ = 1;
  std::int64_t first_seq_ = 1;
  std::optional<std::int64_t> metric_count_;  // once asked for
};

struct TrialRef {
  std::int64_t id = 0;
  TrialState state = TrialState::queued;
  Verdict verdict = Verdict::go_on;
};
/// Throws Error(not_found).
TrialRef find_trial(Connection& connection, StudyId study, std::int64_t number);

struct RunRef {
  RunId id;
  StudyId study;
  std::int64_t trial_id = 0;
  std::int64_t trial = 0;
  int replicate = 0;
  RunPurpose purpose = RunPurpose::search;
  RunState state = RunState::waiting;
  std::int64_t token = 0;
  WorkerId worker;
  std::int64_t lease_until_us = 0;
  Verdict verdict = Verdict::go_on;
  std::int64_t next_ordinal = 0;
  std::int64_t busy_us = 0;  ///< of the trial, as last reported; the run's own once it has ended
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;
  bool is_held(std::int64_t by_token) const {
    return (state == RunState::claimed || state == RunState::running) && token == by_token;
  }
};
std::optional<RunRef> find_run(Connection& connection, RunId run);
/// As find_run, with the study's row locked first where rows are locked, as every writer does.
std::optional<RunRef> lock_run(Connection& connection, RunId run);

/// Time that ended runs of the same trial, replicate and purpose worked.
std::int64_t busy_before(Connection& connection, const RunRef& run);
/// Ends the run: its row, the trial's time, and the event. `new_token`: what the row's token
/// becomes.
void end_run_row(StudyTransaction& study, const RunRef& run, std::int64_t new_token,
                 const RunEnd& end);

/// Gives the run to the worker: a new token and the event.
RunLease take(StudyTransaction& study, std::int64_t run, WorkerId worker, std::int64_t ttl_us);
/// Gives up to `count` waiting runs to the worker: by priority, then in order of queueing.
std::vector<RunLease> take_waiting(StudyTransaction& study, WorkerId worker, int count,
                                   std::int64_t ttl_us);

/// How much of a run's points a reader takes at a time, so that neither memory nor the connection
/// is held by a long run: a page ends with the frame that makes it full.
inline constexpr std::int64_t kPageFrames = 256;
inline constexpr std::size_t kPagePoints = 65'536;
inline bool is_page_full(std::int64_t frames, std::size_t points) {
  return frames >= kPageFrames || points >= kPagePoints;
}
/// Stores points as a further frame of the run.
void store_points(Connection& connection, RunId run, std::span<const Point> points);
/// Makes few frames of the many small ones that a run with rare points leaves: each frame names its
/// metrics anew. Of a run that ends; readers that are under way lose nothing and see nothing twice.
void merge_points(Connection& connection, RunId run);

struct WorkerRef {
  Holder holder;
};
/// Throws Error(not_found).
WorkerRef find_worker(Connection& connection, WorkerId worker);

/// `SELECT` of runs as claims, up to its WHERE (runs are `u`, their trials `t`), and the reading of
/// a row.
const std::string& select_claims();
Claim read_claim(const Query& query);
/// The JSON of a run's start, from its columns argv, folder, pid, pid_start, devices.
std::string read_start(const Query& query, int first);

/// Columns of a proposal (trials are `t`, their parents `p`) and the reading of them from `first`
/// on.
extern const char* const kProposalColumns;
std::shared_ptr<const Proposal> read_proposal(const Query& query, int first);

}  // namespace hone::sql
