// How much a point with several uncertain losses promises to add to a front: the expected
// hypervolume improvement in logarithms (Daulton, Balandat and Bakshy 2021, arXiv 2105.08195; Ament
// et al. 2023, arXiv 2310.20708).
//
// The region that the front leaves open is cut into boxes [l, u] (non_dominated_boxes.h). With
// independent normal losses the expected volume gained within one is the product over the losses
// of E[(u − max(y, l))₊] = σ·(h((u − μ)/σ) − h((l − μ)/σ)), h(z) = φ(z) + z·Φ(z): for two losses
// that is the known exact formula by strips. Each factor is taken in logarithms without
// cancellation, and the boxes are added by log-sum-exp, so value and gradient stay useful where the
// improvement itself is below the smallest double.
//
// Losses may have gone through a transform z = T(y) before they were modelled, while volume is
// meant in y. Between two ends of boxes T counts as a line there, so what is gained is Δy/Δz times
// the integral: exact where T is linear between the ends, and no matter for log-sum-exp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hone/math/pareto.h"

namespace hone {

/// One loss as it is modelled and as it counts: pairs with increasing z, linear in between.
struct LossScale {
  std::vector<double> z, y;  ///< ascending both, no two equal; none: z = y

  double y_of(double at) const;
  double z_of(double at) const;
};

/// Immutable after construction. Not thread-safe: calls share scratch.
class HypervolumeImprovement {
 public:
  /// The front (points may be dominated or behind the reference, then they count for nothing), and
  /// where hypervolume ends, both in z. m ≥ 2. `scales`: one a loss, or none.
  HypervolumeImprovement(const PointSet& front, std::span<const double> reference,
                         std::span<const LossScale> scales = {});

  /// ln E[improvement] for independent losses N(mean, variance), one entry each. Finite for finite
  /// arguments with variances > 0.
  double log_expected(std::span<const double> mean, std::span<const double> variance) const;
  /// Also the derivatives by each mean and each variance.
  double log_expected(std::span<const double> mean, std::span<const double> variance,
                      std::span<double> by_mean, std::span<double> by_variance) const;

  std::size_t boxes() const { return boxes_; }

 private:
  /// What the boxes use of one loss: the ends of their sides, and the sides that differ.
  struct Axis {
    std::vector<double> ends;                                // ascending, −∞ first
    std::vector<double> log_slope;                           // of y in z up to each end
    std::vector<std::pair<std::size_t, std::size_t>> sides;  // indices of ends
    std::vector<std::size_t> of_box;                         // index of the side
    // ln of gains: up to each end from the one before, from −∞, and of the sides.
    mutable std::vector<double> unit, log_h, step, up_to, gain;
    mutable std::vector<double> weight, step_weight;
  };
  void weigh_sides(const Axis& axis, double mean, double sd) const;
  double sum() const;

  std::vector<Axis> axes_;
  std::size_t boxes_ = 0;
  mutable std::vector<double> terms_;
};

/// ln ∫_a^b Φ = ln(h(b) − h(a)) for a < b, a may be −∞; `width` is b − a without rounding. Relative
/// error of the integral below 1e-6.
double log_improvement_between(double a, double b, double width);

}  // namespace hone
