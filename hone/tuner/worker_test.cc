// A worker whose store fails in the middle of what it is told.
#include "hone/tuner/worker.h"

#include <gtest/gtest.h>

#include "hone/runner/fake_executor.h"
#include "hone/store/forwarding_store.h"
#include "hone/store/liveness.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// Commits, and fails to say so, as often as it is told to.
class DoubtfulStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::vector<WorkerAnswer> write_runs(std::span<const RunWrite> writes) override {
    auto answers = ForwardingStore::write_runs(writes);
    if (lost_answers <= 0) return answers;
    --lost_answers;
    throw Error(ErrorCode::store_busy, "the connection was lost");
  }
  int lost_answers = 0;
};

class OneProgram final : public JobBuilder {
 public:
  std::variant<BuiltJob, JobRefused, NoRoom> build(const Claim& claim) override {
    BuiltJob built;
    built.job = rebuild(claim);
    built.start.argv = built.job.argv;
    return built;
  }
  Job rebuild(const Claim& claim) override {
    Job job;
    job.run = claim.run.id;
    job.token = claim.run.token;
    job.argv = {"program"};
    job.sources = {{"stdout", "stdout", 0}};
    return job;
  }
  void tell(const Claim&, Verdict) override {}
  void release(RunId) override {}
};

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    StudySpec spec;
    Parameter x;
    x.name = "x";
    x.domain = Real{};
    spec.name = "test";
    spec.space = *SearchSpace::create({x}, {}).space;
    spec.metrics = {Metric{}, Metric{}};
    spec.metrics[0].name = "loss";
    spec.metrics[1].name = "memory";
    spec.metrics[1].role = MetricRole::guard;
    spec.sampler.name = "random";
    study_ = create_study(store_, spec, "", "").id;
    const Holder holder{"elsewhere", "boot", 1, 1};
    const auto lead = store_.lead(study_, holder, 3600 * kSecond);
    auto proposal = std::make_shared<Proposal>();
    proposal->number = 0;
    proposal->config.set("x", 0.5);
    RunPlan plan;
    plan.trial = 0;
    const std::vector<Action> actions = {TrialAdded{proposal}, QueueRun{plan}};
    store_.apply(study_, lead.token, actions);
    WorkerOptions options;
    options.info.uid = "worker";
    options.info.holder = holder;
    options.system_metrics_us = 0;
    worker_ = std::make_unique<Worker>(store_, executor_, clock_, study_,
                                       stored_spec(store_, study_), builder_, options);
  }
  /// Lets the worker work for so long.
  void work(std::int64_t us) {
    for (std::int64_t passed = 0; passed < us; passed += kSecond / 20) {
      clock_.advance_us(kSecond / 20);
      worker_->step(0);
    }
  }
  void write(std::int64_t at_us, const std::string& line) {
    program_.pieces.push_back({at_us, 0, line + "\n"});
  }

  ManualClock clock_;
  ProcLiveness probe_;
  MemoryStore memory_{clock_, probe_};
  DoubtfulStore store_{memory_};
  FakeMachine machine_{clock_};
  FakeProgram program_;
  FakeExecutor executor_{machine_, [this](const Job&) { return program_; }, Rng(1)};
  OneProgram builder_;
  StudyId study_;
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, NothingIsLostOrDoubledWhereACommitIsInDoubt) {
  // The answer to what is written at two and at ten seconds is lost; more comes before it is asked
  // for again.
  for (int i = 0; i < 40; ++i) {
    write(kSecond + i * kSecond / 2,
          "{\"step\": " + std::to_string(i) + ", \"speed\": " + std::to_string(100 + i) + "}");
    if (i % 3 == 0)
      write(kSecond + i * kSecond / 2,
            "{\"step\": " + std::to_string(i) + ", \"loss\": " + std::to_string(i) + "}");
  }
  program_.end_us = 25 * kSecond;
  work(2 * kSecond);
  store_.lost_answers = 2;
  work(8 * kSecond);
  EXPECT_EQ(store_.lost_answers, 0);
  store_.lost_answers = 1;
  work(20 * kSecond);
  EXPECT_TRUE(worker_->idle());
  std::vector<double> speeds, losses;
  for (const Point& point : store_.points(RunId{1}))
    if (point.metric == "speed") speeds.push_back(point.value);
  for (const Change& change : store_.changes_since(study_, 0, 1000))
    if (const auto* reported = std::get_if<Reported>(&change.body))
      losses.push_back(reported->report.value);
  std::vector<double> all_speeds, all_losses;
  for (int i = 0; i < 40; ++i) {
    all_speeds.push_back(100 + i);
    if (i % 3 == 0) all_losses.push_back(i);
  }
  EXPECT_EQ(speeds, all_speeds);
  EXPECT_EQ(losses, all_losses);
}

TEST_F(WorkerTest, TheObjectiveComesLastOfWhatIsSaidAtOnce) {
  for (int i = 0; i < 3; ++i)
    write(kSecond, "{\"step\": " + std::to_string(i) + ", \"loss\": 3, \"memory\": 5}");
  program_.end_us = 2 * kSecond;
  work(4 * kSecond);
  std::vector<int> metrics;
  std::vector<double> places;
  std::vector<std::int64_t> ordinals;
  for (const Change& change : store_.changes_since(study_, 0, 1000)) {
    const auto* reported = std::get_if<Reported>(&change.body);
    if (reported == nullptr) continue;
    metrics.push_back(reported->report.metric);
    places.push_back(reported->report.fidelity);
    ordinals.push_back(reported->report.ordinal);
  }
  EXPECT_EQ(metrics, (std::vector<int>{1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(places, (std::vector<double>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(ordinals, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
}

}  // namespace
}  // namespace hone
