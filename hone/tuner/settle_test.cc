#include "hone/tuner/settle.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

/// A record written by hand: one trial after the other, runs in the order of the calls.
class Record {
 public:
  explicit Record(StudySpec spec) : spec_(std::make_shared<const StudySpec>(std::move(spec))) {
    history_ = std::make_unique<History>(spec_);
  }

  std::int64_t add(std::optional<double> target = std::nullopt, Value info = Value::Map{}) {
    auto proposal = std::make_shared<Proposal>();
    proposal->info = std::move(info);
    proposal->info.set("based_on", seq_);
    proposal->number = history_->size();
    proposal->config = spec_->space.default_config();
    proposal->fidelity_target = target;
    apply(TrialAdded{proposal});
    queue(first_run(*spec_, *proposal));
    return proposal->number;
  }
  RunId queue(const RunPlan& plan) {
    run_ = RunId{++runs_};
    apply(RunQueued{run_, plan});
    apply(RunClaimed{run_, plan.trial, 1, WorkerId{1}});
    return run_;
  }
  void report(std::int64_t trial, double fidelity, double value, bool late = false) {
    apply(Reported{{run_, trial, ordinal_++, fidelity, 0, value, 0}, late});
  }
  void end(std::int64_t trial, RunOutcome outcome, FailKind kind = FailKind::none,
           std::string detail = "") {
    RunEnd end;
    end.outcome = outcome;
    end.fail_kind = kind;
    end.detail = std::move(detail);
    apply(RunEnded{run_, trial, end});
  }
  void judge(std::int64_t trial, Verdict verdict, FailKind kind = FailKind::none) {
    apply(Judged{trial, verdict, "because", "rule", 0, kind});
  }
  void move(const Action& action) { apply(std::get<TrialMoved>(action)); }
  void open_again() { apply(StudyMoved{StudyState::open, "resumed"}); }
  const History& history() const { return *history_; }
  RunId run() const { return run_; }
  Action settle(std::int64_t trial) const { return hone::settle(*history_, trial); }

 private:
  void apply(ChangeBody body) {
    ++seq_;
    history_->apply({seq_, seq_ * 1'000'000, std::move(body)});
  }

  std::shared_ptr<const StudySpec> spec_;
  std::unique_ptr<History> history_;
  RunId run_;
  std::int64_t runs_ = 0;
  std::int64_t seq_ = 0;
  std::int64_t ordinal_ = 0;
};

StudySpec a_spec(bool with_checkpoint = false) {
  StudySpec spec;
  spec.name = "settle";
  Parameter x;
  x.name = "x";
  x.domain = Real{};
  spec.space = *SearchSpace::create({x}, {}).space;
  Metric loss;
  loss.name = "loss";
  spec.metrics = {loss};
  spec.fidelity = Fidelity{"epoch", 1, 9.0};
  spec.command.argv = {"train", "--epochs", "${fidelity}"};
  if (with_checkpoint) spec.checkpoint = CheckpointSpec{"ckpt", "", {}};
  return spec;
}

std::string text_of(const Action& action) {
  if (const auto* queued = std::get_if<QueueRun>(&action)) {
    const RunPlan& plan = queued->plan;
    return "queue segment " + std::to_string(plan.segment) + " attempt " +
           std::to_string(plan.attempt) +
           (plan.resume_from.empty() ? " from scratch" : " from " + plan.resume_from);
  }
  const auto& moved = std::get<TrialMoved>(action);
  std::string text = trial_state_name(moved.state);
  if (moved.fail_kind != FailKind::none)
    text += std::string(" (") + fail_kind_name(moved.fail_kind) + ")";
  return moved.reason.empty() ? text : text + ": " + moved.reason;
}

