#include "hone/server/thinning.h"

#include <algorithm>
#include <cmath>

namespace hone::server {
namespace {

/// Whether a is below b; a number is below and above what is none.
bool below(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }
bool above(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a > b; }

}  // namespace

Thinner::Stretch Thinner::joined(const Stretch& a, const Stretch& b) {
  Stretch both;
  both.count = a.count + b.count;
  both.kept = {a.kept[0], b.kept[1],
               below(b.kept[2].value, a.kept[2].value) ? b.kept[2] : a.kept[2],
               above(b.kept[3].value, a.kept[3].value) ? b.kept[3] : a.kept[3]};
  return both;
}

void Thinner::halve() {
  for (std::size_t i = 0; i + 1 < stretches_.size(); i += 2)
    stretches_[i / 2] = joined(stretches_[i], stretches_[i + 1]);
  const std::size_t half = stretches_.size() / 2;
  if (stretches_.size() % 2 == 1) stretches_[half] = stretches_.back();
  stretches_.resize(half + stretches_.size() % 2);
  width_ *= 2;
}

void Thinner::put(const ThinPoint& point) {
  const Stretch one{{point, point, point, point}, 1};
  if (!stretches_.empty() && stretches_.back().count < width_) {
    stretches_.back() = joined(stretches_.back(), one);
    return;
  }
  if (stretches_.size() == at_most_ / 4) {
    if (stretches_.size() == 1) {
      width_ *= 2;
      stretches_.back() = joined(stretches_.back(), one);
      return;
    }
    halve();
    if (stretches_.back().count < width_) {
      stretches_.back() = joined(stretches_.back(), one);
      return;
    }
  }
  stretches_.push_back(one);
}

void Thinner::add(double step, double value, std::int64_t busy_us) {
  const ThinPoint point{step, value, busy_us, total_++};
  if (!stretches_.empty()) {
    put(point);
  } else if (raw_.size() < at_most_) {
    raw_.push_back(point);
  } else {
    for (const ThinPoint& old : raw_) put(old);
    raw_ = {};
    put(point);
  }
}

std::vector<ThinPoint> Thinner::points() const {
  if (stretches_.empty()) return raw_;
  std::vector<ThinPoint> out;
  out.reserve(at_most_);
  for (const Stretch& stretch : stretches_) {
    auto kept = stretch.kept;
    std::sort(kept.begin(), kept.end(),
              [](const ThinPoint& a, const ThinPoint& b) { return a.index < b.index; });
    for (const ThinPoint& point : kept) {
      if (out.empty() || out.back().index != point.index) out.push_back(point);
    }
  }
  return out;
}

}  // namespace hone::server
