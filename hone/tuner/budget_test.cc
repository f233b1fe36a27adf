#include "hone/tuner/budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>

#include "hone/tuner/settle.h"

namespace hone {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

class BudgetTest : public testing::Test {
 protected:
  void begin(const std::function<void(StudySpec&)>& change) {
    auto spec = std::make_shared<StudySpec>();
    Metric loss;
    loss.name = "loss";
    Metric cost;
    cost.name = "dollars";
    cost.role = MetricRole::cost;
    spec->metrics = {loss, cost};
    spec->fidelity = Fidelity{"epoch", 1, 9.0};
    change(*spec);
    history_ = std::make_unique<History>(spec);
  }
  void apply(ChangeBody body, std::int64_t at_us) {
    history_->apply({++seq_, at_us, std::move(body)});
  }
  RunId start(std::int64_t at_us, const std::string& resume_from = "") {
    if (history_->size() == 0 || resume_from.empty()) {
      auto proposal = std::make_shared<Proposal>();
      proposal->number = history_->size();
      apply(TrialAdded{proposal}, at_us);
    }
    RunPlan plan;
    plan.trial = history_->size() - 1;
    plan.resume_from = resume_from;
    const RunId run{++runs_};
    apply(RunQueued{run, plan}, at_us);
    apply(RunClaimed{run, plan.trial, 1, WorkerId{1}}, at_us);
    return run;
  }
  void report(RunId run, double fidelity, int metric, double value, std::int64_t at_us) {
    const Report report{run, history_->run(run)->plan.trial, ordinal_++, fidelity, metric, value,
                        0};
    apply(Reported{report, false}, at_us);
  }
  void end(RunId run, std::int64_t busy_us, std::int64_t at_us) {
    RunEnd end;
    end.busy_us = busy_us;
    apply(RunEnded{run, history_->run(run)->plan.trial, end}, at_us);
  }
  std::string use(std::int64_t now_us, std::int64_t since_us = 0) const {
    std::string out;
    for (const BudgetUse& one : budget_use(*history_, now_us, since_us))
      out += (out.empty() ? "" : ", ") + use_text(one);
    return out;
  }
  std::string end_of_study(std::int64_t now_us) const {
    const auto end = study_end(*history_, now_us);
    return end ? end->reason : "";
  }

  std::unique_ptr<History> history_;
  std::int64_t seq_ = 0;
  std::int64_t runs_ = 0;
  std::int64_t ordinal_ = 0;
};

TEST_F(BudgetTest, CountsTimeTimesProcessorsAndGpus) {
  begin([](StudySpec& spec) {
    spec.budget.cpu_us = 10 * kHour;
    spec.budget.gpu_us = 4 * kHour;
    spec.resources.cpus = 4;
    spec.resources.gpus = 0.5;
  });
  const RunId first = start(kHour);
  end(first, kHour, 2 * kHour);
  start(2 * kHour);  // still runs
  EXPECT_EQ(use(2 * kHour + kHour / 2),
            "CPU time 6 h 00 m of 10 h 00 m, GPU time 45 m 00 s of 4 h 00 m");
  EXPECT_EQ(end_of_study(3 * kHour + kHour / 2 - kSecond), "");
  EXPECT_EQ(end_of_study(3 * kHour + kHour / 2), "budget of 10 h 00 m CPU time used (10 h 00 m)");
}

TEST_F(BudgetTest, DoesNotTakeForWorkWhatNobodyLed) {
  begin([](StudySpec& spec) { spec.budget.cpu_us = 10 * kHour; });
  start(kHour);
  // The machine was off for a night; another hone has led the study for a minute.
  EXPECT_EQ(use(20 * kHour, 20 * kHour - 60 * kSecond), "CPU time 1 m 00 s of 10 h 00 m");
}

TEST_F(BudgetTest, CountsMoneyByTheHour) {
  begin([](StudySpec& spec) {
    spec.budget.cost = 20;
    spec.budget.price = 2.5;
  });
  const RunId run = start(kHour);
  report(run, 1, 1, 1000, kHour);  // a declared cost counts where there is no price
  end(run, 6 * kHour, 7 * kHour);
  EXPECT_EQ(use(8 * kHour), "cost 15 of 20");
  end(start(8 * kHour), 2 * kHour, 10 * kHour);
  EXPECT_EQ(end_of_study(10 * kHour), "budget of cost 20 used (20)");
}

TEST_F(BudgetTest, CountsWhatRunsReportAsTheirCost) {
  begin([](StudySpec& spec) { spec.budget.cost = 5; });
  const RunId first = start(kHour);
  report(first, 1, 1, 1.5, kHour);
  report(first, 2, 1, 3, kHour);
  const RunId second = start(kHour);
  report(second, 1, 1, 1, kHour);
  report(second, 2, 1, NAN, kHour);
  EXPECT_EQ(use(kHour), "cost 4 of 5");
}

TEST_F(BudgetTest, CountsEpochsThatWereTrained) {
  begin([](StudySpec& spec) { spec.budget.fidelity = 10; });
  const RunId first = start(kHour);
  for (const double epoch : {1, 2, 3, 4}) report(first, epoch, 0, 0.5, kHour);
  end(first, kHour, kHour);
  const RunId again = start(kHour, "newest");  // its checkpoint is of epoch 4
  report(again, 5, 0, 0.5, kHour);
  EXPECT_EQ(use(kHour), "5 of 10 epochs");
  const RunId scratch = start(kHour);
  for (const double epoch : {2, 5}) report(scratch, epoch, 0, 0.5, kHour);
  EXPECT_EQ(end_of_study(kHour), "budget of 10 epochs used (10)");
}

TEST_F(BudgetTest, CountsOfAForkWhatItTrainedItself) {
  begin([](StudySpec& spec) { spec.budget.fidelity = 10; });
  const RunId first = start(kHour);
  for (const double epoch : {1, 2, 3, 4}) report(first, epoch, 0, 0.5, kHour);
  auto fork = std::make_shared<Proposal>();
  fork->number = 1;
  fork->origin = TrialOrigin::fork;
  fork->parent = 0;
  fork->parent_fidelity = 4;
  apply(TrialAdded{fork}, kHour);
  const RunId second = start(kHour, "newest");
  for (const double epoch : {5, 6}) report(second, epoch, 0, 0.5, kHour);
  EXPECT_EQ(use(kHour), "6 of 10 epochs");
}

TEST_F(BudgetTest, CountsAreWholeNumbers) {
  EXPECT_EQ(use_text({"trials", "trials", 12'345, 100'000}), "12345 of 100000 trials");
  EXPECT_EQ(use_text({"fidelity", "steps", 12'345.0, 1e6}), "12345 of 1000000 steps");
  EXPECT_EQ(use_text({"fidelity", "epochs", 4.5, 90}), "4.5 of 90 epochs");
  EXPECT_EQ(use_text({"cost", "cost", 12.345, 20}), "cost 12.35 of 20");
}

TEST_F(BudgetTest, NamesItsLimits) {
  StudySpec spec;
  spec.metrics = {Metric{}};
  spec.budget = Budget{60, 8 * kHour, false, 10 * kHour, std::nullopt, 20.0, 2.5, 500.0};
  EXPECT_EQ(limit_texts(spec),
            (std::vector<std::string>{"60 trials", "8 h 00 m", "10 h 00 m CPU time", "cost 20",
                                      "500 steps"}));
}

}  // namespace
}  // namespace hone