TEST(LateVerdict, IsToldOfARunThatEndedByItselfFarBehindWhatItsVerdictLookedAt) {
  const auto told = [](int in_time, int late, RunOutcome outcome) {
    Record record(a_spec());
    const auto trial = record.add();
    for (int epoch = 1; epoch <= in_time + late; ++epoch)
      record.report(trial, epoch, 0.5, epoch > in_time);
    record.end(trial, outcome);
    return late_verdict(record.history(), record.run());
  };
  const auto warning = told(2, 7, RunOutcome::finished);
  ASSERT_TRUE(warning);
  EXPECT_EQ(warning->trial, 0);
  EXPECT_EQ(warning->cause_seq, 5);  // added, queued, claimed, two reports
  EXPECT_EQ(warning->reason,
            "it went on behind the verdict at epoch 2 for 7 reports, to its end: programs that "
            "report faster than verdicts come, or do not heed should_stop(), are not stopped. "
            "Report less often, or run fewer trials at a time");
  EXPECT_TRUE(told(9, 3, RunOutcome::finished));
  EXPECT_FALSE(told(10, 3, RunOutcome::finished)) << "nearly at its end anyway";
  EXPECT_FALSE(told(7, 2, RunOutcome::finished));
  EXPECT_FALSE(told(9, 0, RunOutcome::finished));
  EXPECT_FALSE(told(2, 7, RunOutcome::stopped)) << "the verdict took effect";
}

TEST(Settle, CompletesATrialWhoseProgramEndedWithItsMetric) {
  Record record(a_spec());
  const auto trial = record.add();
  record.report(trial, 9, 0.5);
  record.end(trial, RunOutcome::finished);
  EXPECT_EQ(text_of(record.settle(trial)), "complete");
}

TEST(Settle, FailsASuccessWithoutTheMetricOrWithNan) {
  Record record(a_spec());
  const auto silent = record.add();
  record.end(silent, RunOutcome::finished);
  EXPECT_EQ(text_of(record.settle(silent)),
            "failed (no_metric): the program ended without reporting loss");
  const auto nan = record.add();
  record.report(nan, 9, NAN);
  record.end(nan, RunOutcome::finished);
  EXPECT_EQ(text_of(record.settle(nan)), "failed (nan): loss is nan");
}

TEST(Settle, RetriesWhatMayGoBetterAndNotWhatComesAgain) {
  StudySpec spec = a_spec();
  spec.limits.retries = 1;
  Record record(spec);
  const auto trial = record.add();
  record.end(trial, RunOutcome::failed, FailKind::exit_code, "exit code 1");
  EXPECT_EQ(text_of(record.settle(trial)), "queue segment 0 attempt 1 from scratch");
  record.queue(next_attempt(record.history(), trial, 0));
  record.end(trial, RunOutcome::failed, FailKind::exit_code, "exit code 1");
  EXPECT_EQ(text_of(record.settle(trial)), "failed (exit_code): exit code 1");
  const auto large = record.add();
  record.end(large, RunOutcome::failed, FailKind::gpu_out_of_memory, "CUDA out of memory");
  EXPECT_EQ(text_of(record.settle(large)), "failed (gpu_out_of_memory): CUDA out of memory");
}

TEST(Settle, PutsAnInterruptedTrialBackUntilItLoopsWithoutProgress) {
  StudySpec spec = a_spec();
  spec.limits.interruptions = 3;
  Record record(spec);
  const auto trial = record.add();
  for (int i = 1; i < 3; ++i) {
    record.end(trial, RunOutcome::interrupted);
    EXPECT_EQ(text_of(record.settle(trial)),
              "queue segment 0 attempt " + std::to_string(i) + " from scratch");
    record.queue(next_attempt(record.history(), trial, 0));
  }
  record.end(trial, RunOutcome::interrupted);
  EXPECT_EQ(text_of(record.settle(trial)), "failed (lost): interrupted 3 times without progress");
}

