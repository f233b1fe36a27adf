// The trials of a study in order from best to worst, as one number each, so that finished, stopped
// and failed trials can be looked at together.
#pragma once

#include <cstdint>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// Trials that say something about their configuration, by number ascending.
struct Ranking {
  std::vector<std::int64_t> trials;
  /// Normal scores Φ⁻¹((rank + ½)/n) of the order, smaller is better; tied trials share the mean.
  std::vector<double> scores;
  std::int64_t with_value = 0;  ///< those that reported the objective and satisfy the guards
};

/// The order, best first: complete trials by their value; stopped and paused ones by how far they
/// were let go, then by their value there (what a scheduler stopped is worse than what it let go
/// on); those that break a guard; those that failed by their configuration (memory, NaN, diverged,
/// infeasible, timeout). The last two groups are ties. What failed otherwise, runs, waits or was
/// cancelled says nothing. Pure. O(n log n).
Ranking rank_trials(const History& history);

}  // namespace hone
