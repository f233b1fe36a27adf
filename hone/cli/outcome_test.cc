#include "hone/cli/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/cli/terminal.h"

namespace hone::cli {
namespace {

using testing::HasSubstr;

/// Folds a record that is written down step by step.
class Record {
 public:
  explicit Record(Goal goal = Goal::minimize) : spec_(std::make_shared<StudySpec>()) {
    Parameter lr{"lr", Real{}, {}, {}, {}};
    spec_->space = *SearchSpace::create({lr}, {}).space;
    spec_->metrics = {Metric{}};
    spec_->metrics[0].name = "loss";
    spec_->metrics[0].goal = goal;
    spec_->fidelity = Fidelity{"epoch", 1, 10.0};
    history_ = std::make_unique<History>(spec_);
  }

  std::int64_t trial(double value, TrialOrigin origin = TrialOrigin::sampler,
                     TrialState end = TrialState::complete, double reached = 10,
                     FailKind kind = FailKind::none) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->origin = origin;
    proposal->config.set("lr", 0.5);
    const std::int64_t number = proposal->number;
    add(TrialAdded{proposal});
    run(number, RunPurpose::search, 0, value, reached);
    TrialMoved moved;
    moved.trial = number;
    moved.state = end;
    moved.fail_kind = kind;
    moved.reached = reached;
    if (end != TrialState::failed) moved.results = {Result{0, value, reached, 1, std::nullopt}};
    add(moved);
    return number;
  }

  void confirm(std::int64_t trial, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      run(trial, RunPurpose::confirm, static_cast<int>(i), values[i], 10);
    }
  }

  Outcome outcome() const { return find_outcome(*history_); }
  std::string text(const std::vector<std::string>& seen = {}) const {
    return outcome_text(*history_, outcome(), "s", seen, false);
  }

 private:
  void add(ChangeBody body) {
    ++seq_;
    history_->apply(Change{seq_, seq_ * 1000, std::move(body)});
  }

  void run(std::int64_t trial, RunPurpose purpose, int replicate, double value, double reached) {
    const RunId id{next_run_++};
    RunPlan plan;
    plan.trial = trial;
    plan.purpose = purpose;
    plan.replicate = replicate;
    add(RunQueued{id, plan});
    add(RunClaimed{id, trial, 1, WorkerId{1}});
    Report report;
    report.run = id;
    report.trial = trial;
    report.fidelity = reached;
    report.value = value;
    add(Reported{report, false});
    RunEnd end;
    add(RunEnded{id, trial, end});
  }

  std::shared_ptr<StudySpec> spec_;
  std::unique_ptr<History> history_;
  std::int64_t seq_ = 0;
  std::int64_t next_run_ = 1;
};

TEST(Outcome, ComparesTheBestWithTheDefaults) {
  Record record;
  record.trial(2.0, TrialOrigin::default_config);
  record.trial(1.5);
  const Outcome outcome = record.outcome();
  EXPECT_EQ(outcome.best, 1);
  ASSERT_TRUE(outcome.gain);
  EXPECT_DOUBLE_EQ(outcome.gain->difference, -0.5);
  EXPECT_DOUBLE_EQ(*outcome.gain->share, 0.25);
  EXPECT_THAT(record.text(), HasSubstr("25.0 % below the defaults (2)"));
}

TEST(Outcome, GivesNoShareWhereTheSignsDiffer) {
  Record record;
  record.trial(0.5, TrialOrigin::default_config);
  record.trial(-0.25);
  EXPECT_FALSE(record.outcome().gain->share);
  EXPECT_THAT(record.text(), HasSubstr("0.75 below the defaults"));
}

TEST(Outcome, SaysAboveWhereMoreIsBetter) {
  Record record(Goal::maximize);
  record.trial(0.5, TrialOrigin::default_config);
  record.trial(0.6);
  EXPECT_TRUE(record.outcome().gain->better);
  EXPECT_THAT(record.text(), HasSubstr("20.0 % above the defaults (0.5)"));
}

