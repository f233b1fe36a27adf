#include "hone/sampler/gp_objective.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace hone {
namespace {

/// A fitted noise variance above this (targets have unit spread) makes single values untrustworthy.
constexpr double kNoisy = 1e-3;
constexpr int kWarmEvaluations = 12;
constexpr int kFreshEvaluations = 30;
/// Of the power law of the losses: below 1 the best are spread out, above 1 the worst.
constexpr std::array kExponents = {-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0};
constexpr std::size_t kLearnTransformFrom = 8;
/// Trials up to which earlier studies are listened to; then a study's own say enough.
constexpr std::size_t kTransferUpTo = 250;

}  // namespace

GpObjective::GpObjective(std::vector<GpColumn> columns, const GpObjectiveOptions& options,
                         std::size_t trials, Transfer* transfer)
    : options_(options),
      process_(columns, gp_prior(static_cast<int>(columns.size()), options.trend ? trials : 0)),
      transfer_(trials <= kTransferUpTo ? transfer : nullptr) {}

void GpObjective::build(std::span<const double> rows, std::span<const double> losses,
                        const GpFit* start, bool restart, bool refit) {
  const auto parameters = static_cast<std::size_t>(process_.dimension()) + 3;
  if (start != nullptr && start->parameters.size() != parameters) start = nullptr;
  if (refit || start == nullptr) {
    fit(rows, losses, start, restart);
  } else {
    fit_ = *start;
  }
  power_.reset();
  if (options_.learn_transform) power_ = power_transform(losses, fit_.exponent);
  y_ = power_ ? power_->values : transform_losses(losses, options_.transform);
  plain_.assign(losses.begin(), losses.end());
  process_.set_rows(rows, static_cast<int>(losses.size()));
  if (transfer_ == nullptr) {
    process_.condition(fit_.parameters, y_);
  } else {
    const std::vector<double> targets = residuals(rows, start, refit);
    process_.condition(fit_.parameters, targets);
    if (transferred()) power_.reset();
  }
}

/// What the process is conditioned on beside earlier studies: where they help the residuals to what
/// they expect (`y_` and the parameters become those of the residual), else `y_`.
std::vector<double> GpObjective::residuals(std::span<const double> rows, const GpFit* start,
                                           bool refit) {
  rows_.assign(rows.begin(), rows.end());
  std::vector<GpParameters> candidates = {fit_.parameters};
  if (refit) candidates.push_back(process_.prior_mode());
  if (refit && start != nullptr) candidates.push_back(start->parameters);
  if (!transfer_->choose(process_, candidates, rows, y_)) return y_;
  std::vector<double> residuals;
  for (std::size_t i = 0; i < y_.size(); ++i)
    residuals.push_back(transfer_->residual(i, y_[i] / transfer_->unit()));
  if (refit) {
    candidates.erase(candidates.begin());
    GpParameters parameters = process_.fit(residuals, candidates, kWarmEvaluations);
    const double with = process_.loss(parameters, residuals, {}) + transfer_->loss();
    if (!(with < process_.loss(fit_.parameters, y_, {}))) {
      transfer_->drop();
      return y_;
    }
    fit_.parameters = std::move(parameters);
  }
  for (double& v : y_) v /= transfer_->unit();
  return residuals;
}

/// The parameters under which the losses of the chosen trials (of every so manieth, where they are
/// many) are most probable.
void GpObjective::fit(std::span<const double> rows, std::span<const double> losses,
                      const GpFit* start, bool restart) {
  std::vector<GpParameters> starts;
  if (start != nullptr) starts.push_back(start->parameters);
  if (restart || start == nullptr) starts.push_back(process_.prior_mode());
  const auto n = static_cast<std::int64_t>(losses.size());
  const std::int64_t taken = std::min<std::int64_t>(n, options_.fit_points);
  const std::size_t width = rows.size() / std::max<std::size_t>(1, losses.size());
  std::vector<double> taken_rows;
  std::vector<double> part;
  for (std::int64_t k = 0; k < taken; ++k) {
    const auto i = static_cast<std::size_t>(k * n / taken);  // they are in order of number
    const auto row = rows.subspan(i * width, width);
    taken_rows.insert(taken_rows.end(), row.begin(), row.end());
    part.push_back(losses[i]);
  }
  process_.set_rows(taken_rows, static_cast<int>(taken));
  const int evaluations = start != nullptr ? kWarmEvaluations : kFreshEvaluations;
  if (!options_.learn_transform) {
    const std::vector<double> y = transform_losses(part, options_.transform);
    fit_ = {process_.fit(y, starts, evaluations), 1};
  } else {
    fit_transform(part, starts, evaluations);
  }
}

