#include "hone/sampler/gp_front.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "hone/math/pareto.h"

namespace hone {
namespace {

/// The front's range is no less than this share of all trials' range, so that one point is enough.
constexpr double kLeastRange = 0.1;
constexpr double kBehind = 0.1;
/// Points whose boxes are made: more of them are thinned, evenly.
constexpr std::size_t kMostPoints = 100;

/// Up to `count` of the points, each the furthest from those before it.
std::vector<double> thinned(const PointSet& points, std::size_t count) {
  if (points.size() <= count) return {points.losses.begin(), points.losses.end()};
  std::vector<double> distance(points.size(), std::numeric_limits<double>::infinity());
  std::vector<double> kept;
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto chosen = points.point(next);
    kept.insert(kept.end(), chosen.begin(), chosen.end());
    for (std::size_t j = 0; j < points.size(); ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < chosen.size(); ++k) {
        const double gap = points.point(j)[k] - chosen[k];
        sum += gap * gap;
      }
      distance[j] = std::min(distance[j], sum);
    }
    next = static_cast<std::size_t>(std::max_element(distance.begin(), distance.end()) -
                                    distance.begin());
  }
  return kept;
}

}  // namespace

GpFront::GpFront(std::vector<double> losses, int objectives)
    : reference_(static_cast<std::size_t>(objectives), 1.0) {
  const PointSet points{losses, objectives};
  if (points.size() == 0) return;
  trials_ = sort_fronts(points, 1).front();
  for (std::size_t k = 0; k < m(); ++k) {
    double low = points.point(0)[k];
    double high = low;
    for (std::size_t i = 0; i < points.size(); ++i) {
      low = std::min(low, points.point(i)[k]);
      high = std::max(high, points.point(i)[k]);
    }
    double worst = low;
    for (const std::size_t i : trials_) worst = std::max(worst, points.point(i)[k]);
    double range = std::max(worst - low, kLeastRange * (high - low));
    if (!(range > 0)) range = 1;
    reference_[k] = worst + kBehind * range;
  }
  for (const std::size_t i : trials_) {
    const auto point = points.point(i);
    front_.insert(front_.end(), point.begin(), point.end());
  }
}

std::vector<std::size_t> GpFront::members(std::size_t count) const {
  std::vector<std::size_t> all(trials_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<std::size_t> picked =
      pick_by_hypervolume({std::span(front_).first(trials_.size() * m()), static_cast<int>(m())},
                          all, reference_, count);
  for (std::size_t& i : picked) i = trials_[i];
  return picked;
}

void GpFront::believe(std::span<const double> losses) {
  front_.insert(front_.end(), losses.begin(), losses.end());
  improvement_.reset();
}

const HypervolumeImprovement& GpFront::improvement() const {
  if (!improvement_) {
    const auto objectives = static_cast<int>(m());
    const std::vector<double> kept = m() == 2 ? front_ : thinned({front_, objectives}, kMostPoints);
    improvement_.emplace(PointSet{kept, objectives}, reference_);
  }
  return *improvement_;
}

}  // namespace hone
