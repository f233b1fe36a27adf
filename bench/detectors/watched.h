// One curve through the detectors of a study, as the tuner would watch it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hone/detector/detector.h"

namespace hone::detectors {

/// A curve of one metric, point by point.
struct Curve {
  std::string name;
  Goal goal = Goal::minimize;
  std::vector<double> steps;
  std::vector<double> values;
};

/// By detector: the index of the point at which it first found something.
using Alarms = std::map<std::string, std::size_t>;

/// `known_end`: the study says how long a run is (fidelity.max), as the curve's last step.
Alarms watch(const Curve& curve, bool known_end, const std::vector<AlgorithmSpec>& settings);

/// Of nan and divergence, which stop by default.
std::optional<std::size_t> stopped_at(const Alarms& alarms);

/// Diverged: from `onset` on every value is beyond twice the first one, or no number. For losses
/// above zero. Nullopt: the run has not diverged.
std::optional<std::size_t> onset_of_divergence(const Curve& curve);

/// A share with its 95 % interval (Wilson), in percent: "99.2 (98.1 to 99.7)".
std::string share_text(std::size_t count, std::size_t of);

}  // namespace hone::detectors
