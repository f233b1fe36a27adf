#include "hone/space/line_chain.h"

#include <algorithm>
#include <cmath>

namespace hone {
namespace {

constexpr int kMeasured = 2'000;  ///< proposals per axis from which M is taken
constexpr int kMinHits = 20;
constexpr double kMaxRatio = 60;     ///< of M: beyond it a draw takes more than some milliseconds
constexpr double kLogDistance = 14;  ///< −ln 1e-6
constexpr double kSafety = 2;
constexpr int kSplits = 2;  ///< halvings of a line after propagation
constexpr int kMaxStarts = 100'000;

}  // namespace

double LineChain::propose(Rng& rng, std::span<double> point,
                          FeasibleRegion::Workspace& workspace) const {
  const Box& box = paving_->draw(rng, point);
  const double width = box.high[axis_] - box.low[axis_];
  Box line{{point.begin(), point.end()}, {point.begin(), point.end()}};
  struct Piece {
    double low, high;
    int depth;
  };
  std::vector<Piece> open{{box.low[axis_], box.high[axis_], 0}};
  std::vector<Interval> cover;
  double length = 0;
  while (!open.empty()) {
    const Piece piece = open.back();
    open.pop_back();
    Box part = line;
    part.low[axis_] = piece.low;
    part.high[axis_] = piece.high;
    const BoxStatus status = region_->judge(part, true, workspace);
    if (status == BoxStatus::breaks) continue;
    const double low = part.low[axis_];
    const double high = part.high[axis_];
    if (status == BoxStatus::holds || piece.depth == kSplits) {
      cover.push_back({low, high});
      length += high - low;
      continue;
    }
    const double middle = low + (high - low) / 2;
    open.push_back({middle, high, piece.depth + 1});
    open.push_back({low, middle, piece.depth + 1});
  }
  // One number either way, so that streams stay aligned.
  double x = rng.uniform() * length;
  if (!(length > 0)) return 0;
  for (const Interval& c : cover) {
    point[axis_] = std::min(c.low + x, c.high);
    x -= c.high - c.low;
    if (x < 0) break;
  }
  return region_->contains(point, workspace) ? length / width : 0;
}

std::optional<LineChain> LineChain::find(const FeasibleRegion& region, const Paving& paving) {
  std::optional<LineChain> best;
  double best_ratio = kMaxRatio;
  FeasibleRegion::Workspace workspace;
  std::vector<double> point(region.dimension());
  for (std::size_t i = 0; i < region.dimension(); ++i) {
    if (region.axis(i).discrete()) continue;
    LineChain chain(region, paving, i);
    Rng rng = Rng(0x11e5).split("lines", i);
    double sum = 0;
    double largest = 0;
    int hits = 0;
    for (int k = 0; k < kMeasured; ++k) {
      const double w = chain.propose(rng, point, workspace);
      hits += w > 0 ? 1 : 0;
      sum += w;
      largest = std::max(largest, w);
    }
    if (hits < kMinHits) continue;
    const double ratio = largest / (sum / kMeasured);
    if (ratio >= best_ratio) continue;
    best_ratio = ratio;
    chain.steps_ = static_cast<int>(
        std::ceil(kSafety * kLogDistance / -std::log1p(-1 / std::max(ratio, 1.0 + 1e-9))));
    best = chain;
  }
  return best;
}

bool LineChain::draw(Rng& rng, std::span<double> point) const {
  FeasibleRegion::Workspace workspace;
  double w = 0;
  for (int k = 0; k < kMaxStarts && !(w > 0); ++k) w = propose(rng, point, workspace);
  if (!(w > 0)) return false;
  std::vector<double> next(point.size());
  for (int k = 0; k < steps_; ++k) {
    const double there = propose(rng, next, workspace);
    if (rng.uniform() * w >= there) continue;
    w = there;
    std::copy(next.begin(), next.end(), point.begin());
  }
  return true;
}

}  // namespace hone
