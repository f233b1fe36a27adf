// Studies written down event by event, for tests of a scheduler's rule against tables computed by
// hand.
#pragma once

#include <cmath>

#include "hone/scheduler/scheduler_driver.h"

namespace hone::contract {

/// Trials with one run each; the caller says what they report and how they end.
class Script {
 public:
  explicit Script(const StudySpec& spec) : fold(spec) {}

  /// A running trial; its number.
  std::int64_t start(std::optional<double> target = std::nullopt,
                     TrialOrigin origin = TrialOrigin::sampler) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = fold.history().size();
    proposal->origin = origin;
    proposal->config.set("x", 0.5);
    proposal->fidelity_target = target;
    const std::int64_t trial = proposal->number;
    commit(TrialAdded{std::move(proposal)});
    queue(trial, target, 0);
    return trial;
  }
  void queue(std::int64_t trial, std::optional<double> target, int segment,
             std::string resume_from = "") {
    RunPlan plan;
    plan.trial = trial;
    plan.segment = segment;
    plan.fidelity_target = target;
    plan.resume_from = std::move(resume_from);
    commit(RunQueued{RunId{++runs_}, plan});
    commit(RunClaimed{RunId{runs_}, trial, 1, WorkerId{1}});
  }
  /// Reports on the newest run of the trial, and what the scheduler says to it.
  Decision report(std::int64_t trial, double fidelity, double value) {
    const RunId run = fold.history().runs_of(trial).back();
    const auto observation = commit(Reported{{run, trial, ++ordinal_, fidelity, 0, value, 0}});
    return observation ? fold.scheduler().judge(*observation, fold.history()) : Decision{};
  }
  void end(std::int64_t trial, TrialState state) {
    RunEnd how;
    how.outcome = state == TrialState::paused ? RunOutcome::paused : RunOutcome::finished;
    commit(RunEnded{fold.history().runs_of(trial).back(), trial, how});
    commit(TrialMoved{trial, state, FailKind::none, "", fold.history().judge(trial), std::nullopt});
  }
  std::optional<Observation> commit(ChangeBody body) {
    return fold.apply({++seq_, kInstant, std::move(body)});
  }

  Fold fold;

 private:
  static constexpr std::int64_t kInstant = 1'700'000'000'000'000;

  std::int64_t seq_ = 0;
  std::int64_t runs_ = 0;
  std::int64_t ordinal_ = 0;
};

}  // namespace hone::contract
