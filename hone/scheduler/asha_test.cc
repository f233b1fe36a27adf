#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

using testing::HasSubstr;

StudySpec asha(const char* json, std::optional<double> max = 9) {
  return curve_spec("asha", *Value::parse(json), max);
}

std::vector<OptionProblem> problems_of(const StudySpec& spec) {
  std::vector<OptionProblem> problems;
  EXPECT_EQ(make_scheduler(spec, problems), nullptr);
  return problems;
}

TEST(AshaStop, StopsWhatIsNotAmongTheBestThirdOfItsRung) {
  Script s(asha(R"({"mode": "stop"})"));
  const double values[] = {5, 6, 4, 4, 3, 5, 3.5, 9};
  const char* expected[] = {"",  // the first is the best so far
                            "rung 0: rank 2 of 2, keeps 1",
                            "",
                            "",  // a tie keeps
                            "",
                            "rung 0: rank 4 of 6, keeps 2",
                            "",  // second of seven
                            "rung 0: rank 8 of 8, keeps 2"};
  for (int i = 0; i < 8; ++i) {
    const Decision decision = s.report(s.start(), 1, values[i]);
    EXPECT_EQ(decision.reason, expected[i]) << i;
    EXPECT_EQ(decision.verdict, decision.reason.empty() ? Verdict::go_on : Verdict::stop);
  }
}

TEST(AshaStop, JudgesOnceARungAndNeverBetween) {
  Script s(asha(R"({"mode": "stop"})"));
  s.report(s.start(), 1, 1);
  const auto trial = s.start();
  EXPECT_EQ(s.report(trial, 0.5, 9).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 1, 0.5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 1, 9).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 2, 9).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 9, 9).verdict, Verdict::go_on);  // alone at rung 1
  EXPECT_EQ(s.report(0, 3, 9.5).reason, "rung 1: rank 2 of 2, keeps 1");
}

TEST(AshaStop, RecordsAtEveryRungThatOneReportPassesAndStopsIfAnyOfThemSaysSo) {
  Script s(asha(R"({"mode": "stop"})", 27));
  s.report(s.start(), 1, 1);
  const Decision decision = s.report(s.start(), 4, 2);  // best at rung 1, second at rung 0
  EXPECT_EQ(decision.reason, "rung 0: rank 2 of 2, keeps 1");
  EXPECT_EQ(s.report(s.start(), 3, 3).reason, "rung 1: rank 2 of 2, keeps 1");
}

TEST(AshaStop, StopsANanEvenWhenItIsAlone) {
  Script s(asha(R"({"mode": "stop"})"));
  EXPECT_EQ(s.report(s.start(), 1, NAN).reason, "rung 0: the value is NaN");
  EXPECT_EQ(s.report(s.start(), 1, INFINITY).verdict, Verdict::go_on);
}

TEST(AshaStop, ComparesWithTheDefaultConfiguration) {
  Script s(asha(R"({"mode": "stop"})"));
  s.report(s.start(std::nullopt, TrialOrigin::default_config), 1, 1);
  EXPECT_EQ(s.report(s.start(), 1, 2).verdict, Verdict::stop);
}

TEST(AshaPromote, PausesAtItsRungAndResumesTheBestThird) {
  Script s(asha(R"({"mode": "promote"})"));
  for (const double value : {3.0, 1.0, 2.0}) {
    ASSERT_EQ(text_of(s.fold.next(true)),
              s.fold.history().size() == 0 ? "new 0 to 9.0" : "new 0 to 1.0");
    const auto trial = s.start(1);
    EXPECT_EQ(s.report(trial, 1, value).verdict, Verdict::pause);
    s.end(trial, TrialState::paused);
  }
  EXPECT_EQ(text_of(s.fold.next(true)), "resume 1 to 3.0: rung 0: rank 1 of 3, promoted");
  s.queue(1, 3, 1, "checkpoint");
  EXPECT_EQ(text_of(s.fold.next(true)), "new 0 to 1.0");
  EXPECT_EQ(text_of(s.fold.next(false)), "wait");
  EXPECT_EQ(s.report(1, 2, 0.9).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(1, 3, 0.8).reason, "rung 1: rank 1 of 1");
  s.end(1, TrialState::paused);
  EXPECT_EQ(text_of(s.fold.next(true)), "new 0 to 1.0");
  EXPECT_EQ(text_of(s.fold.next(false)), "resume 1 to 9.0: rung 1: rank 1 of 1, promoted");
  s.queue(1, 9, 2, "checkpoint");
  EXPECT_EQ(s.report(1, 9, 0.7).verdict, Verdict::go_on);
  s.end(1, TrialState::complete);
  EXPECT_THAT(text_of(s.fold.next(false)), HasSubstr("nothing is left to promote"));
}

TEST(AshaPromote, PausesAgainAtTheRungWhereAnInterruptedRunStartedAnew) {
  Script s(asha(R"({"mode": "promote"})"));
  const auto trial = s.start(1);
  EXPECT_EQ(s.report(trial, 1, 1).verdict, Verdict::pause);
  s.queue(trial, 1, 0);  // interrupted before it could pause; from scratch
  EXPECT_EQ(s.report(trial, 1, 5).verdict, Verdict::pause);
}

