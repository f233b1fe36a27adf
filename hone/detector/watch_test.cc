// The watch over a record that is written down: what it reads, what it leaves out, and that it is a
// fold.
#include "hone/detector/watch.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

class WatchTest : public testing::Test {
 protected:
  static std::shared_ptr<StudySpec> make_spec() {
    auto spec = std::make_shared<StudySpec>();
    Metric loss;
    loss.name = "loss";
    spec->metrics = {loss};
    spec->fidelity = Fidelity{"epoch", 1, 100};
    Parameter x;
    x.name = "x";
    x.domain = Real{};
    spec->space = *SearchSpace::create({x}, {}).space;
    return spec;
  }
  void begin(const std::shared_ptr<StudySpec>& spec) {
    spec_ = spec;
    history_ = std::make_unique<History>(spec_);
    std::vector<OptionProblem> problems;
    watch_ = std::make_unique<Watch>(*spec_, problems);
    ASSERT_TRUE(problems.empty());
  }
  std::vector<Alarm> apply(ChangeBody body) {
    const Change change{++seq_, seq_, std::move(body)};
    record_.push_back(change);
    const auto observation = history_->apply(change);
    return watch_->observe(change, observation, *history_);
  }
  std::int64_t add() {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->config.set("x", 0.5);
    apply(TrialAdded{proposal});
    return proposal->number;
  }
  RunId start(std::int64_t trial, int replicate = 0, const std::string& resume_from = "") {
    RunPlan plan;
    plan.trial = trial;
    plan.replicate = replicate;
    plan.resume_from = resume_from;
    const RunId run{++runs_};
    apply(RunQueued{run, plan});
    apply(RunClaimed{run, trial, 1, WorkerId{1}});
    return run;
  }
  std::vector<Alarm> report(RunId run, std::int64_t trial, double epoch, double value,
                            bool late = false) {
    return apply(Reported{Report{run, trial, ordinal_++, epoch, 0, value, 0}, late});
  }
  void end(RunId run, std::int64_t trial, RunOutcome outcome) {
    RunEnded ended{run, trial, {}};
    ended.end.outcome = outcome;
    apply(ended);
  }

  std::shared_ptr<const StudySpec> spec_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Watch> watch_;
  std::vector<Change> record_;
  std::int64_t seq_ = 0;
  std::int64_t runs_ = 0;
  std::int64_t ordinal_ = 0;
};

TEST_F(WatchTest, LeavesLateReportsAndOtherRunsOut) {
  begin(make_spec());
  const auto trial = add();
  const RunId run = start(trial);
  EXPECT_TRUE(report(run, trial, 1, 1).empty());
  EXPECT_TRUE(report(run, trial, 2, NAN, true).empty());
  EXPECT_EQ(report(run, trial, 2, NAN).size(), 1U);
  RunPlan confirm;
  confirm.trial = trial;
  confirm.purpose = RunPurpose::confirm;
  apply(RunQueued{RunId{77}, confirm});
  EXPECT_TRUE(report(RunId{77}, trial, 3, NAN).empty());
}

TEST_F(WatchTest, ReadsTheMeanOfReplicatesOnceAllHaveComeAsFar) {
  auto spec = make_spec();
  spec->replicates = 2;
  begin(spec);
  const auto trial = add();
  const RunId first = start(trial, 0);
  const RunId second = start(trial, 1);
  report(first, trial, 1, 1);
  report(second, trial, 1, 1);
  EXPECT_TRUE(report(first, trial, 2, NAN).empty());
  EXPECT_EQ(report(second, trial, 2, 1).size(), 1U);
}

TEST_F(WatchTest, ARunThatWentBackIsReadFromWhereItWentBackTo) {
  begin(make_spec());
  const auto trial = add();
  const RunId run = start(trial);
  for (int epoch = 1; epoch <= 30; ++epoch) report(run, trial, epoch, 1.0 / epoch);
  // Eight values out of range: two short of a verdict.
  for (int epoch = 31; epoch <= 38; ++epoch)
    EXPECT_TRUE(report(run, trial, epoch, 50).empty()) << epoch;
  end(run, trial, RunOutcome::interrupted);
  const RunId again = start(trial, 0, "newest");
  EXPECT_TRUE(report(again, trial, 31, 50).empty());
  for (int epoch = 32; epoch <= 39; ++epoch)
    EXPECT_TRUE(report(again, trial, epoch, 50).empty()) << epoch;
  const auto alarms = report(again, trial, 40, 50);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].detector, "divergence");
}

TEST_F(WatchTest, IsTheSameAfterAReplay) {
  begin(make_spec());
  const auto trial = add();
  const RunId run = start(trial);
  std::vector<std::size_t> alarms;
  for (int epoch = 1; epoch <= 100; ++epoch)
    alarms.push_back(report(run, trial, epoch, epoch < 40 ? 1.0 / epoch : 30).size());
  std::vector<OptionProblem> problems;
  History history(spec_);
  Watch watch(*spec_, problems);
  std::vector<std::size_t> again;
  for (const Change& change : record_) {
    const auto observation = history.apply(change);
    const auto found = watch.observe(change, observation, history);
    if (std::holds_alternative<Reported>(change.body)) again.push_back(found.size());
  }
  EXPECT_EQ(again, alarms);
  EXPECT_GT(alarms.back(), 0U);
}

}  // namespace
}  // namespace hone
