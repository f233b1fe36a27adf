#include "hone/cli/ui_render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hone/cli/ui_test_support.h"

// The expected screens are files in tests/data/screens, one per screen. With HONE_UPDATE_SCREENS=1
// they are written instead of compared: look at what `git diff` shows before committing it.
namespace hone::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::filesystem::path kScreens =
    std::filesystem::path(HONE_SOURCE_DIR) / "tests/data/screens";

std::string drawn(const LiveView& view, const ScreenSize& size) {
  std::string out;
  for (const ScreenLine& line : render(view, size)) out += line.text() + "\n";
  return out;
}

void expect_screen(const std::string& name, const LiveView& view, const ScreenSize& size) {
  const std::string shown = drawn(view, size);
  const std::filesystem::path path = kScreens / (name + ".txt");
  if (std::getenv("HONE_UPDATE_SCREENS") != nullptr) {
    std::filesystem::create_directories(kScreens);
    std::ofstream(path) << shown;
    return;
  }
  std::ifstream file(path);
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(shown, expected.str()) << path << " (HONE_UPDATE_SCREENS=1 writes it anew)";
}

/// In the middle of a study: two running, ends of every kind.
LiveView busy_view(Goal goal = Goal::minimize) {
  StudyRecord record(goal);
  record.whole(2.8421, TrialOrigin::default_config);
  for (const double value : {2.91, 2.79, 3.4, 2.6402, 2.71, 2.83})
    record.whole(goal == Goal::minimize ? value : 5.6 - value);
  record.whole(3.1, TrialOrigin::sampler, TrialState::stopped, 3, "rung 1: rank 6 of 9, keeps 3");
  const auto failed = record.add(TrialOrigin::sampler, 0.09, 64, "gelu");
  record.end(record.start(failed), failed, TrialState::failed, "", FailKind::gpu_out_of_memory,
             "CUDA out of memory: tried to allocate 20 MiB\nTraceback");
  const auto crashed = record.add();
  record.end(record.start(crashed), crashed, TrialState::failed, "", FailKind::exit_code,
             "the program ended with exit code 1: \x1b[31mKeyError\x1b[0m: '日本語'\nTraceback");
  for (const int epochs : {4, 1}) {
    const auto trial = record.add(TrialOrigin::sampler, 2.7e-3 * epochs, 4 * epochs, "gelu");
    const RunId run = record.start(trial);
    for (int e = 1; e <= epochs; ++e)
      record.report(run, trial, e, StudyRecord::curve(epochs == 4 ? 2.6 : 3.0, e));
  }
  return record.view();
}

LiveView first_view() {
  StudyRecord record;
  record.start(record.add(TrialOrigin::default_config));
  record.start(record.add());
  return record.view();
}

TEST(Screen, AStudyInItsMiddle) {
  const LiveView view = busy_view();
  expect_screen("busy_60x24", view, {60, 24});
  expect_screen("busy_80x24", view, {80, 24});
  expect_screen("busy_200x50", view, {200, 50});
  expect_screen("busy_40x12", view, {40, 12});
  expect_screen("busy_20x5", view, {20, 5});
}

TEST(Screen, AStudyThatHasJustBegun) { expect_screen("first_80x24", first_view(), {80, 24}); }

TEST(Screen, AWatchedStudyThatTakesTimeAndCards) {
  StudyRecord record(Goal::maximize);
  record.spec().metrics[0].name = "accuracy_on_the_held_out_part";
  record.spec().budget = Budget{};
  record.spec().budget.time_us = 8 * 3600 * kSecond_us;
  record.spec().fidelity.reset();
  record.spec().scheduler.name = "none";
  record.whole(0.71, TrialOrigin::default_config);
  record.whole(0.78);
  record.start(record.add());
  LiveMoment moment = record.moment();
  moment.watches = true;
  moment.where = [](RunId) { return std::string("gpu 0"); };
  expect_screen("watched_80x24", record.model().view(record.history(), moment), {80, 24});
}

