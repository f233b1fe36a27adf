// The onset of divergence on published fine-tuning curves is a value beyond twice the one at step 0
// that never recovers; runs called diverged there end at several times the usual loss. Three
// reports in a row keep a spike that recovers from being taken for one.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/detector/detector.h"

namespace hone {
namespace {
constexpr std::size_t kInARow = 3;
constexpr double kFactor = 2;
}  // namespace

std::optional<Finding> detect_divergence(Goal goal, std::span<const CurvePoint> curve) {
  if (goal != Goal::minimize || curve.size() <= kInARow) return std::nullopt;
  const double first = curve.front().value;
  if (!(first > 0)) return std::nullopt;
  const auto tail = curve.last(kInARow);
  const bool beyond = std::all_of(tail.begin(), tail.end(), [&](const CurvePoint& p) {
    return std::isfinite(p.value) && p.value > kFactor * first;
  });
  if (!beyond) return std::nullopt;
  return Finding{FailKind::diverged,
                 fmt::format("{} values in a row beyond twice the first one ({} after {})", kInARow,
                             format_number(curve.back().value), format_number(first))};
}

}  // namespace hone
