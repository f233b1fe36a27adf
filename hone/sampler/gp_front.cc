#include "hone/sampler/gp_front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hone/math/niching.h"
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

std::vector<double> worst_of(const PointSet& front) {
  std::vector<double> worst(front.point(0).begin(), front.point(0).end());
  for (std::size_t i = 0; i < front.size(); ++i) {
    for (std::size_t k = 0; k < worst.size(); ++k) worst[k] = std::max(worst[k], front.point(i)[k]);
  }
  return worst;
}

}  // namespace

GpFront::GpFront(std::vector<double> losses, int objectives, std::vector<LossScale> scales)
    : scales_(std::move(scales)),
      reference_(static_cast<std::size_t>(objectives), 1.0),
      plain_reference_(reference_) {
  scales_.resize(m());
  const PointSet points{losses, objectives};
  if (points.size() == 0) return;
  trials_ = sort_fronts(points, 1).front();
  for (const std::size_t i : trials_) {
    const auto point = points.point(i);
    front_.insert(front_.end(), point.begin(), point.end());
    for (std::size_t k = 0; k < m(); ++k) plain_.push_back(scales_[k].y_of(point[k]));
  }
  const PointSet plain{plain_, objectives};
  const std::vector<double> worst = m() == 2 ? worst_of(plain) : worst_of_ends(plain);
  for (std::size_t k = 0; k < m(); ++k) {
    double low = INFINITY;
    double high = -INFINITY;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double y = scales_[k].y_of(points.point(i)[k]);
      low = std::min(low, y);
      high = std::max(high, y);
    }
    double range = std::max(worst[k] - low, kLeastRange * (high - low));
    if (!(range > 0)) range = 1;
    plain_reference_[k] = worst[k] + kBehind * range;
    reference_[k] = scales_[k].z_of(plain_reference_[k]);
  }
}

std::vector<std::size_t> GpFront::members(std::size_t count) const {
  std::vector<std::size_t> all(trials_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<std::size_t> picked =
      pick_by_hypervolume({plain_, static_cast<int>(m())}, all, plain_reference_, count);
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
    improvement_.emplace(PointSet{kept, objectives}, reference_, scales_);
  }
  return *improvement_;
}

}  // namespace hone
