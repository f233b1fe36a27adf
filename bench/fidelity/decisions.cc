#include "bench/fidelity/decisions.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "bench/quality/problem.h"
#include "hone/base/error.h"
#include "hone/math/stats.h"
#include "hone/scheduler/scheduler.h"

namespace hone::fidelity {
namespace {

constexpr int kFull = 27;

Task plain_task(std::int64_t trials) {
  Task task;
  task.name = "decisions";
  task.unit = "epoch";
  task.space = quality::space_of({quality::real("x", 0, 1)});
  for (int i = 1; i <= kFull; ++i) task.levels.push_back(i);
  task.trials = static_cast<int>(trials);
  return task;
}

/// Tuner and workers in the shortest form: one trial after the other, the scheduler timed.
class Player {
 public:
  Player(std::shared_ptr<const StudySpec> spec, std::int64_t trials)
      : spec_(std::move(spec)), history_(spec_), trials_(trials) {
    std::vector<OptionProblem> problems;
    scheduler_ = make_scheduler(*spec_, problems);
    if (scheduler_ == nullptr)
      throw Error(ErrorCode::invalid_input, problems.front().option + problems.front().message);
  }

  void run() {
    for (;;) {
      const bool may_add = history_.counted() < trials_;
      Launch launch;
      const double us = timed([&] {
        launch = scheduler_->next({history_, Rng(static_cast<std::uint64_t>(seq_)), may_add});
      });
      if (late()) nexts_.push_back(us);
      if (const auto* fresh = std::get_if<LaunchNew>(&launch); fresh != nullptr && may_add) {
        add(fresh->fidelity_target, fresh->bracket);
      } else if (const auto* resume = std::get_if<LaunchResume>(&launch)) {
        train(resume->trial, resume->fidelity_target, history_.trial(resume->trial).segment + 1);
      } else {
        return;
      }
    }
  }

  const std::vector<double>& reports() const { return reports_; }
  const std::vector<double>& nexts() const { return nexts_; }

 private:
  template <class Work>
  static double timed(Work&& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::micro> passed =
        std::chrono::steady_clock::now() - began;
    return passed.count();
  }

  bool late() const { return history_.size() >= trials_ - trials_ / 10; }

  double commit(ChangeBody body, Decision* decision = nullptr) {
    const Change change{++seq_, seq_ * 1000, std::move(body)};
    const auto observation = history_.apply(change);
    return timed([&] {
      scheduler_->observe(change, observation, history_);
      if (decision != nullptr && observation) *decision = scheduler_->judge(*observation, history_);
    });
  }

  void add(const std::optional<double>& target, int bracket) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_.size();
    proposal->config.set("x", Value(Rng(7).split("x", static_cast<std::uint64_t>(seq_)).uniform()));
    proposal->fidelity_target = target;
    proposal->bracket = bracket;
    const std::int64_t trial = proposal->number;
    commit(TrialAdded{std::move(proposal)});
    train(trial, target, 0);
  }

  void train(std::int64_t trial, const std::optional<double>& target, int segment) {
    const RunId run{next_run_++};
    RunPlan plan;
    plan.trial = trial;
    plan.segment = segment;
    plan.fidelity_target = target;
    if (segment > 0) plan.resume_from = "checkpoint";
    commit(RunQueued{run, plan});
    commit(RunClaimed{run, trial, 1, WorkerId{1}});
    const double x = history_.trial(trial).config().get("x")->as_number();
    const double last = target.value_or(kFull);
    Rng noise = Rng(9).split("noise", static_cast<std::uint64_t>(run.value));
    Decision decision;
    std::int64_t ordinal = 0;
    for (double f = history_.trial(trial).reached.value_or(0) + 1; f <= last; ++f) {
      const double value = x + 1 / f + 0.1 * noise.normal();
      const double us =
          commit(Reported{{run, trial, ordinal++, f, 0, value, static_cast<std::int64_t>(1e6 * f)}},
                 &decision);
      if (late()) reports_.push_back(us);
      if (decision.verdict != Verdict::go_on) break;
    }
    finish(run, trial, decision, last < kFull);
  }

  void finish(RunId run, std::int64_t trial, const Decision& decision, bool partial) {
    RunEnd end;
    TrialMoved moved;
    moved.trial = trial;
    moved.state = partial ? TrialState::paused : TrialState::complete;
    if (decision.verdict != Verdict::go_on) {
      commit(Judged{trial, decision.verdict, decision.reason, "", seq_, FailKind::none});
      const bool stops = decision.verdict == Verdict::stop;
      end.outcome = stops ? RunOutcome::stopped : RunOutcome::paused;
      moved.state = stops ? TrialState::stopped : TrialState::paused;
    }
    commit(RunEnded{run, trial, end});
    moved.results = history_.judge(trial);
    moved.reached = history_.trial(trial).reached;
    commit(moved);
  }

  std::shared_ptr<const StudySpec> spec_;
  History history_;
  std::int64_t trials_;
  std::unique_ptr<Scheduler> scheduler_;
  std::int64_t seq_ = 0;
  std::int64_t next_run_ = 1;
  std::vector<double> reports_;
  std::vector<double> nexts_;
};

}  // namespace

void measure_decisions(const std::vector<Method>& methods, std::int64_t trials) {
  const Task task = plain_task(trials);
  fmt::print(
      "microseconds, over the last tenth of {} trials\n{:30}{:>10}{:>10}{:>10}{:>10}{:>14}\n",
      trials, "scheduler", "mean", "p50", "p99", "most", "next, p50");
  for (const Method& method : methods) {
    Player player(make_spec(task, method, 1, trials), trials);
    player.run();
    const auto& reports = player.reports();
    fmt::print("{:30}{:10.2f}{:10.2f}{:10.2f}{:10.1f}{:14.2f}\n", method.label.substr(0, 29),
               mean(reports), quantile(reports, 0.5), quantile(reports, 0.99),
               *std::max_element(reports.begin(), reports.end()), quantile(player.nexts(), 0.5));
    std::fflush(stdout);
  }
}

}  // namespace hone::fidelity
