#include "hone/cli/ui_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/base/rng.h"
#include "hone/cli/ui_render.h"
#include "hone/cli/ui_test_support.h"

namespace hone::cli {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::string screen(const LiveView& view) {
  std::string out;
  for (const ScreenLine& line : render(view, {100, 40})) out += line.text() + "\n";
  return out;
}

std::vector<std::int64_t> trials(const std::vector<LiveRow>& rows) {
  std::vector<std::int64_t> out;
  for (const LiveRow& row : rows) out.push_back(row.trial);
  return out;
}

TEST(LiveModel, FollowsATrialFromItsQueueToItsEnd) {
  StudyRecord record;
  const auto trial = record.add();
  EXPECT_TRUE(record.view().running.empty());
  const RunId run = record.start(trial);
  LiveView view = record.view();
  ASSERT_EQ(view.running.size(), 1U);
  EXPECT_EQ(view.running[0].state, "running");
  EXPECT_EQ(view.running[0].at, "0/9");
  EXPECT_FALSE(view.running[0].value);
  record.report(run, trial, 4, 2.5);
  view = record.view();
  EXPECT_EQ(view.running[0].at, "4/9");
  EXPECT_EQ(view.running[0].value, 2.5);
  EXPECT_EQ(view.running[0].time_us, kSecond_us);
  record.report(run, trial, 9, 2.0);
  record.end(run, trial, TrialState::complete);
  view = record.view();
  EXPECT_TRUE(view.running.empty());
  ASSERT_EQ(view.recent.size(), 1U);
  EXPECT_EQ(view.recent[0].state, "done");
  EXPECT_EQ(view.best, 0);
  EXPECT_EQ(view.best_value, 2.0);
}

TEST(LiveModel, ShowsAWarningBesideTheRunningTrial) {
  StudyRecord record;
  const auto trial = record.add();
  const RunId run = record.start(trial);
  record.report(run, trial, 4, 2.5);
  record.apply(to_note({trial, "plateau", "val_loss has not improved since epoch 2", 4}));
  EXPECT_NE(screen(record.view()).find("val_loss has not improved since epoch 2"),
            std::string::npos);
}

TEST(LiveModel, ComparesWithTheBestWhereThatHadComeAsFar) {
  StudyRecord record;
  record.whole(2.0);
  const auto trial = record.add();
  const RunId run = record.start(trial);
  record.report(run, trial, 3, StudyRecord::curve(2.0, 3) * 1.1);
  const LiveView view = record.view();
  ASSERT_TRUE(view.running[0].against_share);
  EXPECT_NEAR(*view.running[0].against_share, 0.1, 1e-9);
}

TEST(LiveModel, TellsTheGainOverTheDefaults) {
  StudyRecord record;
  record.whole(2.0, TrialOrigin::default_config);
  EXPECT_TRUE(record.view().best_is_default);
  record.whole(1.5);
  const LiveView view = record.view();
  EXPECT_FALSE(view.best_is_default);
  EXPECT_DOUBLE_EQ(view.gain.value(), -0.5);
  EXPECT_DOUBLE_EQ(view.gain_share.value(), 0.25);
}

TEST(LiveModel, NamesTheBestAsTheHistoryDoes) {
  Rng rng(3);
  for (const Goal goal : {Goal::minimize, Goal::maximize}) {
    StudyRecord record(goal);
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t draw = rng.next_u64();
      const double value = draw % 17 == 0 ? NAN : static_cast<double>(draw % 40) / 10;
      record.whole(value, TrialOrigin::sampler,
                   draw % 3 == 0 ? TrialState::complete : TrialState::stopped,
                   static_cast<int>(1 + draw % 9));
      EXPECT_EQ(record.view().best, record.history().best());
    }
  }
}

TEST(LiveModel, ARetriedTrialIsNoFailureAnyMore) {
  StudyRecord record;
  const auto trial = record.add();
  record.end(record.start(trial), trial, TrialState::failed, "", FailKind::exit_code, "no module");
  EXPECT_THAT(record.view().failures, ElementsAre(Pair(FailKind::exit_code, 1)));
  EXPECT_EQ(record.view().recent[0].reason, "no module");
  const RunId again = record.start(trial);
  LiveView view = record.view();
  EXPECT_TRUE(view.failures.empty());
  EXPECT_TRUE(view.recent.empty());
  EXPECT_THAT(trials(view.running), ElementsAre(trial));
  record.report(again, trial, 9, 1.0);
  record.end(again, trial, TrialState::complete);
  EXPECT_THAT(trials(record.view().recent), ElementsAre(trial));
}

