// The last resort: a long hit-and-run chain between feasible points (Smith, "Efficient Monte Carlo
// procedures for generating points uniformly distributed over bounded regions", Operations Research
// 32, 1984), with the shrinking brackets of Neal ("Slice sampling", Annals of Statistics 31, 2003)
// in place of the line's exact intersection, so that any set will do.
//
// Directions are single axes and random combinations of differences between members of a
// population, which take on the scale and shape of the set (ter Braak, "A Markov chain Monte Carlo
// version of the genetic algorithm differential evolution", Statistics and Computing 16, 2006). The
// population is found by dives and run in when the chain is made, and is fixed from then on: a draw
// starts at a random member and makes a fixed number of moves. The law is invariant; how close a
// draw comes to it is not proved.
#pragma once

#include <optional>
#include <vector>

#include "hone/space/feasible_region.h"

namespace hone {

/// Immutable; thread-safe.
class HitAndRun {
 public:
  /// `starts`: feasible points that are known already; `box` holds the feasible set. nullopt when
  /// no feasible point is known or found.
  static std::optional<HitAndRun> create(const FeasibleRegion& region, const Box& box,
                                         const std::vector<std::vector<double>>& starts);

  /// A feasible point (positions).
  void draw(Rng& rng, std::span<double> point) const;

 private:
  /// Coordinates in the prior cube, where the target is uniform on the feasible set; a discrete
  /// axis uses the whole width of its atoms, so that one rule serves all.
  using State = std::vector<double>;

  HitAndRun(const FeasibleRegion& region, const Box& box);
  State state_of(std::span<const double> point, Rng& rng) const;
  void positions_of(const State& state, std::span<double> point) const;
  bool is_feasible(const State& state, FeasibleRegion::Workspace& workspace) const;
  void direction(Rng& rng, State& out) const;
  void walk(Rng& rng, State& state, int moves, FeasibleRegion::Workspace& workspace) const;
  /// Fixes one axis after the other, in random order, within what propagation leaves of it: finds
  /// feasible points where draws do not, but not by the law.
  bool dive(Rng& rng, std::span<double> point, FeasibleRegion::Workspace& workspace) const;

  const FeasibleRegion* region_;
  Box box_;
  State low_;
  State high_;
  std::vector<State> population_;
};

}  // namespace hone
