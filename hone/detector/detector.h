// Detectors watch the curve of one trial and say when it is hopeless. Pure functions of the curve;
// they compare a trial with nothing but itself.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "hone/study/objective.h"
#include "hone/study/study_spec.h"
#include "hone/study/trial.h"

namespace hone {

struct Finding {
  FailKind kind = FailKind::nan;
  std::string reason;
};

/// The newest value of the objective is NaN or infinite.
std::optional<Finding> detect_nan(const StudySpec& spec, std::span<const CurvePoint> curve);

/// The curve has left its range for good: three values in a row beyond twice the first one
/// (loss-like metrics: minimised, the first value positive). A spike that recovers within two
/// reports is no divergence. The first value is the program's evaluation at its first report, at
/// step 0 where it gives one.
std::optional<Finding> detect_divergence(Goal goal, std::span<const CurvePoint> curve);

}  // namespace hone
