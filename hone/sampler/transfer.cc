#include "hone/sampler/transfer.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hone {
namespace {

constexpr std::array kTrusts = {0.5, 0.7, 0.8, 0.9, 0.95, 0.98};
/// Prior odds that the sources say something.
constexpr double kOdds = 4;
/// Spread of the losses over the space, in units of that of the trials, which were not drawn at
/// random: ln s ~ N(0, kSpreadSd²).
constexpr std::array kSpreads = {0.7, 1.0, 1.5, 2.2, 3.3, 5.0, 8.0, 13.0, 20.0, 35.0, 60.0};
constexpr double kSpreadSd = 2.0;
/// Of the level, in units of s.
constexpr double kLevelSd = 1.5;
/// Sources with less weight are left out.
constexpr double kLeastWeight = 0.02;
/// Below it the sources contradict each other.
constexpr double kLeastNorm = 0.05;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double amplitude(double trust, double variance) {
  return std::sqrt(1 - trust * trust + trust * trust * std::min(1.0, variance));
}

}  // namespace

/// M and V at this study's points.
struct Transfer::Points {
  std::vector<double> mean;
  std::vector<double> variance;
};

struct Transfer::Fit {
  double loss = INFINITY;  // −ln p
  double trust = 0;
  double spread = 1;
  double level = 0;   // c
  double priors = 0;  // the part of the loss that is not of the residual
};

Transfer::Transfer(const SearchSpace& space, const std::vector<WarmSource>& sources)
    : models_(space, sources) {
  const std::size_t count = models_.size();
  const auto rows = static_cast<double>(models_.spread().size());
  std::vector<std::vector<double>> means(count);
  unknown_.assign(count, 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    for (const auto& row : models_.spread()) {
      const GpPrediction p = models_.predict(k, row);
      means[k].push_back(p.mean);
      unknown_[k] += p.variance / rows;
    }
  }
  covariance_.assign(count, std::vector<double>(count));
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t l = 0; l < count; ++l) covariance_[k][l] = dot(means[k], means[l]) / rows;
  }
}

/// y = c·1 + s·(ρ·m + a·g), g ~ N(0, K), c ~ N(0, (kLevelSd·s)²), over the grids of ρ and s. Ones,
/// y/a and m/a are whitened by K.
Transfer::Fit Transfer::best_fit(GaussianProcess& process, std::span<const GpParameters> candidates,
                                 const Points& points, std::span<const double> y) const {
  const std::size_t n = y.size();
  Fit best;
  for (const double trust : kTrusts) {
    std::vector<std::vector<double>> scaled(3, std::vector<double>(n));
    double log_amplitudes = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double a = amplitude(trust, points.variance[i]);
      scaled[0][i] = 1 / a;
      scaled[1][i] = y[i] / a;
      scaled[2][i] = points.mean[i] / a;
      log_amplitudes += std::log(a);
    }
    for (const GpParameters& parameters : candidates) {
      auto w = scaled;
      double base = process.loss(parameters, scaled[1], {});  // with determinant and prior
      double log_determinant = 0;
      if (!std::isfinite(base) || !process.whiten(parameters, w, log_determinant)) continue;
      const double yy = dot(w[1], w[1]);
      const double ym = dot(w[1], w[2]);
      const double mm = dot(w[2], w[2]);
      const double oy = dot(w[0], w[1]);
      const double om = dot(w[0], w[2]);
      const double oo = dot(w[0], w[0]);
      base -= 0.5 * yy;
      for (const double s : kSpreads) {
        const double b = trust * s;
        const double uu = yy - 2 * b * ym + b * b * mm;
        const double ou = oy - b * om;
        const double level_var = kLevelSd * kLevelSd * s * s;
        const double precision = oo / (s * s) + 1 / level_var;
        const double level = ou / (s * s) / precision;
        // Around the best level the residual's part is ½·|u − level|²/s².
        const double residual = 0.5 * (uu - 2 * ou * level + oo * level * level) / (s * s);
        const double priors = static_cast<double>(n) * std::log(s) + log_amplitudes +
                              0.5 * level * level / level_var +
                              0.5 * std::log(level_var * precision) +
                              0.5 * std::pow(std::log(s) / kSpreadSd, 2) - std::log(kOdds);
        const double loss = base + residual + priors;
        if (loss < best.loss) best = {loss, trust, s, level, priors};
      }
    }
  }
  return best;
}

/// Weights by the likelihood of each source alone, and the norm of the sum.
void Transfer::weigh(const std::vector<double>& alone) {
  const std::size_t count = alone.size();
  const double least = *std::min_element(alone.begin(), alone.end());
  double sum = 0;
  weights_.resize(count);
  for (std::size_t k = 0; k < count; ++k) sum += weights_[k] = std::exp(least - alone[k]);
  double kept = 0;
  for (double& w : weights_) {
    w = w / sum < kLeastWeight ? 0 : w / sum;
    kept += w;
  }
  for (double& w : weights_) w /= kept;
  double norm2 = 0;
  for (std::size_t k = 0; k < count; ++k) {
    norm2 += weights_[k] * unknown_[k];
    for (std::size_t l = 0; l < count; ++l) norm2 += weights_[k] * weights_[l] * covariance_[k][l];
  }
  norm_ = std::sqrt(std::max(0.0, norm2));
}

