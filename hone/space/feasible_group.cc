#include "hone/space/feasible_group.h"

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"

namespace hone {
namespace {

constexpr std::size_t kFewBoxes = 4096;
constexpr std::size_t kManyBoxes = 32768;
constexpr double kGoodShare = 1.0 / 50;    ///< no need to look for a better method
constexpr double kPoorShare = 1.0 / 1000;  ///< below it a draw would take more than a millisecond
constexpr int kQuickTries = 5'000;
constexpr int kDirectedDraws = 1'000'000;
constexpr int kEnoughHits = 100;
constexpr std::size_t kStarts = 32;
constexpr int kMaxTries =
    1'000'000;  ///< of one draw; beyond any expectation for the share that was measured
constexpr double kSliceWidth = 1e-6;
constexpr int kSliceBudget = 4'000;  ///< box evaluations
constexpr double kMaxSliceCells = 4'096;

}  // namespace

FeasibleGroup::FeasibleGroup(const SpaceModel& model, std::vector<FeasibilityTerm> terms,
                             std::vector<int> parameters)
    : region_(model, std::move(terms), std::move(parameters)) {
  choose();
}

const char* FeasibleGroup::method_name() const {
  switch (method_) {
    case Method::none:
      return "none";
    case Method::boxes:
      return "boxes";
    case Method::separable:
      return "separable";
    case Method::lines:
      return "lines";
    case Method::chain:
      return "chain";
  }
  return "none";
}

void FeasibleGroup::propose(Method method, std::size_t which, Rng& rng,
                            std::span<double> point) const {
  if (method == Method::boxes) {
    paving_->draw(rng, point);
  } else {
    separable_[which].draw(rng, point);
  }
}

double FeasibleGroup::measure(Method method, std::size_t which, int tries) {
  Rng rng = Rng(0x1fea51b1e).split(method == Method::boxes ? "boxes" : "separable", which);
  FeasibleRegion::Workspace workspace;
  std::vector<double> point(region_.dimension());
  int hits = 0;
  int done = 0;
  while (done < tries && hits < kEnoughHits) {
    ++done;
    propose(method, which, rng, point);
    if (!region_.contains(point, workspace)) continue;
    ++hits;
    if (starts_.size() < kStarts) starts_.push_back(point);
  }
  return static_cast<double>(hits) / done;
}

void FeasibleGroup::choose() {
  paving_.emplace(region_, PavingLimits{kFewBoxes, 0.5});
  if (paving_->is_empty()) {
    impossible_ = true;
    return;
  }
  double best = measure(Method::boxes, 0, kQuickTries);
  method_ = Method::boxes;
  if (best < kGoodShare) {
    separable_ = SeparableProposal::find(region_, paving_->hull());
    for (std::size_t i = 0; i < separable_.size(); ++i) {
      const double share = measure(Method::separable, i, kQuickTries);
      if (share <= best) continue;
      best = share;
      method_ = Method::separable;
      chosen_ = i;
    }
  }
  if (best < kGoodShare && method_ == Method::boxes) {
    paving_.emplace(region_, PavingLimits{kManyBoxes, kGoodShare});
    if (paving_->is_empty()) {
      impossible_ = true;
      return;
    }
    best = measure(Method::boxes, 0, kDirectedDraws);
  }
  tries_ = best > 0 ? 1 / best : kInf;
  if (best >= kPoorShare) {
    if (method_ == Method::separable) paving_.reset();
    return;
  }
  tries_ = 1;
  lines_ = LineChain::find(region_, *paving_);
  if (lines_) {
    method_ = Method::lines;
    return;
  }
  chain_ = HitAndRun::create(region_, paving_->hull(), starts_);
  method_ = chain_ ? Method::chain : Method::none;
}

bool FeasibleGroup::draw(Rng& rng, std::span<double> point) const {
  FeasibleRegion::Workspace workspace;
  if (method_ == Method::none) return false;
  if (method_ == Method::lines) return lines_->draw(rng, point);
  if (method_ == Method::chain) {
    chain_->draw(rng, point);
    return true;
  }
  for (int t = 0; t < kMaxTries; ++t) {
    propose(method_, chosen_, rng, point);
    if (region_.contains(point, workspace)) return true;
  }
  return false;
}

std::vector<Interval> FeasibleGroup::slice(std::span<const double> given, std::size_t i) const {
  std::vector<double> point(given.begin(), given.end());
  const Axis& axis = region_.axis(i);
  if (axis.discrete() && axis.count() <= kMaxSliceCells) return slice_cells(std::move(point), i);
  FeasibleRegion::Workspace workspace;
  std::vector<Interval> out;
  const auto append = [&](double low, double high) {
    const double a = axis.discrete() ? axis.edge(low) : low;
    const double b = axis.discrete() ? axis.edge(high + 1) : high;
    if (!out.empty() && a <= out.back().high)
      out.back().high = std::max(out.back().high, b);
    else
      out.push_back({a, b});
  };
  // Depth first from the left: pieces come in ascending order.
  std::vector<Interval> stack{{0, axis.discrete() ? axis.count() - 1 : 1}};
  int budget = kSliceBudget;
  while (!stack.empty()) {
    const Interval piece = stack.back();
    stack.pop_back();
    Box box{point, point};
    box.low[i] = piece.low;
    box.high[i] = piece.high;
    const BoxStatus status =
        budget-- > 0 ? region_.judge(box, false, workspace) : BoxStatus::undecided;
    if (status == BoxStatus::breaks) continue;
    if (status == BoxStatus::holds) {
      append(piece.low, piece.high);
      continue;
    }
    const double middle =
        axis.discrete() ? std::floor((piece.low + piece.high) / 2) : (piece.low + piece.high) / 2;
    const bool small = axis.discrete() ? piece.is_point() : piece.high - piece.low <= kSliceWidth;
    if (small || budget <= 0) {
      point[i] = middle;
      if (region_.contains(point, workspace)) append(piece.low, piece.high);
      continue;
    }
    stack.push_back({axis.discrete() ? middle + 1 : middle, piece.high});
    stack.push_back({piece.low, middle});
  }
  return out;
}

std::vector<Interval> FeasibleGroup::slice_cells(std::vector<double> point, std::size_t i) const {
  const Axis& axis = region_.axis(i);
  FeasibleRegion::Workspace workspace;
  std::vector<Interval> cells;
  for (double k = 0; k < axis.count(); ++k) {
    point[i] = k;
    if (region_.contains(point, workspace)) cells.push_back(axis.encoded_cell(k));
  }
  std::sort(cells.begin(), cells.end(),
            [](const Interval& a, const Interval& b) { return a.low < b.low; });
  std::vector<Interval> out;
  for (const Interval& c : cells) {
    if (!out.empty() && c.low <= out.back().high + 1e-12)
      out.back().high = c.high;
    else
      out.push_back(c);
  }
  return out;
}

}  // namespace hone
