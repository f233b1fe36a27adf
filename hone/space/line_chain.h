// Draws where the feasible set is thin (|a + b + c − 1| <= 1e-6): tries whole lines in place of
// points.
//
// A proposal takes a box of the paving by its mass, all coordinates but one uniform in it, and the
// last one uniform on a cover of the feasible part of that line within the box, found by interval
// propagation. Its density at a point is inversely proportional to w = (length of the cover) /
// (width of the box), so an independence Metropolis-Hastings chain that accepts with min(1, w'/w),
// and refuses infeasible points, has exactly the prior restricted to the feasible set as its law.
// It is uniformly ergodic: after k steps the distance in total variation is at most (1 − 1/M)^k
// with M = max w / mean w (Mengersen and Tweedie, Annals of Statistics 24, 1996). M is measured
// when the space is made, and k chosen for a distance below 1e-6 with a margin of two.
#pragma once

#include <optional>
#include <vector>

#include "hone/space/paving.h"

namespace hone {

/// Immutable; thread-safe.
class LineChain {
 public:
  /// The axis with the smallest M; nullopt where lines find too few feasible points.
  static std::optional<LineChain> find(const FeasibleRegion& region, const Paving& paving);

  /// A feasible point of a fresh chain; false when no first point was found.
  bool draw(Rng& rng, std::span<double> point) const;
  int steps() const { return steps_; }

 private:
  LineChain(const FeasibleRegion& region, const Paving& paving, std::size_t axis)
      : region_(&region), paving_(&paving), axis_(axis) {}
  /// Writes a proposal and returns its w; 0 when it is infeasible.
  double propose(Rng& rng, std::span<double> point, FeasibleRegion::Workspace& workspace) const;

  const FeasibleRegion* region_;
  const Paving* paving_;
  std::size_t axis_;
  int steps_ = 0;
};

}  // namespace hone
