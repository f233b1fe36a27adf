// The reader against the files where they are; without them only that it says what it skips.
#include "bench/fidelity/curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace hone::fidelity {
namespace {

std::string data_folder() {
  const char* variable = std::getenv("HONE_DATA");
  return variable != nullptr ? variable : "";
}

TEST(Curves, SetsWhoseFilesAreAbsentAreNamed) {
  std::vector<std::string> skipped;
  EXPECT_TRUE(read_curves("/nowhere", skipped).empty());
  EXPECT_EQ(skipped.size(), 8U);
  EXPECT_EQ(skipped.front(), "taskset_lstm128_avg");
}

TEST(Curves, TheRecordedSetsAreWhatTheirReadmeSays) {
  std::vector<std::string> skipped;
  const auto sets = read_curves(data_folder(), skipped);
  if (!skipped.empty()) GTEST_SKIP() << "no data: set HONE_DATA to the folder with taskset_lc/";
  ASSERT_EQ(sets.size(), 6U + 14U + 1U);
  for (const CurveSet& set : sets) {
    for (const RecordedRun& run : set.runs) {
      ASSERT_FALSE(run.metrics.empty()) << set.name << " " << run.name;
      for (const Series& series : run.metrics) ASSERT_EQ(series.values.size(), run.steps.size());
      for (std::size_t i = 1; i < run.steps.size(); ++i)
        ASSERT_LT(run.steps[i - 1], run.steps[i]) << set.name << " " << run.name;
      ASSERT_TRUE(run.seconds.empty() || run.seconds.size() == run.steps.size());
    }
  }
  EXPECT_EQ(sets[0].runs.size(), 1000U);
  EXPECT_EQ(sets[0].runs[0].steps.size(), 51U);
  EXPECT_EQ(sets[0].runs[0].config.size(), 8U);
  EXPECT_EQ(sets.back().runs.size(), 32U);
  EXPECT_EQ(sets.back().runs[0].objective().name, "train_loss");
}

TEST(Curves, ARunThatEndsInNanHasDiverged) {
  RecordedRun run;
  run.metrics = {{"loss", Goal::minimize, {1, 0.5}}};
  EXPECT_FALSE(run.diverged());
  run.metrics[0].values.push_back(NAN);
  EXPECT_TRUE(run.diverged());
  EXPECT_EQ(run.metric("accuracy"), nullptr);
}

}  // namespace
}  // namespace hone::fidelity