TEST(Settle, MakesVerdictsTrueUnlessTheProgramWasDoneFirst) {
  Record record(a_spec());
  const auto stopped = record.add();
  record.report(stopped, 1, 3);
  record.judge(stopped, Verdict::stop);
  record.end(stopped, RunOutcome::stopped);
  EXPECT_EQ(text_of(record.settle(stopped)), "stopped: because");
  const auto done = record.add();
  record.report(done, 1, 3);
  record.judge(done, Verdict::stop);
  record.report(done, 9, 2, true);
  record.end(done, RunOutcome::finished);
  EXPECT_EQ(text_of(record.settle(done)), "complete: ended before its verdict came (because)");
  const auto complete = std::get<TrialMoved>(record.settle(done));
  EXPECT_EQ(complete.reached, 9) << "where its value is from";
  EXPECT_EQ(complete.results.at(0).value, 2);
  const auto diverged = record.add();
  record.report(diverged, 1, 1e9);
  record.judge(diverged, Verdict::stop, FailKind::diverged);
  record.end(diverged, RunOutcome::stopped);
  EXPECT_EQ(text_of(record.settle(diverged)), "failed (diverged): because");
}

TEST(Settle, CompletesAStoppedTrialThatHadReachedFullFidelity) {
  const auto settled = [](double epoch, double loss, int objectives) {
    StudySpec spec = a_spec();
    Metric second;
    second.name = "size";
    if (objectives == 2) spec.metrics.push_back(second);
    Record record(spec);
    const auto trial = record.add();
    record.report(trial, epoch, loss);
    record.judge(trial, Verdict::stop);
    record.end(trial, RunOutcome::stopped);
    return text_of(record.settle(trial));
  };
  EXPECT_EQ(settled(9, 0.5, 1), "complete: at its end when it was stopped (because)");
  EXPECT_EQ(settled(8, 0.5, 1), "stopped: because");
  EXPECT_EQ(settled(9, NAN, 1), "stopped: because");
  EXPECT_EQ(settled(9, 0.5, 2), "stopped: because") << "the other objective is missing";
}

TEST(Settle, PausesATrialThatWentAPartOfTheWay) {
  Record record(a_spec(true));
  const auto trial = record.add(1);
  record.report(trial, 1, 3);
  record.end(trial, RunOutcome::finished);
  EXPECT_EQ(text_of(record.settle(trial)), "paused");
}

TEST(Settle, StartsAgainFromScratchWhereTheCheckpointWasAheadOfTheReports) {
  Record record(a_spec(true));
  const auto trial = record.add(1);
  record.report(trial, 1, 3);
  record.end(trial, RunOutcome::finished);
  record.move(record.settle(trial));
  record.queue(next_segment(record.history(), trial, 3));
  record.end(trial, RunOutcome::interrupted);  // what it had printed was lost with its machine
  EXPECT_EQ(text_of(record.settle(trial)), "queue segment 1 attempt 1 from newest");
  record.queue(next_attempt(record.history(), trial, 0));
  record.end(trial, RunOutcome::finished);
  const Action again = record.settle(trial);
  EXPECT_EQ(text_of(again), "queue segment 1 attempt 2 from scratch");
  record.queue(std::get<QueueRun>(again).plan);
  record.end(trial, RunOutcome::finished);
  EXPECT_EQ(text_of(record.settle(trial)),
            "failed (no_metric): the program ended without reporting loss");
}

TEST(StudyEnd, StopsAStudyWhoseFirstTrialsAllFailAlike) {
  StudySpec spec = a_spec();
  spec.limits.retries = 0;
  spec.limits.same_failures = 3;
  Record record(spec);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(study_end(record.history(), 0));
    const auto trial = record.add();
    record.end(trial, RunOutcome::failed, FailKind::exit_code,
               "exit code 1\nNo module named torch");
    record.move(record.settle(trial));
  }
  const auto end = study_end(record.history(), 0);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->at_once);
  EXPECT_EQ(end->reason, "the first 3 trials failed the same way (limits.same_failures: 3)");
}

