// Detectors at work in the tuner: warnings in the record, verdicts, the default configuration, and
// what another process that takes over makes of them.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "hone/store/liveness.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/caller_study.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

class TunerDetectorsTest : public testing::Test {
 protected:
  static StudySpec spec() {
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
    Metric train;
    train.name = "train_loss";
    train.role = MetricRole::tracked;
    spec.metrics = {loss, train};
    spec.sampler.name = "random";
    spec.fidelity = Fidelity{"epoch", 1, 60};
    spec.run_default_first = false;
    return spec;
  }
  void create(const StudySpec& spec) { id_ = create_study(store_, spec, "", "").id; }
  std::unique_ptr<CallerStudy> open(int process = 1) {
    CallerStudyOptions options;
    options.study = id_;
    options.holder = Holder{"elsewhere", "boot", process, 1};
    options.worker_uid = "worker" + std::to_string(process);
    options.background = false;
    options.timed = false;
    return std::make_unique<CallerStudy>(store_, clock_, probe_, options);
  }
  static bool report(CallerStudy& study, const CallerTrial& trial, double epoch, double loss) {
    const std::array<std::pair<std::string, double>, 1> values = {{{"loss", loss}}};
    return study.report(trial.run, epoch, values);
  }
  static Trial trial_of(CallerStudy& study, std::int64_t number) {
    return study.read([&](const History& h) { return h.trial(number); });
  }
  std::vector<Noted> notes() {
    std::vector<Noted> found;
    for (const Change& change : store_.changes_since(id_, 0, 100'000)) {
      if (const auto* noted = std::get_if<Noted>(&change.body)) found.push_back(*noted);
    }
    return found;
  }

  ManualClock clock_;
  ProcLiveness probe_;
  MemoryStore store_{clock_, probe_};
  StudyId id_;
};

TEST_F(TunerDetectorsTest, APlateauIsNotedOnceAndTheTrialGoesOn) {
  create(spec());
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  for (int epoch = 1; epoch <= 60; ++epoch) EXPECT_FALSE(report(*study, trial, epoch, 0.7));
  study->tell(trial.run, {});
  EXPECT_EQ(trial_of(*study, 0).state, TrialState::complete);
  const auto warnings = trial_of(*study, 0).warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].detector, "plateau");
  EXPECT_EQ(notes().size(), 1U);
}

TEST_F(TunerDetectorsTest, AStoppedPlateauKeepsItsValue) {
  StudySpec with = spec();
  with.detectors = {{"plateau", Value::Map{{"action", "stop"}}}};
  create(with);
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  int epoch = 0;
  while (epoch < 60 && !report(*study, trial, ++epoch, 0.7)) {
  }
  EXPECT_LT(epoch, 50);
  study->tell_stopped(trial.run);
  const Trial ended = trial_of(*study, 0);
  EXPECT_EQ(ended.state, TrialState::stopped);
  EXPECT_EQ(ended.fail_kind, FailKind::none);
  EXPECT_EQ(ended.value(), 0.7);
  EXPECT_NE(ended.reason.find("has not improved"), std::string::npos);
}

TEST_F(TunerDetectorsTest, TheDefaultConfigurationIsWarnedAboutAndNeverStoppedForAPlateau) {
  StudySpec with = spec();
  with.run_default_first = true;
  with.detectors = {{"plateau", Value::Map{{"action", "stop"}}}};
  create(with);
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  for (int epoch = 1; epoch <= 60; ++epoch) EXPECT_FALSE(report(*study, trial, epoch, 0.7));
  EXPECT_TRUE(trial_of(*study, 0).warned_by("plateau"));
}

TEST_F(TunerDetectorsTest, ADivergedTrialFailsAsSuch) {
  create(spec());
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  int epoch = 0;
  while (epoch < 60 && !report(*study, trial, epoch + 1, epoch < 5 ? 1.0 : 8.0)) ++epoch;
  EXPECT_EQ(epoch, 10);
  study->tell_stopped(trial.run);
  EXPECT_EQ(trial_of(*study, 0).fail_kind, FailKind::diverged);
}

TEST_F(TunerDetectorsTest, WhatIsOffIsLeftAlone) {
  StudySpec with = spec();
  with.detectors = {{"nan", Value::Map{{"action", "off"}}},
                    {"divergence", Value::Map{{"action", "warn"}}}};
  create(with);
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  for (int epoch = 1; epoch <= 20; ++epoch)
    EXPECT_FALSE(report(*study, trial, epoch, epoch == 3 ? NAN : epoch < 5 ? 1.0 : 8.0));
  ASSERT_EQ(notes().size(), 1U);
  EXPECT_TRUE(trial_of(*study, 0).warned_by("divergence"));
}

TEST_F(TunerDetectorsTest, AMetricThatComesNoMoreIsSeenFromTheReportsOfAnother) {
  StudySpec with = spec();
  with.detectors = {{"missing_metric", Value::Map{{"action", "stop"}}}};
  create(with);
  const auto study = open();
  const auto trial = std::get<CallerTrial>(study->ask());
  bool stopped = false;
  int epoch = 0;
  while (epoch < 60 && !stopped) {
    const std::array<std::pair<std::string, double>, 1> values = {{{"train_loss", 1.0 / ++epoch}}};
    stopped = study->report(trial.run, epoch, values);
    if (epoch % 3 == 0 && epoch <= 12) stopped = stopped || report(*study, trial, epoch, 1);
  }
  EXPECT_EQ(epoch, 25);
  study->tell_stopped(trial.run);
  EXPECT_EQ(trial_of(*study, 0).state, TrialState::stopped);
  EXPECT_EQ(trial_of(*study, 0).value(), 1);
}

