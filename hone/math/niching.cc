#include "hone/math/niching.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/assert.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Of a member's own loss in how well it ends the front along it.
constexpr double kOwnShare = 0.1;

void fill_lattice(int m, int divisions, int left, std::vector<double>& point,
                  std::vector<double>& out) {
  if (static_cast<int>(point.size()) == m - 1) {
    out.insert(out.end(), point.begin(), point.end());
    out.push_back(static_cast<double>(left) / divisions);
    return;
  }
  for (int k = 0; k <= left; ++k) {
    point.push_back(static_cast<double>(k) / divisions);
    fill_lattice(m, divisions, left - k, point, out);
    point.pop_back();
  }
}

/// C(divisions + m − 1, m − 1), no further than `most` + 1.
std::size_t lattice_size(int m, int divisions, std::size_t most) {
  double size = 1;
  for (int i = 1; i < m; ++i) size *= static_cast<double>(divisions + i) / i;
  return size > static_cast<double>(most) ? most + 1 : static_cast<std::size_t>(std::lround(size));
}

int most_divisions(int m, std::size_t count) {
  int divisions = 0;
  while (lattice_size(m, divisions + 1, count) <= count) ++divisions;
  return divisions;
}

/// Where each point belongs: the direction from the ideal point that it is nearest to.
struct Places {
  std::vector<std::size_t> direction;
  std::vector<double> distance;  // squared
};

Places associate(const PointSet& points, std::span<const double> directions) {
  const auto m = static_cast<std::size_t>(points.objectives);
  std::vector<double> low(points.point(0).begin(), points.point(0).end());
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) low[k] = std::min(low[k], points.point(i)[k]);
  }
  const std::vector<std::size_t> first = sort_fronts(points, 1).front();
  std::vector<double> front;
  for (const std::size_t i : first)
    front.insert(front.end(), points.point(i).begin(), points.point(i).end());
  const std::vector<double> worst = worst_of_ends({front, points.objectives});
  Places places;
  std::vector<double> x(m);
  for (std::size_t i = 0; i < points.size(); ++i) {
    double square = 0;
    for (std::size_t k = 0; k < m; ++k) {
      const double range = worst[k] - low[k];
      x[k] = range > 0 ? (points.point(i)[k] - low[k]) / range : 0;
      square += x[k] * x[k];
    }
    std::size_t best = 0;
    double least = kInfinity;
    for (std::size_t d = 0; d * m < directions.size(); ++d) {
      double along = 0;
      double norm = 0;
      for (std::size_t k = 0; k < m; ++k) {
        along += x[k] * directions[d * m + k];
        norm += directions[d * m + k] * directions[d * m + k];
      }
      const double distance = square - along * along / norm;
      if (distance >= least) continue;
      least = distance;
      best = d;
    }
    places.direction.push_back(best);
    places.distance.push_back(least);
  }
  return places;
}

}  // namespace

std::vector<double> simplex_lattice(int m, int divisions) {
  HONE_ASSERT(m >= 2 && divisions >= 1, "a simplex has two corners at least");
  std::vector<double> points;
  std::vector<double> point;
  fill_lattice(m, divisions, divisions, point, points);
  return points;
}

std::vector<double> reference_directions(int m, std::size_t count) {
  const int outer = std::max(1, most_divisions(m, count));
  std::vector<double> directions = simplex_lattice(m, outer);
  const std::size_t taken = directions.size() / static_cast<std::size_t>(m);
  const int inner = outer < m && count > taken ? most_divisions(m, count - taken) : 0;
  if (inner == 0) return directions;
  for (const double x : simplex_lattice(m, inner)) directions.push_back(0.5 * x + 0.5 / m);
  return directions;
}

std::vector<double> worst_of_ends(const PointSet& front) {
  const auto m = static_cast<std::size_t>(front.objectives);
  std::vector<double> low(front.point(0).begin(), front.point(0).end());
  std::vector<double> high = low;
  for (std::size_t i = 0; i < front.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) {
      low[k] = std::min(low[k], front.point(i)[k]);
      high[k] = std::max(high[k], front.point(i)[k]);
    }
  }
  const auto share = [&](std::size_t i, std::size_t k) {
    return high[k] > low[k] ? (front.point(i)[k] - low[k]) / (high[k] - low[k]) : 0.0;
  };
  std::vector<double> worst = low;
  for (std::size_t k = 0; k < m; ++k) {
    double least = kInfinity;
    std::size_t end = 0;
    for (std::size_t i = 0; i < front.size(); ++i) {
      double others = 0;
      for (std::size_t j = 0; j < m; ++j) others = std::max(others, j == k ? 0 : share(i, j));
      const double achievement = others + kOwnShare * share(i, k);
      if (achievement >= least) continue;
      least = achievement;
      end = i;
    }
    for (std::size_t j = 0; j < m; ++j) worst[j] = std::max(worst[j], front.point(end)[j]);
  }
  return worst;
}

Niched pick_by_niches(const PointSet& points, std::size_t certain, std::size_t count,
                      std::span<const double> directions) {
  Niched niched;
  if (points.size() == 0) return niched;
  const auto m = static_cast<std::size_t>(points.objectives);
  const Places places = associate(points, directions);
  std::vector<std::size_t> members(directions.size() / m, 0);
  for (std::size_t i = 0; i < certain; ++i) {
    niched.picked.push_back(i);
    ++members[places.direction[i]];
  }
  std::vector<bool> taken(points.size(), false);
  count = std::min(count, points.size());
  while (niched.picked.size() < count) {
    std::size_t best = points.size();
    for (std::size_t i = certain; i < points.size(); ++i) {
      if (taken[i]) continue;
      if (best == points.size()) {
        best = i;
        continue;
      }
      const std::size_t now = members[places.direction[i]];
      const std::size_t before = members[places.direction[best]];
      if (now < before || (now == before && places.distance[i] < places.distance[best])) best = i;
    }
    taken[best] = true;
    niched.picked.push_back(best);
    ++members[places.direction[best]];
  }
  for (const std::size_t i : niched.picked) niched.crowd.push_back(members[places.direction[i]]);
  return niched;
}

}  // namespace hone
