// A small seeded player of tuner and workers for tests of schedulers: trials in parallel with equal
// values and equal instants, reports that are missing, repeated, NaN, late or of another metric,
// programs that fail or are interrupted at a rung, verdicts that come too late, and verdicts that
// are not the scheduler's own.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hone/scheduler/scheduler.h"

namespace hone::contract {

/// One real parameter "x", objective "loss", another declared metric "aux", fidelity 1 … max.
inline StudySpec curve_spec(std::string scheduler, Value options, std::optional<double> max = 27) {
  StudySpec spec;
  spec.name = "contract";
  Parameter x;
  x.name = "x";
  x.domain = Real{};
  spec.space = *SearchSpace::create({x}, {}).space;
  Metric loss;
  loss.name = "loss";
  Metric aux;
  aux.name = "aux";
  aux.role = MetricRole::tracked;
  spec.metrics = {loss, aux};
  spec.fidelity = Fidelity{"epoch", 1, max};
  spec.command.argv = {"train", "--epochs", "${fidelity}"};
  spec.scheduler = {std::move(scheduler), std::move(options)};
  return spec;
}

inline std::unique_ptr<Scheduler> make_or_fail(const StudySpec& spec) {
  std::vector<OptionProblem> problems;
  auto scheduler = make_scheduler(spec, problems);
  for (const auto& problem : problems) ADD_FAILURE() << problem.option << ": " << problem.message;
  return scheduler;
}

inline std::string text_of(const Launch& launch) {
  struct Text {
    static std::string target(const std::optional<double>& t) {
      return t ? format_double(*t) : "end";
    }
    std::string operator()(const LaunchNew& l) const {
      return "new " + std::to_string(l.bracket) + " to " + target(l.fidelity_target);
    }
    std::string operator()(const LaunchResume& l) const {
      return "resume " + std::to_string(l.trial) + " to " + target(l.fidelity_target) + ": " +
             l.reason;
    }
    std::string operator()(const LaunchFork& l) const {
      return "fork " + std::to_string(l.parent) + " to " + target(l.fidelity_target) + ": " +
             l.reason;
    }
    std::string operator()(const Wait&) const { return "wait"; }
    std::string operator()(const Done& l) const { return "done: " + l.reason; }
  };
  return std::visit(Text{}, launch);
}

/// A record with its fold: history and scheduler, fed together.
class Fold {
 public:
  explicit Fold(const StudySpec& spec)
      : spec_(std::make_shared<const StudySpec>(spec)),
        history_(spec_),
        scheduler_(make_or_fail(spec)) {}

  std::optional<Observation> apply(const Change& change) {
    observation_ = history_.apply(change);
    scheduler_->observe(change, observation_, history_);
    return observation_;
  }
  const History& history() const { return history_; }
  Scheduler& scheduler() { return *scheduler_; }
  Launch next(bool may_add) const {
    const auto version = static_cast<std::uint64_t>(history_.version());
    return scheduler_->next({history_, Rng(7).split("next", version), may_add});
  }
  static bool may_judge(const Trial& trial) {
    return trial.proposal->origin != TrialOrigin::default_config && trial.verdict == Verdict::go_on;
  }
  /// Everything the scheduler would answer now.
  std::string answers() const {
    std::string text = text_of(next(true)) + " | " + text_of(next(false));
    if (observation_ && may_judge(history_.trial(observation_->trial))) {
      const Decision decision = scheduler_->judge(*observation_, history_);
      text += std::string(" | ") + verdict_name(decision.verdict) + " " + decision.reason;
    }
    return text;
  }

 private:
  std::shared_ptr<const StudySpec> spec_;
  History history_;
  std::unique_ptr<Scheduler> scheduler_;
  std::optional<Observation> observation_;
};

/// What the driver does to a study besides running it.
struct DriverOptions {
  std::uint64_t seed = 1;
  int trials = 30;
  double sign = 1;              ///< −1: the objective is negated and maximised
  double foreign_verdicts = 0;  ///< probability that a verdict is not the scheduler's
  bool ask = true;              ///< record the scheduler's answers after every event
};

/// Plays tuner and workers. Everything random comes from the seed; curves depend on (seed, trial,
/// fidelity) alone.
class Driver {
 public:
  Driver(StudySpec spec, DriverOptions options)
      : options_(options),
        rng_(Rng(options.seed).split("driver")),
        fold_(prepared(std::move(spec), options)) {}

  void run() {
    parallel_ = 1 + static_cast<int>(rng_.below(4));
    constexpr int kMaxSteps = 20'000;
    for (int step = 0; step < kMaxSteps; ++step) {
      if (static_cast<int>(running_.size()) < parallel_ && launch()) continue;
      if (running_.empty()) return;
      work(static_cast<std::size_t>(rng_.below(running_.size())));
    }
    ADD_FAILURE() << "the study does not end";
  }

