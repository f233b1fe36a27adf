#include "hone/cli/outcome.h"

#include <algorithm>
#include <cmath>

#include "hone/cli/lines.h"
#include "hone/cli/outcome_findings.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kBurstLeast_us = 5'000'000;  ///< shorter runs may well report at their end
constexpr double kBurstShare = 0.02;  ///< of the run's time, within which all reports came
constexpr std::size_t kBurstReports = 4;

/// How far a trial's value may be from itself: the spread over its replicates, else over the last
/// points of its curve.
double noise_of(const Trial& trial) {
  if (!trial.results.empty() && trial.results.front().sd) return *trial.results.front().sd;
  constexpr std::size_t kPoints = 5;
  if (trial.curve.size() < kPoints) return 0;
  std::vector<double> steps;
  for (std::size_t i = trial.curve.size() - kPoints + 1; i < trial.curve.size(); ++i) {
    steps.push_back(std::abs(trial.curve[i].value - trial.curve[i - 1].value));
  }
  std::sort(steps.begin(), steps.end());
  return steps[steps.size() / 2];
}

Gain gain_between(Goal goal, double best, double base, double noise) {
  Gain gain;
  gain.difference = best - base;
  gain.default_value = base;
  gain.better = is_better(goal, best, base);
  const bool one_sign = (best > 0 && base > 0) || (best < 0 && base < 0);
  if (one_sign && std::abs(base) > 2 * noise)
    gain.share = std::abs(gain.difference) / std::abs(base);
  return gain;
}

void find_gain(const History& history, Outcome& outcome) {
  for (const Trial& trial : history.trials()) {
    if (trial.proposal->origin == TrialOrigin::default_config)
      outcome.default_trial = trial.number();
  }
  const std::int64_t base = outcome.default_trial;
  if (base < 0 || base == outcome.best || !outcome.value) return;
  const Trial& trial = history.trial(base);
  if (trial.state != TrialState::complete || !trial.value() || std::isnan(*trial.value())) return;
  const Goal goal = history.spec().objective().goal;
  const auto best = confirmed_values(history, outcome.best);
  const auto defaults = confirmed_values(history, base);
  if (best.empty() || best.size() != defaults.size()) {
    const Trial& best_trial = history.trial(outcome.best);
    outcome.gain = gain_between(goal, *best_trial.value(), *trial.value(), noise_of(trial));
    const auto& best_sd = best_trial.results.front().sd;
    const auto& base_sd = trial.results.front().sd;
    if (outcome.gain->share && best_sd && base_sd)
      outcome.gain->share_sd = std::hypot(*best_sd, *base_sd) / std::abs(*trial.value());
    return;
  }
  const Spread base_spread = spread_of(defaults);
  outcome.gain =
      gain_between(goal, spread_of(best).mean, base_spread.mean, base_spread.sd.value_or(0));
  if (!outcome.gain->share || best.size() < 2) return;
  std::vector<double> shares;  // the same seeds on both sides
  for (std::size_t i = 0; i < best.size(); ++i)
    shares.push_back(std::abs(best[i] - defaults[i]) / std::abs(defaults[i]));
  outcome.gain->share_sd = spread_of(shares).sd;
}

std::optional<double> steps_saved(const History& history) {
  const StudySpec& spec = history.spec();
  double full = spec.fidelity ? spec.fidelity->max.value_or(0) : 0;
  if (full <= 0) {
    for (const Trial& trial : history.trials()) {
      if (trial.state == TrialState::complete) full = std::max(full, trial.reached.value_or(0));
    }
  }
  double whole = 0;
  double saved = 0;
  for (const Trial& trial : history.trials()) {
    // A trial that others go on from has saved nothing, and they did not begin at the start.
    if (trial.proposal->origin == TrialOrigin::fork) return std::nullopt;
    if (trial.state != TrialState::complete && trial.state != TrialState::stopped) continue;
    whole += full;
    if (trial.state == TrialState::stopped)
      saved += std::max(0.0, full - trial.reached.value_or(0));
  }
  if (full <= 0 || whole <= 0 || saved <= 0) return std::nullopt;
  return saved / whole;
}

bool came_in_one_burst(const History& history, const Trial& trial) {
  const auto runs = history.runs_of(trial.number());
  if (runs.empty()) return false;
  const Run* run = history.run(runs.front());
  const auto series = history.series(runs.front());
  if (run->state != RunState::ended || run->end.busy_us < kBurstLeast_us ||
      series.size() < kBurstReports)
    return false;
  const auto [first, last] =
      std::minmax_element(series.begin(), series.end(),
                          [](const auto& a, const auto& b) { return a.busy_us < b.busy_us; });
  return first->fidelity != last->fidelity &&
         static_cast<double>(last->busy_us - first->busy_us) <
             kBurstShare * static_cast<double>(run->end.busy_us);
}

/// Every trial that was confirmed, best first; one whose mean is no number comes last.
std::vector<Confirmed> confirmed_trials(const History& history) {
  const Goal goal = history.spec().objective().goal;
  std::vector<Confirmed> confirmed;
  for (const Trial& trial : history.trials()) {
    auto values = confirmed_values(history, trial.number());
    if (values.empty()) continue;
    const Spread spread = spread_of(values);
    confirmed.push_back({trial.number(), std::move(values), spread, std::nullopt});
  }
  std::stable_sort(confirmed.begin(), confirmed.end(),
                   [goal](const Confirmed& a, const Confirmed& b) {
                     return is_better(goal, a.spread.mean, b.spread.mean);
                   });
  std::vector<std::vector<double>> losses;
  for (const Confirmed& one : confirmed) {
    losses.emplace_back();
    for (const double value : one.values) losses.back().push_back(to_loss(goal, value));
  }
  if (confirmed.size() < 2) return confirmed;
  const std::vector<double> chances = chance_of_best(losses);
  for (std::size_t i = 0; i < chances.size(); ++i) confirmed[i].chance = chances[i];
  return confirmed;
}