TEST(LiveModel, APausedTrialIsShownUntilItGoesOn) {
  StudyRecord record;
  const auto trial = record.add();
  const RunId run = record.start(trial);
  record.report(run, trial, 3, 2.0);
  record.end(run, trial, TrialState::paused, "rung 1: rank 3 of 3");
  EXPECT_EQ(record.view().recent[0].state, "paused");
  EXPECT_EQ(record.view().recent[0].reason, "rung 1: rank 3 of 3");
  record.start(trial);
  EXPECT_TRUE(record.view().recent.empty());
  EXPECT_EQ(record.view().running[0].state, "running");
}

TEST(LiveModel, ConfirmationsHaveRowsOfTheirOwn) {
  StudyRecord record;
  record.spec().confirm = {1, 3};
  const auto trial = record.whole(2.0);
  const RunId run = record.start(trial, RunPurpose::confirm, 1);
  record.report(run, trial, 5, 2.4);
  const LiveView view = record.view();
  EXPECT_TRUE(view.confirming);
  ASSERT_EQ(view.running.size(), 1U);
  EXPECT_EQ(view.running[0].state, "confirm 2/3");
  EXPECT_EQ(view.running[0].value, 2.4);
  EXPECT_EQ(view.best, trial);
  record.end(run, trial, TrialState::complete);
  EXPECT_TRUE(record.view().running.empty());
}

TEST(LiveModel, EstimatesWhatIsLeftFromWhatHasEnded) {
  StudyRecord record;
  record.spec().budget.trials = 10;
  record.whole(2.0);
  EXPECT_FALSE(record.view().left_us);
  record.whole(2.0);
  record.whole(2.0);
  const auto view = record.view();
  const double each = static_cast<double>(view.active_us) / 3;
  EXPECT_NEAR(static_cast<double>(view.left_us.value()), 7 * each, 1.0);
  record.spec().budget.time_us = view.active_us + 5 * kSecond_us;
  EXPECT_EQ(record.view().left_us, 5 * kSecond_us);
}

TEST(LiveModel, EstimatesWhatIsLeftWhereMostTrialsArePausedAtARung) {
  StudyRecord record;
  record.spec().budget.trials = 10;
  record.whole(2.0);
  for (int i = 0; i < 4; ++i) record.whole(2.0, TrialOrigin::sampler, TrialState::paused);
  const auto view = record.view();
  EXPECT_NEAR(static_cast<double>(view.left_us.value()), static_cast<double>(view.active_us), 1.0);
}

TEST(LiveModel, CountsTheStepsThatEarlyStoppingSaved) {
  StudyRecord record;
  record.whole(2.0);
  EXPECT_FALSE(record.view().steps_saved);
  record.whole(3.0, TrialOrigin::sampler, TrialState::stopped, 3, "rung 0: rank 2 of 2");
  EXPECT_DOUBLE_EQ(record.view().steps_saved.value(), 6.0 / 18);
}

TEST(LiveModel, OneThatSawEverythingAtOnceShowsTheSame) {
  StudyRecord record;
  record.whole(2.0, TrialOrigin::default_config);
  record.whole(1.8);
  record.whole(2.2, TrialOrigin::sampler, TrialState::stopped, 3, "rung 0: rank 3 of 3");
  const auto failed = record.add();
  record.end(record.start(failed), failed, TrialState::failed, "", FailKind::nan, "nan");
  const auto running = record.add();
  record.report(record.start(running), running, 2, 2.5);
  EXPECT_EQ(screen(record.view()), screen(record.view_of_a_fresh_model()));
}

TEST(LiveModel, MendsItselfWhenChangesWereMissed) {
  StudyRecord record;
  record.whole(2.0);
  StudyRecord other;
  other.whole(2.0);
  other.whole(1.0);
  // A model that has seen one trial only, and a history with two.
  const LiveView view = record.model().view(other.history(), other.moment());
  EXPECT_EQ(view.best, 1);
  EXPECT_EQ(view.recent.size(), 2U);
}

TEST(LiveModel, KeepsLittleOfManyTrials) {
  StudyRecord record;
  record.spec().budget.trials = 20000;
  for (int i = 0; i < 10000; ++i)
    record.whole(3.0 - 1e-4 * i, TrialOrigin::sampler, TrialState::complete, 1);
  const LiveView view = record.view();
  EXPECT_EQ(view.best, 9999);
  EXPECT_EQ(view.curve.count, 10000);
  EXPECT_LE(view.curve.dots.size(), 4096U);
  EXPECT_GE(view.curve.dots.size(), 1024U);
  EXPECT_LE(view.recent.size(), 64U);
}

}  // namespace
}  // namespace hone::cli
