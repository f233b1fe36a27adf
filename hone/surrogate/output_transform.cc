#include "hone/surrogate/output_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/rng.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

/// (x − centre)/spread without overflow for any finite x; zeros where all are equal.
std::vector<double> standardise(std::vector<double> y, PowerTransform::Scale* scale = nullptr) {
  double largest = 0;
  for (const double v : y) largest = std::max(largest, std::abs(v));
  if (largest == 0) return y;
  for (double& v : y) v /= largest;
  const double centre = mean(y);
  double sum = 0;
  for (double& v : y) {
    v -= centre;
    sum += v * v;
  }
  const double sd = std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, y.size())));
  if (scale != nullptr) *scale = {largest, centre, sd > 1e-14 ? sd : 0};
  if (!(sd > 1e-14)) {
    std::fill(y.begin(), y.end(), 0.0);
    return y;
  }
  for (double& v : y) v /= sd;
  return y;
}

double yeo_johnson(double x, double lambda) {
  if (x >= 0) {
    return std::abs(lambda) < 1e-9 ? std::log1p(x) : std::expm1(lambda * std::log1p(x)) / lambda;
  }
  const double mirror = 2 - lambda;
  return std::abs(mirror) < 1e-9 ? -std::log1p(-x) : -std::expm1(mirror * std::log1p(-x)) / mirror;
}

/// The x whose transform is t.
double inverse_yeo_johnson(double t, double lambda) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (t >= 0) {
    if (std::abs(lambda) < 1e-9) return std::expm1(t);
    return lambda * t > -1 ? std::expm1(std::log1p(lambda * t) / lambda) : kInfinity;
  }
  const double mirror = 2 - lambda;
  if (std::abs(mirror) < 1e-9) return -std::expm1(-t);
  return mirror * t < 1 ? -std::expm1(std::log1p(-mirror * t) / mirror) : -kInfinity;
}

/// The log likelihood of a normal law for the transformed values, up to a constant.
double likelihood(std::span<const double> x, double lambda) {
  double sum = 0;
  double squares = 0;
  double jacobian = 0;
  for (const double v : x) {
    const double t = yeo_johnson(v, lambda);
    sum += t;
    squares += t * t;
    jacobian += std::copysign(std::log1p(std::abs(v)), v);
  }
  const auto n = static_cast<double>(x.size());
  const double variance = squares / n - (sum / n) * (sum / n);
  if (!(variance > 0)) return -std::numeric_limits<double>::infinity();
  return -0.5 * n * std::log(variance) + (lambda - 1) * jacobian;
}

double best_exponent(std::span<const double> x) {
  constexpr double kGolden = 0.6180339887498949;
  double low = -2;
  double high = 2;
  double a = high - kGolden * (high - low);
  double b = low + kGolden * (high - low);
  double at_a = likelihood(x, a);
  double at_b = likelihood(x, b);
  while (high - low > 1e-3) {
    if (at_a > at_b) {
      high = b;
      b = a;
      at_b = at_a;
      a = high - kGolden * (high - low);
      at_a = likelihood(x, a);
    } else {
      low = a;
      a = b;
      at_a = at_b;
      b = low + kGolden * (high - low);
      at_b = likelihood(x, b);
    }
  }
  return 0.5 * (low + high);
}

std::vector<double> half_rank(std::vector<double> y) {
  const double middle = median(y);
  double squares = 0;
  double good = 0;
  for (const double v : y) {
    if (v > middle) continue;
    squares += (v - middle) * (v - middle);
    ++good;
  }
  double spread = std::sqrt(squares / std::max(1.0, good));
  if (!(spread > 0)) spread = 1;
  std::vector<double> sorted = y;
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(y.size());
  for (double& v : y) {
    if (v <= middle) continue;
    // Ties share the middle of their ranks.
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), v);
    const double rank =
        0.5 * static_cast<double>((first - sorted.begin()) + (last - sorted.begin()));
    v = middle + spread * normal_quantile(std::clamp(rank / n, 0.5, 1 - 0.5 / n));
  }
  const auto [least, most] = std::minmax_element(y.begin(), y.end());
  const double low = *least;
  const double range = *most - *least;
  if (range > 0) {
    for (double& v : y) v = std::log1p(0.5 * (v - low) / range) / std::log(1.5);
  }
  return y;
}

}  // namespace

std::vector<double> winsorise(std::span<const double> losses) {
  std::vector<double> y(losses.begin(), losses.end());
  if (y.size() < 4) return y;
  const double third = quantile(y, 0.75);
  const double best = *std::min_element(y.begin(), y.end());
  const double cap = third + 3 * (third - best);
  if (third > best && std::isfinite(cap)) {
    for (double& v : y) v = std::min(v, cap);
  }
  return y;
}

PowerTransform power_transform(std::span<const double> losses, double exponent) {
  PowerTransform transform;
  transform.exponent = exponent;
  const std::vector<double> y = standardise(winsorise(losses), &transform.before);
  for (const double v : y) {
    transform.values.push_back(yeo_johnson(v, exponent));
    transform.log_jacobian += (exponent - 1) * std::copysign(std::log1p(std::abs(v)), v);
  }
  const double centre = mean(transform.values);
  double squares = 0;
  for (const double v : transform.values) squares += (v - centre) * (v - centre);
  const auto n = static_cast<double>(y.size());
  if (squares > 0) transform.log_jacobian -= 0.5 * n * std::log(squares / n);
  transform.values = standardise(std::move(transform.values), &transform.after);
  return transform;
}

double PowerTransform::loss_of(double value) const {
  const auto undo = [](double y, const Scale& scale) {
    return (y * scale.spread + scale.centre) * scale.unit;
  };
  return undo(inverse_yeo_johnson(undo(value, after), exponent), before);
}

std::vector<double> transform_losses(std::span<const double> losses, OutputTransform transform) {
  std::vector<double> y = standardise(winsorise(losses));
  if (y.size() < 3 || transform == OutputTransform::none) return y;
  if (transform == OutputTransform::half_rank) return standardise(half_rank(std::move(y)));
  const double lambda = best_exponent(y);
  std::vector<double> warped = y;
  for (double& v : warped) v = yeo_johnson(v, lambda);
  return standardise(std::move(warped));
}

}  // namespace hone