TEST(Screen, AStudyThatIsEnding) {
  StudyRecord record;
  const auto trial = record.add();
  const RunId run = record.start(trial);
  LiveMoment moment = record.moment();
  moment.interrupted = true;
  moment.stopping.insert(run);
  expect_screen("ending_80x24", record.model().view(record.history(), moment), {80, 24});
}

TEST(Screen, MoreRunsThanRows) {
  StudyRecord record;
  record.whole(2.0);
  record.whole(1.9);
  for (int i = 0; i < 40; ++i) record.start(record.add());
  LiveMoment moment = record.moment();
  moment.rows = rows_wanted({80, 24});
  const LiveView view = record.model().view(record.history(), moment);
  expect_screen("crowded_80x24", view, {80, 24});
  EXPECT_THAT(drawn(view, {80, 24}), HasSubstr("more running"));
}

TEST(Screen, KeepsWithinEverySize) {
  StudyRecord long_names;
  long_names.spec().metrics[0].name = "validation/日本語の損失/mean_absolute_percentage_error";
  long_names.whole(1e-300);
  long_names.whole(-1.7976931348623157e308);
  for (int i = 0; i < 5; ++i) long_names.start(long_names.add());
  const LiveView views[] = {busy_view(), first_view(), long_names.view(), LiveView{}};
  for (const LiveView& view : views) {
    for (int columns = 1; columns <= 220; columns += columns < 90 ? 1 : 13) {
      for (int rows = 1; rows <= 60; rows += rows < 30 ? 1 : 7) {
        const auto lines = render(view, {columns, rows});
        ASSERT_LE(lines.size(), static_cast<std::size_t>(std::max(1, rows - 1)));
        for (const ScreenLine& line : lines) {
          ASSERT_LE(line.width(), std::max(1, columns - 1)) << columns << "x" << rows;
          ASSERT_EQ(line.width(), [&] {
            int sum = 0;
            for (const Piece& piece : line.pieces()) sum += columns_of(piece.text);
            return sum;
          }());
        }
      }
    }
  }
}

TEST(Screen, NeverShowsAControlCharacter) {
  for (const ScreenLine& line : render(busy_view(), {200, 50})) {
    for (const char c : line.encoded(false, false)) EXPECT_TRUE(c < 0 || c >= 0x20);
  }
  EXPECT_THAT(drawn(busy_view(), {200, 50}), HasSubstr("exit code 1: KeyError: '日本語'"));
}

TEST(Screen, ShowsANarrowScreenTheMostTellingColumns) {
  const LiveView view = busy_view();
  const std::string narrow = drawn(view, {40, 24});
  EXPECT_THAT(narrow, HasSubstr("val_loss"));
  EXPECT_THAT(narrow, Not(HasSubstr("vs best")));
  EXPECT_THAT(drawn(view, {30, 24}), HasSubstr("trial 12 of 60"));
}

TEST(RoughDuration, IsAsPreciseAsAnEstimate) {
  EXPECT_EQ(rough_duration(300'000), "1 s");
  EXPECT_EQ(rough_duration(9'400'000), "9 s");
  EXPECT_EQ(rough_duration(13'000'000), "15 s");
  EXPECT_EQ(rough_duration(190'000'000), "3 m");
  EXPECT_EQ(rough_duration(89 * 60'000'000LL), "89 m");
  EXPECT_EQ(rough_duration(2 * 3600'000'000LL + 17 * 60'000'000LL), "2 h 10 m");
  EXPECT_EQ(rough_duration(20 * 3600'000'000LL), "20 h");
  EXPECT_EQ(rough_duration(80 * 3600'000'000LL), "3 d");
}

TEST(WholeSeconds, NeverShowFractions) {
  EXPECT_EQ(whole_seconds(0), "0 s");
  EXPECT_EQ(whole_seconds(59'900'000), "59 s");
  EXPECT_EQ(whole_seconds(252'900'000), "4 m 12 s");
}

}  // namespace
}  // namespace hone::cli
