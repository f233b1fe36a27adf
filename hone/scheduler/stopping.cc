#include "hone/scheduler/stopping.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"

namespace hone {

Launch StoppingRule::next(const LaunchContext& context) const {
  if (!context.may_add) return Done{"every trial of the budget was started"};
  const auto& fidelity = context.history.spec().fidelity;
  return LaunchNew{0, fidelity ? fidelity->max : std::nullopt};
}

std::string place_text(const StudySpec& spec, double fidelity) {
  return fmt::format("{} {}", spec.fidelity ? spec.fidelity->name : "step",
                     format_number(fidelity));
}

bool is_due(const Trial& trial, const Observation& observation, double warmup, double interval) {
  if (observation.fidelity < warmup) return false;
  const double begin = warmup + interval * std::floor((observation.fidelity - warmup) / interval);
  for (auto point = trial.curve.rbegin(); point != trial.curve.rend(); ++point) {
    if (point->seq >= observation.seq) continue;
    return point->fidelity < begin;
  }
  return true;
}

void BestSoFar::observe(const std::optional<Observation>& observation, const History& history) {
  if (!observation) return;
  const Trial& trial = history.trial(observation->trial);
  const Goal goal = history.spec().objective().goal;
  Entry& entry = entries_[trial.number()];
  if (trial.curve.size() == entry.points + 1) {
    take(entry, to_loss(goal, trial.curve.back().value));
    return;
  }
  entry = Entry{};  // the curve was begun again, wholly or from a point
  for (const CurvePoint& point : trial.curve) take(entry, to_loss(goal, point.value));
}

void BestSoFar::take(Entry& entry, double loss) const {
  ++entry.points;
  ++entry.since;
  if (loss < entry.reference - min_delta_) {
    entry.reference = loss;
    entry.since = 0;
  }
  entry.loss = std::min(entry.loss, loss);
}

}  // namespace hone
