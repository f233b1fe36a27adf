#include "hone/analysis/ranking.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "hone/base/rng.h"
#include "hone/study/infeasible.h"

namespace hone {
namespace {

/// Ascending: from best to worst.
struct Place {
  int group = 0;         ///< 0 complete, 1 partial, 2 breaks a guard, 3 failed
  double unreached = 0;  ///< minus the fidelity of a partial one
  double loss = 0;
  auto key() const { return std::tuple(group, unreached, loss); }
};

std::optional<Place> place_of(const History& history, const Trial& trial) {
  if (trial.state == TrialState::failed) {
    if (failed_by_configuration(trial.fail_kind)) return Place{3, 0, 0};
    return std::nullopt;
  }
  const bool complete = trial.state == TrialState::complete;
  const bool partial = trial.state == TrialState::stopped || trial.state == TrialState::paused;
  if (!complete && !partial) return std::nullopt;
  if (!history.satisfies_guards(trial)) return Place{2, 0, 0};
  std::optional<double> value = trial.value();
  if (!value && partial && !trial.curve.empty()) value = trial.curve.back().value;
  if (!value) return std::nullopt;
  const double loss = to_loss(history.spec().objective().goal, *value);
  if (std::isnan(*value) || !std::isfinite(loss)) return Place{3, 0, 0};
  return complete ? Place{0, 0, loss} : Place{1, -trial.reached.value_or(0), loss};
}

}  // namespace

Ranking rank_trials(const History& history) {
  Ranking ranking;
  std::vector<Place> places;
  for (const Trial& trial : history.trials()) {
    const auto place = place_of(history, trial);
    if (!place) continue;
    ranking.trials.push_back(trial.number());
    places.push_back(*place);
    if (place->group < 2) ++ranking.with_value;
  }
  const std::size_t n = places.size();
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return places[a].key() < places[b].key(); });
  ranking.scores.resize(n);
  for (std::size_t first = 0; first < n;) {
    std::size_t end = first;
    double sum = 0;
    while (end < n && places[order[end]].key() == places[order[first]].key()) {
      sum += normal_quantile((static_cast<double>(end) + 0.5) / static_cast<double>(n));
      ++end;
    }
    for (std::size_t i = first; i < end; ++i)
      ranking.scores[order[i]] = sum / static_cast<double>(end - first);
    first = end;
  }
  return ranking;
}

}  // namespace hone
