// Curves that are made up to mislead: what recovers, what is only noise, what has no scale, and
// what leaves for good in the same surroundings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/detectors/watched.h"

namespace hone::detectors {

struct HostileFamily {
  std::string name;
  bool leaves = false;  ///< for good: it must be stopped; else it must not be
};

const std::vector<HostileFamily>& hostile_families();
/// A curve of `points` values, and where it leaves (its size: nowhere). Throws Error(invalid_input)
/// for an unknown family.
struct HostileCurve {
  Curve curve;
  std::size_t leaves_at = 0;
};
HostileCurve hostile_curve(const std::string& family, std::uint64_t seed, std::size_t points);

}  // namespace hone::detectors