  const std::vector<Change>& log() const { return log_; }
  const std::vector<std::string>& answers() const { return answers_; }
  const History& history() const { return fold_.history(); }
  /// "3 stop", "resume 5": verdicts and launches without their texts.
  const std::vector<std::string>& decisions() const { return decisions_; }
  Fold& fold() { return fold_; }

 private:
  struct Worker {
    std::int64_t trial;
    RunId run;
    double fidelity;  ///< last reported
    std::int64_t ordinal;
    std::int64_t busy_us;
  };

  static StudySpec prepared(StudySpec spec, const DriverOptions& options) {
    spec.metrics.front().goal = options.sign > 0 ? Goal::minimize : Goal::maximize;
    spec.seed = static_cast<std::int64_t>(options.seed);
    return spec;
  }

  std::optional<Observation> commit(ChangeBody body) {
    if (rng_.chance(0.5))
      at_us_ += static_cast<std::int64_t>(rng_.below(1000));  // else the same instant again
    log_.push_back({static_cast<std::int64_t>(log_.size()) + 1, at_us_, std::move(body)});
    const auto observation = fold_.apply(log_.back());
    answers_.push_back(options_.ask ? fold_.answers() : "");
    return observation;
  }

  /// Few distinct values, so that ties are common; now and then NaN or infinite.
  double value(std::int64_t trial, double fidelity) const {
    Rng r = Rng(options_.seed).split("curve", static_cast<std::uint64_t>(trial));
    const double level = std::floor(r.uniform(0, 8));
    Rng at = r.split("at", static_cast<std::uint64_t>(fidelity * 16));
    if (at.chance(0.02)) return NAN;
    if (at.chance(0.01)) return options_.sign * INFINITY;
    return options_.sign * (level + std::floor(at.uniform(0, 2)) + std::floor(8 / fidelity));
  }

  bool launch() {
    const bool may_add = fold_.history().counted() < options_.trials;
    const Launch launch = fold_.next(may_add);
    decisions_.push_back(decision_text(launch));
    if (const auto* fresh = std::get_if<LaunchNew>(&launch)) {
      EXPECT_TRUE(may_add) << "a new trial beyond the budget";
      add(*fresh, may_add);
      return true;
    }
    if (const auto* resume = std::get_if<LaunchResume>(&launch)) {
      const Trial& trial = fold_.history().trial(resume->trial);
      EXPECT_EQ(trial.state, TrialState::paused) << "only paused trials are resumed";
      EXPECT_FALSE(resume->reason.empty());
      if (trial.state != TrialState::paused) return false;
      RunPlan plan;
      plan.trial = resume->trial;
      plan.segment = trial.segment + 1;
      plan.fidelity_target = resume->fidelity_target;
      if (rng_.chance(0.5)) plan.resume_from = "checkpoint";
      start(plan, plan.resume_from.empty() ? 0 : trial.reached.value_or(0));
      return true;
    }
    if (const auto* made = std::get_if<LaunchFork>(&launch)) {
      EXPECT_FALSE(made->reason.empty());
      fork(*made);
      return true;
    }
    if (const auto* done = std::get_if<Done>(&launch)) {
      EXPECT_FALSE(done->reason.empty());
    }
    return false;
  }

  static std::string decision_text(const Launch& launch) {
    const std::string text = text_of(launch);
    return text.substr(0, text.find(':'));
  }

  void add(const LaunchNew& launch, bool) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = fold_.history().size();
    proposal->origin = proposal->number == 0 && fold_.history().spec().run_default_first
                           ? TrialOrigin::default_config
                           : TrialOrigin::sampler;
    proposal->config.set("x", rng_.uniform());
    proposal->bracket = launch.bracket;
    const bool whole = proposal->origin == TrialOrigin::default_config;
    proposal->fidelity_target =
        whole ? fold_.history().spec().fidelity->max : launch.fidelity_target;
    RunPlan plan;
    plan.trial = proposal->number;
    plan.fidelity_target = proposal->fidelity_target;
    commit(TrialAdded{std::move(proposal)});
    start(plan, 0);
  }

  /// A fork goes on from where its parent has come to, or a little before.
  void fork(const LaunchFork& launch) {
    const History& history = fold_.history();
    EXPECT_TRUE(history.spec().space.is_feasible(launch.config));
    const double reached = history.trial(launch.parent).reached.value_or(0);
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history.size();
    proposal->origin = TrialOrigin::fork;
    proposal->parent = launch.parent;
    proposal->parent_fidelity = reached;
    proposal->config = launch.config;
    proposal->bracket = launch.bracket;
    proposal->fidelity_target = launch.fidelity_target;
    RunPlan plan;
    plan.trial = proposal->number;
    plan.fidelity_target = launch.fidelity_target;
    plan.resume_from = "checkpoint";
    commit(TrialAdded{std::move(proposal)});
    start(plan, std::max(0.0, reached - static_cast<double>(rng_.below(3))));
  }

