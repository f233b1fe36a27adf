// How far PASHA (Bohdal et al. 2023, arXiv 2207.06940) lets trials go: up to the second rung at
// first, and one further whenever the trials that have reached the highest one rank there
// otherwise than they did at the rung before, by more than the noise of their curves.
//
// The noise is taken from the curves: of every two trials at the highest rung whose curves cross
// and cross back, the distance at the end; the 90th percentile of these is what ranks may differ
// by.
#pragma once

#include "hone/scheduler/rungs.h"

namespace hone {

/// Not thread-safe.
class ProgressiveCap {
 public:
  /// The highest rung that trials may reach.
  int top() const { return top_; }
  /// After a trial has recorded at its rungs.
  void observe(const Rungs& rungs, const History& history);

 private:
  static constexpr std::size_t kComparedAtMost = 32;
  /// What two values may differ by and still count as equal.
  static double noise(const std::vector<RungEntry>& entries, const History& history);
  static bool agrees(const Rungs& rungs, int top, const History& history);

  int top_ = 1;
  std::int64_t seen_ = 0;  // entries at the highest rung that were looked at
};

}  // namespace hone
