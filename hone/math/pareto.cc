#include "hone/math/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hone/base/assert.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Indices by the first loss, ties by the next ones, then by index.
std::vector<std::size_t> lexicographic(const PointSet& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto p = points.point(a);
    const auto q = points.point(b);
    if (!std::equal(p.begin(), p.end(), q.begin()))
      return std::lexicographical_compare(p.begin(), p.end(), q.begin(), q.end());
    return a < b;
  });
  return order;
}

bool any_dominates(const PointSet& points, const std::vector<std::size_t>& front,
                   std::span<const double> point) {
  // The newest members are the nearest.
  return std::any_of(front.rbegin(), front.rend(),
                     [&](std::size_t i) { return dominates(points.point(i), point); });
}

using Points = std::vector<std::vector<double>>;

/// Points that no other dominates, without repetitions.
Points front_of(const Points& points) {
  Points front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool keep = true;
    for (std::size_t j = 0; j < points.size() && keep; ++j) {
      if (i == j) continue;
      keep = !dominates(points[j], points[i]) && !(j < i && points[j] == points[i]);
    }
    if (keep) front.push_back(points[i]);
  }
  return front;
}

/// Of points that lie below the reference, any order.
double area(Points points, std::span<const double> reference) {
  std::sort(points.begin(), points.end());
  double sum = 0;
  double lowest = reference[1];
  for (const auto& p : points) {
    if (p[1] >= lowest) continue;
    sum += (reference[0] - p[0]) * (lowest - p[1]);
    lowest = p[1];
  }
  return sum;
}

double volume(Points points, std::span<const double> reference) {
  if (points.empty()) return 0;
  const std::size_t m = reference.size();
  if (m == 1) return reference[0] - (*std::min_element(points.begin(), points.end()))[0];
  if (m == 2) return area(std::move(points), reference);
  // Worst in the last loss first: what a point adds to those after it is its own box without what
  // they dominate of it, and in the last loss they reach all the way.
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) {
    return a.back() != b.back() ? a.back() > b.back() : a < b;
  });
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::vector<double>& p = points[i];
    double box = 1;
    for (std::size_t k = 0; k + 1 < m; ++k) box *= reference[k] - p[k];
    Points limited;
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      std::vector<double> q(m - 1);
      for (std::size_t k = 0; k + 1 < m; ++k) q[k] = std::max(points[j][k], p[k]);
      limited.push_back(std::move(q));
    }
    sum +=
        (box - volume(front_of(limited), reference.first(m - 1))) * (reference[m - 1] - p[m - 1]);
  }
  return sum;
}

bool is_below(std::span<const double> point, std::span<const double> reference) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!(point[k] < reference[k])) return false;
  }
  return true;
}

}  // namespace

bool dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) return false;
    better = better || a[k] < b[k];
  }
  return better;
}

std::vector<std::vector<std::size_t>> sort_fronts(const PointSet& points, std::size_t enough) {
  // In lexicographic order no later point dominates an earlier one. That a front does not dominate
  // a point is monotone in the front's number, so the first such front is found by bisection; with
  // two losses the last member alone decides.
  std::vector<std::vector<std::size_t>> fronts;
  for (const std::size_t i : lexicographic(points)) {
    const auto point = points.point(i);
    const auto fits = [&](const std::vector<std::size_t>& front) {
      if (points.objectives <= 2) return !dominates(points.point(front.back()), point);
      return !any_dominates(points, front, point);
    };
    const auto at = std::partition_point(fronts.begin(), fronts.end(),
                                         [&](const auto& front) { return !fits(front); });
    if (at == fronts.end()) {
      fronts.push_back({i});
    } else {
      at->push_back(i);
    }
  }
  std::size_t sorted = 0;
  std::size_t kept = 0;
  while (kept < fronts.size() && sorted < enough) sorted += fronts[kept++].size();
  fronts.resize(kept);
  for (auto& front : fronts) std::sort(front.begin(), front.end());
  return fronts;
}

std::vector<double> crowding_distances(const PointSet& points, std::span<const std::size_t> front) {
  std::vector<double> distance(front.size(), 0.0);
  std::vector<std::size_t> order(front.size());
  for (std::size_t k = 0; k < static_cast<std::size_t>(points.objectives); ++k) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto loss = [&](std::size_t i) { return points.point(front[i])[k]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return loss(a) < loss(b); });
    if (order.empty()) continue;
    const double range = loss(order.back()) - loss(order.front());
    distance[order.front()] = distance[order.back()] = kInfinity;
    if (!(range > 0) || !std::isfinite(range)) continue;
    for (std::size_t i = 1; i + 1 < order.size(); ++i)
      distance[order[i]] += (loss(order[i + 1]) - loss(order[i - 1])) / range;
  }
  return distance;
}

double hypervolume(const PointSet& points, std::span<const double> reference) {
  HONE_ASSERT(reference.size() == static_cast<std::size_t>(points.objectives),
              "the reference has one entry per loss");
  Points below;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto point = points.point(i);
    if (is_below(point, reference)) below.emplace_back(point.begin(), point.end());
  }
  return volume(points.objectives > 2 ? front_of(below) : std::move(below), reference);
}

std::vector<std::size_t> pick_by_hypervolume(const PointSet& points,
                                             std::span<const std::size_t> front,
                                             std::span<const double> reference, std::size_t count) {
  const auto m = static_cast<std::size_t>(points.objectives);
  std::vector<std::size_t> picked;
  std::vector<double> chosen;  // their losses
  double so_far = 0;
  // What a point adds never grows as others are picked, so old values are bounds.
  std::vector<double> gain(front.size(), kInfinity);
  std::vector<std::size_t> known_at(front.size(), 0);  // picks plus one when it was computed
  std::vector<bool> taken(front.size(), false);
  count = std::min(count, front.size());
  while (picked.size() < count) {
    std::size_t best = front.size();
    for (;;) {
      best = front.size();
      for (std::size_t i = 0; i < front.size(); ++i) {
        if (!taken[i] && (best == front.size() || gain[i] > gain[best])) best = i;
      }
      if (known_at[best] == picked.size() + 1) break;
      const auto point = points.point(front[best]);
      chosen.insert(chosen.end(), point.begin(), point.end());
      gain[best] = std::max(0.0, hypervolume({chosen, points.objectives}, reference) - so_far);
      chosen.resize(chosen.size() - m);
      known_at[best] = picked.size() + 1;
    }
    const auto point = points.point(front[best]);
    chosen.insert(chosen.end(), point.begin(), point.end());
    so_far += gain[best];
    taken[best] = true;
    picked.push_back(best);
  }
  return picked;
}

}  // namespace hone
