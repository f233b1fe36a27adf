#include "hone/surrogate/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/assert.h"
#include "hone/math/minimize.h"

namespace hone {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// ln of the bounds: lengths in units of the range, variances in those of the targets.
constexpr double kLengthLow = -4.6, kLengthHigh = 6.9;
constexpr double kScaleLow = -4.6, kScaleHigh = 4.6;
constexpr double kNoiseLow = -13.8, kNoiseHigh = 1.1;
constexpr double kTrendLow = -9.2, kTrendHigh = 4.6;
constexpr double kTinyVariance = 1e-12;
/// Points from which a quadratic trend is learned.
constexpr std::size_t kTrendFrom = 20;
/// Rows predicted together.
constexpr int kBlock = 64;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The trend's kernel for scale 1, and its derivative.
double trend_of(double s) { return (2 + s) * s / 3; }
double trend_slope(double s) { return (1 + s) * 2 / 3; }

}  // namespace

GpPrior gp_prior(int d, std::size_t trend_points) {
  GpPrior prior;
  const double grow = 0.5 * std::log(std::max(1, d));
  prior.length_mean = d <= 20 ? -0.7 + grow : M_SQRT2 + grow;
  prior.length_sd = d <= 20 ? 1.0 : std::sqrt(3.0);
  prior.trend = trend_points >= kTrendFrom;
  return prior;
}

GaussianProcess::GaussianProcess(std::vector<GpColumn> columns, GpPrior prior)
    : columns_(std::move(columns)), prior_(prior), data_(columns_.size()) {}

void GaussianProcess::push_row(std::span<const double> row) {
  HONE_ASSERT(row.size() == columns_.size(), "a row has an entry per column");
  for (std::size_t j = 0; j < data_.size(); ++j) {
    const bool active = !std::isnan(row[j]);
    data_[j].x.push_back(active ? row[j] : 0);
    data_[j].active.push_back(active ? 1 : 0);
    data_[j].z.push_back(active ? 2 * row[j] - 1 : 0);
    data_[j].all_active = data_[j].all_active && active;
  }
  ++n_;
}

void GaussianProcess::set_rows(std::span<const double> rows, int n) {
  for (Column& column : data_) column = {};
  n_ = 0;
  has_pairs_ = false;
  const std::size_t d = columns_.size();
  for (int i = 0; i < n; ++i) push_row(rows.subspan(at(i) * d, d));
}

void GaussianProcess::make_pairs() {
  has_pairs_ = true;
  pairs_.resize(columns_.size());
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = data_[j];
    std::vector<double>& pairs = pairs_[j];
    pairs.resize(at(n_) * at(n_ - 1) / 2);
    double* out = pairs.data();
    for (std::size_t k = 0; k < at(n_); ++k) {
      for (std::size_t i = k + 1; i < at(n_); ++i) {
        const double difference = column.x[i] - column.x[k];
        double delta = columns_[j] == GpColumn::number ? difference * difference
                                                       : static_cast<double>(difference != 0);
        if (!column.all_active) {
          const double both = column.active[i] * column.active[k];
          const double one = column.active[i] + column.active[k] - 2 * both;
          delta = both * delta + one;
        }
        *out++ = delta;
      }
    }
  }
  trend_.assign(at(n_) * at(n_ - 1) / 2, 0.0);
  self_trend_.assign(at(n_), 0.0);
  if (!prior_.trend) return;
  std::vector<double> row(columns_.size());
  std::vector<double> s(at(n_));
  for (std::size_t k = 0, p = 0; k < at(n_); ++k) {
    for (std::size_t j = 0; j < columns_.size(); ++j)
      row[j] = data_[j].active[k] != 0 ? data_[j].x[k] : std::nan("");
    self_trend_[k] = trend_of(align(row, s.data()));
    for (std::size_t i = k + 1; i < at(n_); ++i) trend_[p++] = trend_of(s[i]);
  }
}

