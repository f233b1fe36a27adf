// What a study with several objectives came to: its front, and how much the front dominates.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hone/study/history.h"

namespace hone {

struct Front {
  std::vector<std::int64_t> trials;  ///< by the first objective, best first; ties by number
  /// Share of the box between the best and the worst value that any feasible trial has in each
  /// objective which the front dominates; nullopt where the box is flat or has no end, or there are
  /// more than four objectives.
  std::optional<double> hypervolume;
};

/// Pure. With one objective empty.
Front find_front(const History& history);

/// A trial with which the dominated share of the same box grew.
struct HypervolumePoint {
  std::int64_t trial = -1;
  std::int64_t position = 0;  ///< trials that had ended with values before
  double hypervolume = 0;     ///< so far
};
/// In the order in which trials ended; empty where Front has no hypervolume. Of more than `most`
/// trials that joined the front evenly spaced ones, with the last. Pure. Its cost is that of one
/// hypervolume per point.
std::vector<HypervolumePoint> hypervolume_over_trials(const History& history,
                                                      std::size_t most = 1000);

}  // namespace hone
