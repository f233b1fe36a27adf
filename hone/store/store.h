// The store: the study's durable record and the only channel between leader, workers and readers.
// Every method is one transaction; when it returns, its effect is durable (on disk, for stores that
// have one). A method that throws Error(store…) has had no effect, or its effect is complete and
// repeating the call is harmless (the caller cannot know which).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hone/study/change.h"
#include "hone/study/objective.h"

namespace hone {

/// Who holds a lease: a process. On one machine liveness decides, elsewhere the lease's time.
struct Holder {
  std::string host;
  std::string boot_id;
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;  ///< clock ticks since boot, field 22 of /proc/PID/stat
  friend bool operator==(const Holder&, const Holder&) = default;
  std::string text() const;  ///< host/boot id/pid/start
  static std::optional<Holder> parse(std::string_view text);
};

/// Answers whether a holder lives. `unknown` for other machines.
enum class Liveness { alive, gone, unknown };
class LivenessProbe {
 public:
  virtual ~LivenessProbe() = default;
  virtual Liveness probe(const Holder& holder) const = 0;
};

enum class LeaseState { held, lost };

struct StudyInfo {
  StudyId id;
  std::string uid;
  std::string project;
  std::string name;
  StudyState state = StudyState::open;
  std::int64_t spec_version = 1;
  std::int64_t last_seq = 0;
  std::int64_t trials = 0;
  std::int64_t created_us = 0;
  std::optional<Holder> leader;
  std::int64_t leader_until_us = 0;
};

struct NewStudy {
  std::string project;
  std::string name;
  std::string owner;
  std::string source;  ///< the file as the user wrote it
  std::string body;    ///< normalised JSON
  std::vector<std::pair<std::string, MetricRole>>
      metrics;  ///< declared metrics in the spec's order
};

struct SpecRecord {
  std::int64_t version = 1;
  std::string source;
  std::string body;
  std::int64_t from_seq = 0;
};

struct LeadResult {
  LeaseState state = LeaseState::lost;
  std::int64_t token = 0;         ///< when held
  std::optional<Holder> held_by;  ///< when lost
  std::int64_t until_us = 0;
};

// What a leader may do; each becomes a change of the same name (or none).
struct QueueRun {
  RunPlan plan;
};
/// Ends a run that its worker can no longer hold (another machine's lease ran out, or its machine
/// was restarted). Ignored when the run was renewed, taken over or ended meanwhile. Becomes
/// RunEnded(interrupted).
struct ReclaimRun {
  RunId run;
  std::int64_t token = 0;
};
/// Ends a waiting run that need not be started any more. Ignored when it was claimed meanwhile.
/// Becomes RunEnded(cancelled).
struct CancelRun {
  RunId run;
};
struct PutSpec {
  std::string source;
  std::string body;
  std::string by_whom;
};
/// As the worker's own `claim`, in the leader's transaction: for the worker that lives in the same
/// process, which then learns from `held` what it got. Becomes RunClaimed, one for each run taken.
struct ClaimRuns {
  WorkerId worker;
  int count = 0;
  std::int64_t ttl_us = 0;
};
using Action = std::variant<TrialAdded, QueueRun, Judged, TrialMoved, StudyMoved, RequestHandled,
                            Noted, ReclaimRun, CancelRun, PutSpec, ClaimRuns>;

struct WorkerInfo {
  std::string uid;
  Holder holder;
  std::string version;
  std::string resources;  ///< JSON
};

/// A run in a worker's hands.
struct Claim {
  Run run;
  std::shared_ptr<const Proposal> proposal;
  Verdict verdict = Verdict::go_on;
  std::int64_t next_ordinal = 0;
  std::string parsed = "{}";        ///< byte offsets and parser states, as last appended
  std::string started = "{}";       ///< what `start_run` stored (folder, pid …); "{}" before
  std::int64_t busy_before_us = 0;  ///< of the trial, before this run
};

/// What a worker knows once the process runs; kept with the run.
struct RunStart {
  std::vector<std::string> argv;
  std::string folder;
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;
  std::string devices;      ///< JSON
  std::string environment;  ///< JSON; stored once per distinct text
};

/// A number that only people look at.
struct Point {
  std::string metric;
  double step = 0;
  double value = 0;
  std::int64_t busy_us = 0;
};

/// Reports and points in order. Ordinals count both: reports[i] carries its own; points follow
/// their own count within `next_ordinal`.
struct ReportBatch {
  std::vector<Report> reports;  ///< ordinals rising
  std::int64_t next_ordinal =
      0;                      ///< after this batch; whatever is stored already below it is dropped
  std::vector<Point> points;  ///< stored only when the batch is new as a whole
  std::string parsed = "{}";  ///< replaces the stored one, in the same transaction
};

struct WorkerAnswer {
  LeaseState lease = LeaseState::lost;
  Verdict verdict = Verdict::go_on;  ///< the trial's current one
};

/// What a worker has to store of one run: whichever of them are there, in this order.
struct RunWrite {
  RunId run;
  std::int64_t token = 0;
  std::optional<RunStart> start;
  std::optional<ReportBatch> batch;
  std::optional<RunEnd> end;
};

struct RunLease {
  RunId run;
  std::int64_t token = 0;
};

struct Request {
  RequestId id;
  std::string kind;  ///< stop, resume, finish, stop_trials, retry, enqueue, budget, parallel …
  Value body;
  std::string actor;
  std::int64_t at_us = 0;
};

/// What people note beside the record: a note, tags, a star. Numbers are stored; never renumber.
enum class LabelKind { note = 1, tag = 2, star = 3 };
struct Label {
  std::optional<std::int64_t> trial;  ///< its number; none: the study's own
  LabelKind kind = LabelKind::note;
  std::string name;  ///< of a tag; empty for a note and a star
  std::string text;  ///< of a note
};
/// Puts a label, in the place of one with the same trial, kind and name, or takes it away.
struct LabelEdit {
  Label label;
  bool remove = false;  ///< with an empty name: every label of that trial and kind
};

/// How far a study is, told without reading its record.
struct Standing {
  TrialCounts trials;
  /// Number and judged value in the first objective of the complete trial that is best in it; ties
  /// go to the lower number. Guards and other objectives are not looked at.
  std::optional<std::pair<std::int64_t, double>> best;
};

/// Thread-safe: any thread may call any method.
class Store {
 public:
  virtual ~Store() = default;