double GaussianProcess::align(std::span<const double> row, double* s) const {
  const std::size_t n = at(n_);
  std::fill(s, s + n, 0.0);
  double self = 0;
  const double weight = 1.0 / static_cast<double>(columns_.size());
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (std::isnan(row[j])) continue;
    const Column& column = data_[j];
    if (columns_[j] == GpColumn::number) {
      const double z = 2 * row[j] - 1;
      self += 3 * weight * z * z;
      for (std::size_t i = 0; i < n; ++i) s[i] += 3 * weight * z * column.z[i];
    } else {
      self += weight;
      for (std::size_t i = 0; i < n; ++i)
        s[i] += column.active[i] != 0 && column.x[i] == row[j] ? weight : 0;
    }
  }
  return self;
}

GpParameters GaussianProcess::prior_mode() const {
  GpParameters mode(columns_.size() + 3, prior_.length_mean);
  mode[columns_.size()] = 0;
  mode[columns_.size() + 1] = prior_.noise_mean;
  mode[columns_.size() + 2] = prior_.trend ? prior_.trend_mean : kTrendLow;
  return mode;
}

/// The gradient of the likelihood's part of the loss, from what `loss` has left in its arrays.
void GaussianProcess::loss_gradient(std::span<const double> parameters, double scale, double noise,
                                    std::span<double> gradient) {
  const std::size_t d = columns_.size();
  const std::size_t n = at(n_);
  const std::size_t count = n * (n - 1) / 2;
  work_.inverse(inverse_);
  double by_scale = 0;
  double by_noise = 0;
  double by_trend = 0;
  for (std::size_t k = 0, p = 0; k < n; ++k) {
    const double* column = &inverse_[k * n];
    const double w = column[k] - alpha_work_[k] * alpha_work_[k];
    by_scale += 0.5 * w * scale;
    by_noise += 0.5 * w * noise;
    by_trend += 0.5 * w * self_trend_[k];
    for (std::size_t i = k + 1; i < n; ++i, ++p) {
      const double off = column[i] - alpha_work_[i] * alpha_work_[k];
      by_scale += off * kernel_[p];
      by_trend += off * trend_[p];
      slope_[p] *= off;
    }
  }
  gradient[d] = by_scale;
  gradient[d + 1] = by_noise;
  gradient[d + 2] = by_trend * std::exp(parameters[d + 2]);
  for (std::size_t j = 0; j < d; ++j) {
    const double* delta = pairs_[j].data();
    double lanes[4] = {0, 0, 0, 0};
    std::size_t p = 0;
    for (; p + 4 <= count; p += 4) {
      for (std::size_t l = 0; l < 4; ++l) lanes[l] += slope_[p + l] * delta[p + l];
    }
    for (; p < count; ++p) lanes[0] += slope_[p] * delta[p];
    gradient[j] = std::exp(-2 * parameters[j]) * (lanes[0] + lanes[1] + lanes[2] + lanes[3]);
  }
}

bool GaussianProcess::factor(std::span<const double> parameters) {
  if (!has_pairs_) make_pairs();
  const std::size_t d = columns_.size();
  const std::size_t n = at(n_);
  const std::size_t count = n * (n - 1) / 2;
  const double scale = std::exp(parameters[d]);
  const double noise = std::exp(parameters[d + 1]);
  const double trend = std::exp(parameters[d + 2]);
  r2_.assign(count, 0.0);
  for (std::size_t j = 0; j < d; ++j) {
    const double weight = std::exp(-2 * parameters[j]);
    const double* delta = pairs_[j].data();
    double* r2 = r2_.data();
    for (std::size_t p = 0; p < count; ++p) r2[p] += weight * delta[p];
  }
  kernel_.resize(count);
  slope_.resize(count);
  for (std::size_t p = 0; p < count; ++p) {
    const double a = std::sqrt(5 * r2_[p]);
    const double e = scale * std::exp(-a);
    kernel_[p] = (1 + a * (1 + a / 3)) * e;
    slope_[p] = (5.0 / 3) * (1 + a) * e;
  }
  matrix_.resize(n * n);
  for (std::size_t k = 0, p = 0; k < n; ++k) {
    matrix_[k * n + k] = scale + noise + trend * self_trend_[k] + 1e-10 * scale;
    for (std::size_t i = k + 1; i < n; ++i, ++p)
      matrix_[k * n + i] = kernel_[p] + trend * trend_[p];
  }
  return work_.factor(matrix_, n_);
}

