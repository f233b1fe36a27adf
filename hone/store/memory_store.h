// The store in memory: the reference that the others are measured against, and the simulator's.
// Nothing survives the object.
#pragma once

#include <functional>

#include "hone/base/clock.h"
#include "hone/store/store.h"

namespace hone {

/// Thread-safe. Deterministic: ids count from 1 and uids follow from them.
class MemoryStore final : public Store {
 public:
  /// `clock` and `probe` must outlive the store.
  MemoryStore(const Clock& clock, const LivenessProbe& probe);
  ~MemoryStore() override;

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

  /// Test switch: says whether the deliberate fault of a name is on ("fencing", "append_twice",
  /// "claim_twice").
  void set_fault(std::function<bool(std::string_view)> is_on);

 private:
  struct State;
  const Clock& clock_;
  const LivenessProbe& probe_;
  std::unique_ptr<State> state_;
};

}  // namespace hone
