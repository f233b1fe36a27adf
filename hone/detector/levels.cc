#include "hone/detector/levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hone {
namespace {

constexpr std::size_t kSamples = 9;  ///< of a stretch

/// The lower middle; `values` is reordered, not empty.
double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<double> levels_of(std::size_t count, std::size_t most,
                              const std::function<double(std::size_t)>& at) {
  std::vector<double> levels;
  if (count == 0 || most == 0) return levels;
  const std::size_t length = (count + most - 1) / most;
  const std::size_t samples = std::min(length, kSamples);
  std::vector<double> values;
  for (std::size_t i = count % length; i < count; i += length) {
    values.clear();
    for (std::size_t k = 0; k < samples; ++k) {
      const double x = at(i + k * length / samples);
      if (std::isfinite(x)) values.push_back(x);
    }
    levels.push_back(values.empty() ? std::numeric_limits<double>::quiet_NaN() : median_of(values));
  }
  return levels;
}

std::vector<double> levels_of(std::span<const CurvePoint> curve, Goal goal, std::size_t most) {
  return levels_of(curve.size(), most, [&](std::size_t i) {
    return goal == Goal::minimize ? curve[i].value : -curve[i].value;
  });
}

double noise_of(std::span<const double> levels) {
  std::vector<double> bends;
  for (std::size_t i = 1; i + 1 < levels.size(); ++i) {
    const double bend = std::abs(levels[i] - (levels[i - 1] / 2 + levels[i + 1] / 2));
    if (std::isfinite(bend)) bends.push_back(bend);
  }
  if (bends.empty()) return 0;
  // A bend has 3/2 of the variance of a level; 1.4826: from the median of a normal law's absolute
  // values to its standard deviation.
  return 1.4826 / std::sqrt(1.5) * median_of(bends);
}

double lowest_of(std::span<const double> levels, std::size_t* where) {
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!(levels[i] < lowest)) continue;
    lowest = levels[i];
    if (where != nullptr) *where = i;
  }
  return lowest;
}

std::size_t next_check(std::size_t count) { return count + 1 + count / 16; }

}  // namespace hone
