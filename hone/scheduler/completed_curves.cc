#include "hone/scheduler/completed_curves.h"

#include <algorithm>
#include <cmath>

namespace hone {

void CompletedCurves::observe(const Change& change, const History& history) {
  if (std::holds_alternative<Reported>(change.body)) return;
  const auto number = trial_of(change.body);
  if (!number) return;
  const Trial& trial = history.trial(*number);
  const auto known = curves_.find(*number);
  const bool complete = trial.state == TrialState::complete;
  if (complete == (known != curves_.end())) return;
  if (complete) {
    const Curve& curve =
        curves_.emplace(*number, curve_of(trial, history.spec().objective().goal)).first->second;
    keep_up(curve, true);
  } else {
    keep_up(known->second, false);
    curves_.erase(known);
  }
}

void CompletedCurves::keep_up(const Curve& curve, bool added) {
  for (auto& [key, column] : columns_) {
    const auto loss = curve.at(key.first, key.second);
    if (!loss) continue;
    const auto at = std::lower_bound(column.begin(), column.end(), *loss);
    if (added) {
      column.insert(at, *loss);
    } else {
      column.erase(at);
    }
  }
}

const std::vector<double>& CompletedCurves::at(double fidelity, bool running_mean) const {
  const std::pair key{fidelity, running_mean};
  const auto known = columns_.find(key);
  if (known != columns_.end()) return known->second;
  if (columns_.size() >= kColumnsAtMost) columns_.clear();  // reports on no common grid
  std::vector<double>& column = columns_[key];
  for (const auto& [number, curve] : curves_) {
    if (const auto loss = curve.at(fidelity, running_mean)) column.push_back(*loss);
  }
  std::sort(column.begin(), column.end());
  return column;
}

std::optional<double> CompletedCurves::Curve::at(double f, bool running_mean) const {
  const auto it = std::upper_bound(fidelity.begin(), fidelity.end(), f);
  if (it == fidelity.begin() || fidelity.back() < f) return std::nullopt;
  const auto i = static_cast<std::size_t>(it - fidelity.begin() - 1);
  const double x = running_mean ? mean[i] : loss[i];
  return std::isnan(x) ? std::nullopt : std::optional<double>(x);
}

CompletedCurves::Curve CompletedCurves::curve_of(const Trial& trial, Goal goal) {
  std::vector<CurvePoint> points = trial.curve;
  std::stable_sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
    return a.fidelity < b.fidelity;
  });
  Curve curve;
  double sum = 0;
  int count = 0;
  for (const CurvePoint& point : points) {
    const double loss = goal == Goal::minimize ? point.value : -point.value;
    if (!std::isnan(loss)) {
      sum += loss;
      ++count;
    }
    curve.fidelity.push_back(point.fidelity);
    curve.loss.push_back(loss);
    curve.mean.push_back(count == 0 ? NAN : sum / count);
  }
  return curve;
}

}  // namespace hone
