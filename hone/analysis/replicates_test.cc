#include "hone/analysis/replicates.h"

#include <gtest/gtest.h>

#include <memory>

#include "hone/analysis/comparison.h"

namespace hone {
namespace {

/// A study of one trial, played by hand.
class OneTrial {
 public:
  explicit OneTrial(Take take) {
    StudySpec spec;
    spec.metrics = {Metric{}};
    spec.metrics[0].name = "loss";
    spec.metrics[0].take = take;
    spec.replicates = 2;
    history = std::make_unique<History>(std::make_shared<StudySpec>(spec));
    auto proposal = std::make_shared<Proposal>();
    proposal->number = 0;
    commit(TrialAdded{proposal});
  }
  void run(RunPurpose purpose, int replicate, const std::vector<std::pair<double, double>>& reports,
           RunOutcome outcome = RunOutcome::finished, const std::string& resume_from = "") {
    const RunId id{++runs_};
    RunPlan plan;
    plan.trial = 0;
    plan.purpose = purpose;
    plan.replicate = replicate;
    plan.resume_from = resume_from;
    commit(RunQueued{id, plan});
    commit(RunClaimed{id, 0, 1, WorkerId{1}});
    std::int64_t ordinal = 0;
    for (const auto& [at, value] : reports)
      commit(Reported{{id, 0, ordinal++, at, 0, value, 0}, false});
    RunEnd end;
    end.outcome = outcome;
    commit(RunEnded{id, 0, end});
  }
  void complete() {
    TrialMoved moved;
    moved.trial = 0;
    moved.state = TrialState::complete;
    moved.results = history->judge(0);
    commit(moved);
  }

  std::unique_ptr<History> history;

 private:
  void commit(ChangeBody body) {
    const std::int64_t seq = history->version() + 1;
    history->apply({seq, seq, std::move(body)});
  }
  std::int64_t runs_ = 0;
};

TEST(SeedValues, OfATrialThatWasResumedAreThoseItIsJudgedBy) {
  OneTrial study(Take::best);
  study.run(RunPurpose::search, 0, {{1, 0.2}, {2, 0.5}}, RunOutcome::interrupted);
  study.run(RunPurpose::search, 0, {{3, 0.4}}, RunOutcome::finished, "newest");
  study.run(RunPurpose::search, 1, {{1, 0.9}, {2, 0.6}});
  study.complete();
  const auto found = seed_values(*study.history);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].values, (std::vector<double>{0.2, 0.6}));
  EXPECT_DOUBLE_EQ(found[0].mean, *study.history->trial(0).value());
}

TEST(SeedValues, LeaveOutRunsThatHaveNotFinished) {
  OneTrial study(Take::last);
  study.run(RunPurpose::search, 0, {{1, 0.5}});
  study.run(RunPurpose::confirm, 0, {{1, 0.7}});
  study.run(RunPurpose::confirm, 1, {{1, 9.0}}, RunOutcome::failed);
  EXPECT_EQ(confirmed_values(*study.history, 0), std::vector<double>{0.7});
  EXPECT_EQ(seed_values(*study.history)[0].values, (std::vector<double>{0.5, 0.7}));
}

TEST(CompareStudies, ComparesTheBestsByFreshSeedsOnly) {
  // The search chose its best by its luck; with fresh seeds both are the same.
  OneTrial lucky(Take::last), plain(Take::last);
  for (const int seed : {0, 1}) lucky.run(RunPurpose::search, seed, {{1, 0.1 + 0.001 * seed}});
  for (const int seed : {0, 1}) plain.run(RunPurpose::search, seed, {{1, 0.5 + 0.001 * seed}});
  const std::vector<std::string> names = {"lucky", "plain"};
  const std::vector<const History*> histories = {lucky.history.get(), plain.history.get()};
  lucky.complete();
  plain.complete();
  EXPECT_FALSE(compare_studies(histories, names).contrasts[0].of_bests);
  for (const int seed : {0, 1, 2}) {
    lucky.run(RunPurpose::confirm, seed, {{1, 0.5 + 0.01 * seed}});
    plain.run(RunPurpose::confirm, seed, {{1, 0.52 - 0.01 * seed}});
  }
  const auto contrast = compare_studies(histories, names).contrasts[0];
  ASSERT_TRUE(contrast.of_bests);
  EXPECT_NEAR(contrast.of_bests->value, 0, 1e-12);
  EXPECT_GT(contrast.of_bests_p, 0.9);
}

}  // namespace
}  // namespace hone
