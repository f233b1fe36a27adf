// One number per trial for models that explain or draw the objective: what trials came to on the
// scale of the metric, as far as their values can be compared.
#pragma once

#include <cstdint>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// Trials by number ascending; `losses` finite, smaller is better.
struct Targets {
  std::vector<std::int64_t> trials;
  std::vector<double> losses;
  bool by_order = false;  ///< normal scores of the order of the trials, not values
};

/// Complete trials have their loss, the far side of outliers cut off five interquartile ranges
/// above the upper quartile, so that one diverged trial does not decide; what broke a guard or
/// failed by its configuration has the worst of these. Where more than a fifth of the trials were
/// stopped early or failed, values cannot be compared and the order of `rank_trials` stands for
/// them. Of more than `most` trials evenly spaced ones. `metric`: a declared objective; of those
/// after the first only complete trials count. Pure. O(n log n).
Targets find_targets(const History& history, std::size_t most = 1000, int metric = 0);

}  // namespace hone