TEST(Outcome, GivesNoShareWhereTheDefaultIsWithinItsNoise) {
  Record record;
  const std::int64_t base = record.trial(0.01, TrialOrigin::default_config);
  const std::int64_t best = record.trial(0.005);
  record.confirm(base, {0.001, 0.02});
  record.confirm(best, {0.001, 0.002});
  ASSERT_TRUE(record.outcome().gain);
  EXPECT_FALSE(record.outcome().gain->share);
}

TEST(Outcome, TakesTheConfirmedValuesWhereThereAreSome) {
  Record record;
  const std::int64_t base = record.trial(2.0, TrialOrigin::default_config);
  const std::int64_t lucky = record.trial(1.0);
  const std::int64_t steady = record.trial(1.1);
  record.confirm(base, {2.0, 2.0, 2.0});
  record.confirm(lucky, {1.5, 1.6, 1.7});
  record.confirm(steady, {1.0, 1.2, 1.1});
  const Outcome outcome = record.outcome();
  EXPECT_EQ(outcome.best, steady);
  EXPECT_NEAR(outcome.value->mean, 1.1, 1e-12);
  EXPECT_NEAR(*outcome.value->sd, 0.1, 1e-12);
  EXPECT_NEAR(*outcome.gain->share_sd, 0.05, 1e-12);
  EXPECT_THAT(record.text(),
              HasSubstr("loss 1.1 ± 0.1 (3 seeds), 45.0 % ± 5.0 below the defaults (2)"));
}

TEST(Outcome, CountsTheStepsThatEarlyStoppingSaved) {
  Record record;
  record.trial(1.0);
  record.trial(2.0, TrialOrigin::sampler, TrialState::stopped, 2);
  EXPECT_DOUBLE_EQ(*record.outcome().steps_saved, 0.4);
}

TEST(Outcome, NamesFailuresByCause) {
  Record record;
  record.trial(1.0);
  record.trial(0, TrialOrigin::sampler, TrialState::failed, 1, FailKind::out_of_memory);
  record.trial(0, TrialOrigin::sampler, TrialState::failed, 1, FailKind::out_of_memory);
  record.trial(0, TrialOrigin::sampler, TrialState::failed, 1, FailKind::diverged);
  EXPECT_EQ(failures_text(record.outcome()), "3 failed (2 out of memory, 1 diverged)");
}

TEST(Outcome, SaysThatTheDefaultsWereNotBeaten) {
  Record record;
  record.trial(1.0, TrialOrigin::default_config);
  record.trial(2.0);
  EXPECT_FALSE(record.outcome().gain);
  EXPECT_THAT(record.text(), HasSubstr("The defaults were not beaten."));
}

TEST(Outcome, NamesTheMetricThatWasProbablyMeant) {
  Record record;
  record.trial(0, TrialOrigin::sampler, TrialState::failed, 1, FailKind::no_metric);
  EXPECT_THAT(record.text({"eval_loss", "lr"}),
              HasSubstr("'loss' never came; the programs reported: eval_loss, lr"));
  EXPECT_THAT(record.text({}), HasSubstr("@hone"));
}

TEST(ShellCommand, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(shell_command({"python", "a b.py", "--x=1", "it's", "$HOME", ""}),
            "python 'a b.py' --x=1 'it'\\''s' '$HOME' ''");
}

TEST(Columns, StayWithinEightyColumns) {
  const std::string text = two_columns(
      {{"--a-name", std::string(200, 'x') + " y"}, {"--other", "a word " + std::string(90, 'z')}});
  EXPECT_THAT(two_columns({{"-a", "one two three"}}), "  -a  one two three\n");
  EXPECT_THAT(text, HasSubstr("--other"));
}

TEST(CutToWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(cut_to_width("äöüß", 4), "äöüß");
  EXPECT_EQ(cut_to_width("äöüßx", 4), "äöü…");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
}

}  // namespace
}  // namespace hone::cli
