#include "hone/analysis/comparison.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/analysis/replicates.h"
#include "hone/analysis/study_views.h"
#include "hone/base/error.h"
#include "hone/math/normal.h"
#include "hone/math/stats.h"
#include "hone/space/student.h"

namespace hone {
namespace {

constexpr double kWithin = 0.95;
constexpr std::int64_t kLeastPairs = 3;
constexpr std::size_t kLeastEach = 4;

bool are_all_equal(const std::vector<Value>& values) {
  return std::all_of(values.begin(), values.end(),
                     [&](const Value& value) { return same_value(value, values.front()); });
}

void add_row(std::vector<ComparedRow>& rows, std::string name, std::vector<Value> values) {
  const bool differs = !are_all_equal(values);
  rows.push_back({std::move(name), std::move(values), differs});
}

/// Values of complete trials that keep the guards, by configuration (the mean of several).
std::map<std::string, double> values_by_config(const History& history) {
  std::map<std::string, std::pair<double, int>> sums;
  for (const ProgressPoint& point : find_progress(history).trials) {
    auto& [sum, count] = sums[history.trial(point.trial).config().canonical()];
    sum += point.value;
    ++count;
  }
  std::map<std::string, double> values;
  for (const auto& [key, entry] : sums) values[key] = entry.first / entry.second;
  return values;
}

void compare_pairs(const History& first, const History& other, Contrast& contrast) {
  const auto left = values_by_config(first), right = values_by_config(other);
  std::vector<double> differences, negated;
  for (const auto& [key, value] : right) {
    const auto found = left.find(key);
    if (found == left.end()) continue;
    differences.push_back(value - found->second);
    negated.push_back(found->second - value);
  }
  contrast.pairs = static_cast<std::int64_t>(differences.size());
  if (contrast.pairs < kLeastPairs) return;
  const auto n = static_cast<double>(contrast.pairs);
  const double middle = mean(differences);
  const double half = student_within(kWithin, n - 1) * std::sqrt(variance(differences) / n);
  contrast.paired = Estimate{middle, middle - half, middle + half};
  contrast.paired_p =
      std::min(1.0, 2 * std::min(signed_rank_p_value(differences), signed_rank_p_value(negated)));
}

std::vector<double> seeds_of_best(const History& history) {
  if (history.best() < 0) return {};
  std::vector<double> values = confirmed_values(history, history.best());
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return values;
}

/// Welch's test; its degrees of freedom by Satterthwaite.
void compare_bests(const History& first, const History& other, Contrast& contrast) {
  const auto a = seeds_of_best(first), b = seeds_of_best(other);
  if (a.size() < 2 || b.size() < 2) return;
  const double va = variance(a) / static_cast<double>(a.size());
  const double vb = variance(b) / static_cast<double>(b.size());
  const double difference = mean(b) - mean(a);
  if (!(va + vb > 0)) {
    contrast.of_bests = Estimate{difference, difference, difference};
    contrast.of_bests_p = difference == 0 ? 1 : 0;
    return;
  }
  const double df =
      (va + vb) * (va + vb) /
      (va * va / static_cast<double>(a.size() - 1) + vb * vb / static_cast<double>(b.size() - 1));
  const double se = std::sqrt(va + vb);
  const double half = student_within(kWithin, df) * se;
  contrast.of_bests = Estimate{difference, difference - half, difference + half};
  contrast.of_bests_p = std::min(1.0, 2 * student_upper(std::abs(difference) / se, df));
}

/// Mann and Whitney's U by the normal law, with the variance of tied ranks and a correction for
/// continuity.
void compare_all(const History& first, const History& other, Contrast& contrast) {
  const Goal goal = first.spec().objective().goal;
  std::vector<std::pair<double, int>> all;  // loss, which study
  std::size_t counts[2] = {};
  for (int side = 0; side < 2; ++side) {
    for (const ProgressPoint& point : find_progress(side == 0 ? first : other).trials) {
      all.emplace_back(to_loss(goal, point.value), side);
      ++counts[side];
    }
  }
  if (counts[0] < kLeastEach || counts[1] < kLeastEach) return;
  std::sort(all.begin(), all.end());
  const auto n = static_cast<double>(all.size());
  const auto a = static_cast<double>(counts[0]), b = static_cast<double>(counts[1]);
  double rank_sum = 0, ties = 0;  // of the other study; Σ t³ − t
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    std::size_t of_other = 0;
    while (end < all.size() && all[end].first == all[begin].first)
      of_other += static_cast<std::size_t>(all[end++].second);
    const auto tied = static_cast<double>(end - begin);
    rank_sum += static_cast<double>(of_other) * (static_cast<double>(begin + end + 1) / 2);
    ties += tied * tied * tied - tied;
    begin = end;
  }
  const double u = rank_sum - b * (b + 1) / 2;  // pairs in which the other is worse
  contrast.better = 1 - u / (a * b);
  const double spread = a * b / 12 * (n + 1 - ties / (n * (n - 1)));
  if (!(spread > 0)) return;
  const double z = std::max(0.0, std::abs(u - a * b / 2) - 0.5) / std::sqrt(spread);
  contrast.better_p = std::min(1.0, 2 * normal_cdf(-z));
}

StudyFigures figures_of(const History& history, const std::string& name,
                        const std::vector<std::int64_t>& marks) {
  StudyFigures figures;
  figures.name = name;
  figures.trials = history.size();
  figures.complete = history.counts().complete;
  figures.failed = history.counts().failed;
  figures.best_trial = history.best();
  if (figures.best_trial >= 0) figures.best = history.trial(figures.best_trial).value();
  figures.busy_s = static_cast<double>(history.busy_us()) / 1e6;
  const Progress progress = find_progress(history);
  for (const std::int64_t mark : marks) {
    double best = NAN;
    for (const ProgressPoint& point : progress.bests) {
      if (point.position < mark) best = point.value;
    }
    figures.best_after.push_back(best);
  }
  return figures;
}

}  // namespace

