// Sets of points with several losses each: domination, fronts, crowding and hypervolume. Points lie
// one after the other in a flat array, m losses each; smaller is better in all of them.
#pragma once

#include <span>
#include <vector>

namespace hone {

/// n points of m losses. A view; no loss is NaN.
struct PointSet {
  std::span<const double> losses;  ///< n·m
  int objectives = 1;

  std::size_t size() const { return losses.size() / static_cast<std::size_t>(objectives); }
  std::span<const double> point(std::size_t i) const {
    const auto m = static_cast<std::size_t>(objectives);
    return losses.subspan(i * m, m);
  }
};

/// Whether a is nowhere worse than b and somewhere better.
bool dominates(std::span<const double> a, std::span<const double> b);

/// The fronts: points that no point dominates, then those that only points of earlier fronts
/// dominate, and so on, until `enough` points are sorted. Within a front in order of index. Equal
/// points share a front. Zhang et al. 2015 (ENS-BS): O(m·n·log n) where fronts are few or many,
/// O(m·n²) at worst; two objectives O(n·log n).
std::vector<std::vector<std::size_t>> sort_fronts(const PointSet& points, std::size_t enough);

/// Deb et al. 2002: the sum over the losses of the distance between a point's neighbours, in shares
/// of the front's range; infinite at the ends. One per entry of `front`.
std::vector<double> crowding_distances(const PointSet& points, std::span<const std::size_t> front);

/// The measure of what the points dominate below `reference`; points that do not lie below it in
/// every loss add nothing. Exact, for 1 to 6 objectives: a sweep for two, sliced by the last loss
/// beyond (While et al. 2012, WFG). O(n·log n) for two, exponential in m at worst: hundreds of
/// points of 3, dozens of 4. Infinite where a loss is −∞.
double hypervolume(const PointSet& points, std::span<const double> reference);

/// Picks up to `count` points, one after the other, each the one that adds most to the hypervolume
/// of those before it (a subset within 1 − 1/e of the best: Guerreiro et al. 2016). Points that add
/// nothing come last, in order of index. Indices into `front`, in order.
std::vector<std::size_t> pick_by_hypervolume(const PointSet& points,
                                             std::span<const std::size_t> front,
                                             std::span<const double> reference, std::size_t count);

}  // namespace hone