/// Tries exponents at the parameters of the start, and fits the parameters under the one that
/// explains the losses best. Exponents away from 1 need evidence: ln p = −(λ − 1)²/2.
void GpObjective::fit_transform(std::span<const double> losses,
                                std::span<const GpParameters> starts, int evaluations) {
  std::vector<double> exponents;
  std::vector<double> penalties;
  std::vector<std::vector<double>> targets;
  for (const double exponent : kExponents) {
    if (losses.size() < kLearnTransformFrom && exponent != 1) continue;
    PowerTransform transform = power_transform(losses, exponent);
    exponents.push_back(exponent);
    penalties.push_back(0.5 * (exponent - 1) * (exponent - 1) - transform.log_jacobian);
    targets.push_back(std::move(transform.values));
  }
  const std::vector<double> screened = process_.losses(starts.front(), targets);
  std::size_t best = 0;
  for (std::size_t i = 1; i < exponents.size(); ++i) {
    if (screened[i] + penalties[i] < screened[best] + penalties[best]) best = i;
  }
  fit_ = {process_.fit(targets[best], starts, evaluations), exponents[best]};
}

GpPrediction GpObjective::predict(std::span<const double> row) const {
  const GpPrediction p = process_.predict(row);
  return transferred() ? transfer_->adjust(row, p) : p;
}

GpPrediction GpObjective::predict(std::span<const double> row, std::span<double> mean_gradient,
                                  std::span<double> variance_gradient) const {
  const GpPrediction p = process_.predict(row, mean_gradient, variance_gradient);
  return transferred() ? transfer_->adjust(row, p, mean_gradient, variance_gradient) : p;
}

void GpObjective::predict_many(std::span<const double> rows, int count,
                               std::span<GpPrediction> predictions) const {
  process_.predict_many(rows, count, predictions);
  if (transferred()) transfer_->adjust_many(rows, count, predictions);
}

double GpObjective::believe(std::span<const double> row) {
  const GpPrediction p = process_.predict(row);
  process_.append(row, p.mean);
  return transferred() ? transfer_->adjust(row, p).mean : p.mean;
}

double GpObjective::loss(std::size_t i) const {
  if (!transferred())
    return process_.noise_variance() > kNoisy ? process_.mean_at(static_cast<int>(i)) : y_[i];
  // In units of the losses.
  const double noise = process_.noise_variance() * std::pow(transfer_->unit(), 2) *
                       (1 - std::pow(transfer_->trust(), 2));
  if (noise <= kNoisy) return y_[i];
  const auto width = static_cast<std::size_t>(process_.dimension());
  const auto row = std::span<const double>(rows_).subspan(i * width, width);
  return transfer_->adjust(row, {process_.mean_at(static_cast<int>(i)), 1}).mean;
}

LossScale GpObjective::scale() const {
  const auto [least, most] = std::minmax_element(plain_.begin(), plain_.end());
  std::vector<std::pair<double, double>> pairs;
  const double half = 0.5 * *most - 0.5 * *least;  // the range itself may overflow
  for (std::size_t i = 0; i < y_.size(); ++i)
    pairs.emplace_back(y_[i], half > 0 ? (0.5 * plain_[i] - 0.5 * *least) / half : 0);
  std::sort(pairs.begin(), pairs.end());
  LossScale scale;
  for (const auto& [z, y] : pairs) {
    if (!scale.z.empty() && !(z > scale.z.back() && y > scale.y.back())) continue;
    scale.z.push_back(z);
    scale.y.push_back(y);
  }
  return scale;
}

}  // namespace hone
