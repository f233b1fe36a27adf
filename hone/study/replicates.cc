#include "hone/study/replicates.h"

#include <algorithm>
#include <optional>

namespace hone {
namespace {

using SeriesPoint = History::SeriesPoint;

/// The value of one replicate's series by the metric's rule; nullopt for an empty series.
std::optional<SeriesPoint> take_value(const Metric& metric,
                                      const std::vector<SeriesPoint>& series) {
  if (series.empty()) return std::nullopt;
  SeriesPoint taken = series.front();
  if (metric.take == Take::best) {
    for (const SeriesPoint& point : series) {
      if (is_better(metric.goal, point.value, taken.value)) taken = point;
    }
    return taken;
  }
  for (const SeriesPoint& point : series) {
    if (point.fidelity >= taken.fidelity) taken = point;
  }
  if (metric.take == Take::mean_of_last) {
    const auto k =
        std::min(series.size(), static_cast<std::size_t>(std::max(1, metric.take_count)));
    double sum = 0;
    for (std::size_t i = series.size() - k; i < series.size(); ++i) sum += series[i].value;
    taken.value = sum / static_cast<double>(k);
  }
  return taken;
}

/// Whether it has reported the objective in time.
bool has_reported(std::span<const SeriesPoint> series) {
  return std::any_of(series.begin(), series.end(),
                     [](const SeriesPoint& point) { return point.metric == 0 && !point.late; });
}

}  // namespace

std::vector<int> started_replicates(const History& history, std::int64_t trial,
                                    RunPurpose purpose) {
  std::vector<int> started;
  for (const RunId id : history.runs_of(trial)) {
    const Run& run = *history.run(id);
    if (run.plan.purpose != purpose || run.started_us == 0) continue;
    if (std::find(started.begin(), started.end(), run.plan.replicate) == started.end())
      started.push_back(run.plan.replicate);
  }
  return started;
}

std::vector<SeriesPoint> replicate_series(const History& history, std::int64_t trial,
                                          RunPurpose purpose, int replicate, int metric,
                                          bool with_late) {
  std::vector<SeriesPoint> series;
  for (const RunId id : history.runs_of(trial)) {
    const Run& run = *history.run(id);
    if (run.plan.purpose != purpose || run.plan.replicate != replicate) continue;
    const auto reports = history.series(id);
    const bool ended_well = run.state == RunState::ended && run.end.outcome == RunOutcome::finished;
    if (run.plan.resume_from.empty() && (ended_well || has_reported(reports))) series.clear();
    bool first = true;
    for (const SeriesPoint& point : reports) {
      if (point.metric != metric || (point.late && !(with_late && ended_well))) continue;
      if (first) {
        std::erase_if(series,
                      [&](const SeriesPoint& old) { return old.fidelity >= point.fidelity; });
        first = false;
      }
      series.push_back(point);
    }
  }
  return series;
}

std::map<int, SeriesPoint> replicate_values(const History& history, std::int64_t trial, int metric,
                                            RunPurpose purpose) {
  std::map<int, SeriesPoint> values;
  for (const int replicate : started_replicates(history, trial, purpose)) {
    const auto taken =
        take_value(history.spec().metrics[static_cast<std::size_t>(metric)],
                   replicate_series(history, trial, purpose, replicate, metric, true));
    if (taken) values.emplace(replicate, *taken);
  }
  return values;
}

}  // namespace hone
