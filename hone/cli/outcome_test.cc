#include "hone/cli/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/rng.h"
#include "hone/base/text.h"
#include "hone/cli/terminal.h"
#include "hone/study/diagnostic.h"

namespace hone::cli {
namespace {

using testing::HasSubstr;

/// Folds a record that is written down step by step.
class Record {
 public:
  explicit Record(Goal goal = Goal::minimize,
                  std::vector<Parameter> parameters = {{"lr", Real{}, {}, {}, {}}})
      : spec_(std::make_shared<StudySpec>()) {
    spec_->space = *SearchSpace::create(std::move(parameters), {}).space;
    spec_->metrics = {Metric{}};
    spec_->metrics[0].name = "loss";
    spec_->metrics[0].goal = goal;
    spec_->fidelity = Fidelity{"epoch", 1, 10.0};
    history_ = std::make_unique<History>(spec_);
  }

  std::int64_t trial(double value, TrialOrigin origin = TrialOrigin::sampler,
                     TrialState end = TrialState::complete, double reached = 10,
                     FailKind kind = FailKind::none,
                     const std::optional<Config>& config = std::nullopt) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->origin = origin;
    proposal->config = config ? *config : Config();
    if (!config) proposal->config.set("lr", 0.5);
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

  /// A trial of 100 s with ten reports, the first after `first_s`, the last at its end.
  void trial_with_reports(double first_s) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->config.set("lr", 0.5);
    add(TrialAdded{proposal});
    const RunId id{next_run_++};
    RunPlan plan;
    plan.trial = proposal->number;
    add(RunQueued{id, plan});
    add(RunClaimed{id, plan.trial, 1, WorkerId{1}});
    constexpr int kReports = 10;
    for (int i = 0; i < kReports; ++i) {
      Report report;
      report.run = id;
      report.trial = plan.trial;
      report.ordinal = i;
      report.fidelity = i + 1;
      report.value = 1;
      report.busy_us =
          static_cast<std::int64_t>((first_s + (100 - first_s) * i / (kReports - 1)) * 1e6);
      add(Reported{report, false});
    }
    RunEnd end;
    end.busy_us = 100'000'000;
    add(RunEnded{id, plan.trial, end});
    TrialMoved moved;
    moved.trial = plan.trial;
    moved.state = TrialState::complete;
    moved.results = {Result{0, 1.0, 10.0, 1, std::nullopt}};
    add(moved);
  }

  void confirm(std::int64_t trial, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      run(trial, RunPurpose::confirm, static_cast<int>(i), values[i], 10);
    }
  }

  void end_again(std::int64_t trial, const Result& result) {
    TrialMoved moved;
    moved.trial = trial;
    moved.results = {result};
    add(moved);
  }

  Outcome outcome() const { return find_outcome(*history_); }
  std::string text(const std::vector<std::string>& seen = {}, int width = 100) const {
    return outcome_text(*history_, outcome(), "s", seen, false, width);
  }
  Value json() const { return outcome_json(*history_, outcome(), "s"); }
  StudySpec& spec() { return *spec_; }
  History& history() { return *history_; }
  void finish(const std::string& reason) { add(StudyMoved{StudyState::finished, reason}); }

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
  record.finish("every trial of the budget was started");
  const Outcome outcome = record.outcome();
  EXPECT_EQ(outcome.best, steady);
  EXPECT_NEAR(outcome.value->mean, 1.1, 1e-12);
  EXPECT_NEAR(*outcome.value->sd, 0.1, 1e-12);
  EXPECT_NEAR(*outcome.gain->share_sd, 0.05, 1e-12);
  EXPECT_THAT(record.text(),
              HasSubstr("loss 1.1 ± 0.1 (3 seeds), 45.0 % ± 5.0 below the defaults (2)"));
}

TEST(Outcome, TellsWhatFreshSeedsConfirmed) {
  Record record;
  const std::int64_t base = record.trial(2.0, TrialOrigin::default_config);
  const std::int64_t best = record.trial(1.0);
  record.confirm(base, {2.0, 2.1});
  record.confirm(best, {1.5, 1.7});
  std::string text = record.text();
  for (std::size_t at = 0; (at = text.find("\n  ")) != std::string::npos;) text.replace(at, 3, " ");
  EXPECT_THAT(text, HasSubstr("Confirmed with fresh seeds: trial 1 1.6 ± 0.14, the defaults 2.05 ± "
                              "0.071. Trial 1 is the best of them with a chance of 97 %; the mean "
                              "lies between 1.2598 and 1.9402 (95 %; the search had 1).\n"));
  const Value json = record.json();
  const auto& confirmations = json.find("confirmations")->as_list();
  ASSERT_EQ(confirmations.size(), 2U);
  EXPECT_EQ(confirmations[0].find("values")->as_list().size(), 2U);
  // One variance for both, 0.0125 with 2 degrees of freedom: P(T ≤ 0.45 / 0.1118) = 0.9717.
  EXPECT_NEAR(confirmations[0].number_or("chance_of_best", 0), 0.9717, 0.005);
  EXPECT_NEAR(confirmations[1].number_or("chance_of_best", 0), 0.0283, 0.005);
}