double GaussianProcess::fit_of(std::span<const double> y) {
  alpha_work_.assign(y.begin(), y.end());
  work_.solve(alpha_work_);
  double value = 0.5 * work_.log_determinant();
  for (std::size_t i = 0; i < at(n_); ++i) value += 0.5 * y[i] * alpha_work_[i];
  return value;
}

double GaussianProcess::prior_loss(std::span<const double> parameters,
                                   std::span<double> gradient) const {
  const std::size_t d = columns_.size();
  double value = 0;
  const auto add = [&](std::size_t j, double mean, double sd) {
    const double z = (parameters[j] - mean) / sd;
    value += 0.5 * z * z;
    if (!gradient.empty()) gradient[j] += z / sd;
  };
  for (std::size_t j = 0; j < d; ++j) add(j, prior_.length_mean, prior_.length_sd);
  add(d, 0, prior_.scale_sd);
  add(d + 1, prior_.noise_mean, prior_.noise_sd);
  if (prior_.trend) add(d + 2, prior_.trend_mean, prior_.trend_sd);
  return value;
}

double GaussianProcess::loss(std::span<const double> parameters, std::span<const double> y,
                             std::span<double> gradient) {
  if (!factor(parameters)) return kInfinity;
  const double value = fit_of(y);
  if (!gradient.empty()) {
    const std::size_t d = columns_.size();
    loss_gradient(parameters, std::exp(parameters[d]), std::exp(parameters[d + 1]), gradient);
  }
  return value + prior_loss(parameters, gradient);
}

std::vector<double> GaussianProcess::losses(std::span<const double> parameters,
                                            std::span<const std::vector<double>> targets) {
  std::vector<double> result(targets.size(), kInfinity);
  if (!factor(parameters)) return result;
  const double prior = prior_loss(parameters, {});
  for (std::size_t i = 0; i < targets.size(); ++i) result[i] = fit_of(targets[i]) + prior;
  return result;
}

GpParameters GaussianProcess::fit(std::span<const double> y, std::span<const GpParameters> starts,
                                  int evaluations) {
  const std::size_t d = columns_.size();
  std::vector<double> low(d + 3, kLengthLow);
  std::vector<double> high(d + 3, kLengthHigh);
  low[d] = kScaleLow;
  high[d] = kScaleHigh;
  low[d + 1] = kNoiseLow;
  high[d + 1] = kNoiseHigh;
  low[d + 2] = kTrendLow;
  high[d + 2] = kTrendHigh;
  GpParameters best = prior_mode();
  double least = kInfinity;
  MinimizeLimits limits;
  limits.evaluations = evaluations;
  limits.value_step = 1e-5;
  limits.point_step = 1e-3;
  const Gradient function = [&](std::span<const double> x, std::span<double> gradient) {
    return loss(x, y, gradient);
  };
  for (const GpParameters& start : starts) {
    GpParameters x = start;
    for (std::size_t j = 0; j < x.size(); ++j) x[j] = std::clamp(x[j], low[j], high[j]);
    const double value = minimize_bounded(function, x, low, high, limits);
    if (value < least) {
      least = value;
      best = x;
    }
  }
  return best;
}

