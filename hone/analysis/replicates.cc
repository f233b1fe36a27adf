#include "hone/analysis/replicates.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/space/student.h"

namespace hone {

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  spread.count = static_cast<int>(values.size());
  for (const double v : values) spread.mean += v;
  spread.mean /= static_cast<double>(values.size());
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double v : values) squares += (v - spread.mean) * (v - spread.mean);
  spread.sd = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return spread;
}

std::optional<double> run_value(const History& history, RunId run, int metric) {
  const Metric& declared = history.spec().metrics[static_cast<std::size_t>(metric)];
  std::vector<std::pair<double, double>> points;
  for (const auto& point : history.series(run)) {
    if (point.metric == metric) points.emplace_back(point.fidelity, point.value);
  }
  if (points.empty()) return std::nullopt;
  if (declared.take == Take::best) {
    double best = points.front().second;
    for (const auto& [at, value] : points) {
      if (is_better(declared.goal, value, best) || std::isnan(best)) best = value;
    }
    return best;
  }
  std::stable_sort(points.begin(), points.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (declared.take == Take::last) return points.back().second;
  const std::size_t count =
      std::min(points.size(), static_cast<std::size_t>(std::max(1, declared.take_count)));
  double sum = 0;
  for (std::size_t i = points.size() - count; i < points.size(); ++i) sum += points[i].second;
  return sum / static_cast<double>(count);
}

std::vector<double> confirmed_values(const History& history, std::int64_t trial) {
  std::vector<std::pair<int, double>> found;
  for (const RunId id : history.runs_of(trial)) {
    const Run* run = history.run(id);
    if (run->plan.purpose != RunPurpose::confirm || run->state != RunState::ended) continue;
    if (run->end.outcome != RunOutcome::finished) continue;
    if (const auto value = run_value(history, id, 0))
      found.emplace_back(run->plan.replicate, *value);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<double> values;
  for (const auto& [seed, value] : found) values.push_back(value);
  return values;
}

std::vector<SeedValues> seed_values(const History& history, int metric) {
  std::vector<SeedValues> found;
  for (const Trial& trial : history.trials()) {
    std::map<int, double> replicates;  // the last finished run of each
    std::map<int, double> confirmations;
    for (const RunId id : history.runs_of(trial.number())) {
      const Run* run = history.run(id);
      if (run->state != RunState::ended || run->end.outcome != RunOutcome::finished) continue;
      const auto value = run_value(history, id, metric);
      if (!value || !std::isfinite(*value)) continue;
      if (run->plan.purpose == RunPurpose::search) replicates[run->plan.replicate] = *value;
      if (run->plan.purpose == RunPurpose::confirm) confirmations[run->plan.replicate] = *value;
    }
    SeedValues one;
    one.trial = trial.number();
    for (const auto& [seed, value] : replicates) one.values.push_back(value);
    for (const auto& [seed, value] : confirmations) one.values.push_back(value);
    if (one.values.size() < 2) continue;
    const Spread spread = spread_of(one.values);
    one.mean = spread.mean;
    one.sd = *spread.sd;
    constexpr double kWithin = 0.95;
    const double half =
        student_within(kWithin, spread.count - 1) * one.sd / std::sqrt(spread.count);
    one.interval = {one.mean, one.mean - half, one.mean + half};
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace hone