  // Studies.
  /// Throws Error(exists) when (project, name) is taken.
  virtual StudyId create_study(const NewStudy& study) = 0;
  virtual std::optional<StudyInfo> find_study(const std::string& project,
                                              const std::string& name) = 0;
  virtual std::optional<StudyInfo> study(StudyId id) = 0;
  virtual std::vector<StudyInfo> list_studies() = 0;
  /// version 0: the newest. Throws Error(not_found).
  virtual SpecRecord spec(StudyId study, std::int64_t version = 0) = 0;
  /// Takes a fraction of what folding the record takes. `goal`: of the first objective. Throws
  /// Error(not_found).
  virtual Standing standing(StudyId study, Goal goal) = 0;
  /// Removes the study and everything of it. Throws Error(conflict) while a leader or a run is
  /// alive.
  virtual void delete_study(StudyId study) = 0;

  // Leader.
  /// Takes or renews the leadership. Free when never held, released, its holder is gone, or (holder
  /// on another machine) the time ran out. The token rises whenever the holder changes; renewal
  /// keeps it. A held token that was superseded is lost.
  virtual LeadResult lead(StudyId study, const Holder& holder, std::int64_t ttl_us) = 0;
  virtual void release_lead(StudyId study, std::int64_t token) = 0;
  /// Commits all actions at once or none: lost when the token is stale. TrialAdded must carry the
  /// next number. Illegal state changes throw Error(conflict).
  virtual LeaseState apply(StudyId study, std::int64_t leader_token,
                           std::span<const Action> actions) = 0;
  /// Runs in the hands of workers that are certainly gone: on another machine or before a reboot,
  /// with the lease run out; with what is needed for ReclaimRun. Runs of a dead worker on a living
  /// machine are for `take_over`.
  virtual std::vector<RunLease> lost_runs(StudyId study) = 0;