void GaussianProcess::condition(const GpParameters& parameters, std::span<const double> y) {
  const std::size_t d = columns_.size();
  const std::size_t n = at(n_);
  parameters_ = parameters;
  inverse_length2_.resize(d);
  for (std::size_t j = 0; j < d; ++j) inverse_length2_[j] = std::exp(-2 * parameters[j]);
  scale_ = std::exp(parameters[d]);
  noise_ = std::exp(parameters[d + 1]);
  trend_scale_ = prior_.trend ? std::exp(parameters[d + 2]) : 0;
  std::vector<double> self(n);
  y_.assign(y.begin(), y.end());
  matrix_.assign(n * n, 0.0);
  std::vector<double> row(d);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j)
      row[j] = data_[j].active[i] != 0 ? data_[j].x[i] : std::nan("");
    self[i] = trend_scale_ * trend_of(correlate(row, &matrix_[i * n], nullptr, nullptr));
  }
  for (double extra = 1e-10 * scale_;; extra *= 10) {
    for (std::size_t i = 0; i < n; ++i) matrix_[i * n + i] = scale_ + self[i] + noise_ + extra;
    if (factor_.factor(matrix_, n_)) {
      noise_ += extra;
      break;
    }
  }
  alpha_ = y_;
  factor_.solve(alpha_);
}

void GaussianProcess::append(std::span<const double> row, double y) {
  std::vector<double> kernel(at(n_));
  const double self = trend_scale_ * trend_of(correlate(row, kernel.data(), nullptr, nullptr));
  double noise = noise_;
  while (!factor_.append(kernel, scale_ + self + noise)) noise = 10 * noise + 1e-10 * scale_;
  push_row(row);
  has_pairs_ = false;
  y_.push_back(y);
  alpha_ = y_;
  factor_.solve(alpha_);
}

double GaussianProcess::noise_variance() const { return noise_; }
double GaussianProcess::scale() const { return scale_; }
double GaussianProcess::length(int j) const { return std::exp(parameters_[at(j)]); }

double GaussianProcess::correlate(std::span<const double> row, double* kernel, double* slope,
                                  double* by_s) const {
  const std::size_t n = at(n_);
  std::fill(kernel, kernel + n, 0.0);
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const Column& column = data_[j];
    const double weight = inverse_length2_[j];
    const double x = row[j];
    if (std::isnan(x)) {
      if (column.all_active) {
        for (std::size_t i = 0; i < n; ++i) kernel[i] += weight;
      } else {
        for (std::size_t i = 0; i < n; ++i) kernel[i] += weight * column.active[i];
      }
    } else if (columns_[j] == GpColumn::number) {
      if (column.all_active) {
        for (std::size_t i = 0; i < n; ++i) {
          const double difference = x - column.x[i];
          kernel[i] += weight * difference * difference;
        }
      } else {
        for (std::size_t i = 0; i < n; ++i) {
          const double difference = x - column.x[i];
          kernel[i] += weight * (column.active[i] * (difference * difference - 1) + 1);
        }
      }
    } else {
      for (std::size_t i = 0; i < n; ++i)
        kernel[i] += column.active[i] != 0 && x == column.x[i] ? 0 : weight;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double a = std::sqrt(5 * kernel[i]);
    const double e = scale_ * std::exp(-a);
    kernel[i] = (1 + a * (1 + a / 3)) * e;
    if (slope != nullptr) slope[i] = (5.0 / 3) * (1 + a) * e;
  }
  if (!prior_.trend) {
    if (by_s != nullptr) std::fill(by_s, by_s + n, 0.0);
    return 0;
  }
  t_.resize(n);
  const double self = align(row, t_.data());
  for (std::size_t i = 0; i < n; ++i) kernel[i] += trend_scale_ * trend_of(t_[i]);
  if (by_s != nullptr) {
    for (std::size_t i = 0; i < n; ++i) by_s[i] = trend_scale_ * trend_slope(t_[i]);
  }
  return self;
}

GpPrediction GaussianProcess::predict(std::span<const double> row) const {
  const std::size_t n = at(n_);
  k_.resize(n);
  const double self = correlate(row, k_.data(), nullptr, nullptr);
  GpPrediction prediction;
  for (std::size_t i = 0; i < n; ++i) prediction.mean += k_[i] * alpha_[i];
  if (n > 0) factor_.solve_lower(k_);
  double explained = 0;
  for (const double z : k_) explained += z * z;
  prediction.variance =
      std::max(scale_ + trend_scale_ * trend_of(self) - explained, kTinyVariance * scale_);
  return prediction;
}

