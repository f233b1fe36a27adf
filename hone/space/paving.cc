#include "hone/space/paving.h"

#include <algorithm>
#include <queue>

#include "hone/base/assert.h"

namespace hone {
namespace {

struct Candidate {
  Box box;
  double mass = 0;
  std::size_t number = 0;  ///< order of creation: makes ties, and so the whole paving, definite
  std::size_t split_axis = 0;
};

struct Lighter {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.mass != b.mass ? a.mass < b.mass : a.number > b.number;
  }
};

class Builder {
 public:
  Builder(const FeasibleRegion& region, PavingLimits limits) : region_(region), limits_(limits) {}

  void run() {
    add(region_.whole());
    std::size_t next_check = 32;
    while (!open_.empty() && certain_.size() + open_.size() < limits_.boxes) {
      if (certain_mass_ >= limits_.good_share * (certain_mass_ + open_mass_)) break;
      if (certain_.size() + open_.size() >= next_check) {
        next_check *= 2;
        if (is_good()) break;
      }
      split();
    }
    for (; !open_.empty(); open_.pop()) certain_.push_back(open_.top());
    std::sort(certain_.begin(), certain_.end(),
              [](const Candidate& a, const Candidate& b) { return a.number < b.number; });
  }

  std::vector<Candidate> take() { return std::move(certain_); }

 private:
  void add(Box box) {
    Candidate candidate;
    const BoxStatus status = region_.judge(box, true, workspace_);
    if (status == BoxStatus::breaks) return;
    candidate.mass = region_.mass(box);
    if (!(candidate.mass > 0)) return;
    candidate.number = created_++;
    const bool certain = status == BoxStatus::holds;
    if (!certain) {
      candidate.split_axis = axis_to_split(box);
      if (candidate.split_axis ==
          region_.dimension()) {  // one atom on every axis: the exact test decides
        if (!region_.contains(box.low, workspace_)) return;
        candidate.box = std::move(box);
        certain_mass_ += candidate.mass;
        certain_.push_back(std::move(candidate));
        return;
      }
    }
    candidate.box = std::move(box);
    (certain ? certain_mass_ : open_mass_) += candidate.mass;
    if (certain)
      certain_.push_back(std::move(candidate));
    else
      open_.push(std::move(candidate));
  }

  /// The axis of the largest mass on which an undecided term depends; dimension() when none can be
  /// split.
  std::size_t axis_to_split(const Box& box) const {
    std::size_t best = region_.dimension();
    double best_mass = 0;
    for (std::size_t t = 0; t < region_.terms().size(); ++t) {
      if (!region_.is_undecided(t, workspace_)) continue;
      for (const int v : region_.program().term_variables(t)) {
        const auto i = static_cast<std::size_t>(v);
        if (!(box.low[i] < box.high[i])) continue;
        const double mass = region_.axis(i).mass(box.low[i], box.high[i]);
        if (mass > best_mass || (mass == best_mass && i < best)) {
          best = i;
          best_mass = mass;
        }
      }
    }
    return best;
  }

  void split() {
    const Candidate top = open_.top();
    open_.pop();
    open_mass_ = std::max(open_mass_ - top.mass, 0.0);
    const std::size_t i = top.split_axis;
    const Axis& axis = region_.axis(i);
    double cut = top.box.low[i] + (top.box.high[i] - top.box.low[i]) / 2;
    double after = cut;
    if (axis.discrete()) {
      const double p = axis.edge(top.box.low[i]);
      cut = std::clamp(axis.atom(p + (axis.edge(top.box.high[i] + 1) - p) / 2), top.box.low[i],
                       top.box.high[i] - 1);
      after = cut + 1;
    }
    Box low = top.box;
    low.high[i] = cut;
    Box high = top.box;
    high.low[i] = after;
    add(std::move(low));
    add(std::move(high));
  }

  /// Tries the present cover: boxes that are open may be nearly full.
  bool is_good() {
    constexpr int kTries = 200;
    std::vector<const Candidate*> boxes;
    std::vector<double> cumulated;
    double sum = 0;
    auto copy = open_;  // a priority queue shows its top only
    std::vector<Candidate> open;
    for (; !copy.empty(); copy.pop()) open.push_back(copy.top());
    for (const auto* list : {&certain_, &open}) {
      for (const Candidate& c : *list) {
        boxes.push_back(&c);
        cumulated.push_back(sum += c.mass);
      }
    }
    Rng rng = Rng(0x70a7).split("paving", created_);
    std::vector<double> point(region_.dimension());
    int hits = 0;
    for (int k = 0; k < kTries; ++k) {
      const auto at =
          std::upper_bound(cumulated.begin(), cumulated.end() - 1, rng.uniform() * sum) -
          cumulated.begin();
      region_.draw(boxes[static_cast<std::size_t>(at)]->box, rng, point);
      hits += region_.contains(point, workspace_) ? 1 : 0;
    }
    return hits >= limits_.good_share * kTries;
  }

  const FeasibleRegion& region_;
  PavingLimits limits_;
  FeasibleRegion::Workspace workspace_;
  std::priority_queue<Candidate, std::vector<Candidate>, Lighter> open_;
  std::vector<Candidate> certain_;
  double open_mass_ = 0;
  double certain_mass_ = 0;
  std::size_t created_ = 0;
};

}  // namespace

Paving::Paving(const FeasibleRegion& region, PavingLimits limits) : region_(region) {
  Builder builder(region, limits);
  builder.run();
  double sum = 0;
  for (Candidate& c : builder.take()) {
    if (boxes_.empty()) hull_ = c.box;
    for (std::size_t i = 0; i < region.dimension(); ++i) {
      hull_.low[i] = std::min(hull_.low[i], c.box.low[i]);
      hull_.high[i] = std::max(hull_.high[i], c.box.high[i]);
    }
    cumulated_.push_back(sum += c.mass);
    boxes_.push_back(std::move(c.box));
  }
}

const Box& Paving::draw(Rng& rng, std::span<double> point) const {
  HONE_ASSERT(!boxes_.empty(), "an empty region has no draws");
  const double x = rng.uniform() * cumulated_.back();
  const auto at =
      std::upper_bound(cumulated_.begin(), cumulated_.end() - 1, x) - cumulated_.begin();
  const Box& box = boxes_[static_cast<std::size_t>(at)];
  region_.draw(box, rng, point);
  return box;
}

}  // namespace hone
