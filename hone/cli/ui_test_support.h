// For tests of the live display: a study's record that is written down step by step, and folded by
// a history and a model as it grows.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hone/base/clock.h"
#include "hone/cli/ui_model.h"

namespace hone::cli {

/// A study with a learning rate, a rank and a choice; one second passes with each change.
class StudyRecord {
 public:
  explicit StudyRecord(Goal goal = Goal::minimize) : spec_(std::make_shared<StudySpec>()) {
    Parameter lr{"lr", Real{Law::log_uniform, 1e-5, 1e-1, 0, 1, {}, false}, {}, {}, {}};
    Parameter rank{"rank", Integer{1, 64, Law::uniform, 1}, {}, {}, {}};
    Parameter act{
        "act", Choice{{{Value("relu"), "relu"}, {Value("gelu"), "gelu"}}, false, {}}, {}, {}, {}};
    spec_->space = *SearchSpace::create({lr, rank, act}, {}).space;
    spec_->metrics = {Metric{}};
    spec_->metrics[0].name = "val_loss";
    spec_->metrics[0].goal = goal;
    spec_->fidelity = Fidelity{"epoch", 1, 9.0};
    spec_->sampler.name = "tpe";
    spec_->scheduler.name = "asha";
    spec_->budget.trials = 60;
    history_ = std::make_unique<History>(spec_);
  }

  StudySpec& spec() { return *spec_; }
  const History& history() const { return *history_; }
  LiveModel& model() { return model_; }
  std::int64_t now_us() const { return seq_ * kSecond_us; }

  std::int64_t add(TrialOrigin origin = TrialOrigin::sampler, double lr = 0.001, int rank = 16,
                   const std::string& act = "relu") {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->origin = origin;
    proposal->config.set("lr", lr);
    proposal->config.set("rank", rank);
    proposal->config.set("act", act);
    const std::int64_t number = proposal->number;
    apply(TrialAdded{proposal});
    return number;
  }
  RunId queue(std::int64_t trial, RunPurpose purpose = RunPurpose::search, int replicate = 0) {
    RunPlan plan;
    plan.trial = trial;
    plan.purpose = purpose;
    plan.replicate = replicate;
    const RunId run{++runs_};
    apply(RunQueued{run, plan});
    return run;
  }
  RunId start(std::int64_t trial, RunPurpose purpose = RunPurpose::search, int replicate = 0) {
    const RunId run = queue(trial, purpose, replicate);
    apply(RunClaimed{run, trial, 1, WorkerId{1}});
    return run;
  }
  void report(RunId run, std::int64_t trial, double epoch, double value) {
    apply(Reported{Report{run, trial, ordinal_++, epoch, 0, value, 0}, false});
  }
  void end(RunId run, std::int64_t trial, TrialState state, const std::string& reason = "",
           FailKind kind = FailKind::none, const std::string& detail = "") {
    RunEnded ended{run, trial, {}};
    ended.end.outcome = kind == FailKind::none ? RunOutcome::finished : RunOutcome::failed;
    ended.end.fail_kind = kind;
    ended.end.detail = detail;
    ended.end.busy_us = 12 * kSecond_us;
    apply(ended);
    if (history_->run(run)->plan.purpose != RunPurpose::search) return;
    TrialMoved moved;
    moved.trial = trial;
    moved.state = state;
    moved.reason = reason;
    moved.fail_kind = kind;
    moved.reached = history_->trial(trial).reached;
    if (kind == FailKind::none) moved.results = history_->judge(trial);
    apply(moved);
  }
  /// A trial from its begin to its end; its curve falls as 1/epoch to `value` at epoch nine.
  std::int64_t whole(double value, TrialOrigin origin = TrialOrigin::sampler,
                     TrialState state = TrialState::complete, int epochs = 9,
                     const std::string& reason = "") {
    const std::int64_t trial = add(origin, 0.001 * static_cast<double>(1 + history_->size() % 7));
    const RunId run = start(trial);
    for (int e = 1; e <= epochs; ++e) report(run, trial, e, curve(value, e));
    end(run, trial, state, reason);
    return trial;
  }
  static double curve(double value, int epoch) { return value + 1.0 / epoch - 1.0 / 9; }
  void apply(ChangeBody body) {
    ++seq_;
    const Change change{seq_, now_us(), std::move(body)};
    history_->apply(change);
    model_.changed(change, *history_);
  }

  LiveMoment moment() const {
    LiveMoment moment;
    moment.now_us = now_us();
    moment.parallel = 2;
    return moment;
  }
  LiveView view() { return model_.view(*history_, moment()); }
  /// What a model says that has seen all of it at once.
  LiveView view_of_a_fresh_model() {
    LiveModel fresh("finetune");
    return fresh.view(*history_, moment());
  }

 private:
  std::shared_ptr<StudySpec> spec_;
  std::unique_ptr<History> history_;
  LiveModel model_{"finetune"};
  std::int64_t seq_ = 0;
  std::int64_t runs_ = 0;
  std::int64_t ordinal_ = 0;
};

}  // namespace hone::cli