TEST(Outcome, GivesAnIntervalAndNoChanceWhereOnlyOneWasConfirmed) {
  Record record;
  const std::int64_t best = record.trial(1.0);
  record.confirm(best, {1.5, 1.7});
  const Outcome outcome = record.outcome();
  EXPECT_EQ(outcome.confirmations[0].chance, std::nullopt);
  EXPECT_NEAR(outcome.interval->high, 1.6 + 12.7062 * 0.1, 1e-3);
}

TEST(Outcome, GivesASpreadOfTheGainWhereTrialsHaveReplicates) {
  Record record;
  record.trial(2.0, TrialOrigin::default_config);
  record.trial(1.0);
  record.end_again(0, Result{0, 2.0, 10, 3, 0.03});
  record.end_again(1, Result{0, 1.0, 10, 3, 0.04});
  EXPECT_NEAR(*record.outcome().gain->share_sd, 0.025, 1e-12);
  EXPECT_THAT(record.text(), HasSubstr("loss 1 ± 0.04 (3 seeds), 50.0 % ± 2.5 below"));
}

TEST(Outcome, ReadsWellForAStudyThatStoppedInTheMiddle) {
  Record record;
  record.spec().budget.trials = 60;
  record.trial(2.0, TrialOrigin::default_config);
  record.trial(1.5, TrialOrigin::sampler, TrialState::stopped, 3);
  record.trial(1.0);
  EXPECT_EQ(record.text({}, 80),
            "Best so far, after 3 of 60 trials: trial 2, loss 1, 50.0 % below the defaults\n"
            "  (2)\n"
            "  lr 0.5\n"
            "early stopping saved 23 % of the steps\n"
            "What mattered: too few trials to tell (3; 15 are needed).\n");
}

TEST(Outcome, ReadsWellForOneTrial) {
  Record record;
  record.trial(2.0, TrialOrigin::default_config);
  EXPECT_EQ(record.text(), "One trial: trial 0, loss 2\n  lr 0.5\n");
}

TEST(Outcome, ReadsWellWhereEveryTrialFailed) {
  Record record;
  for (int i = 0; i < 3; ++i)
    record.trial(0, TrialOrigin::sampler, TrialState::failed, 1, FailKind::exit_code);
  record.finish("the first 3 trials failed the same way");
  EXPECT_EQ(record.text(),
            "No usable trial: 3 failed (exit code).\n"
            "Mend the program, then:\n"
            "  hone retry s && hone resume s\n"
            "Ended: the first 3 trials failed the same way\n");
  EXPECT_TRUE(record.json().find("best")->is_null());
}

TEST(Outcome, ReadsWellWhereTheBestWasStoppedEarly) {
  Record record;
  record.trial(1.5, TrialOrigin::sampler, TrialState::stopped, 3);
  EXPECT_EQ(record.text(),
            "One trial: trial 0, loss 1.5 (stopped at epoch 3 of 10)\n"
            "  lr 0.5\n"
            "early stopping saved 70 % of the steps\n"
            "Next: the best trial was stopped early; hone resume s/0 lets it run to the end.\n");
}

/// Sixty trials over a conditional space with long names: rate decides, one of two does little.
Record long_study(Goal goal) {
  const auto text = [](const char* word) { return ChoiceItem{Value(word), word}; };
  Choice tuning;
  tuning.items = {text("low_rank_adaptation"), text("full")};
  Real rate;
  rate.law = Law::log_uniform;
  rate.low = 1e-5;
  rate.high = 1e-2;
  Parameter rank{"low_rank_adaptation.rank",
                 Integer{1, 64},
                 {{"tuning", {Value("low_rank_adaptation")}, {}}},
                 {},
                 {}};
  Record record(goal, {{"tuning", tuning, {}, {}, {}},
                       {"optimizer.learning_rate", rate, {}, {}, {}},
                       rank,
                       {"optimizer.weight_decay", Real{}, {}, {}, {}}});
  const double sign = goal == Goal::minimize ? 1 : -1;
  Rng rng(1);
  for (int i = 0; i < 60; ++i) {
    const Config config = *record.spec().space.sample(rng);
    const double x = std::log10(config.get("optimizer.learning_rate")->as_number());
    const double value = 3 + std::pow(x + 2, 2) + 0.02 * rng.normal();
    record.trial(sign * value, i == 0 ? TrialOrigin::default_config : TrialOrigin::sampler,
                 TrialState::complete, 10, FailKind::none, config);
  }
  record.finish("every trial of the budget was started");
  return record;
}

