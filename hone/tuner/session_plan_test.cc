#include "hone/tuner/session_plan.h"

#include <gtest/gtest.h>

#include "hone/base/error.h"

namespace hone {
namespace {

TEST(SessionPlan, TakesTheNumberThatWasGiven) {
  StudySpec spec;
  spec.parallel = 3;
  EXPECT_EQ(plan_session(spec, {8, 0, 0}, std::nullopt).parallel, 3);
  EXPECT_EQ(plan_session(spec, {8, 0, 0}, 5).parallel, 5);
  EXPECT_EQ(plan_session(spec, {8, 0, 0}, 5).why, "");
}

TEST(SessionPlan, RunsOneForEveryTwoProcessorsUpToALimit) {
  EXPECT_EQ(plan_session({}, {1, 0, 0}, std::nullopt).parallel, 1);
  EXPECT_EQ(plan_session({}, {8, 0, 0}, std::nullopt).parallel, 4);
  EXPECT_EQ(plan_session({}, {128, 0, 0}, std::nullopt).parallel, kAutoParallelAtMost);
}

TEST(SessionPlan, RunsOneForEachGpuThatRunsAskFor) {
  StudySpec spec;
  spec.resources.gpus = 2;
  EXPECT_EQ(plan_session(spec, {64, 5, 0}, std::nullopt).parallel, 2);
  spec.resources.gpus = 0.25;
  EXPECT_EQ(plan_session(spec, {64, 2, 0}, std::nullopt).parallel, 8);
}

TEST(SessionPlan, GivesEachRunAGpuWhereNobodySaidAnything) {
  const SessionPlan plan = plan_session({}, {64, 2, 0}, std::nullopt);
  EXPECT_EQ(plan.parallel, 2);
  EXPECT_EQ(plan.gpus_per_run, 1);
}

TEST(SessionPlan, LeavesGpusToTheUserWhoSaidHowManyRuns) {
  EXPECT_EQ(plan_session({}, {64, 2, 0}, 4).gpus_per_run, 0);
}

TEST(SessionPlan, StaysWithinTheMemoryOfTheMachine) {
  StudySpec spec;
  spec.limits.memory_bytes = 12LL << 30;
  const SessionPlan plan = plan_session(spec, {16, 0, 32LL << 30}, std::nullopt);
  EXPECT_EQ(plan.parallel, 2);
  EXPECT_NE(plan.why.find("memory"), std::string::npos);
}

TEST(SessionPlan, RefusesARunThatDoesNotFit) {
  StudySpec spec;
  spec.resources.gpus = 1;
  EXPECT_THROW(plan_session(spec, {8, 0, 0}, 1), Error);
  spec.resources = {};
  spec.resources.cpus = 9;
  EXPECT_THROW(plan_session(spec, {8, 0, 0}, 1), Error);
}

}  // namespace
}  // namespace hone
