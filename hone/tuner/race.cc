#include "hone/tuner/race.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "hone/base/text.h"
#include "hone/space/student.h"

namespace hone {
namespace {

struct Pooled {
  double variance = 0;
  int df = 0;
};

/// Of the objective between replicates of one trial, over all complete trials that have several.
Pooled pooled_spread(const History& history) {
  Pooled pooled;
  double squares = 0;
  for (const Trial& trial : history.trials()) {
    if (trial.state != TrialState::complete || trial.results.empty()) continue;
    const Result& result = trial.results.front();
    if (result.metric != 0 || !result.sd || !std::isfinite(*result.sd)) continue;
    squares += *result.sd * *result.sd * (result.count - 1);
    pooled.df += result.count - 1;
  }
  if (pooled.df > 0) pooled.variance = squares / pooled.df;
  return pooled;
}

/// The best trial with all its replicates, this one aside; null: none.
const Trial* incumbent(const History& history, std::int64_t aside) {
  const Goal goal = history.spec().objective().goal;
  const Trial* best = nullptr;
  for (const Trial& trial : history.trials()) {
    const auto value = trial.value();
    if (trial.number() == aside || trial.state != TrialState::complete || !value) continue;
    if (std::isnan(*value) || !history.satisfies_guards(trial)) continue;
    if (trial.results.front().count < history.spec().replicates) continue;
    if (best == nullptr || is_better(goal, *value, *best->value())) best = &trial;
  }
  return best;
}

int replicates_so_far(const History& history, std::int64_t number) {
  int highest = -1;
  for (const RunId id : history.runs_of(number)) {
    const RunPlan& plan = history.run(id)->plan;
    if (plan.purpose == RunPurpose::search) highest = std::max(highest, plan.replicate);
  }
  return highest + 1;
}

}  // namespace

bool may_race(const History& history) {
  return history.spec().racing && pooled_spread(history).df >= kRaceDegrees;
}

std::optional<RaceStep> race(const History& history, std::int64_t number) {
  const StudySpec& spec = history.spec();
  const int ran = replicates_so_far(history, number);
  if (!spec.racing || ran >= spec.replicates) return std::nullopt;
  const Trial& trial = history.trial(number);
  if (trial.proposal->origin == TrialOrigin::imported || trial.verdict == Verdict::stop)
    return std::nullopt;
  RaceStep step;
  step.replicate = ran;
  const auto results = history.judge(number);
  if (results.empty() || results.front().metric != 0) return std::nullopt;
  const Pooled spread = pooled_spread(history);
  const Trial* best = incumbent(history, number);
  const std::string so_far = fmt::format("{} of {} replicates", ran, spec.replicates);
  if (spread.df < kRaceDegrees || best == nullptr) {
    step.goes_on = true;
    step.reason = fmt::format("{}; there is nothing to compare with yet", so_far);
    return step;
  }
  const Result& own = results.front();
  const Result& other = best->results.front();
  const Goal goal = spec.objective().goal;
  const double behind = to_loss(goal, own.value) - to_loss(goal, other.value);
  const double sd = std::sqrt(spread.variance * (1.0 / own.count + 1.0 / other.count));
  const double p = sd > 0 ? student_upper(behind / sd, spread.df) : (behind > 0 ? 0 : 1);
  step.goes_on = p >= kRaceAlpha;
  const char* verdict = !step.goes_on ? "worse than"
                        : behind > 0  ? "within the noise of"
                                      : "at least as good as";
  step.reason = fmt::format("{}: {} {} {} {} of trial {} (p = {})", so_far, spec.objective().name,
                            format_number(own.value, 5), verdict, format_number(other.value, 5),
                            best->number(), format_number(p, 2));
  return step;
}

}  // namespace hone
