// A cover of the feasible part of a region by disjoint boxes (branch and prune: Jaulin et al.,
// Applied Interval Analysis, chapter 3). A draw picks a box by its prior mass and a point in it;
// tested and kept when feasible, the points are independent draws from exactly the prior restricted
// to the feasible set.
#pragma once

#include <vector>

#include "hone/space/feasible_region.h"

namespace hone {

struct PavingLimits {
  std::size_t boxes = 4096;
  /// Stop when this share of the draws is feasible.
  double good_share = 0.5;
};

/// Immutable; thread-safe.
class Paving {
 public:
  Paving(const FeasibleRegion& region, PavingLimits limits);

  /// No point of the region is feasible: proved, not guessed.
  bool is_empty() const { return boxes_.empty(); }
  /// One try and the box it lies in; whether it is feasible is for the caller to test. Requires
  /// !is_empty().
  const Box& draw(Rng& rng, std::span<double> point) const;
  std::size_t size() const { return boxes_.size(); }
  /// Prior mass of all boxes: an upper bound of the feasible set's.
  double mass() const { return cumulated_.empty() ? 0 : cumulated_.back(); }
  /// Smallest box around all of them.
  const Box& hull() const { return hull_; }

 private:
  const FeasibleRegion& region_;
  std::vector<Box> boxes_;
  std::vector<double> cumulated_;
  Box hull_;
};

}  // namespace hone