TEST(StudyEnd, OverlooksNumbersWhereItComparesFailures) {
  for (const auto& [one, other, alike] :
       {std::tuple("unknown flag --lr=0.01", "unknown flag --lr=3.5e-05", true),
        std::tuple("epoch 3: cannot open a.txt", "epoch 12: cannot open a.txt", true),
        std::tuple("cannot open a.txt", "cannot open b.txt", false)}) {
    StudySpec spec = a_spec();
    spec.limits.retries = 0;
    spec.limits.same_failures = 2;
    Record record(spec);
    for (const char* line : {one, other}) {
      const auto trial = record.add();
      record.end(trial, RunOutcome::failed, FailKind::exit_code, line);
      record.move(record.settle(trial));
    }
    EXPECT_EQ(study_end(record.history(), 0).has_value(), alike) << one << " / " << other;
  }
}

/// A complete trial whose suggestion came with a bound on the regret (none: of another sampler).
void add_with_bound(Record& record, std::optional<double> bound, double noise = 1) {
  Value info = Value::Map{};
  if (bound) info.set("regret", Value::Map{{"bound", *bound}, {"noise", noise}});
  const std::int64_t trial = record.add(std::nullopt, std::move(info));
  record.report(trial, 9, 3.0 + static_cast<double>(trial));
  record.end(trial, RunOutcome::finished);
  record.move(record.settle(trial));
}

TEST(StudyEnd, ComesWithTwoBoundsOnTheRegretBelowTheNoiseInARow) {
  StudySpec spec = a_spec();
  Record not_asked(spec);
  spec.sampler = {"gp", Value::Map{{"stop_by_regret", true}}};
  spec.budget.trials = 100;
  Record record(spec);
  for (const double bound : {3.0, 0.5, 2.0, 0.5}) {
    add_with_bound(record, bound);
    EXPECT_FALSE(study_end(record.history(), 0));
  }
  add_with_bound(record, std::nullopt);
  EXPECT_FALSE(study_end(record.history(), 0));
  add_with_bound(record, 0.25);
  const auto end = study_end(record.history(), 0);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason,
            "no improvement expected: by the Gaussian process nothing is better than trial 0 by "
            "more than 0.25, which is less than the noise of a trial, as the process fits it, 1");
  EXPECT_FALSE(end->stop_running);
  for (int i = 0; i < 4; ++i) add_with_bound(not_asked, 0.25);
  EXPECT_FALSE(study_end(not_asked.history(), 0));
  record.open_again();
  EXPECT_FALSE(study_end(record.history(), 0));
  add_with_bound(record, 0.25);
  add_with_bound(record, 0.25);
  EXPECT_TRUE(study_end(record.history(), 0));
}

TEST(StudyEnd, PatienceGoesWithOtherLimits) {
  StudySpec spec = a_spec();
  spec.budget.stop_without_improvement = true;
  Record open_ended(spec);
  spec.budget.trials = 500;
  Record limited(spec);
  for (int i = 0; i < 130; ++i) {
    for (Record* record : {&open_ended, &limited}) {
      const std::int64_t trial = record->add();
      record->report(trial, 9, -static_cast<double>(i / 5));  // better every five trials
      record->end(trial, RunOutcome::finished);
      record->move(record->settle(trial));
    }
  }
  EXPECT_EQ(study_end(open_ended.history(), 0)->reason, "100 trials (the default budget)");
  EXPECT_FALSE(study_end(limited.history(), 0));
}

TEST(StudyEnd, EndsAtTheTarget) {
  StudySpec spec = a_spec();
  spec.metrics[0].target = 0.1;
  Record record(spec);
  for (const double value : {0.2, 0.1}) {
    EXPECT_FALSE(study_end(record.history(), 0));
    const auto trial = record.add();
    record.report(trial, 9, value);
    record.end(trial, RunOutcome::finished);
    record.move(record.settle(trial));
  }
  const auto end = study_end(record.history(), 0);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, "target reached: trial 1 has loss 0.1 (target 0.1)");
}

}  // namespace
}  // namespace hone
