// Choice among many points with several losses by reference directions (Deb and Jain 2014,
// "An evolutionary many-objective optimization algorithm using reference-point-based nondominated
// sorting approach", part I): where nearly all points are on the first front, crowding says little,
// and points are kept that lie along different directions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hone/math/pareto.h"

namespace hone {

/// Das and Dennis 1998: all points of the unit simplex whose coordinates are multiples of
/// 1/divisions, m entries each: C(divisions + m − 1, m − 1) of them, in lexicographic order.
std::vector<double> simplex_lattice(int m, int divisions);

/// At most `count` directions (at least m) for m losses, m entries each. Where the lattice has no
/// inner points (fewer divisions than losses) a second one of half the size is put inside.
std::vector<double> reference_directions(int m, std::size_t count);

/// The worst of a front's ends in each loss. With three losses and more a point that is best in one
/// and bad in the others is on the front too, far behind what matters of it; the end along loss k
/// is the member that is best in all others, and not bad in k either (by an achievement function).
/// The original takes the intercepts of the plane through the ends, which fails where they are few.
std::vector<double> worst_of_ends(const PointSet& front);

struct Niched {
  std::vector<std::size_t> picked;  ///< indices of points, the certain ones first
  std::vector<std::size_t> crowd;   ///< for each, how many were picked along its direction
};
/// `count` of the points. The first `certain` ones are among them; of the others those that are
/// nearest to the directions that have fewest. No randomness: ties go to the lower index.
Niched pick_by_niches(const PointSet& points, std::size_t certain, std::size_t count,
                      std::span<const double> directions);

}  // namespace hone
