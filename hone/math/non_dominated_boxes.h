// The part of the space of losses that a front leaves open, cut into boxes: what a further point
// may gain is a sum over them. A sweep by the last loss, in the spirit of Yang et al. 2019
// ("Efficient computation of expected hypervolume improvement using box decomposition algorithms",
// J. Global Optimization 75), with neighbouring boxes joined.
#pragma once

#include <span>
#include <vector>

#include "hone/math/pareto.h"

namespace hone {

/// Boxes of m dimensions, one after the other; lower corners may be −∞. No two share an interior.
struct BoxSet {
  int objectives = 2;
  std::vector<double> low, high;  ///< m entries a box; low < high

  std::size_t size() const { return low.size() / static_cast<std::size_t>(objectives); }
};

/// What lies below `reference` and is not dominated by any of the points, which may be in any
/// order, dominated or behind the reference. m ≥ 2. For two losses a box more than the front has
/// points, for three about twice as many, for four some tens of times as many.
BoxSet non_dominated_boxes(const PointSet& points, std::span<const double> reference);

}  // namespace hone