bool Transfer::choose(GaussianProcess& process, std::span<const GpParameters> candidates,
                      std::span<const double> rows, std::span<const double> y) {
  drop();
  const std::size_t count = models_.size();
  const std::size_t n = y.size();
  double without = INFINITY;
  for (const GpParameters& parameters : candidates)
    without = std::min(without, process.loss(parameters, y, {}));
  std::vector<Points> of(count);
  std::vector<double> alone(count);
  std::vector<GpPrediction> predictions(n);
  for (std::size_t k = 0; k < count; ++k) {
    models_.predict_many(k, rows, static_cast<int>(n), predictions);
    for (const GpPrediction& p : predictions) {
      of[k].mean.push_back(p.mean);
      of[k].variance.push_back(p.variance);
    }
    alone[k] = best_fit(process, candidates, of[k], y).loss;
  }
  if (!std::isfinite(*std::min_element(alone.begin(), alone.end()))) return false;
  weigh(alone);
  if (!(norm_ > kLeastNorm)) return false;
  Points points{std::vector<double>(n, 0.0), std::vector<double>(n, 0.0)};
  for (std::size_t k = 0; k < count; ++k) {
    if (weights_[k] == 0) continue;
    for (std::size_t i = 0; i < n; ++i) {
      points.mean[i] += weights_[k] * of[k].mean[i] / norm_;
      points.variance[i] += weights_[k] * of[k].variance[i] / (norm_ * norm_);
    }
  }
  const Fit best = best_fit(process, candidates, points, y);
  if (!(best.loss < without)) return false;
  trust_ = best.trust;
  unit_ = best.spread;
  level_ = best.level / best.spread;
  loss_ = best.priors;
  offsets_.resize(n);
  amplitudes_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    offsets_[i] = level_ + trust_ * points.mean[i];
    amplitudes_[i] = amplitude(trust_, points.variance[i]);
  }
  return true;
}

double Transfer::residual(std::size_t i, double loss) const {
  return (loss - offsets_[i]) / amplitudes_[i];
}

/// `sources`: the weighted sums of means and variances.
GpPrediction Transfer::finish(GpPrediction sources, const GpPrediction& p) const {
  const double a = amplitude(trust_, sources.variance / (norm_ * norm_));
  return {level_ + trust_ * sources.mean / norm_ + a * p.mean, a * a * p.variance};
}

GpPrediction Transfer::adjust(std::span<const double> row, const GpPrediction& p) const {
  GpPrediction sum;
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    if (weights_[k] == 0) continue;
    const GpPrediction own = models_.predict(k, row);
    sum.mean += weights_[k] * own.mean;
    sum.variance += weights_[k] * own.variance;
  }
  return finish(sum, p);
}

GpPrediction Transfer::adjust(std::span<const double> row, const GpPrediction& p,
                              std::span<double> by_mean, std::span<double> by_variance) const {
  const std::size_t d = row.size();
  mean_slope_.assign(d, 0.0);
  variance_slope_.assign(d, 0.0);
  by_mean_.resize(d);
  by_variance_.resize(d);
  GpPrediction sum;
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    if (weights_[k] == 0) continue;
    const GpPrediction own = models_.predict(k, row, by_mean_, by_variance_);
    sum.mean += weights_[k] * own.mean;
    sum.variance += weights_[k] * own.variance;
    for (std::size_t j = 0; j < d; ++j) {
      mean_slope_[j] += weights_[k] * by_mean_[j];
      variance_slope_[j] += weights_[k] * by_variance_[j];
    }
  }
  const GpPrediction result = finish(sum, p);
  const double a = std::sqrt(result.variance / p.variance);
  const bool known = sum.variance < norm_ * norm_;
  for (std::size_t j = 0; j < d; ++j) {
    // d(a²) = ρ²·dV; da = d(a²)/(2a).
    const double by_a2 = known ? trust_ * trust_ * variance_slope_[j] / (norm_ * norm_) : 0;
    by_mean[j] = trust_ * mean_slope_[j] / norm_ + a * by_mean[j] + 0.5 * by_a2 / a * p.mean;
    by_variance[j] = by_a2 * p.variance + a * a * by_variance[j];
  }
  return result;
}

void Transfer::adjust_many(std::span<const double> rows, int count,
                           std::span<GpPrediction> p) const {
  many_.resize(p.size());
  sum_.assign(p.size(), {});
  for (std::size_t k = 0; k < weights_.size(); ++k) {
    if (weights_[k] == 0) continue;
    models_.predict_many(k, rows, count, many_);
    for (std::size_t i = 0; i < p.size(); ++i) {
      sum_[i].mean += weights_[k] * many_[i].mean;
      sum_[i].variance += weights_[k] * many_[i].variance;
    }
  }
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = finish(sum_[i], p[i]);
}

}  // namespace hone