  void start(const RunPlan& plan, double from) {
    const RunId run{next_run_++};
    commit(RunQueued{run, plan});
    commit(RunClaimed{run, plan.trial, 1, WorkerId{1}});
    running_.push_back({plan.trial, run, from, 0, 0});
  }

  void end(std::size_t w, RunOutcome outcome, FailKind fail, std::optional<TrialState> to) {
    const Worker worker = running_[w];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(w));
    RunEnd how;
    how.outcome = outcome;
    how.fail_kind = fail;
    how.busy_us = worker.busy_us;
    commit(RunEnded{worker.run, worker.trial, how});
    if (!to) return;
    TrialMoved moved{worker.trial, *to, fail, "", {}, std::nullopt};
    if (*to == TrialState::complete || *to == TrialState::stopped) {
      moved.results = fold_.history().judge(worker.trial);
    }
    moved.reason = fold_.history().trial(worker.trial).reason;
    commit(moved);
  }

  /// Lets one running program do something.
  void work(std::size_t w) {
    Worker& worker = running_[w];
    worker.busy_us += 1000;
    if (rng_.chance(0.02))
      return end(w, RunOutcome::failed, FailKind::out_of_memory, TrialState::failed);
    if (rng_.chance(0.02)) {
      RunPlan plan = fold_.history().run(worker.run)->plan;
      ++plan.attempt;
      end(w, RunOutcome::interrupted, FailKind::none, std::nullopt);
      return start(plan, 0);
    }
    if (rng_.chance(0.05))
      commit(
          Reported{{worker.run, worker.trial, worker.ordinal++, worker.fidelity + 1, 1, 0.5, 0}});
    double step = 1;
    if (rng_.chance(0.1)) step = 0;                                        // a repeated report
    if (rng_.chance(0.1)) step = 1 + static_cast<double>(rng_.below(12));  // missing ones
    const auto target = fold_.history().trial(worker.trial).fidelity_target;
    worker.fidelity = std::max(1.0, worker.fidelity + step);
    if (target) worker.fidelity = std::min(worker.fidelity, *target);
    const auto observation =
        commit(Reported{{worker.run, worker.trial, worker.ordinal++, worker.fidelity, 0,
                         value(worker.trial, worker.fidelity), worker.busy_us}});
    const double end_at = target.value_or(40);
    if (judge(w, observation)) return;
    if (running_[w].fidelity >= end_at)
      end(w, RunOutcome::finished, FailKind::none, TrialState::complete);
  }

  /// The verdict on an observation, made true; false when the trial goes on.
  bool judge(std::size_t w, const std::optional<Observation>& observation) {
    const Worker worker = running_[w];
    const Trial& trial = fold_.history().trial(worker.trial);
    if (!observation || !Fold::may_judge(trial)) return false;
    Decision decision = fold_.scheduler().judge(*observation, fold_.history());
    EXPECT_EQ(decision.reason.empty(), decision.verdict == Verdict::go_on);
    decisions_.push_back(std::to_string(worker.trial) + " " + verdict_name(decision.verdict));
    const bool foreign = rng_.chance(options_.foreign_verdicts);
    if (foreign) {
      decision =
          decision.verdict == Verdict::go_on ? Decision{Verdict::stop, "by the user"} : Decision{};
    }
    if (decision.verdict == Verdict::go_on) return false;
    commit(Judged{worker.trial, decision.verdict, decision.reason,
                  foreign ? "user" : fold_.history().spec().scheduler.name, observation->seq,
                  FailKind::none});
    const std::uint64_t late = rng_.below(3);
    for (std::uint64_t i = 0; i < late; ++i) {
      const double fidelity = worker.fidelity + 1 + static_cast<double>(i);
      commit(Reported{{worker.run, worker.trial, worker.ordinal + static_cast<std::int64_t>(i),
                       fidelity, 0, value(worker.trial, fidelity), worker.busy_us},
                      true});
    }
    const bool stops = decision.verdict == Verdict::stop;
    if (rng_.chance(0.1)) {  // the program had ended by itself before the verdict reached it
      end(w, RunOutcome::finished, FailKind::none, TrialState::complete);
    } else if (rng_.chance(0.05)) {
      end(w, RunOutcome::failed, FailKind::exit_code, TrialState::failed);
    } else {
      end(w, stops ? RunOutcome::stopped : RunOutcome::paused, FailKind::none,
          stops ? TrialState::stopped : TrialState::paused);
    }
    return true;
  }

  DriverOptions options_;
  Rng rng_;
  Fold fold_;
  std::vector<Change> log_;
  std::vector<std::string> answers_;
  std::vector<std::string> decisions_;
  std::vector<Worker> running_;
  int parallel_ = 1;
  std::int64_t at_us_ = 1'700'000'000'000'000;
  std::int64_t next_run_ = 1;
};

}  // namespace hone::contract
