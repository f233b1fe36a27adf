#include "hone/tuner/caller_study.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "hone/base/error.h"
#include "hone/store/liveness.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

StudySpec spec_of(const std::string& method) {
  Parameter x;
  x.name = "x";
  Real domain;
  domain.low = -1;
  domain.high = 1;
  x.domain = domain;
  StudySpec spec;
  spec.name = "test";
  spec.space = *SearchSpace::create({x}, {}).space;
  Metric loss;
  loss.name = "loss";
  spec.metrics = {loss};
  spec.sampler.name = method;
  spec.seed = 7;
  spec.limits.retries = 0;
  spec.limits.same_failures = 0;
  return spec;
}

class CallerStudyTest : public testing::Test {
 protected:
  void create(const StudySpec& spec) { id_ = create_study(store_, spec, "", "").id; }
  /// `process`: tells several users of the study apart, as processes of another machine.
  std::unique_ptr<CallerStudy> open(int process = 0) {
    CallerStudyOptions options;
    options.study = id_;
    options.holder = process == 0 ? this_process_holder() : Holder{"elsewhere", "boot", process, 1};
    options.worker_uid = "worker" + std::to_string(process);
    options.background = false;
    options.timed = false;
    return std::make_unique<CallerStudy>(store_, clock_, probe_, options);
  }
  static double x_of(const CallerTrial& trial) { return trial.config.get("x")->as_number(); }

  ManualClock clock_;
  ProcLiveness probe_;
  MemoryStore store_{clock_, probe_};
  StudyId id_;
};

TEST_F(CallerStudyTest, FindsTheBestOfWhatItWasTold) {
  create(spec_of("auto"));
  const auto study = open();
  double lowest = 2;
  for (int i = 0; i < 15; ++i) {
    const auto trial = std::get<CallerTrial>(study->ask());
    EXPECT_EQ(trial.number, i);
    const double value = std::pow(x_of(trial) - 0.3, 2);
    lowest = std::min(lowest, value);
    study->tell(trial.run, std::array{value});
  }
  EXPECT_EQ(study->read([](const History& h) { return *h.trial(h.best()).value(); }), lowest);
  EXPECT_LT(lowest, 0.01);
}

TEST_F(CallerStudyTest, GivesTheSameTrialsForTheSameAnswers) {
  std::vector<double> first;
  for (int round = 0; round < 2; ++round) {
    StudySpec spec = spec_of("auto");
    spec.name += std::to_string(round);
    create(spec);
    const auto study = open();
    std::vector<double> seen;
    for (int i = 0; i < 12; ++i) {
      const auto trial = std::get<CallerTrial>(study->ask());
      seen.push_back(x_of(trial));
      study->tell(trial.run, std::array{std::abs(seen.back())});
    }
    if (round == 0) first = seen;
    EXPECT_EQ(seen, first);
  }
}

TEST_F(CallerStudyTest, ManyTrialsAreOutAtATimeAndToldInAnyOrder) {
  create(spec_of("tpe"));
  const auto study = open();
  std::vector<CallerTrial> out;
  std::set<double> values;
  for (int i = 0; i < 8; ++i) {
    out.push_back(std::get<CallerTrial>(study->ask()));
    values.insert(x_of(out.back()));
  }
  EXPECT_EQ(values.size(), 8U);
  for (auto it = out.rbegin(); it != out.rend(); ++it) study->tell(it->run, std::array{x_of(*it)});
  EXPECT_EQ(study->read([](const History& h) { return h.counts().complete; }), 8);
  EXPECT_THROW(study->tell(out[0].run, std::array{1.0}), Error);
  EXPECT_THROW(study->run_of(99), Error);
}

TEST_F(CallerStudyTest, ReportsAreTheCurveAndASchedulerEndsTheHopeless) {
  StudySpec spec = spec_of("random");
  spec.run_default_first = false;
  spec.scheduler = {"median", Value::Map{}};
  spec.fidelity = Fidelity{"epoch", 1, 10};
  create(spec);
  const auto study = open();
  for (int i = 0; i < 12; ++i) {
    const auto trial = std::get<CallerTrial>(study->ask());
    EXPECT_FALSE(study->should_stop(trial.run));
    for (int epoch = 1; epoch <= 10; ++epoch) {
      const std::pair<std::string, double> values[] = {{"loss", 1.0 + i}, {"lr", 0.1}};
      if (study->report(trial.run, epoch, values)) break;
    }
    study->tell(trial.run, {});
  }
  study->read([](const History& h) {
    EXPECT_EQ(h.trial(0).state, TrialState::complete);
    EXPECT_EQ(h.trial(0).value(), 1.0);
    EXPECT_EQ(h.trial(0).curve.size(), 10U);
    EXPECT_EQ(h.trial(11).state, TrialState::stopped);
    EXPECT_LT(h.trial(11).curve.size(), 10U);
    EXPECT_FALSE(h.trial(11).reason.empty());
  });
}

TEST_F(CallerStudyTest, TheCallerMayEndATrialEarlyItself) {
  create(spec_of("random"));
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  EXPECT_THROW(study->tell_stopped(trial.run), Error);
  const std::pair<std::string, double> values[] = {{"loss", 0.5}};
  study->report(trial.run, 3, values);
  study->tell_stopped(trial.run);
  study->read([](const History& h) {
    EXPECT_EQ(h.trial(0).state, TrialState::stopped);
    EXPECT_EQ(h.trial(0).value(), 0.5);
    EXPECT_EQ(h.trial(0).reached, 3);
  });
}

