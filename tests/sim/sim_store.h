// The store as one simulated process sees it: calls may fail before or after they took effect, the
// process may die in them, and answers and batches may come twice.
#pragma once

#include <functional>
#include <iterator>
#include <numeric>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/rng.h"
#include "hone/store/forwarding_store.h"
#include "tests/sim/scenario.h"

namespace hone::sim {

/// Thrown in the middle of a call: the process is gone. No hone::Error, so nothing in hone catches
/// it.
struct ProcessDies {};

/// Who is alive, seen from the process that asks: it knows its own machine since the last boot.
class SimProbe final : public LivenessProbe {
 public:
  Liveness probe(const Holder& holder) const override {
    if (holder.host != asking.host || holder.boot_id != asking.boot_id) return Liveness::unknown;
    return is_alive(holder) ? Liveness::alive : Liveness::gone;
  }
  Holder asking;
  std::function<bool(const Holder&)> is_alive;
};

/// Counts what struck.
struct FaultLog {
  std::int64_t count[kFaultKinds] = {};
  void add(FaultKind kind) { ++count[static_cast<int>(kind)]; }
  std::int64_t total() const { return std::accumulate(std::begin(count), std::end(count), 0LL); }
};

/// A batch that a worker sent, to be sent again later by a network that repeats.
struct SentBatch {
  RunId run;
  std::int64_t token = 0;
  ReportBatch batch;
};

class SimStore final : public ForwardingStore {
  // Declared first: its type is deduced by the calls below.
  template <class F>
  auto call(F&& f) -> decltype(f()) {
    probe_.asking = holder_;
    if (!calm) {
      maybe_die();
      if (rng_.chance(scenario_.store_error_rate)) {
        log_.add(FaultKind::store_error);
        throw Error(ErrorCode::store_busy, "injected: the store is busy");
      }
    }
    auto result = f();
    if (!calm) {
      maybe_die();
      if (rng_.chance(scenario_.lost_answer_rate)) {
        log_.add(FaultKind::lost_answer);
        throw Error(ErrorCode::store, "injected: the connection broke after the commit");
      }
    }
    return result;
  }

 public:
  SimStore(Store& inner, SimProbe& probe, Holder holder, const Scenario& scenario, Rng rng,
           FaultLog& log, std::vector<SentBatch>& sent)
      : ForwardingStore(inner),
        probe_(probe),
        holder_(std::move(holder)),
        scenario_(scenario),
        rng_(rng),
        log_(log),
        sent_(sent) {}

  /// Whether the process leads: its death then counts as a leader's.
  std::function<bool()> leads;
  /// No faults from now on (the end of the run is near, everything must settle).
  bool calm = false;

  std::optional<StudyInfo> find_study(const std::string& p, const std::string& n) override {
    return call([&] { return inner_.find_study(p, n); });
  }
  std::optional<StudyInfo> study(StudyId id) override {
    return call([&] { return inner_.study(id); });
  }
  std::vector<StudyInfo> list_studies() override {
    return call([&] { return inner_.list_studies(); });
  }
  SpecRecord spec(StudyId s, std::int64_t v) override {
    return call([&] { return inner_.spec(s, v); });
  }
  LeadResult lead(StudyId s, const Holder& h, std::int64_t ttl) override {
    return call([&] { return inner_.lead(s, h, ttl); });
  }
  LeaseState apply(StudyId s, std::int64_t t, std::span<const Action> a) override {
    return call([&] { return inner_.apply(s, t, a); });
  }
  std::vector<RunLease> lost_runs(StudyId s) override {
    return call([&] { return inner_.lost_runs(s); });
  }
  WorkerId register_worker(const WorkerInfo& w) override {
    return call([&] { return inner_.register_worker(w); });
  }
  std::vector<Claim> claim(StudyId s, WorkerId w, int n, std::int64_t ttl) override {
    return call([&] { return inner_.claim(s, w, n, ttl); });
  }
  std::vector<Claim> take_over(StudyId s, WorkerId w, std::int64_t ttl) override {
    return call([&] { return inner_.take_over(s, w, ttl); });
  }
  std::vector<Claim> held(WorkerId w) override {
    return call([&] { return inner_.held(w); });
  }
  LeaseState start_run(RunId r, std::int64_t t, const RunStart& s) override {
    return call([&] { return inner_.start_run(r, t, s); });
  }
  std::vector<WorkerAnswer> renew(WorkerId w, std::span<const RunLease> r,
                                  std::int64_t ttl) override {
    return call([&] { return inner_.renew(w, r, ttl); });
  }
  std::vector<WorkerAnswer> check(std::span<const RunLease> r) override {
    return call([&] { return inner_.check(r); });
  }
  WorkerAnswer append(RunId r, std::int64_t t, const ReportBatch& b) override {
    return call([&] {
      const WorkerAnswer answer = inner_.append(r, t, b);
      repeat(r, t, b);
      return answer;
    });
  }
  LeaseState end_run(RunId r, std::int64_t t, const ReportBatch& b, const RunEnd& e) override {
    return call([&] {
      sent_.push_back({r, t, b});
      return inner_.end_run(r, t, b, e);
    });
  }
  std::vector<WorkerAnswer> write_runs(std::span<const RunWrite> w) override {
    return call([&] {
      const auto answers = inner_.write_runs(w);
      for (const RunWrite& each : w) {
        if (!each.batch) continue;
        if (each.end) {
          sent_.push_back({each.run, each.token, *each.batch});
        } else {
          repeat(each.run, each.token, *each.batch);
        }
      }
      return answers;
    });
  }
  std::vector<Change> changes_since(StudyId s, std::int64_t after, std::int64_t limit) override {
    return call([&] { return inner_.changes_since(s, after, limit); });
  }
  std::vector<Request> open_requests(StudyId s) override {
    return call([&] { return inner_.open_requests(s); });
  }

 private:
  void maybe_die() {
    if (!rng_.chance(scenario_.crash_rate / 2)) return;
    log_.add(leads && leads() ? FaultKind::leader_crash : FaultKind::worker_crash);
    throw ProcessDies{};
  }
  void repeat(RunId run, std::int64_t token, const ReportBatch& batch) {
    if (calm || batch.reports.empty()) return;
    sent_.push_back({run, token, batch});
    if (!rng_.chance(scenario_.duplicate_rate)) return;
    log_.add(FaultKind::duplicated_report);
    inner_.append(run, token, batch);
  }

  SimProbe& probe_;
  Holder holder_;
  const Scenario& scenario_;
  Rng rng_;
  FaultLog& log_;
  std::vector<SentBatch>& sent_;
};

}  // namespace hone::sim
