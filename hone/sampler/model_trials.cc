#include "hone/sampler/model_trials.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace hone {
namespace {

/// Losses beyond are moved there, so that a front has no infinite ends.
constexpr double kLargestLoss = 1e300;

std::vector<std::int64_t> choose(const History& history, Observations& observations, int points) {
  const auto teaches = [&](std::int64_t trial) {
    const Lesson lesson = observations.lesson(trial);
    if (lesson != Lesson::violates) return lesson <= Lesson::partial;
    return observations.objectives() > 1 ? history.losses(history.trial(trial)).has_value()
                                         : history.trial(trial).value().has_value();
  };
  std::set<std::int64_t> chosen;
  const bool all = observations.ranked() <= points;
  for (const std::int64_t trial : observations.best(all ? points : points * 2 / 5))
    chosen.insert(trial);
  const std::size_t newest = chosen.size() + static_cast<std::size_t>(points) * 3 / 10;
  for (std::int64_t i = history.size() - 1; i >= 0 && !all && chosen.size() < newest; --i) {
    if (teaches(i)) chosen.insert(i);
  }
  for (const std::int64_t trial : observations.rest(0, 4 * points, false)) {
    if (chosen.size() >= static_cast<std::size_t>(points)) break;
    if (teaches(trial)) chosen.insert(trial);
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace

bool ModelTrials::any_whole() const {
  return std::find(whole.begin(), whole.end(), true) != whole.end();
}

ModelTrials choose_model_trials(const History& history, Observations& observations, int points) {
  const StudySpec& spec = history.spec();
  ModelTrials trials;
  trials.numbers = choose(history, observations, points);
  trials.losses.resize(static_cast<std::size_t>(observations.objectives()));
  for (const std::int64_t number : trials.numbers) {
    const Trial& trial = history.trial(number);
    if (trials.losses.size() == 1) {
      double value = trial.value().value_or(0);
      if (!trial.value() && !trial.curve.empty()) value = trial.curve.back().value;
      trials.losses[0].push_back(to_loss(spec.objective().goal, value));
    } else {
      const std::vector<double> all = history.losses(trial).value();
      for (std::size_t k = 0; k < all.size(); ++k)
        trials.losses[k].push_back(std::clamp(all[k], -kLargestLoss, kLargestLoss));
    }
    const Lesson lesson = observations.lesson(number);
    const bool partial = lesson == Lesson::partial;
    trials.partial = trials.partial || (partial && spec.fidelity.has_value());
    trials.whole.push_back(lesson == Lesson::value);
    trials.fidelity.push_back(partial ? std::optional(trial.reached.value_or(0)) : std::nullopt);
  }
  return trials;
}

std::vector<GuardValues> guard_values(const History& history,
                                      const std::vector<std::int64_t>& trials) {
  std::vector<GuardValues> guards;
  const StudySpec& spec = history.spec();
  for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
    const Metric& metric = spec.metrics[m];
    if (metric.role != MetricRole::guard && metric.role != MetricRole::constraint) continue;
    if (!metric.min && !metric.max) continue;
    GuardValues guard{m, metric.min, metric.max, {}, {}};
    for (const std::int64_t number : trials) {
      const auto value = history.trial(number).value_of(static_cast<int>(m));
      if (!value || !std::isfinite(*value)) continue;
      append_row(history, number, guard.rows);
      guard.values.push_back(*value);
    }
    if (guard.values.size() >= 2) guards.push_back(std::move(guard));
  }
  return guards;
}

std::vector<std::int64_t> infeasible_trials(Observations& observations, int points) {
  std::vector<std::int64_t> trials;
  for (const std::int64_t number : observations.rest(observations.usable(), points, true)) {
    if (observations.lesson(number) == Lesson::infeasible) trials.push_back(number);
  }
  return trials;
}

void append_row(const History& history, std::int64_t trial, std::vector<double>& rows) {
  const auto row = history.encoded(trial);
  rows.insert(rows.end(), row.begin(), row.end());
}

}  // namespace hone
