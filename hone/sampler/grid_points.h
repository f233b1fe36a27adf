// A finite space as a sequence: every configuration once, in a fixed order, by counting with one
// digit per parameter. Parents of conditions come before their children, so a step of the count
// costs O(d), skips the values of inactive parameters at once, and no product is ever held in
// memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/space/search_space.h"

namespace hone {

/// What a continuous parameter takes on a grid, and which values a sweep file's grid leaves out.
struct GridRules {
  int points =
      0;  ///< values of a continuous parameter, evenly spaced in its law; 0: it has no grid
  bool sweep_file = false;  ///< quantised values min, min + q, … below max, as there
};

/// A value type, cheap to copy. Holds the values of each parameter (kMaxValues at most), not their
/// product. The last parameter turns fastest; a sweep file's parameters are sorted by name at every
/// level of nesting, as W&B does.
class GridPoints {
 public:
  static constexpr std::int64_t kMaxValues = 1'000'000;  ///< of one parameter

  /// At the first point. `problems` gets one sentence per parameter without a grid; then there is
  /// no point.
  GridPoints(const SearchSpace& space, const GridRules& rules, std::vector<std::string>& problems);

  /// Behind the last point.
  bool ended() const { return ended_; }
  /// Moves to the next point.
  void advance();
  /// The point, complete and legal; whether it breaks a constraint is not checked. Requires a
  /// point.
  Config config() const;

 private:
  void settle(std::size_t from);

  SearchSpace space_;
  std::vector<int> order_;  // searched parameters, parents first
  std::shared_ptr<const std::vector<std::vector<Value>>> values_;  // per entry of order_
  std::vector<std::int64_t> digit_;                                // −1: inactive
  Config config_;
  bool ended_ = false;
};

}  // namespace hone