TEST_F(CallerStudyTest, FailuresAreKeptWithTheirKind) {
  create(spec_of("random"));
  const auto study = open();
  const auto first = std::get<CallerTrial>(study->ask());
  study->tell_failed(first.run, FailKind::diverged, "loss above 1e9");
  const auto second = std::get<CallerTrial>(study->ask());
  EXPECT_EQ(second.number, 1);
  study->tell(second.run, std::array{std::nan("")});
  EXPECT_THROW(study->tell(std::get<CallerTrial>(study->ask()).run, {}), Error);
  study->read([](const History& h) {
    EXPECT_EQ(h.trial(0).fail_kind, FailKind::diverged);
    EXPECT_EQ(h.trial(1).fail_kind, FailKind::nan);
    EXPECT_EQ(h.best(), -1);
  });
}

TEST_F(CallerStudyTest, WhatTheUserEnqueuesComesFirst) {
  create(spec_of("random"));
  const auto study = open();
  Value config = Value::Map{};
  config.set("x", 0.25);
  Value body = Value::Map{};
  body.set("config", config);
  EXPECT_EQ(study->request("enqueue", body, "me"), "trial 0");
  EXPECT_EQ(x_of(std::get<CallerTrial>(study->ask())), 0.25);
  config.set("x", 7.0);
  body.set("config", config);
  EXPECT_THROW(study->request("enqueue", body, "me"), Error);
}

TEST_F(CallerStudyTest, ABudgetEndsTheStudyAndARequestOpensItAgain) {
  StudySpec spec = spec_of("random");
  spec.budget.trials = 2;
  create(spec);
  const auto study = open();
  const auto a = std::get<CallerTrial>(study->ask());
  const auto b = std::get<CallerTrial>(study->ask());
  EXPECT_TRUE(std::holds_alternative<AskLater>(study->ask()));
  study->tell(a.run, std::array{1.0});
  study->tell(b.run, std::array{2.0});
  EXPECT_EQ(std::get<AskOver>(study->ask()).why, "every trial of the budget was started");
  Value more = Value::Map{};
  more.set("trials", 1).set("relative", true);
  study->request("budget", more, "me");
  EXPECT_EQ(std::get<CallerTrial>(study->ask()).number, 2);
}

TEST_F(CallerStudyTest, BudgetsThatCountTimeAreMeasuredWhereNothingElseAsksForIt) {
  StudySpec spec = spec_of("random");
  spec.resources.cpus = 2;
  spec.budget.cpu_us = 100 * kSecond_us;
  create(spec);
  const auto study = open();
  int count = 0;
  for (; count < 100; ++count) {
    const AskAnswer answer = study->ask();
    const auto* trial = std::get_if<CallerTrial>(&answer);
    if (trial == nullptr) break;
    clock_.advance_us(20 * kSecond_us);
    study->tell(trial->run, std::array{1.0});
  }
  EXPECT_EQ(count, 3);  // 40 s of two processors each
  const auto over = std::get<AskOver>(study->ask());
  EXPECT_NE(over.why.find("CPU time"), std::string::npos) << over.why;
}

TEST_F(CallerStudyTest, WhatIsGivenBackComesAgain) {
  create(spec_of("random"));
  double x = 0;
  {
    const auto study = open();
    const auto trial = std::get<CallerTrial>(study->ask());
    x = x_of(trial);
    study->give_back(trial.run);
    const auto again = std::get<CallerTrial>(study->ask());
    EXPECT_EQ(again.number, 0);
    EXPECT_EQ(again.attempt, 1);
  }  // ends with the trial in its hands
  const auto study = open();
  const auto again = std::get<CallerTrial>(study->ask());
  EXPECT_EQ(again.attempt, 2);
  EXPECT_EQ(x_of(again), x);
}

TEST_F(CallerStudyTest, AnotherProgramFollowsAndGetsTrialsFromTheLeader) {
  create(spec_of("random"));
  const auto leader = open();
  const auto mine = std::get<CallerTrial>(leader->ask());
  const auto follower = open(1);
  ASSERT_TRUE(std::holds_alternative<AskLater>(follower->ask()));  // has asked the leader
  leader->read([](const History&) {});
  const auto theirs = std::get<CallerTrial>(follower->ask());
  EXPECT_NE(theirs.number, mine.number);
  follower->tell(theirs.run, std::array{0.5});
  leader->tell(mine.run, std::array{0.25});
  EXPECT_EQ(follower->read([](const History& h) { return h.best(); }), mine.number);
}

/// With the thread that keeps the lease, as every store that others can reach has it.
TEST(CallerStudyThreads, AskAndTellAtTheSameTime) {
  SystemClock clock;
  ProcLiveness probe;
  MemoryStore store(clock, probe);
  CallerStudyOptions options;
  options.study = create_study(store, spec_of("random"), "", "").id;
  options.holder = this_process_holder();
  options.worker_uid = "worker";
  CallerStudy study(store, clock, probe, options);
  const auto work = [&study] {
    for (int i = 0; i < 10; ++i) {
      const auto trial = std::get<CallerTrial>(study.ask());
      const std::pair<std::string, double> values[] = {{"loss", 1.0}};
      study.report(trial.run, 1, values);
      study.tell(trial.run, {});
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(study.read([](const History& h) { return h.counts().complete; }), 40);
}

}  // namespace
}  // namespace hone
