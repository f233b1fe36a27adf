#include "hone/scheduler/progressive_cap.h"

#include <algorithm>
#include <cmath>

#include "hone/math/stats.h"

namespace hone {
namespace {

/// Whether the curves change places and change back, over the fidelities that both have; the
/// distance at the last of them.
std::optional<double> crossing(const Trial& a, const Trial& b) {
  int changes = 0;
  double sign = 0;
  double last = 0;
  auto other = b.curve.begin();
  for (const CurvePoint& point : a.curve) {
    while (other != b.curve.end() && other->fidelity < point.fidelity) ++other;
    if (other == b.curve.end()) break;
    if (other->fidelity != point.fidelity) continue;
    const double difference = point.value - other->value;
    if (std::isnan(difference) || difference == 0) continue;
    if (sign != 0 && difference * sign < 0) ++changes;
    sign = difference > 0 ? 1 : -1;
    last = std::abs(difference);
  }
  if (changes < 2) return std::nullopt;
  return last;
}

}  // namespace

double ProgressiveCap::noise(const std::vector<RungEntry>& entries, const History& history) {
  std::vector<double> distances;
  const std::size_t n = std::min(entries.size(), kComparedAtMost);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (const auto distance =
              crossing(history.trial(entries[i].trial), history.trial(entries[j].trial)))
        distances.push_back(*distance);
    }
  }
  constexpr double kPercentile = 0.9;
  return distances.empty() ? 0 : quantile(std::move(distances), kPercentile);
}

/// Whether every trial of the highest rung is where the rung below put it, give or take trials
/// whose values there are within the noise.
bool ProgressiveCap::agrees(const Rungs& rungs, int top, const History& history) {
  const auto& above = rungs.rung(top).entries();
  std::vector<RungEntry> below;
  for (const RungEntry& entry : above) {
    if (const RungEntry* found = rungs.rung(top - 1).find(entry.trial)) below.push_back(*found);
  }
  std::sort(below.begin(), below.end(), ranks_before);
  const double epsilon = noise(above, history);
  const std::size_t n = std::min({above.size(), below.size(), kComparedAtMost});
  for (std::size_t i = 0; i < n; ++i) {
    if (above[i].trial == below[i].trial) continue;
    const RungEntry* there = rungs.rung(top - 1).find(above[i].trial);
    if (there == nullptr || std::isnan(there->loss) || std::isnan(below[i].loss)) return false;
    if (std::abs(there->loss - below[i].loss) > epsilon) return false;
  }
  return true;
}

void ProgressiveCap::observe(const Rungs& rungs, const History& history) {
  while (top_ < rungs.size() && rungs.rung(top_).size() > seen_) {
    seen_ = rungs.rung(top_).size();
    if (seen_ < 2 || agrees(rungs, top_, history)) return;
    ++top_;
    seen_ = 0;
  }
}

}  // namespace hone
