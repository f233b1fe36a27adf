#include "hone/surrogate/hypervolume_improvement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "hone/math/non_dominated_boxes.h"
#include "hone/math/normal.h"
#include "hone/surrogate/acquisition.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Up to this difference of the logarithms the integral is summed instead: h hardly changes there.
constexpr double kNear = 0.1;

/// Three-point Gauss-Legendre: exact to 1e-9 where Φ changes by a tenth.
double log_integral(double a, double width) {
  constexpr std::array<double, 3> kAt = {0.1127016653792583, 0.5, 0.8872983346207417};
  constexpr std::array<double, 3> kWeight = {5.0 / 18, 8.0 / 18, 5.0 / 18};
  std::array<double, 3> logs{};
  double most = -kInfinity;
  for (std::size_t i = 0; i < 3; ++i)
    most = std::max(most, logs[i] = normal_log_cdf(a + kAt[i] * width));
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) sum += kWeight[i] * std::exp(logs[i] - most);
  return std::log(width) + most + std::log(sum);
}

double log_between(double a, double width, double log_h_a, double log_h_b) {
  const double drop = log_h_b - log_h_a;
  return drop > kNear ? log_h_b + std::log1p(-std::exp(-drop)) : log_integral(a, width);
}

double log_pdf(double x) { return -0.5 * x * x - kLogSqrt2Pi; }

}  // namespace

double log_improvement_between(double a, double b, double width) {
  const double log_h_a = a == -kInfinity ? -kInfinity : log_improvement_unit(a);
  return log_between(a, width, log_h_a, log_improvement_unit(b));
}

HypervolumeImprovement::HypervolumeImprovement(const PointSet& front,
                                               std::span<const double> reference) {
  const BoxSet boxes = non_dominated_boxes(front, reference);
  boxes_ = boxes.size();
  const std::size_t m = reference.size();
  for (std::size_t k = 0; k < m; ++k) {
    Axis axis;
    for (std::size_t b = 0; b < boxes_; ++b) {
      axis.ends.push_back(boxes.low[b * m + k]);
      axis.ends.push_back(boxes.high[b * m + k]);
    }
    std::sort(axis.ends.begin(), axis.ends.end());
    axis.ends.erase(std::unique(axis.ends.begin(), axis.ends.end()), axis.ends.end());
    const auto index = [&](double end) {
      return static_cast<std::size_t>(std::lower_bound(axis.ends.begin(), axis.ends.end(), end) -
                                      axis.ends.begin());
    };
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> known;
    for (std::size_t b = 0; b < boxes_; ++b) {
      const std::pair side{index(boxes.low[b * m + k]), index(boxes.high[b * m + k])};
      const auto [it, is_new] = known.emplace(side, axis.sides.size());
      if (is_new) axis.sides.push_back(side);
      axis.of_box.push_back(it->second);
    }
    axes_.push_back(std::move(axis));
  }
}

/// ln of the expected gain along every side.
void HypervolumeImprovement::weigh_sides(const Axis& axis, double mean, double sd) const {
  const std::size_t n = axis.ends.size();
  axis.unit.resize(n);
  axis.log_h.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    axis.unit[i] = (axis.ends[i] - mean) / sd;
    axis.log_h[i] = axis.ends[i] == -kInfinity ? -kInfinity : log_improvement_unit(axis.unit[i]);
  }
  axis.gain.resize(axis.sides.size());
  for (std::size_t s = 0; s < axis.sides.size(); ++s) {
    const auto [low, high] = axis.sides[s];
    const double width = (axis.ends[high] - axis.ends[low]) / sd;
    axis.gain[s] =
        std::log(sd) + log_between(axis.unit[low], width, axis.log_h[low], axis.log_h[high]);
  }
}

/// Fills terms_ with the logarithms of the boxes; ln of their sum.
double HypervolumeImprovement::sum() const {
  terms_.assign(boxes_, 0.0);
  double most = -kInfinity;
  for (std::size_t b = 0; b < boxes_; ++b) {
    for (const Axis& axis : axes_) terms_[b] += axis.gain[axis.of_box[b]];
    most = std::max(most, terms_[b]);
  }
  double total = 0;
  for (const double term : terms_) total += std::exp(term - most);
  return most + std::log(total);
}

double HypervolumeImprovement::log_expected(std::span<const double> mean,
                                            std::span<const double> variance) const {
  for (std::size_t k = 0; k < axes_.size(); ++k)
    weigh_sides(axes_[k], mean[k], std::sqrt(variance[k]));
  return sum();
}

double HypervolumeImprovement::log_expected(std::span<const double> mean,
                                            std::span<const double> variance,
                                            std::span<double> by_mean,
                                            std::span<double> by_variance) const {
  const double value = log_expected(mean, variance);
  // d ln Σ_b exp(Σ_k g_kb) = Σ_k Σ_s w_ks dg_ks, with w_ks the share of the boxes with side s.
  for (const Axis& axis : axes_) axis.weight.assign(axis.sides.size(), 0.0);
  for (std::size_t b = 0; b < boxes_; ++b) {
    const double share = std::exp(terms_[b] - value);
    for (const Axis& axis : axes_) axis.weight[axis.of_box[b]] += share;
  }
  for (std::size_t k = 0; k < axes_.size(); ++k) {
    const Axis& axis = axes_[k];
    const double log_sd = 0.5 * std::log(variance[k]);
    by_mean[k] = by_variance[k] = 0;
    for (std::size_t s = 0; s < axis.sides.size(); ++s) {
      if (axis.weight[s] == 0) continue;
      const double a = axis.unit[axis.sides[s].first];
      const double b = axis.unit[axis.sides[s].second];
      // I = ∫_a^b Φ: d(σI)/dμ = −(Φ(b) − Φ(a)), d(σI)/dσ = φ(b) − φ(a).
      const double log_i = axis.gain[s] - log_sd;
      const double mass = a == -kInfinity ? normal_log_cdf(b) : normal_log_mass(a, b);
      by_mean[k] -= axis.weight[s] * std::exp(mass - axis.gain[s]);
      const double density =
          std::exp(log_pdf(b) - log_i) - (a == -kInfinity ? 0 : std::exp(log_pdf(a) - log_i));
      by_variance[k] += axis.weight[s] * density / (2 * variance[k]);
    }
  }
  return value;
}

}  // namespace hone
