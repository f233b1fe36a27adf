// Losses as a model should see them: without runaway values, near to a normal law. Smaller stays
// better; the order is never changed (winsorised values become equal).
#pragma once

#include <span>
#include <vector>

namespace hone {

enum class OutputTransform {
  none,      ///< centred and scaled only
  power,     ///< Yeo and Johnson's power law, its exponent by maximum likelihood
  half_rank  ///< the worse half by its ranks, then a logarithm that spreads the best (OSS Vizier)
};

/// Centred with unit spread, whatever the scale of the losses (which are finite). One value, or all
/// equal: zeros.
std::vector<double> transform_losses(std::span<const double> losses, OutputTransform transform);

/// The power law with this exponent: the transformed losses, and ln of its derivative summed over
/// them, by which the likelihoods of differently transformed losses compare (Snelson, Rasmussen and
/// Ghahramani 2003, "Warped Gaussian processes").
struct PowerTransform {
  /// y = (x/unit − centre)/spread.
  struct Scale {
    double unit = 1;
    double centre = 0;
    double spread = 1;
  };

  std::vector<double> values;
  double log_jacobian = 0;
  double exponent = 1;
  Scale before, after;  ///< the law, and what follows it

  /// The loss whose transform is `value`: −∞ or ∞ beyond what the law takes.
  double loss_of(double value) const;
};
PowerTransform power_transform(std::span<const double> losses, double exponent);

/// Losses above the third quartile by more than three times the distance from the best to it are
/// moved there: how badly a run diverged says little.
std::vector<double> winsorise(std::span<const double> losses);

}  // namespace hone
