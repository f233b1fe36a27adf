#include "hone/math/non_dominated_boxes.h"

#include <algorithm>
#include <limits>

#include "hone/base/assert.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A box over all losses but the last, which is open from `start` on.
struct Open {
  std::vector<double> low, high;
  double start = -kInfinity;
};

/// Joins the two where they make up one box.
bool join(Open& a, const Open& b) {
  std::size_t differs = a.low.size();
  for (std::size_t k = 0; k < a.low.size(); ++k) {
    if (a.low[k] == b.low[k] && a.high[k] == b.high[k]) continue;
    if (differs < a.low.size()) return false;
    differs = k;
  }
  if (differs == a.low.size()) return false;
  if (a.high[differs] != b.low[differs] && b.high[differs] != a.low[differs]) return false;
  a.low[differs] = std::min(a.low[differs], b.low[differs]);
  a.high[differs] = std::max(a.high[differs], b.high[differs]);
  return true;
}

void join_all(std::vector<Open>& boxes) {
  for (std::size_t i = 0; i < boxes.size();) {
    bool joined = false;
    for (std::size_t j = i + 1; j < boxes.size() && !joined; ++j) {
      joined = join(boxes[i], boxes[j]);
      if (joined) boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(j));
    }
    i = joined ? 0 : i + 1;
  }
}

/// Appends what is left of the box where `point` dominates from now on.
void cut(Open box, std::span<const double> point, std::vector<Open>& pieces) {
  box.start = point.back();
  for (std::size_t k = 0; k < box.low.size(); ++k) {
    if (point[k] <= box.low[k]) continue;
    pieces.push_back(box);
    pieces.back().high[k] = point[k];
    box.low[k] = point[k];
  }
}

void close(const Open& box, double end, BoxSet& boxes) {
  if (!(end > box.start)) return;
  boxes.low.insert(boxes.low.end(), box.low.begin(), box.low.end());
  boxes.low.push_back(box.start);
  boxes.high.insert(boxes.high.end(), box.high.begin(), box.high.end());
  boxes.high.push_back(end);
}

}  // namespace

BoxSet non_dominated_boxes(const PointSet& points, std::span<const double> reference) {
  const auto m = static_cast<std::size_t>(points.objectives);
  HONE_ASSERT(m >= 2 && reference.size() == m, "two losses at least, and a reference for each");
  std::vector<std::span<const double>> front;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto point = points.point(i);
    if (std::equal(point.begin(), point.end(), reference.begin(), std::less<>()))
      front.push_back(point);
  }
  std::sort(front.begin(), front.end(), [](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  });
  BoxSet boxes;
  boxes.objectives = points.objectives;
  std::vector<Open> open(1);
  open[0].low.assign(m - 1, -kInfinity);
  open[0].high.assign(reference.begin(), reference.end() - 1);
  for (const auto& point : front) {
    std::vector<Open> kept;
    std::vector<Open> pieces;
    for (Open& box : open) {
      if (std::equal(box.high.begin(), box.high.end(), point.begin(), std::greater<>())) {
        close(box, point.back(), boxes);
        cut(std::move(box), point, pieces);
      } else {
        kept.push_back(std::move(box));
      }
    }
    join_all(pieces);
    open = std::move(kept);
    open.insert(open.end(), pieces.begin(), pieces.end());
  }
  for (const Open& box : open) close(box, reference.back(), boxes);
  return boxes;
}

}  // namespace hone
