// Points inside of the constraints: draws from the prior restricted to the feasible set, a cheap
// test, a repair and one-dimensional slices for local moves.
//
// Constraints that share parameters form a group (the parameters that they name, those that these
// are computed from, and the parents of both); parameters outside of all groups are drawn from
// their law. Each group takes the first method that accepts often enough, measured with a fixed
// generator when the space is made:
//
// - boxes: a paving of the feasible part, points tested (paving.h). Exact and independent; finite
//   groups become a table.
// - separable: dynamic programming over the terms of one inequality, points tested
//   (separable_proposal.h). Exact and independent.
// - lines: the former accept fewer than one in a thousand; an independence chain over lines
//   (line_chain.h). Within 1e-6 of the law, as measured.
// - chain: lines find too little as well; a long hit-and-run between feasible points
//   (hit_and_run.h). Invariant under the law, close to it, not exact.
//
// Whatever the method, a point that breaks a constraint is never returned. The user's belief
// (`prior`) is no part of the law.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/interval.h"
#include "hone/space/space_model.h"

namespace hone {

class FeasibleGroup;

/// Immutable and thread-safe; every draw is a function of the generator alone. Rows are those of
/// SearchSpace::encode.
class FeasibleSampler {
 public:
  /// `model` must outlive it. Adds an error for constraints that no point can meet (proved), a
  /// warning where 10^6 directed draws found none.
  FeasibleSampler(const SpaceModel& model, std::vector<SpaceProblem>& problems);
  ~FeasibleSampler();

  /// One draw as complete slots; nullopt when none was found in a bounded number of tries.
  std::optional<SpaceModel::Slots> sample(Rng& rng) const;

  /// Whether constraints (and computed parameters) rule nothing out at all.
  bool is_unconstrained() const { return groups_.empty(); }
  /// Whether the configuration that the row decodes to meets every constraint: some microseconds.
  /// NaN counts as 0.5.
  bool is_feasible(std::span<const double> row) const;
  /// Moves an infeasible row to a feasible one nearby: bisection towards feasible draws, then every
  /// coordinate back as far as it goes. Coordinates that no constraint names stay. False when no
  /// feasible draw was found.
  bool repair(std::span<double> row, Rng rng) const;
  /// Draws the entries that constraints tie together anew where they break one; others stay. Some
  /// tens of microseconds, and in the law of the feasible set, where a repaired row lies on its
  /// face. False when no feasible draw was found.
  bool redraw(std::span<double> row, Rng& rng) const;
  /// The same with the entries of one group, whichever `rng` chooses, broken or not.
  bool redraw_one(std::span<double> row, Rng& rng) const;
  /// Where the entry `column` of the row may go, all others as they are: disjoint intervals of [0,
  /// 1], ascending, up to 1e-6 at their ends (cells of discrete parameters exactly). Empty when it
  /// may go nowhere.
  std::vector<Interval> slice(std::span<const double> row, int column) const;

  /// How each group is drawn ("boxes", "separable", "lines", "chain") and how many tries a draw
  /// takes on average.
  struct Method {
    std::string name;
    double tries = 1;
    std::vector<std::string> parameters;
  };
  std::vector<Method> methods() const;

 private:
  std::vector<double> positions(const FeasibleGroup& group, std::span<const double> row) const;
  bool draw(const FeasibleGroup& group, std::span<double> row, Rng& rng) const;

  const SpaceModel& model_;
  std::vector<std::unique_ptr<const FeasibleGroup>> groups_;
  std::vector<int> group_of_column_;  ///< −1: free
  std::vector<std::size_t> axis_of_column_;
};

}  // namespace hone
