// A store in front of another one that hands everything on: for those that change some of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/store/store.h"

namespace hone {

/// As thread-safe as what it stands in front of, which must outlive it.
class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(Store& inner) : inner_(inner) {}

  StudyId create_study(const NewStudy& s) override { return inner_.create_study(s); }
  std::optional<StudyInfo> find_study(const std::string& p, const std::string& n) override {
    return inner_.find_study(p, n);
  }
  std::optional<StudyInfo> study(StudyId s) override { return inner_.study(s); }
  std::vector<StudyInfo> list_studies() override { return inner_.list_studies(); }
  SpecRecord spec(StudyId s, std::int64_t v) override { return inner_.spec(s, v); }
  Standing standing(StudyId s, Goal g) override { return inner_.standing(s, g); }
  void delete_study(StudyId s) override { inner_.delete_study(s); }
  LeadResult lead(StudyId s, const Holder& h, std::int64_t ttl) override {
    return inner_.lead(s, h, ttl);
  }
  void release_lead(StudyId s, std::int64_t t) override { inner_.release_lead(s, t); }
  LeaseState apply(StudyId s, std::int64_t t, std::span<const Action> a) override {
    return inner_.apply(s, t, a);
  }
  std::vector<RunLease> lost_runs(StudyId s) override { return inner_.lost_runs(s); }
  WorkerId register_worker(const WorkerInfo& w) override { return inner_.register_worker(w); }
  std::vector<Claim> claim(StudyId s, WorkerId w, int n, std::int64_t ttl) override {
    return inner_.claim(s, w, n, ttl);
  }
  std::vector<Claim> take_over(StudyId s, WorkerId w, std::int64_t ttl) override {
    return inner_.take_over(s, w, ttl);
  }
  std::vector<Claim> held(WorkerId w) override { return inner_.held(w); }
  LeaseState start_run(RunId r, std::int64_t t, const RunStart& s) override {
    return inner_.start_run(r, t, s);
  }
  std::vector<WorkerAnswer> renew(WorkerId w, std::span<const RunLease> r,
                                  std::int64_t ttl) override {
    return inner_.renew(w, r, ttl);
  }
  std::vector<WorkerAnswer> check(std::span<const RunLease> r) override { return inner_.check(r); }
  WorkerAnswer append(RunId r, std::int64_t t, const ReportBatch& b) override {
    return inner_.append(r, t, b);
  }
  LeaseState end_run(RunId r, std::int64_t t, const ReportBatch& b, const RunEnd& e) override {
    return inner_.end_run(r, t, b, e);
  }
  std::vector<WorkerAnswer> write_runs(std::span<const RunWrite> w) override {
    return inner_.write_runs(w);
  }
  std::vector<Change> changes_since(StudyId s, std::int64_t after, std::int64_t limit) override {
    return inner_.changes_since(s, after, limit);
  }
  bool wait_for_change(StudyId s, std::int64_t after, std::int64_t t) override {
    return inner_.wait_for_change(s, after, t);
  }
  RunDetail run_detail(RunId r) override { return inner_.run_detail(r); }
  void visit_points(RunId r, const SeePoints& see) override { inner_.visit_points(r, see); }
  RequestId add_request(StudyId s, const std::string& k, const Value& b,
                        const std::string& a) override {
    return inner_.add_request(s, k, b, a);
  }
  std::vector<Request> open_requests(StudyId s) override { return inner_.open_requests(s); }
  std::optional<std::string> request_outcome(RequestId r) override {
    return inner_.request_outcome(r);
  }
  std::vector<Label> labels(StudyId s) override { return inner_.labels(s); }
  void edit_labels(StudyId s, std::span<const LabelEdit> e, const std::string& a) override {
    inner_.edit_labels(s, e, a);
  }

 protected:
  Store& inner_;
};

}  // namespace hone
