#include "bench/detectors/watched.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "hone/base/error.h"

namespace hone::detectors {

Alarms watch(const Curve& curve, bool known_end, const std::vector<AlgorithmSpec>& settings) {
  StudySpec spec;
  Metric metric;
  metric.name = curve.name;
  metric.goal = curve.goal;
  spec.metrics.push_back(metric);
  spec.fidelity = Fidelity{};
  if (known_end && !curve.steps.empty()) spec.fidelity->max = curve.steps.back();
  spec.detectors = settings;
  std::vector<OptionProblem> problems;
  const std::vector<DetectorPlan> plans = plan_detectors(spec, problems);
  if (!problems.empty())
    throw Error(ErrorCode::invalid_input,
                fmt::format("{}: {}", problems.front().option, problems.front().message));
  std::vector<CurvePoint> points;
  points.reserve(curve.values.size());
  for (std::size_t i = 0; i < curve.values.size(); ++i)
    points.push_back({curve.steps[i], curve.values[i], 0, 0});
  Alarms alarms;
  for (const DetectorPlan& plan : plans) {
    const auto detector = plan.make(std::nullopt);
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (!detector->read({0, points[i].fidelity, points[i].value},
                          std::span<const CurvePoint>(points).first(i + 1)))
        continue;
      alarms[plan.name] = i;
      break;
    }
  }
  return alarms;
}

std::optional<std::size_t> stopped_at(const Alarms& alarms) {
  std::optional<std::size_t> first;
  for (const char* name : {"nan", "divergence"}) {
    const auto it = alarms.find(name);
    if (it != alarms.end()) first = std::min(first.value_or(it->second), it->second);
  }
  return first;
}

std::optional<std::size_t> onset_of_divergence(const Curve& curve) {
  if (curve.goal != Goal::minimize || curve.values.empty() || !(curve.values.front() > 0))
    return std::nullopt;
  const auto is_in_range = [&](double x) { return x <= 2 * curve.values.front(); };
  const auto last = std::find_if(curve.values.rbegin(), curve.values.rend(), is_in_range);
  const auto behind = static_cast<std::size_t>(last - curve.values.rbegin());
  if (behind == 0) return std::nullopt;
  return curve.values.size() - behind;
}

std::string share_text(std::size_t count, std::size_t of) {
  if (of == 0) return "-";
  constexpr double kZ = 1.959964;
  const auto n = static_cast<double>(of);
  const double p = static_cast<double>(count) / n;
  const double middle = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / (1 + kZ * kZ / n);
  return fmt::format("{:.1f} ({:.1f} to {:.1f})", 100 * p, 100 * std::max(0.0, middle - half),
                     100 * std::min(1.0, middle + half));
}

}  // namespace hone::detectors