  // Workers.
  virtual WorkerId register_worker(const WorkerInfo& worker) = 0;
  /// Takes up to `count` waiting runs (priority, then order of queueing); their tokens rise.
  virtual std::vector<Claim> claim(StudyId study, WorkerId worker, int count,
                                   std::int64_t ttl_us) = 0;
  /// Takes over the runs of dead workers on this worker's machine and boot; tokens rise. The worker
  /// then adopts the processes.
  virtual std::vector<Claim> take_over(StudyId study, WorkerId worker, std::int64_t ttl_us) = 0;
  /// The unended runs in this worker's hands, with their current tokens: what a lost answer of
  /// `claim` or `take_over` said. Reads only.
  virtual std::vector<Claim> held(WorkerId worker) = 0;
  virtual LeaseState start_run(RunId run, std::int64_t token, const RunStart& start) = 0;
  virtual std::vector<WorkerAnswer> renew(WorkerId worker, std::span<const RunLease> runs,
                                          std::int64_t ttl_us) = 0;
  /// What a worker would be answered now, without renewing; reads only.
  virtual std::vector<WorkerAnswer> check(std::span<const RunLease> runs) = 0;
  /// Idempotent by ordinal.
  virtual WorkerAnswer append(RunId run, std::int64_t token, const ReportBatch& batch) = 0;
  /// The last batch and the end, in one transaction. Idempotent: repeating it with the same token
  /// after success answers held.
  virtual LeaseState end_run(RunId run, std::int64_t token, const ReportBatch& last,
                             const RunEnd& end) = 0;
  /// `start_run`, `append` and `end_run` of several runs in one transaction; an answer for each. A
  /// run that is lost is left out, which touches none of the others.
  virtual std::vector<WorkerAnswer> write_runs(std::span<const RunWrite> writes) = 0;

  // Readers.
  /// Up to `limit` changes with seq > after, in order.
  virtual std::vector<Change> changes_since(StudyId study, std::int64_t after,
                                            std::int64_t limit) = 0;
  /// Waits until a change with seq > after or an open request may be there, or the time is over;
  /// true if so.
  virtual bool wait_for_change(StudyId study, std::int64_t after, std::int64_t timeout_us) = 0;
  /// What a worker stored of a run, for showing: start (JSON with argv, folder, pid, devices),
  /// environment (JSON), parsed.
  struct RunDetail {
    std::string started = "{}";
    std::string environment = "{}";
    std::string parsed = "{}";
  };
  virtual RunDetail run_detail(RunId run) = 0;
  /// Shows the tracking points of a run in order, some at a time: a run may have millions.
  using SeePoints = std::function<void(std::span<const Point>)>;
  virtual void visit_points(RunId run, const SeePoints& see) = 0;
  /// All of them.
  std::vector<Point> points(RunId run);

  // Requests of users.
  virtual RequestId add_request(StudyId study, const std::string& kind, const Value& body,
                                const std::string& actor) = 0;
  virtual std::vector<Request> open_requests(StudyId study) = 0;
  /// The outcome once handled.
  virtual std::optional<std::string> request_outcome(RequestId request) = 0;

  // Labels. They are no part of the record: nothing is decided from them, and they have no commit
  // number.
  /// By trial (the study's own first), kind and name.
  virtual std::vector<Label> labels(StudyId study) = 0;
  /// All of the edits or none. Throws Error(not_found) for a study or trial that is not there.
  virtual void edit_labels(StudyId study, std::span<const LabelEdit> edits,
                           const std::string& actor) = 0;
};

}  // namespace hone
