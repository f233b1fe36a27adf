// Symbols: φ the shape, w the weight of a point, S sums over points, Λ the posterior precision of
// (a, b) over the noise's variance, a_n and b_n the parameters of the inverse gamma law.
#include "hone/surrogate/learning_curve.h"

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"

namespace hone {

namespace {

constexpr std::array<double, 5> kPowers = {0.25, 0.5, 1, 2, 4};
constexpr std::array<double, 5> kTimes = {0.02, 0.05, 0.12, 0.3, 0.8};
/// Shapes are 1 here, so that one prior fits the amplitudes of all.
constexpr double kUnitAt = 0.05;
/// Standard deviation of a and b beforehand, in spreads of the losses at the end.
constexpr double kWide = 2;
/// The noise is taken for at least this share of the spread.
constexpr double kLeastNoise = 0.005;
/// Points that the prior law of the noise's variance counts for.
constexpr double kNoisePoints = 2;
/// Losses further away, in spreads, are all alike.
constexpr double kFarthest = 1e6;

double raw_shape(std::size_t s, double x) {
  if (s < kPowers.size()) return std::pow(x, -kPowers[s]);
  s -= kPowers.size();
  if (s < kTimes.size()) return std::exp(-x / kTimes[s]);
  s -= kTimes.size();
  if (s == 0) return -std::log(x);
  if (s == 1) return -x;
  return std::cos(M_PI * x);
}

struct Shape {
  double end = 0;   // at x = 1
  double unit = 1;  // at kUnitAt, less the end
};

const std::array<Shape, kCurveShapes>& shapes() {
  static const std::array<Shape, kCurveShapes> table = [] {
    std::array<Shape, kCurveShapes> made;
    for (std::size_t s = 0; s < kCurveShapes; ++s) {
      made[s].end = raw_shape(s, 1);
      made[s].unit = raw_shape(s, kUnitAt) - made[s].end;
    }
    return made;
  }();
  return table;
}

/// The noise of a curve from its second differences: these of a straight part are noise, with
/// variance 6σ².
double noise_variance(std::span<const CurveSample> samples) {
  double sum = 0;
  std::size_t n = 0;
  for (std::size_t i = 2; i < samples.size(); ++i) {
    const double bend = samples[i].loss - 2 * samples[i - 1].loss + samples[i - 2].loss;
    sum += bend * bend;
    ++n;
  }
  return n == 0 ? 0 : sum / (6 * static_cast<double>(n));
}

struct Fit {
  double log_evidence = 0;
  double mean = 0;
  double variance = 0;
};

/// y in spreads around the middle; `noise` a variance in the same unit.
Fit fit(std::size_t s, std::span<const CurveSample> samples, const CurvePrior& prior,
        double noise) {
  double n = 0, p = 0, pp = 0, y1 = 0, py = 0, yy = 0;
  const Shape& shape = shapes()[s];
  for (const CurveSample& sample : samples) {
    const double w = sample.x / samples.back().x;
    const double phi = (raw_shape(s, sample.x) - shape.end) / shape.unit;
    const double y = std::clamp((sample.loss - prior.middle) / prior.spread, -kFarthest, kFarthest);
    n += w;
    p += w * phi;
    pp += w * phi * phi;
    y1 += w * y;
    py += w * phi * y;
    yy += w * y * y;
  }
  const double kappa = noise / (kWide * kWide);
  const double l11 = kappa + n;
  const double l22 = kappa + pp;
  const double det = l11 * l22 - p * p;
  Fit result;
  result.mean = (l22 * y1 - p * py) / det;
  const double b = (l11 * py - p * y1) / det;
  const double a_0 = kNoisePoints / 2;
  const double b_0 = a_0 * noise;
  const double a_n = a_0 + n / 2;
  const double b_n = b_0 + std::max(0.0, yy - result.mean * y1 - b * py) / 2;
  result.log_evidence = std::log(kappa) - std::log(det) / 2 + a_0 * std::log(b_0) -
                        a_n * std::log(b_n);  // less what all shapes share
  // Of the value that will be measured there, with its noise.
  result.variance = b_n / a_n * (l22 / det + 1);
  return result;
}

}  // namespace

ShapeWeights equal_shapes() {
  ShapeWeights weights;
  weights.fill(1.0 / static_cast<double>(kCurveShapes));
  return weights;
}

CurveForecast extrapolate(std::span<const CurveSample> samples, const CurvePrior& prior) {
  HONE_ASSERT(!samples.empty() && prior.spread > 0, "a curve has points, losses have a spread");
  const double noise =
      std::max(kLeastNoise * kLeastNoise, noise_variance(samples) / (prior.spread * prior.spread));
  std::array<Fit, kCurveShapes> fits;
  double most = -INFINITY;
  for (std::size_t s = 0; s < kCurveShapes; ++s) {
    fits[s] = fit(s, samples, prior, noise);
    most = std::max(most, fits[s].log_evidence);
  }
  CurveForecast forecast;
  double total = 0;
  for (std::size_t s = 0; s < kCurveShapes; ++s) {
    forecast.shape[s] = prior.shape[s] * std::exp(fits[s].log_evidence - most);
    total += forecast.shape[s];
  }
  double mean = 0;
  for (std::size_t s = 0; s < kCurveShapes; ++s) {
    forecast.shape[s] /= total;
    mean += forecast.shape[s] * fits[s].mean;
  }
  double variance = 0;
  for (std::size_t s = 0; s < kCurveShapes; ++s) {
    const double off = fits[s].mean - mean;
    variance += forecast.shape[s] * (fits[s].variance + off * off);
  }
  forecast.mean = prior.middle + prior.spread * mean;
  forecast.sd = prior.spread * std::sqrt(variance);
  return forecast;
}

double student4_cdf(double t) {
  const double q = 1 + t * t / 4;
  return 0.5 + 0.375 * t / std::sqrt(q) * (1 - t * t / (12 * q));
}

}  // namespace hone