TEST(AshaPromote, TakesAProgramThatEndedByItselfAsHavingReachedItsRung) {
  Script s(asha(R"({"mode": "promote"})"));
  for (const double value : {3.0, 1.0, 2.0}) {
    const auto trial = s.start(1);
    EXPECT_EQ(s.report(trial, 0, value).verdict, Verdict::go_on);  // epochs counted from zero
    s.end(trial, TrialState::paused);
  }
  EXPECT_EQ(text_of(s.fold.next(true)), "resume 1 to 3.0: rung 0: rank 1 of 3, promoted");
  s.queue(1, 3, 1, "checkpoint");
  s.report(1, 1, 0.6);
  s.report(1, 2, 0.5);
  s.end(1, TrialState::paused);
  EXPECT_EQ(text_of(s.fold.next(true)), "new 0 to 1.0");
  EXPECT_EQ(text_of(s.fold.next(false)), "resume 1 to 9.0: rung 1: rank 1 of 1, promoted");
}

TEST(AshaPromote, PromotesTheLowerNumberOfEqualsAndNeverANan) {
  Script s(asha(R"({"mode": "promote"})"));
  for (const double value : {2.0, 1.0, 1.0, 3.0}) {
    const auto trial = s.start(1);
    s.report(trial, 1, value);
    s.end(trial, TrialState::paused);
  }
  EXPECT_THAT(text_of(s.fold.next(true)), HasSubstr("resume 1 "));
  s.queue(1, 3, 1);
  EXPECT_THAT(text_of(s.fold.next(true)),
              HasSubstr("resume 2 "));  // shares rank 1 with the promoted one
  Script nan(asha(R"({"mode": "promote"})"));
  const auto trial = nan.start(1);
  EXPECT_EQ(nan.report(trial, 1, NAN).verdict, Verdict::stop);
}

TEST(AshaPromote, ServesTheHighestRungFirst) {
  Script s(asha(R"({"mode": "promote", "eta": 2})", 8));
  for (const double value : {1.0, 2.0, 3.0, 4.0}) {
    const auto trial = s.start(1);
    s.report(trial, 1, value);
    s.end(trial, TrialState::paused);
  }
  for (const int trial : {0, 1}) {
    s.queue(trial, 2, 1);
    s.report(trial, 2, trial);
    s.end(trial, TrialState::paused);
  }
  s.start(1);
  s.report(4, 1, 0);
  s.end(4, TrialState::paused);
  EXPECT_EQ(text_of(s.fold.next(true)), "resume 0 to 4.0: rung 1: rank 1 of 2, promoted");
}

TEST(Asha, StopsUnlessACheckpointIsDeclared) {
  StudySpec spec = asha("{}");
  EXPECT_EQ(make_or_fail(spec)->describe(), "asha: rungs at 1, 3 epochs, keeps 1 in 3");
  spec.checkpoint = CheckpointSpec{};
  EXPECT_EQ(make_or_fail(spec)->describe(), "asha, promoting: rungs at 1, 3 epochs, keeps 1 in 3");
}

TEST(Asha, SaysWhatIsMissing) {
  StudySpec spec = asha("{}");
  spec.fidelity.reset();
  EXPECT_THAT(problems_of(spec).at(0).message, HasSubstr("the study declares none"));
  spec = asha(R"({"mode": "promote"})");
  spec.command.argv = {"train"};
  EXPECT_THAT(problems_of(spec).at(0).message, HasSubstr("declare a checkpoint"));
  EXPECT_THAT(problems_of(asha(R"({"mode": "promote"})", std::nullopt)).at(0).message,
              HasSubstr("fidelity.max"));
  EXPECT_THAT(problems_of(asha(R"({"min": 9})")).at(0).message, HasSubstr("below full fidelity"));
  EXPECT_THAT(problems_of(asha(R"({"etta": 2})")).at(0).message, HasSubstr("Did you mean 'eta'"));
  EXPECT_THAT(problems_of(asha(R"({"s": 2})")).at(0).message, HasSubstr("rule: wandb"));
}

TEST(Schedulers, SuggestTheNearestName) {
  StudySpec spec = asha("{}");
  spec.scheduler.name = "ahsa";
  EXPECT_THAT(problems_of(spec).at(0).message, HasSubstr("Did you mean 'asha'"));
  EXPECT_EQ(scheduler_help().front().name, "asha");
}

// 20 000 trials of one rung: a fold whose cost per event grew with the trials would take minutes.
TEST(AshaPromote, FoldsAndAnswersInBoundedTimePerEvent) {
  Script s(asha(R"({"mode": "promote"})"));
  Rng rng(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto trial = s.start(1);
    s.report(trial, 1, rng.uniform());
    s.end(trial, TrialState::paused);
    const Launch launch = s.fold.next(true);
    if (const auto* resume = std::get_if<LaunchResume>(&launch)) s.queue(resume->trial, 9, 1);
  }
  EXPECT_NEAR(static_cast<double>(s.fold.history().counts().running), 20'000 / 3.0, 200);
}

}  // namespace
}  // namespace hone::contract
