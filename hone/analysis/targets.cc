#include "hone/analysis/targets.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hone/analysis/ranking.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

constexpr double kFences = 5;
constexpr double kComparable = 0.8;

/// The loss of a trial whose value can be compared with others'; nullopt else.
std::optional<double> comparable_loss(const History& history, const Trial& trial, int metric) {
  if (trial.state != TrialState::complete || !history.satisfies_guards(trial)) return std::nullopt;
  const auto value = trial.value_of(metric);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  return to_loss(history.spec().metrics[static_cast<std::size_t>(metric)].goal, *value);
}

void keep_evenly(Targets& targets, std::size_t most) {
  const std::size_t n = targets.trials.size();
  if (n <= most) return;
  for (std::size_t i = 0; i < most; ++i) {
    targets.trials[i] = targets.trials[i * n / most];
    targets.losses[i] = targets.losses[i * n / most];
  }
  targets.trials.resize(most);
  targets.losses.resize(most);
}

}  // namespace

Targets find_targets(const History& history, std::size_t most, int metric) {
  Targets targets;
  if (metric > 0) {
    for (const Trial& trial : history.trials()) {
      if (!comparable_loss(history, trial, metric)) continue;
      targets.trials.push_back(trial.number());
    }
  } else {
    const Ranking ranking = rank_trials(history);
    targets.trials = ranking.trials;
    targets.losses = ranking.scores;
  }
  std::vector<double> known;
  for (const std::int64_t number : targets.trials) {
    if (const auto loss = comparable_loss(history, history.trial(number), metric))
      known.push_back(*loss);
  }
  const auto count = static_cast<double>(targets.trials.size());
  targets.by_order = known.empty() || static_cast<double>(known.size()) < kComparable * count;
  if (!targets.by_order) {
    const double upper = quantile(known, 0.75);
    const double range = upper - quantile(known, 0.25);
    double worst = *std::max_element(known.begin(), known.end());
    if (range > 0) worst = std::min(worst, upper + kFences * range);
    targets.losses.clear();
    for (const std::int64_t number : targets.trials) {
      const auto loss = comparable_loss(history, history.trial(number), metric);
      targets.losses.push_back(std::min(worst, loss.value_or(worst)));
    }
  }
  keep_evenly(targets, most);
  return targets;
}

}  // namespace hone
