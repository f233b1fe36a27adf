#include "hone/analysis/comparison.h"

#include <gtest/gtest.h>

#include "hone/analysis/analysis_test_support.h"
#include "hone/analysis/study_views.h"
#include "hone/base/error.h"

namespace hone {
namespace {

double sum(const Config& c, Rng& noise) {
  return number(c, "x0") + number(c, "x1") + 0.01 * noise.normal();
}

TEST(CompareTrials, SaysWhatDiffers) {
  const History history = played(unit_space(2, 1), 10, sum);
  const std::vector<std::int64_t> trials = {3, 3, 7};
  const ComparedTrials compared = compare_trials(history, trials);
  ASSERT_EQ(compared.parameters.size(), 2U);
  EXPECT_TRUE(compared.parameters[0].differs);
  EXPECT_EQ(compared.parameters[0].values[0], compared.parameters[0].values[1]);
  const std::vector<std::int64_t> same = {3, 3};
  EXPECT_FALSE(compare_trials(history, same).parameters[0].differs);
  EXPECT_EQ(compared.results[0].name, "loss");
}

TEST(CompareStudies, PairsWhatBothHaveEvaluated) {
  // The same seed draws the same configurations; one study is worse by 0.1 everywhere.
  const History first = played(unit_space(2, 1), 40, sum);
  const History other =
      played(unit_space(2, 1), 30, [](const Config& c, Rng& noise) { return 0.1 + sum(c, noise); });
  const std::vector<const History*> histories = {&first, &other};
  const std::vector<std::string> names = {"a", "b"};
  const StudyComparison found = compare_studies(histories, names);
  ASSERT_EQ(found.contrasts.size(), 1U);
  const Contrast& contrast = found.contrasts[0];
  EXPECT_EQ(contrast.pairs, 30);
  ASSERT_TRUE(contrast.paired);
  EXPECT_NEAR(contrast.paired->value, 0.1, 0.01);
  EXPECT_LE(contrast.paired->low, contrast.paired->value);
  EXPECT_LT(contrast.paired_p, 1e-5);
  ASSERT_TRUE(contrast.better);
  EXPECT_LT(*contrast.better, 0.5);
  EXPECT_EQ(found.marks, (std::vector<std::int64_t>{10, 20, 40}));
  EXPECT_EQ(found.studies[0].best_after.size(), 3U);
  EXPECT_EQ(*found.studies[0].best, found.studies[0].best_after.back());
}

TEST(CompareStudies, FindsNoDifferenceWhereThereIsNone) {
  // Two samples of one law: p is uniform. Of 40 at most 7 below 5 %: P(more) = 0.1 %.
  int below = 0;
  for (int seed = 1; seed <= 40; ++seed) {
    const History first = played(unit_space(2, seed), 20, sum);
    const History other = played(unit_space(2, 1000 + seed), 25, sum);
    const std::vector<const History*> histories = {&first, &other};
    const std::vector<std::string> names = {"a", "b"};
    const Contrast contrast = compare_studies(histories, names).contrasts[0];
    EXPECT_EQ(contrast.pairs, 0);
    EXPECT_FALSE(contrast.paired);
    below += contrast.better_p < 0.05 ? 1 : 0;
  }
  EXPECT_LE(below, 7);
}

TEST(CompareStudies, RefusesOtherObjectives) {
  const History first = played(unit_space(2, 1), 5, sum);
  StudySpec spec = unit_space(2, 1);
  spec.metrics[0].goal = Goal::maximize;
  const History other = played(spec, 5, sum);
  const std::vector<const History*> histories = {&first, &other};
  const std::vector<std::string> names = {"a", "b"};
  EXPECT_THROW(compare_studies(histories, names), Error);
}

TEST(Progress, HasEveryValueAndTheBestsInOrder) {
  const History history = played(unit_space(2, 3), 50, sum);
  const Progress progress = find_progress(history);
  ASSERT_EQ(progress.trials.size(), 50U);
  EXPECT_EQ(progress.bests.front().trial, 0);
  EXPECT_EQ(progress.bests.back().trial, history.best());
  for (std::size_t i = 1; i < progress.bests.size(); ++i)
    EXPECT_LT(progress.bests[i].value, progress.bests[i - 1].value);
}

TEST(Parallel, RanksTrialsFromZeroToOne) {
  const History history = played(unit_space(2, 3), 11, sum);
  const Parallel parallel = find_parallel(history);
  EXPECT_EQ(parallel.axes, (std::vector<std::string>{"x0", "x1"}));
  double total = 0;
  for (const ParallelRow& row : parallel.rows) {
    total += row.rank;
    if (row.trial == history.best()) {
      EXPECT_EQ(row.rank, 0);
    }
  }
  EXPECT_NEAR(total, 5.5, 1e-12);
}

TEST(AxisMarks, AreRoundValuesInOrder) {
  Real rate;
  rate.law = Law::log_uniform;
  rate.low = 1e-5;
  rate.high = 1e-1;
  const auto decades = axis_marks(rate, 5);
  ASSERT_EQ(decades.size(), 5U);
  EXPECT_DOUBLE_EQ(decades[1].value.as_number(), 1e-4);
  EXPECT_NEAR(decades[2].at, 0.5, 1e-9);
  Real share;
  EXPECT_EQ(axis_marks(share, 6).back().value.as_number(), 1);
  const auto layers = axis_marks(Integer{1, 6}, 10);
  ASSERT_EQ(layers.size(), 6U);
  EXPECT_EQ(layers.front().value.as_int(), 1);
  Choice many;
  for (int i = 0; i < 100; ++i) many.items.push_back({Value(i), std::to_string(i)});
  EXPECT_LE(axis_marks(many, 8).size(), 8U);
}

}  // namespace
}  // namespace hone
