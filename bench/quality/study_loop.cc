#include "bench/quality/study_loop.h"

#include <cmath>

#include "hone/base/error.h"

namespace hone::quality {
namespace {

std::shared_ptr<const StudySpec> make_spec(const Problem& problem, const AlgorithmSpec& sampler,
                                           std::int64_t seed, const WarmStart& warm_start,
                                           const Budget& budget) {
  auto spec = std::make_shared<StudySpec>();
  spec->name = problem.name;
  spec->space = problem.space;
  Metric metric;
  metric.name = "value";
  metric.goal = problem.goal;
  spec->metrics = {metric};
  spec->sampler = sampler;
  spec->seed = seed;
  spec->warm_start = warm_start;
  spec->budget = budget;
  spec->run_default_first = false;
  return spec;
}

}  // namespace

Loop::Loop(const Problem& problem, const AlgorithmSpec& sampler, std::int64_t seed,
           const WarmStart& warm_start, const Budget& budget)
    : spec_(make_spec(problem, sampler, seed, warm_start, budget)), history_(spec_) {
  std::vector<OptionProblem> problems;
  sampler_ = make_sampler(*spec_, problems);
  for (const OptionProblem& p : problems)
    throw Error(ErrorCode::invalid_input, p.option + ": " + p.message);
}

void Loop::commit(ChangeBody body) { history_.apply({++seq_, now_us_, std::move(body)}); }

std::optional<Config> Loop::suggest() {
  const std::int64_t number = history_.size();
  SuggestResult result =
      sampler_->suggest({history_, number, sampler_rng(*spec_, number), std::nullopt, 0}, 1);
  auto* suggestions = std::get_if<std::vector<Suggestion>>(&result);
  if (suggestions == nullptr) return std::nullopt;
  info_ = std::move(suggestions->front().info);
  info_.set("based_on", history_.version());
  return std::move(suggestions->front().config);
}

std::int64_t Loop::begin(const Config& config, Value info, TrialOrigin origin) {
  auto proposal = std::make_shared<Proposal>();
  proposal->origin = origin;
  proposal->number = history_.size();
  proposal->config = config;
  proposal->info = std::move(info);
  const std::int64_t trial = proposal->number;
  commit(TrialAdded{std::move(proposal)});
  RunPlan plan;
  plan.trial = trial;
  const RunId run{trial + 1};
  commit(RunQueued{run, plan});
  commit(RunClaimed{run, trial, 1, WorkerId{1}});
  return trial;
}

void Loop::end(std::int64_t trial, std::optional<double> value, std::int64_t busy_us) {
  const RunId run{trial + 1};
  now_us_ += busy_us;
  RunEnd end;
  end.busy_us = busy_us;
  TrialMoved moved;
  moved.trial = trial;
  if (value) {
    commit(Reported{{run, trial, 0, 1, 0, *value, busy_us}});
    Result result;
    result.value = *value;
    moved.results = {result};
  } else {
    end.outcome = RunOutcome::failed;
    end.fail_kind = FailKind::diverged;
    moved.state = TrialState::failed;
    moved.fail_kind = FailKind::diverged;
  }
  commit(RunEnded{run, trial, end});
  commit(moved);
}

std::vector<double> regrets(const Problem& problem, const std::vector<Step>& steps) {
  std::vector<double> result;
  double best = NAN;
  double regret = 1;
  for (const Step& step : steps) {
    if (is_better(problem.goal, step.value, best)) {
      best = step.value;
      regret = problem.regret(step.truth);
    }
    result.push_back(regret);
  }
  return result;
}

}  // namespace hone::quality
