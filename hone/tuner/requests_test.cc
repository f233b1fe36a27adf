#include <gtest/gtest.h>

#include <array>

#include "hone/base/error.h"
#include "hone/store/liveness.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/caller_study.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

class RequestsTest : public testing::Test {
 protected:
  void SetUp() override {
    Parameter x;
    x.name = "x";
    x.domain = Real{};
    StudySpec spec;
    spec.name = "test";
    spec.space = *SearchSpace::create({x}, {}).space;
    Metric loss;
    loss.name = "loss";
    spec.metrics = {loss};
    spec.sampler.name = "random";
    spec.run_default_first = false;
    spec.budget.trials = 2;
    spec.budget.cost = 5;
    id_ = create_study(store_, spec, "", "").id;
    CallerStudyOptions options;
    options.study = id_;
    options.holder = Holder{"elsewhere", "boot", 1, 1};
    options.worker_uid = "worker";
    options.background = false;
    options.timed = false;
    study_ = std::make_unique<CallerStudy>(store_, clock_, probe_, options);
  }
  StudySpec stored() { return StudySpec::from_value(*Value::parse(store_.spec(id_, 0).body)); }
  std::string ask(const char* kind, const Value& body = Value::Map{}) {
    return study_->request(kind, body, "ann");
  }
  static Value json(const char* text) { return *Value::parse(text); }

  ManualClock clock_;
  ProcLiveness probe_;
  MemoryStore store_{clock_, probe_};
  StudyId id_;
  std::unique_ptr<CallerStudy> study_;
};

TEST_F(RequestsTest, ABudgetIsChangedLimitByLimit) {
  EXPECT_EQ(ask("budget", json(R"({"trials": 7, "time_us": 3600000000, "cpu_us": 60000000})")),
            "budget: 7 trials, 1 h 00 m, 1 m 00 s CPU time, cost 5");
  EXPECT_EQ(stored().budget.trials, 7);
  EXPECT_EQ(stored().budget.cpu_us, 60'000'000);
  ask("budget", json(R"({"cost": null, "time_us": null, "fidelity": 12.5})"));
  const Budget budget = stored().budget;
  EXPECT_FALSE(budget.cost || budget.time_us);
  EXPECT_EQ(budget.fidelity, 12.5);
  EXPECT_EQ(budget.trials, 7) << "what is not named stays";
}

TEST_F(RequestsTest, TheNumberOfRunsIsStoredAndBounded) {
  EXPECT_EQ(ask("parallel", json(R"({"parallel": 3})")), "3 runs at a time");
  EXPECT_EQ(stored().parallel, 3);
  EXPECT_THROW(ask("parallel", json(R"({"parallel": 0})")), Error);
  EXPECT_THROW(ask("parallel", json(R"({"parallel": 1000000})")), Error);
  EXPECT_EQ(stored().parallel, 3);
}

TEST_F(RequestsTest, BudgetAndRunsAtATimeAreChangedTogetherOrNotAtAll) {
  EXPECT_EQ(ask("budget", json(R"({"trials": 7, "cost": null, "parallel": 3})")),
            "budget: 7 trials; 3 runs at a time");
  EXPECT_EQ(stored().parallel, 3);
  EXPECT_EQ(stored().budget.trials, 7);
  EXPECT_THROW(ask("budget", json(R"({"trials": 9, "parallel": 0})")), Error);
  EXPECT_EQ(stored().parallel, 3);
  EXPECT_EQ(stored().budget.trials, 7);
}

TEST_F(RequestsTest, AFinishedStudyHasStoppedItsTrials) {
  const auto trial = std::get<CallerTrial>(study_->ask());
  EXPECT_EQ(ask("finish"), "finished");
  EXPECT_EQ(store_.study(id_)->state, StudyState::finished);
  study_->read([&](const History& history) {
    EXPECT_EQ(history.trial(trial.number).verdict, Verdict::stop);
    EXPECT_EQ(history.state_reason(), "ended by ann");
  });
  EXPECT_TRUE(std::holds_alternative<AskOver>(study_->ask()));
  EXPECT_EQ(ask("finish"), "is finished already");
  EXPECT_EQ(ask("resume"), "resumed");
  EXPECT_EQ(store_.study(id_)->state, StudyState::open);
}

TEST_F(RequestsTest, ACloneNamesTheTrialThatItIsOf) {
  const auto first = std::get<CallerTrial>(study_->ask());
  study_->tell(first.run, std::array{1.0});
  EXPECT_EQ(ask("enqueue", json(R"({"config": {"x": 0.25}, "clone_of": 0})")), "trial 1");
  study_->read([](const History& history) {
    const Proposal& clone = *history.trial(1).proposal;
    EXPECT_EQ(clone.origin, TrialOrigin::clone);
    EXPECT_EQ(clone.parent, 0);
    EXPECT_EQ(clone.config.get("x")->as_number(), 0.25);
  });
  EXPECT_THROW(ask("enqueue", json(R"({"config": {"x": 0.25}, "clone_of": 9})")), Error);
}

}  // namespace
}  // namespace hone
