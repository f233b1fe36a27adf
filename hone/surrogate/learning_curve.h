// Where a learning curve will end, from its first part: an average over families of shapes, each
// fitted in closed form.
//
// With x the share of the way (1: full length), a family says y = a + b·φ(x) + noise, where φ falls
// and φ(1) = 0, so that a is the value at the end: powers x^−α (Domhan et al. 2015; Kadra et al.
// 2023), logarithm, exponentials e^(−x/τ), a line and half a cosine, for schedules whose gain comes
// late. a, b and the noise's variance have a normal-inverse-gamma law, so each family's evidence
// and its law of a are closed (Bishop 2006, section 3.5), and the families are averaged by
// evidence. No family is exact; points count in proportion to x, so that what came last counts
// most.
//
// The law is of the value at the end of this training. A learning-rate schedule shapes a curve by
// its own total length: shapes and completed trainings of the same full length are comparable,
// partial runs of schedules of different lengths are not, and must not be mixed here.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace hone {

/// Families of shapes.
inline constexpr std::size_t kCurveShapes = 13;
using ShapeWeights = std::array<double, kCurveShapes>;

struct CurveSample {
  double x = 0;     ///< share of the full length, (0, 1]
  double loss = 0;  ///< finite
};

/// What is known before the curve is seen.
struct CurvePrior {
  double middle = 0;     ///< of losses at the end
  double spread = 1;     ///< their standard deviation; > 0
  ShapeWeights shape{};  ///< how much each family is trusted; sums to 1
};
/// Every family alike.
ShapeWeights equal_shapes();

struct CurveForecast {
  double mean = 0;       ///< of the loss at the end
  double sd = 0;         ///< > 0
  ShapeWeights shape{};  ///< posterior weights; they sum to 1
};

/// `samples` by rising x, at least one. O(samples · families), about 2 µs for 20 samples.
CurveForecast extrapolate(std::span<const CurveSample> samples, const CurvePrior& prior);

/// P(T ≤ t) of Student's law with four degrees of freedom.
double student4_cdf(double t);

}  // namespace hone