GpPrediction GaussianProcess::predict(std::span<const double> row, std::span<double> mean_gradient,
                                      std::span<double> variance_gradient) const {
  const std::size_t n = at(n_);
  k_.resize(n);
  s_.resize(n);
  by_s_.resize(n);
  const double self = correlate(row, k_.data(), s_.data(), by_s_.data());
  beta_ = k_;
  if (n > 0) factor_.solve(beta_);
  GpPrediction prediction;
  double explained = 0;
  for (std::size_t i = 0; i < n; ++i) {
    prediction.mean += k_[i] * alpha_[i];
    explained += k_[i] * beta_[i];
  }
  prediction.variance =
      std::max(scale_ + trend_scale_ * trend_of(self) - explained, kTinyVariance * scale_);
  // dk_i/dx_j = −slope_i·(x_j − x_ij)/ℓ_j².
  // The trend's part is by_s_i·ds_i/dx_j with ds_i/dx_j = 6/d·z_ij.
  t_ = by_s_;
  for (std::size_t i = 0; i < n; ++i) {
    by_s_[i] *= beta_[i];
    t_[i] *= alpha_[i];
    beta_[i] *= s_[i];
    s_[i] *= alpha_[i];
  }
  const double weight = 6.0 / static_cast<double>(columns_.size());
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    mean_gradient[j] = variance_gradient[j] = 0;
    if (columns_[j] != GpColumn::number || std::isnan(row[j])) continue;
    const Column& column = data_[j];
    double by_mean = 0;
    double by_variance = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double difference = column.active[i] * (row[j] - column.x[i]);
      by_mean += s_[i] * difference;
      by_variance += beta_[i] * difference;
    }
    mean_gradient[j] = -inverse_length2_[j] * by_mean;
    variance_gradient[j] = 2 * inverse_length2_[j] * by_variance;
    if (!prior_.trend) continue;
    double trend_mean = 0;
    double trend_variance = 0;
    for (std::size_t i = 0; i < n; ++i) {
      trend_mean += t_[i] * column.z[i];
      trend_variance += by_s_[i] * column.z[i];
    }
    const double z = 2 * row[j] - 1;
    mean_gradient[j] += weight * trend_mean;
    variance_gradient[j] += 2 * weight * (trend_scale_ * trend_slope(self) * z - trend_variance);
  }
  return prediction;
}

bool GaussianProcess::whiten(std::span<const double> parameters,
                             std::vector<std::vector<double>>& columns, double& log_determinant) {
  if (!factor(parameters)) return false;
  for (std::vector<double>& column : columns) work_.solve_lower(column);
  log_determinant = work_.log_determinant();
  return true;
}

void GaussianProcess::predict_many(std::span<const double> rows, int count,
                                   std::span<GpPrediction> predictions) const {
  const std::size_t n = at(n_);
  const std::size_t d = columns_.size();
  std::vector<double> block(n * kBlock);
  std::vector<double> self(kBlock);
  for (int first = 0; first < count; first += kBlock) {
    const int m = std::min(kBlock, count - first);
    for (int c = 0; c < m; ++c) {
      double* kernel = block.data() + at(c) * n;
      const auto row = rows.subspan(at(first + c) * d, d);
      self[at(c)] = scale_ + trend_scale_ * trend_of(correlate(row, kernel, nullptr, nullptr));
      double mean = 0;
      for (std::size_t i = 0; i < n; ++i) mean += kernel[i] * alpha_[i];
      predictions[at(first + c)].mean = mean;
    }
    if (n > 0) factor_.solve_lower_many(std::span(block).first(n * at(m)), m);
    for (int c = 0; c < m; ++c) {
      const double* z = block.data() + at(c) * n;
      double explained = 0;
      for (std::size_t i = 0; i < n; ++i) explained += z[i] * z[i];
      predictions[at(first + c)].variance =
          std::max(self[at(c)] - explained, kTinyVariance * scale_);
    }
  }
}

double GaussianProcess::mean_at(int i) const { return y_[at(i)] - noise_ * alpha_[at(i)]; }

}  // namespace hone
