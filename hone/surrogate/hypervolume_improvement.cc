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
constexpr double kNoWeight = 1e-14;
/// In units of z, which has unit spread.
constexpr double kBelow = 1e-3;

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

/// ln(exp(a) + exp(b)).
double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == -kInfinity ? most : most + std::log1p(std::exp(std::min(a, b) - most));
}

double interpolated(const std::vector<double>& from, const std::vector<double>& to, double at) {
  if (from.size() < 2) return at;
  const auto above = std::upper_bound(from.begin() + 1, from.end() - 1, at) - from.begin();
  const auto i = static_cast<std::size_t>(above);
  const double share = (at - from[i - 1]) / (from[i] - from[i - 1]);
  return to[i - 1] + share * (to[i] - to[i - 1]);
}

/// Of the line through two points; a least slope keeps every box in sight.
double log_slope_between(const LossScale& scale, double low, double high) {
  if (scale.z.size() < 2) return 0;
  constexpr double kLeast = 1e-9;
  const double mean = (scale.y.back() - scale.y.front()) / (scale.z.back() - scale.z.front());
  const double slope = (scale.y_of(high) - scale.y_of(low)) / (high - low);
  return std::log(slope > kLeast * mean ? slope : kLeast * mean);
}

}  // namespace

double LossScale::y_of(double at) const { return interpolated(z, y, at); }
double LossScale::z_of(double at) const { return interpolated(y, z, at); }

double log_improvement_between(double a, double b, double width) {
  const double log_h_a = a == -kInfinity ? -kInfinity : log_improvement_unit(a);
  return log_between(a, width, log_h_a, log_improvement_unit(b));
}

HypervolumeImprovement::HypervolumeImprovement(const PointSet& front,
                                               std::span<const double> reference,
                                               std::span<const LossScale> scales) {
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
    axis.log_slope.assign(axis.ends.size(), 0.0);
    for (std::size_t i = 1; i < axis.ends.size() && !scales.empty(); ++i) {
      // What lies before the best of all counts as the line through the best two does.
      const double low = i > 1 ? axis.ends[i - 1] : axis.ends[1] - kBelow;
      axis.log_slope[i] = log_slope_between(scales[k], low, axis.ends[i]);
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
  axis.step.assign(n, -kInfinity);
  axis.up_to.assign(n, -kInfinity);
  const double log_sd = std::log(sd);
  for (std::size_t i = 1; i < n; ++i) {
    const double width = (axis.ends[i] - axis.ends[i - 1]) / sd;
    axis.step[i] = log_sd + axis.log_slope[i] +
                   log_between(axis.unit[i - 1], width, axis.log_h[i - 1], axis.log_h[i]);
    axis.up_to[i] = log_sum(axis.up_to[i - 1], axis.step[i]);
  }
  axis.gain.resize(axis.sides.size());
  for (std::size_t s = 0; s < axis.sides.size(); ++s) {
    const auto [low, high] = axis.sides[s];
    const double drop = axis.up_to[high] - axis.up_to[low];
    if (high == low + 1) {
      axis.gain[s] = axis.step[high];
    } else if (drop > kNear) {
      axis.gain[s] = axis.up_to[high] + std::log1p(-std::exp(-drop));
    } else {
      axis.gain[s] = -kInfinity;
      for (std::size_t i = low + 1; i <= high; ++i)
        axis.gain[s] = log_sum(axis.gain[s], axis.step[i]);
    }
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
    axis.step_weight.assign(axis.ends.size(), 0.0);
    for (std::size_t s = 0; s < axis.sides.size(); ++s) {
      if (axis.weight[s] < kNoWeight) continue;
      for (std::size_t i = axis.sides[s].first + 1; i <= axis.sides[s].second; ++i)
        axis.step_weight[i] += axis.weight[s] * std::exp(axis.step[i] - axis.gain[s]);
    }
    const double log_sd = 0.5 * std::log(variance[k]);
    by_mean[k] = by_variance[k] = 0;
    for (std::size_t i = 1; i < axis.ends.size(); ++i) {
      if (axis.step_weight[i] < kNoWeight) continue;
      const double a = axis.unit[i - 1];
      const double b = axis.unit[i];
      // I = ∫_a^b Φ: d(σI)/dμ = −(Φ(b) − Φ(a)), d(σI)/dσ = φ(b) − φ(a).
      const double log_i = axis.step[i] - axis.log_slope[i] - log_sd;
      const double mass = i == 1 ? normal_log_cdf(b) : normal_log_mass(a, b);
      by_mean[k] -= axis.step_weight[i] * std::exp(mass - log_i - log_sd);
      const double density =
          std::exp(log_pdf(b) - log_i) - (i == 1 ? 0 : std::exp(log_pdf(a) - log_i));
      by_variance[k] += axis.step_weight[i] * density / (2 * variance[k]);
    }
  }
  return value;
}

}  // namespace hone