/// The spread is taken from all that were confirmed.
std::optional<Interval> interval_of_best(const Outcome& outcome) {
  std::vector<std::vector<double>> values;
  for (const Confirmed& one : outcome.confirmations) values.push_back(one.values);
  return mean_interval(values, 0);
}

}  // namespace

std::optional<std::int64_t> time_left_us(const History& history) {
  const auto& budget = history.spec().budget.trials;
  const TrialCounts& counts = history.counts();
  // Few of the paused ones go on; what those that do cost is in the pace so far.
  const std::int64_t over = counts.complete + counts.stopped + counts.failed + counts.paused;
  if (!budget || over < 3 || history.active_us() <= 0) return std::nullopt;
  const std::int64_t left =
      std::max<std::int64_t>(0, *budget - history.counted()) + counts.running + counts.queued;
  return history.active_us() / over * left;
}

Outcome find_outcome(const History& history) {
  Outcome outcome;
  outcome.confirmations = confirmed_trials(history);
  const bool any =
      !outcome.confirmations.empty() && !std::isnan(outcome.confirmations.front().spread.mean);
  outcome.best = any ? outcome.confirmations.front().trial : history.best();
  if (outcome.best >= 0) {
    const Trial& trial = history.trial(outcome.best);
    outcome.best_is_complete = trial.state == TrialState::complete;
    const auto values = confirmed_values(history, outcome.best);
    outcome.confirmed = !values.empty();
    if (outcome.confirmed) {
      outcome.value = spread_of(values);
      outcome.interval = interval_of_best(outcome);
    } else if (const auto value = trial.value()) {
      const Result& result = trial.results.front();
      outcome.value = Spread{*value, result.sd, result.count};
    }
    for (const Result& result : trial.results) {
      if (result.metric == 0) continue;
      outcome.other_metrics.emplace_back(
          history.spec().metrics[static_cast<std::size_t>(result.metric)].name, result.value);
    }
    outcome.front = find_front(history);
    if (outcome.front.trials.empty()) find_gain(history, outcome);
  }
  for (const Trial& trial : history.trials()) {
    if (trial.state == TrialState::failed) ++outcome.failures[trial.fail_kind];
    if (came_in_one_burst(history, trial)) outcome.burst.push_back(trial.number());
  }
  outcome.steps_saved = steps_saved(history);
  return outcome;
}

Value outcome_json(const History& history, const Outcome& outcome, const std::string& study) {
  const TrialCounts& counts = history.counts();
  Value row = Value::Map{};
  row.set("event", "summary").set("study", study).set("state", study_state_name(history.state()));
  row.set("reason", history.state_reason());
  Value by_state = Value::Map{};
  by_state.set("complete", counts.complete)
      .set("stopped", counts.stopped)
      .set("failed", counts.failed);
  by_state.set("running", counts.running).set("queued", counts.queued).set("paused", counts.paused);
  by_state.set("cancelled", counts.cancelled);
  row.set("trials", std::move(by_state));
  if (outcome.best >= 0) {
    Value best = trial_json(history, history.trial(outcome.best));
    if (outcome.value) {
      best.set("value", outcome.value->mean)
          .set("n", outcome.value->count)
          .set("confirmed", outcome.confirmed);
      if (outcome.interval)
        best.set("interval", Value(Value::List{outcome.interval->low, outcome.interval->high}));
      if (outcome.value->sd) best.set("sd", *outcome.value->sd);
    }
    Value::List curve;
    for (const CurvePoint& point : history.trial(outcome.best).curve)
      curve.push_back(Value(Value::List{point.fidelity, point.value}));
    best.set("curve", Value(std::move(curve)));
    row.set("best", std::move(best));
  } else {
    row.set("best", nullptr);
  }
  if (!outcome.front.trials.empty()) {  // no trial of a front is the best
    row.set("best", nullptr);
    set_front(row, history, outcome.front);
  }
  if (outcome.gain) {
    Value gain = Value::Map{};
    gain.set("default", outcome.gain->default_value).set("difference", outcome.gain->difference);
    gain.set("better", outcome.gain->better);
    if (outcome.gain->share) gain.set("share", *outcome.gain->share);
    if (outcome.gain->share_sd) gain.set("share_sd", *outcome.gain->share_sd);
    row.set("gain", std::move(gain));
  }
  Value::List confirmations;
  for (const Confirmed& confirmed : outcome.confirmations) {
    Value one = Value::Map{};
    Value::List values(confirmed.values.begin(), confirmed.values.end());
    one.set("trial", confirmed.trial).set("values", Value(std::move(values)));
    one.set("mean", confirmed.spread.mean);
    if (confirmed.spread.sd) one.set("sd", *confirmed.spread.sd);
    if (confirmed.chance) one.set("chance_of_best", *confirmed.chance);
    confirmations.push_back(std::move(one));
  }
  row.set("confirmations", Value(std::move(confirmations)));
  if (outcome.steps_saved) row.set("steps_saved", *outcome.steps_saved);
  Value failures = Value::Map{};
  for (const auto& [kind, count] : outcome.failures) failures.set(fail_kind_name(kind), count);
  row.set("failures", std::move(failures));
  set_findings(row, history, find_findings(history));
  return row;
}

}  // namespace hone::cli
