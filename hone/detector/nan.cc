// A curve whose newest value is no number has no way back: every later step computes from it.
#include <fmt/core.h>

#include <cmath>

#include "hone/base/text.h"
#include "hone/detector/detector.h"

namespace hone {

std::optional<Finding> detect_nan(const StudySpec& spec, std::span<const CurvePoint> curve) {
  if (curve.empty() || std::isfinite(curve.back().value)) return std::nullopt;
  return Finding{FailKind::nan, fmt::format("{} became {} at {} {}", spec.objective().name,
                                            format_number(curve.back().value),
                                            spec.fidelity ? spec.fidelity->name : "step",
                                            format_number(curve.back().fidelity))};
}

}  // namespace hone
