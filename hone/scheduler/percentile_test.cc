#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

StudySpec median(const char* json) { return curve_spec("median", *Value::parse(json), 10); }

/// Completed trials whose curves are constant.
void complete(Script& s, std::initializer_list<double> values) {
  for (const double value : values) {
    const auto trial = s.start();
    for (int epoch = 1; epoch <= 10; ++epoch) s.report(trial, epoch, value);
    s.end(trial, TrialState::complete);
  }
}

TEST(Median, StopsATrialWhoseBestIsWorseThanTheMedianOfCompletedOnes) {
  Script s(median("{}"));
  complete(s, {1, 2, 3, 4, 5});
  const auto trial = s.start();
  EXPECT_EQ(s.report(trial, 1, 3).verdict, Verdict::go_on);  // equal is not worse
  EXPECT_EQ(s.report(trial, 2, 9).verdict, Verdict::go_on);  // its best so far is 3
  EXPECT_EQ(s.report(s.start(), 2, 3.5).reason,
            "epoch 2: best 3.5 is worse than 3, the median of 5 trials");
}

TEST(Median, WaitsForItsStartupTrials) {
  Script s(median("{}"));
  complete(s, {1, 2, 3, 4});
  EXPECT_EQ(s.report(s.start(), 1, 99).verdict, Verdict::go_on);
  complete(s, {5});
  EXPECT_EQ(s.report(s.start(), 1, 99).verdict, Verdict::stop);
}

TEST(Median, ComparesAtEqualFidelityWithTrialsThatReachedIt) {
  Script s(median(R"({"startup_trials": 1, "min_trials": 2})"));
  complete(s, {1});
  const auto brief = s.start();
  s.report(brief, 1, 1);
  s.end(brief, TrialState::complete);
  EXPECT_EQ(s.report(s.start(), 1, 2).verdict, Verdict::stop);
  EXPECT_EQ(s.report(s.start(), 2, 2).verdict, Verdict::go_on);  // one completed trial got there
}

TEST(Median, JudgesAfterTheWarmUpAtTheFirstReportOfAnInterval) {
  Script s(median(R"({"startup_trials": 1, "warmup": 3, "interval": 2})"));
  complete(s, {1});
  const auto trial = s.start();
  const bool due[] = {false, false, true, false, true, false, true};
  for (int epoch = 1; epoch <= 7; ++epoch) {
    EXPECT_EQ(s.report(trial, epoch, 9).verdict == Verdict::stop, due[epoch - 1]) << epoch;
  }
}

TEST(Median, StopsATrialThatHasNothingButNan) {
  Script s(median(R"({"startup_trials": 1})"));
  complete(s, {1});
  const auto trial = s.start();
  EXPECT_EQ(s.report(trial, 1, NAN).reason, "epoch 1: no value but NaN");
}

TEST(Median, ComparesWithRunningMeansWhenAsked) {
  Script s(median(R"({"startup_trials": 1, "against": "running_mean"})"));
  const auto first = s.start();
  s.report(first, 1, 10);
  s.report(first, 2, 2);
  s.end(first, TrialState::complete);
  EXPECT_EQ(s.report(s.start(), 2, 6).verdict, Verdict::go_on);  // mean 6
  EXPECT_EQ(s.report(s.start(), 2, 6.5).verdict, Verdict::stop);
}

TEST(Median, ForgetsATrialThatRunsAgain) {
  Script s(median(R"({"startup_trials": 1})"));
  complete(s, {1});
  s.queue(0, 20, 1);
  EXPECT_EQ(s.report(s.start(), 1, 99).verdict, Verdict::go_on);
}

}  // namespace
}  // namespace hone::contract