TEST(Outcome, TellsWhatMatteredAndWhatLiesAtABoundAtAnyWidth) {
  const Record record = long_study(Goal::minimize);
  EXPECT_EQ(record.text({}, 60), R"(Best of 60 trials: trial 1, loss 2.9794, 16.3 % below the
  defaults (3.5577)
  tuning full · optimizer.learning_rate 0.009133 ·
  optimizer.weight_decay 0.0966
What mattered: optimizer.learning_rate 100 % ± 0.6 (the
  other 3: nothing).
Next: the best optimizer.learning_rate (0.009133) is at
  the upper end of its range (0.01); widen it.
)");
  EXPECT_EQ(record.text({}, 80),
            R"(Best of 60 trials: trial 1, loss 2.9794, 16.3 % below the defaults (3.5577)
  tuning full · optimizer.learning_rate 0.009133 ·
  optimizer.weight_decay 0.0966
What mattered: optimizer.learning_rate 100 % ± 0.6 (the other 3: nothing).
Next: the best optimizer.learning_rate (0.009133) is at the upper end of its
  range (0.01); widen it.
)");
  EXPECT_EQ(record.text({}, 200), record.text({}, 100)) << "longer lines are hard to read";
  for (const int width : {60, 80, 100}) {
    const std::string text = record.text({}, width);
    for (const std::string_view line : split(text, '\n')) EXPECT_LE(display_width(line), width);
  }
}

TEST(Outcome, TellsTheSameOfAMetricThatIsMaximised) {
  const std::string text = long_study(Goal::maximize).text({}, 100);
  EXPECT_THAT(text, HasSubstr("above the defaults"));
  EXPECT_THAT(text, HasSubstr("What mattered: optimizer.learning_rate"));
}

TEST(Outcome, GivesWhatMatteredAsJson) {
  const Value json = long_study(Goal::minimize).json();
  const Value* importance = json.find("importance");
  ASSERT_NE(importance, nullptr);
  const Value& first = importance->find("effects")->as_list().front();
  EXPECT_EQ(first.string_or("parameter", ""), "optimizer.learning_rate");
  EXPECT_GT(first.find("share")->as_number(), 0.9);
  EXPECT_GT(first.find("divergence")->as_number(), 0);
  const Value::List& findings = json.find("findings")->as_list();
  EXPECT_EQ(findings.front().string_or("kind", ""), "matters");
  EXPECT_EQ(findings.front().string_or("parameter", ""), "optimizer.learning_rate");
  EXPECT_TRUE(std::any_of(findings.begin(), findings.end(),
                          [](const Value& one) { return one.string_or("kind", "") == "bound"; }));
  EXPECT_EQ(json.find("best")->find("curve")->as_list().size(), 1U);
}

TEST(CurveBlocks, ShowsBothEndsAndNoMoreThanFits) {
  std::vector<CurvePoint> curve;
  for (int i = 0; i < 100; ++i) curve.push_back({double(i), double(99 - i), 0, 0});
  EXPECT_EQ(curve_blocks(curve, 8), "█▇▆▅▄▃▂▁");
  curve.resize(2);
  EXPECT_EQ(curve_blocks(curve, 8), "█▁");
  curve.push_back({2, NAN, 0, 0});
  EXPECT_EQ(curve_blocks(curve, 8), "█▁");
  EXPECT_EQ(curve_blocks({}, 8), "");
}

TEST(Outcome, CountsTheStepsThatEarlyStoppingSaved) {
  Record record;
  record.trial(1.0);
  record.trial(2.0, TrialOrigin::sampler, TrialState::stopped, 2);
  EXPECT_DOUBLE_EQ(*record.outcome().steps_saved, 0.4);
}

TEST(Outcome, SaysHowToFlushWhereTheReportsCameAllAtOnceAtTheEnd) {
  Record record;
  record.trial_with_reports(99.9);
  EXPECT_THAT(record.text(), HasSubstr("came all at once at its end"));
  EXPECT_THAT(record.text(), HasSubstr("stdbuf -oL"));
  Record along_the_way;
  along_the_way.trial_with_reports(10);
  EXPECT_EQ(along_the_way.text().find("all at once"), std::string::npos);
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
