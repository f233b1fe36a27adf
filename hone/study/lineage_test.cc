#include "hone/study/lineage.h"

#include <gtest/gtest.h>

#include <string>

namespace hone {
namespace {

StudySpec population_spec() {
  StudySpec spec;
  spec.name = "population";
  Parameter rate;
  rate.name = "rate";
  rate.domain = Real{};
  spec.space = *SearchSpace::create({rate}, {}).space;
  Metric loss;
  loss.name = "loss";
  Metric size;
  size.name = "size";
  size.role = MetricRole::tracked;
  spec.metrics = {loss, size};
  spec.fidelity = Fidelity{"step", 1, 12};
  return spec;
}

/// A record written change by change; one run a trial.
class Record {
 public:
  Record() : history(std::make_shared<const StudySpec>(population_spec())) {}

  void begin(double rate, std::optional<std::int64_t> parent = std::nullopt,
             std::optional<double> parent_fidelity = std::nullopt) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history.size();
    proposal->config.set("rate", rate);
    if (parent) {
      proposal->origin = TrialOrigin::fork;
      proposal->parent = parent;
      proposal->parent_fidelity = parent_fidelity;
    }
    const std::int64_t number = proposal->number;
    RunPlan plan;
    plan.trial = number;
    commit(TrialAdded{std::move(proposal)});
    commit(RunQueued{RunId{number}, plan});
    commit(RunClaimed{RunId{number}, number, 1, WorkerId{0}});
  }
  void report(std::int64_t trial, double step, bool late = false, int metric = 0) {
    Report report;
    report.run = RunId{trial};
    report.trial = trial;
    report.fidelity = step;
    report.metric = metric;
    report.value = 1 / step;
    commit(Reported{report, late});
  }
  void verdict(std::int64_t trial, Verdict verdict) {
    Judged judged;
    judged.trial = trial;
    judged.verdict = verdict;
    judged.cause_seq = seq_;
    commit(judged);
  }

  History history;

 private:
  void commit(ChangeBody body) {
    ++seq_;
    history.apply(Change{seq_, seq_, std::move(body)});
  }
  std::int64_t seq_ = 0;
};

/// "0: 0 to 5, 1: 5 to end"
std::string text_of(const std::vector<LineageStep>& steps) {
  std::string text;
  for (const LineageStep& step : steps) {
    text += (text.empty() ? "" : ", ") + std::to_string(step.trial) + ": " +
            std::to_string(static_cast<int>(step.from)) + " to " +
            (step.until ? std::to_string(static_cast<int>(*step.until)) : "end");
  }
  return text;
}

TEST(Lineage, ATrialWithoutParentIsItsOwnWay) {
  Record record;
  record.begin(0.5);
  record.report(0, 3);
  EXPECT_EQ(text_of(lineage(record.history, 0)), "0: 0 to end");
}

TEST(Lineage, AForkGoesOnFromTheParentsLastReportBeforeItsOwnFirst) {
  Record record;
  record.begin(0.5);
  for (const int step : {1, 2, 3, 4, 5, 6}) record.report(0, step);
  record.begin(0.7, 0, 6);
  EXPECT_EQ(text_of(lineage(record.history, 1)), "0: 0 to 6, 1: 6 to end");  // has not reported
  record.report(1, 5);  // the copy of the checkpoint was of step 4
  EXPECT_EQ(text_of(lineage(record.history, 1)), "0: 0 to 4, 1: 4 to end");
  EXPECT_EQ(*lineage(record.history, 1)[1].config.get("rate"), Value(0.7));
}

TEST(Lineage, WhatAPausedParentsProgramDidAfterItsVerdictBelongsToTheWay) {
  Record record;
  record.begin(0.5);
  for (const int step : {1, 2, 3}) record.report(0, step);
  record.verdict(0, Verdict::pause);
  record.report(0, 4, true);
  record.report(0, 5, true);
  record.begin(0.7, 0, 3);
  EXPECT_EQ(text_of(lineage(record.history, 1)), "0: 0 to 3, 1: 3 to end");
  record.report(1, 6);
  EXPECT_EQ(text_of(lineage(record.history, 1)), "0: 0 to 5, 1: 5 to end");
}

TEST(Lineage, LateReportsBeyondTheForksFirstOneAreNotOnItsWay) {
  Record record;
  record.begin(0.5);
  for (const int step : {1, 2, 3}) record.report(0, step);
  record.verdict(0, Verdict::stop);
  for (const int step : {4, 5, 6}) record.report(0, step, true);
  record.report(0, 4.5, true, 1);  // another metric says nothing about the checkpoint
  record.begin(0.7, 0, 3);
  record.report(1, 5);
  EXPECT_EQ(text_of(lineage(record.history, 1)), "0: 0 to 4, 1: 4 to end");
}

TEST(Lineage, AStepOfNoLengthIsLeftOut) {
  Record record;
  record.begin(0.5);
  for (const int step : {1, 2, 3}) record.report(0, step);
  record.begin(0.7, 0, 3);  // forked on before it reported
  record.begin(0.9, 1, 3);
  record.report(2, 4);
  EXPECT_EQ(text_of(lineage(record.history, 2)), "0: 0 to 3, 2: 3 to end");
}

}  // namespace
}  // namespace hone