ComparedTrials compare_trials(const History& history, std::span<const std::int64_t> trials) {
  const StudySpec& spec = history.spec();
  ComparedTrials compared;
  compared.trials.assign(trials.begin(), trials.end());
  for (const Parameter& parameter : spec.space.parameters()) {
    std::vector<Value> values;
    for (const std::int64_t number : trials) {
      const Value* value = history.trial(number).config().get(parameter.name);
      values.push_back(value != nullptr ? *value : Value());
    }
    add_row(compared.parameters, parameter.name, std::move(values));
  }
  for (int m = 0; m < static_cast<int>(spec.metrics.size()); ++m) {
    std::vector<Value> values;
    for (const std::int64_t number : trials) {
      const auto value = history.trial(number).value_of(m);
      values.push_back(value ? Value(*value) : Value());
    }
    add_row(compared.results, spec.metrics[static_cast<std::size_t>(m)].name, std::move(values));
  }
  std::vector<Value> states, reached, seconds;
  for (const std::int64_t number : trials) {
    const Trial& trial = history.trial(number);
    states.emplace_back(trial_state_name(trial.state));
    reached.push_back(trial.reached ? Value(*trial.reached) : Value());
    seconds.emplace_back(static_cast<double>(trial.busy_us) / 1e6);
    compared.curves.push_back(trial.curve);
    std::stable_sort(
        compared.curves.back().begin(), compared.curves.back().end(),
        [](const CurvePoint& a, const CurvePoint& b) { return a.fidelity < b.fidelity; });
  }
  add_row(compared.results, "state", std::move(states));
  add_row(compared.results, spec.fidelity ? spec.fidelity->name : "step", std::move(reached));
  add_row(compared.results, "seconds", std::move(seconds));
  return compared;
}

StudyComparison compare_studies(std::span<const History* const> histories,
                                std::span<const std::string> names) {
  const Metric& objective = histories.front()->spec().objective();
  StudyComparison comparison;
  comparison.metric = objective.name;
  comparison.goal = objective.goal;
  std::int64_t longest = 0;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    const Metric& other = histories[i]->spec().objective();
    if (other.name != objective.name || other.goal != objective.goal) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{} has the objective {} {}, {} has {} {}", names[0],
                              goal_name(objective.goal), objective.name, names[i],
                              goal_name(other.goal), other.name),
                  "studies of one objective can be compared");
    }
    longest = std::max(longest, histories[i]->counts().complete);
  }
  for (std::int64_t mark = 10; mark < longest; mark *= 2) comparison.marks.push_back(mark);
  if (longest > 0) comparison.marks.push_back(longest);
  for (std::size_t i = 0; i < histories.size(); ++i) {
    comparison.studies.push_back(figures_of(*histories[i], names[i], comparison.marks));
    if (i == 0) continue;
    Contrast contrast;
    compare_pairs(*histories[0], *histories[i], contrast);
    compare_bests(*histories[0], *histories[i], contrast);
    compare_all(*histories[0], *histories[i], contrast);
    comparison.contrasts.push_back(contrast);
  }
  return comparison;
}

}  // namespace hone