TEST_F(TunerDetectorsTest, AnotherProcessReadsTheWarningsAndDoesNotRepeatThem) {
  create(spec());
  {
    const auto study = open(1);
    const auto trial = std::get<CallerTrial>(study->ask());
    for (int epoch = 1; epoch <= 50; ++epoch) report(*study, trial, epoch, 0.7);
    EXPECT_EQ(notes().size(), 1U);
    study->give_back(trial.run);
  }
  const auto study = open(2);
  EXPECT_TRUE(trial_of(*study, 0).warned_by("plateau"));
  const auto again = std::get<CallerTrial>(study->ask());
  EXPECT_EQ(again.number, 0);
  for (int epoch = 1; epoch <= 60; ++epoch) report(*study, again, epoch, 0.7);
  EXPECT_EQ(notes().size(), 1U);
}

TEST_F(TunerDetectorsTest, ATrialThatDivergedAndEndedBeforeAnybodyLookedFails) {
  create(spec());
  TunerOptions options;
  options.holder = Holder{"elsewhere", "boot", 1, 1};
  const WorkerId worker = store_.register_worker({"worker", options.holder, "1", "{}"});
  Tuner leader(store_, clock_, id_, options);
  leader.step();
  const Claim claim = store_.claim(id_, worker, 1, 30'000'000).at(0);
  ReportBatch batch;
  for (int epoch = 1; epoch <= 60; ++epoch) {
    const double loss = epoch < 10 ? 2.0 / epoch : 9.0 + epoch;
    batch.reports.push_back({claim.run.id, 0, epoch - 1, static_cast<double>(epoch), 0, loss, 0});
  }
  batch.next_ordinal = 60;
  store_.start_run(claim.run.id, claim.run.token, {});
  store_.end_run(claim.run.id, claim.run.token, batch, {});
  leader.step();
  EXPECT_EQ(leader.history().trial(0).state, TrialState::failed);
  EXPECT_EQ(leader.history().trial(0).fail_kind, FailKind::diverged);
}

TEST_F(TunerDetectorsTest, ProgramsThatOutrunTheirVerdictsAreToldOfOnceAStudy) {
  StudySpec with = spec();
  with.scheduler = {"threshold", Value::Map{{"upper", 1}}};
  create(with);
  TunerOptions options;
  options.holder = Holder{"elsewhere", "boot", 1, 1};
  options.parallel = 2;
  const WorkerId worker = store_.register_worker({"worker", options.holder, "1", "{}"});
  // Whole trainings between two looks of the leader.
  const auto train = [&] {
    for (const Claim& claim : store_.claim(id_, worker, 2, 30'000'000)) {
      store_.start_run(claim.run.id, claim.run.token, {});
      ReportBatch batch;
      for (int epoch = 1; epoch <= 8; ++epoch) {
        const double loss = epoch < 3 ? 0.5 : 2.0;
        batch.reports.push_back({claim.run.id, claim.run.plan.trial, epoch - 1,
                                 static_cast<double>(epoch), 0, loss, 0});
      }
      batch.next_ordinal = 8;
      store_.end_run(claim.run.id, claim.run.token, batch, {});
    }
  };
  {
    Tuner leader(store_, clock_, id_, options);
    leader.step();
    train();
    leader.step();
    train();
    leader.release();
  }
  options.holder.pid = 2;
  Tuner next(store_, clock_, id_, options);
  next.step();
  train();
  next.step();
  ASSERT_GE(next.history().size(), 6);
  ASSERT_EQ(notes().size(), 1U);
  const auto warning = warning_of(notes()[0]);
  ASSERT_TRUE(warning);
  EXPECT_EQ(warning->detector, kLateVerdict);
  EXPECT_EQ(warning->trial, 0);
  EXPECT_EQ(warning->reason,
            "it went on behind the verdict at epoch 3 for 5 reports, to its end: programs that "
            "report faster than verdicts come, or do not heed should_stop(), are not stopped. "
            "Report less often, or run fewer trials at a time");
  EXPECT_TRUE(next.history().trial(0).warned_by(kLateVerdict));
}

TEST_F(TunerDetectorsTest, TheLengthOfARunIsLearntFromThoseThatWereWhole) {
  StudySpec with = spec();
  with.fidelity.reset();
  create(with);
  const auto study = open();
  const auto diverges_at = [&] {
    const auto trial = std::get<CallerTrial>(study->ask());
    int step = 0;
    while (step < 30 && !report(*study, trial, step, step < 3 ? 1.0 : 9.0)) ++step;
    study->tell_stopped(trial.run);
    return step;
  };
  EXPECT_EQ(diverges_at(), 12);  // ten reports, for nobody knows how long it will be
  const auto whole = std::get<CallerTrial>(study->ask());
  for (int step = 0; step <= 30; ++step) report(*study, whole, step, 1.0 / (1 + step));
  study->tell(whole.run, {});
  EXPECT_EQ(diverges_at(), 5);
}

}  // namespace
}  // namespace hone
