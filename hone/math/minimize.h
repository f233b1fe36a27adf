// Bounded minimisation with gradients: NLopt's limited-memory BFGS behind a plain function.
#pragma once

#include <functional>
#include <span>

namespace hone {

/// The value at x; fills the gradient.
using Gradient = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct MinimizeLimits {
  int evaluations = 50;      ///< at most
  double value_step = 1e-7;  ///< stops where a step gains less, relative
  double point_step = 1e-6;  ///< stops where no coordinate moves more, relative
};

/// Moves x, which lies within [low, high], to a point that is no worse; returns the value there.
/// The best point seen counts, whatever ended the search. Non-finite values count as +∞.
double minimize_bounded(const Gradient& function, std::span<double> x, std::span<const double> low,
                        std::span<const double> high, const MinimizeLimits& limits);

}  // namespace hone
