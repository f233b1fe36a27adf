// Draws that nearly satisfy one inequality g1(x1) + … + gn(xn) <= c (or a product of positive
// factors, through logarithms), for many parameters, where boxes do not help: ten that sum to at
// most 1 fill one cube in 3.6 million.
//
// Each axis is cut into cells with a lower bound of its term, in whole units of budget. Dynamic
// programming counts N_i(b), the prior mass of cells of axes i … n that cost at most b; cells are
// then drawn one axis after the other with probability w·N_{i+1}(b − cost) / N_i(b), which is
// exactly proportional to mass on all combinations within the budget. Every feasible point lies in
// such a combination, so testing each draw gives exact, independent draws.
#pragma once

#include <optional>
#include <vector>

#include "hone/space/feasible_region.h"

namespace hone {

/// Immutable; thread-safe.
class SeparableProposal {
 public:
  /// One proposal for every inequality of the region that is always judged and separable, within
  /// `box`.
  static std::vector<SeparableProposal> find(const FeasibleRegion& region, const Box& box);

  /// One try; whether it is feasible is for the caller to test.
  void draw(Rng& rng, std::span<double> point) const;

 private:
  struct Cell {
    double low = 0;  ///< positions on the axis
    double high = 0;
    double mass = 0;
    std::size_t cost = 0;
  };
  struct Part {
    std::size_t axis = 0;
    std::vector<Cell> cells;
    std::vector<double> within;  ///< N of the axes after this one, by budget
  };

  SeparableProposal(const FeasibleRegion& region, const Box& box) : region_(&region), box_(box) {}
  struct Sum;
  static std::optional<Sum> separate(const FeasibleRegion& region, const BoxProgram::Ranges& ranges,
                                     int node, bool logarithms);
  bool build(const Sum& sum);

  const FeasibleRegion* region_;
  Box box_;
  std::vector<Part> parts_;
};

}  // namespace hone
