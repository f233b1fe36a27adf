// The contract suite of stores: what every implementation must do, written once. A store's test
// instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(StoreKind{"Memory",
//   make_memory_store}));
//
// and links store_contract_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/store/store.h"

namespace hone {

/// Answers as told: `alive` on this "machine" (host "here", boot "boot") unless killed, `unknown`
/// elsewhere.
class FakeProbe final : public LivenessProbe {
 public:
  Liveness probe(const Holder& holder) const override {
    const std::lock_guard lock(mutex_);
    if (holder.host != "here" || holder.boot_id != "boot") return Liveness::unknown;
    const auto it = gone_.find(holder.pid);
    return it != gone_.end() && it->second ? Liveness::gone : Liveness::alive;
  }
  void kill(const Holder& holder) {
    const std::lock_guard lock(mutex_);
    gone_[holder.pid] = true;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, bool> gone_;
};

using StoreFactory = std::function<std::unique_ptr<Store>(const Clock&, const LivenessProbe&)>;

/// A store to test. The factory makes an empty one; null: not available here, and the tests are
/// skipped.
struct StoreKind {
  std::string name;
  StoreFactory make;
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override;

  static Holder here(std::int64_t pid) { return {"here", "boot", pid, 100 + pid}; }
  static Holder elsewhere(std::int64_t pid) { return {"there", "their boot", pid, 100 + pid}; }

  StudyId make_study(const std::string& name = "study");
  /// Takes the lead as process 1 here, for ever.
  std::int64_t lead(StudyId study);
  WorkerId worker(const Holder& holder, const std::string& uid = "");
  static TrialAdded trial(std::int64_t number);
  static QueueRun queue(std::int64_t trial, int attempt = 0, int segment = 0);
  static ReportBatch reports(std::int64_t first, int count, double value = 0.5);
  static RunEnd finished(std::int64_t busy_us = 0);
  /// A study with one claimed run of one trial.
  struct Running {
    StudyId study;
    std::int64_t lead = 0;
    WorkerId worker;
    Claim claim;
  };
  Running make_running(const std::string& name = "study");
  /// A study with what studies have: two trials, one of which has ended, reports and points,
  /// labels, a spec that was changed, and requests.
  StudyId make_whole(const std::string& name = "study");
  void apply(StudyId study, std::int64_t token, std::vector<Action> actions);
  /// All changes, read in one page.
  std::vector<Change> changes(StudyId study);
  /// Names of kinds, in order.
  std::vector<std::string> kinds(StudyId study);

  static constexpr std::int64_t kTtl_us = 30 * kSecond_us;

  ManualClock clock_;
  FakeProbe probe_;
  std::unique_ptr<Store> store_;
};

}  // namespace hone
