#include "hone/sampler/gp_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "hone/base/rng.h"
#include "hone/space/encoding.h"
#include "hone/surrogate/acquisition.h"

namespace hone {
namespace {

/// A fitted noise variance above this (targets have unit spread) makes single values untrustworthy.
constexpr double kNoisy = 1e-3;
constexpr std::size_t kIncumbents = 5;
constexpr int kWarmEvaluations = 12;
constexpr int kFreshEvaluations = 30;
/// Of the power law of the losses: below 1 the best are spread out, above 1 the worst.
constexpr std::array kExponents = {-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0};
constexpr std::size_t kExponentsFitted = 1;
constexpr std::size_t kLearnTransformFrom = 8;
/// Trials from which a quadratic trend is learned; from fewer it leads to corners of the space.
constexpr std::size_t kTrendFrom = 20;
/// Failures fewer than this are modelled without a fit.
constexpr int kFewFailures = 4;
/// Trials that the model of failures takes at most: failed ones, others.
constexpr int kFailurePoints = 100;
constexpr std::size_t kWorkingPoints = 150;
constexpr double kLeastFeasible = 1e-3;

}  // namespace

GpModel::GpModel(const SearchSpace& space) : space_(space) {
  for (const int i : space_.searched()) {
    const Parameter& parameter = space_.parameter(i);
    const bool category = is_categorical(parameter.domain);
    columns_.push_back(category ? GpColumn::category : GpColumn::number);
    const bool belief = parameter.prior.has_value() && !category;
    belief_centre_.push_back(
        belief ? encode(parameter.domain, parameter.prior->centre).value_or(0.5) : 0.5);
    belief_spread_.push_back(belief ? parameter.prior->spread : 0);
  }
}

/// All trials where there are few; beyond that the best two fifths, the newest three tenths, and
/// of the rest a sample that every trial enters by a hash of its number.
void GpModel::choose(const History& history, Observations& observations, int points) {
  const auto teaches = [&](std::int64_t trial) {
    const Lesson lesson = observations.lesson(trial);
    return lesson <= Lesson::partial ||
           (lesson == Lesson::violates && history.trial(trial).value().has_value());
  };
  std::set<std::int64_t> chosen;
  const bool all = observations.ranked() <= points;
  for (const std::int64_t trial : observations.best(all ? points : points * 2 / 5))
    chosen.insert(trial);
  const std::size_t newest = chosen.size() + static_cast<std::size_t>(points) * 3 / 10;
  for (std::int64_t i = history.size() - 1; i >= 0 && !all && chosen.size() < newest; --i) {
    if (teaches(i)) chosen.insert(i);
  }
  for (const std::int64_t trial : observations.rest(0, 4 * points, false)) {
    if (chosen.size() >= static_cast<std::size_t>(points)) break;
    if (teaches(trial)) chosen.insert(trial);
  }
  trials_.assign(chosen.begin(), chosen.end());
}

/// The rows of the chosen trials; their losses.
std::vector<double> GpModel::encode_trials(const History& history, Observations& observations) {
  const StudySpec& spec = history.spec();
  std::vector<double> losses;
  std::vector<double> reached;
  whole_.clear();
  bool partial = false;
  for (const std::int64_t number : trials_) {
    const Trial& trial = history.trial(number);
    double value = trial.value().value_or(0);
    if (!trial.value() && !trial.curve.empty()) value = trial.curve.back().value;
    losses.push_back(to_loss(spec.objective().goal, value));
    const Lesson lesson = observations.lesson(number);
    partial = partial || lesson == Lesson::partial;
    whole_.push_back(lesson == Lesson::value);
    reached.push_back(lesson == Lesson::partial ? trial.reached.value_or(0) : -1);
  }
  with_fidelity_ = options_.fidelity && partial && spec.fidelity.has_value();
  double low = INFINITY;
  double high = spec.fidelity && spec.fidelity->max ? *spec.fidelity->max : 0;
  for (const double f : reached) {
    if (f > 0) low = std::min(low, f);
    high = std::max(high, f);
  }
  rows_.clear();
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const auto row = history.encoded(trials_[i]);
    rows_.insert(rows_.end(), row.begin(), row.end());
    if (!with_fidelity_) continue;
    const double f = reached[i] < 0 ? high : std::max(reached[i], low);
    rows_.push_back(high > low ? std::log(f / low) / std::log(high / low) : 1);
  }
  return losses;
}

void GpModel::build(const History& history, Observations& observations,
                    const GpModelOptions& options, const GpFit* start, bool restart, bool refit) {
  options_ = options;
  exploring_ = false;
  choose(history, observations, options.points);
  const std::vector<double> losses = encode_trials(history, observations);
  std::vector<GpColumn> columns = columns_;
  if (with_fidelity_) columns.push_back(GpColumn::number);
  GpPrior prior = gp_prior(static_cast<int>(columns.size()));
  prior.trend = options.trend && losses.size() >= kTrendFrom;
  objective_.emplace(columns, prior);
  if (start != nullptr && start->parameters.size() != columns.size() + 3) start = nullptr;
  if (refit || start == nullptr) {
    fit(losses, start, restart);
  } else {
    fit_ = *start;
  }
  y_ = options.learn_transform ? power_transform(losses, fit_.exponent).values
                               : transform_losses(losses, options.transform);
  objective_->set_rows(rows_, static_cast<int>(trials_.size()));
  objective_->condition(fit_.parameters, y_);
  build_guards(history);
  build_failures(history, observations);
  find_incumbents();
  const auto ranked = static_cast<double>(observations.ranked());
  belief_weight_ = ranked > 0 ? options.beliefs / ranked : 0;
}

/// The parameters under which the losses of the chosen trials (of every so manieth, where they are
/// many) are most probable.
void GpModel::fit(std::span<const double> losses, const GpFit* start, bool restart) {
  std::vector<GpParameters> starts;
  if (start != nullptr) starts.push_back(start->parameters);
  if (restart || start == nullptr) starts.push_back(objective_->prior_mode());
  const auto n = static_cast<std::int64_t>(losses.size());
  const std::int64_t taken = std::min<std::int64_t>(n, options_.fit_points);
  const std::size_t width = rows_.size() / std::max<std::size_t>(1, losses.size());
  std::vector<double> rows;
  std::vector<double> part;
  for (std::int64_t k = 0; k < taken; ++k) {
    const auto i = static_cast<std::size_t>(k * n / taken);  // they are in order of number
    const auto row = std::span(rows_).subspan(i * width, width);
    rows.insert(rows.end(), row.begin(), row.end());
    part.push_back(losses[i]);
  }
  objective_->set_rows(rows, static_cast<int>(taken));
  const int evaluations = start != nullptr ? kWarmEvaluations : kFreshEvaluations;
  if (!options_.learn_transform) {
    const std::vector<double> y = transform_losses(part, options_.transform);
    fit_ = {objective_->fit(y, starts, evaluations), 1};
  } else {
    fit_transform(part, starts, evaluations);
  }
}

/// Tries exponents at the parameters of the start, and fits the parameters under the two of them
/// that explain the losses best. Exponents away from 1 need evidence: ln p = −(λ − 1)²/2.
void GpModel::fit_transform(std::span<const double> losses, std::span<const GpParameters> starts,
                            int evaluations) {
  const auto loss = [&](const GpParameters& parameters, const PowerTransform& t, double exponent) {
    return objective_->loss(parameters, t.values, {}) - t.log_jacobian +
           0.5 * (exponent - 1) * (exponent - 1);
  };
  std::vector<std::pair<double, double>> order;
  for (const double exponent : kExponents) {
    if (losses.size() < kLearnTransformFrom && exponent != 1) continue;
    order.emplace_back(loss(starts.front(), power_transform(losses, exponent), exponent), exponent);
  }
  std::sort(order.begin(), order.end());
  if (order.size() > kExponentsFitted) order.resize(kExponentsFitted);
  double least = INFINITY;
  fit_ = {starts.front(), 1};
  for (const auto& [screened, exponent] : order) {
    const PowerTransform t = power_transform(losses, exponent);
    GpParameters parameters = objective_->fit(t.values, starts, evaluations);
    const double reached = loss(parameters, t, exponent);
    if (reached < least) {
      least = reached;
      fit_ = {std::move(parameters), exponent};
    }
  }
}

void GpModel::build_guards(const History& history) {
  guards_.clear();
  const StudySpec& spec = history.spec();
  for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
    const Metric& metric = spec.metrics[m];
    if (metric.role != MetricRole::guard && metric.role != MetricRole::constraint) continue;
    if (!metric.min && !metric.max) continue;
    std::vector<double> rows;
    std::vector<double> values;
    for (const std::int64_t number : trials_) {
      const auto value = history.trial(number).value_of(static_cast<int>(m));
      if (!value || !std::isfinite(*value)) continue;
      const auto row = history.encoded(number);
      rows.insert(rows.end(), row.begin(), row.end());
      values.push_back(*value);
    }
    if (values.size() < 2) continue;
    // The bounds are transformed with the values, and do not change their spread much.
    double centre = 0;
    for (const double v : values) centre += v / static_cast<double>(values.size());
    double spread = 0;
    for (const double v : values)
      spread += (v - centre) * (v - centre) / static_cast<double>(values.size());
    spread = std::sqrt(spread);
    if (!(spread > 0) || !std::isfinite(spread)) continue;
    for (double& v : values) v = std::clamp((v - centre) / spread, -10.0, 10.0);
    Guard guard{GaussianProcess(columns_, gp_prior(static_cast<int>(columns_.size()))), {}, {}};
    if (metric.min) guard.low = (*metric.min - centre) / spread;
    if (metric.max) guard.high = (*metric.max - centre) / spread;
    guard.process.set_rows(rows, static_cast<int>(values.size()));
    const std::vector<GpParameters> starts = {guard.process.prior_mode()};
    guard.process.condition(guard.process.fit(values, starts, kWarmEvaluations), values);
    guards_.push_back(std::move(guard));
  }
}

void GpModel::build_failures(const History& history, Observations& observations) {
  failures_.reset();
  if (!options_.failures) return;
  std::vector<double> rows;
  std::vector<double> labels;
  int failed = 0;
  const auto add = [&](std::int64_t number, double label) {
    const auto row = history.encoded(number);
    rows.insert(rows.end(), row.begin(), row.end());
    labels.push_back(label);
  };
  for (const std::int64_t number :
       observations.rest(observations.usable(), options_.points, true)) {
    if (observations.lesson(number) != Lesson::infeasible) continue;
    if (++failed <= kFailurePoints) add(number, 1);
  }
  if (failed == 0) return;
  // Where there are many, every so manieth of those that worked.
  const std::size_t stride = (trials_.size() + kWorkingPoints - 1) / kWorkingPoints;
  for (std::size_t i = 0; i < trials_.size(); i += std::max<std::size_t>(1, stride))
    add(trials_[i], 0);
  const auto n = static_cast<double>(labels.size());
  failed = std::min(failed, kFailurePoints);
  failure_rate_ = (failed + 0.5) / (n + 1);
  failure_spread_ = std::sqrt(failure_rate_ * (1 - failure_rate_));
  for (double& label : labels) label = (label - failure_rate_) / failure_spread_;
  failures_.emplace(columns_, gp_prior(static_cast<int>(columns_.size())));
  failures_->set_rows(rows, static_cast<int>(labels.size()));
  GpParameters parameters = failures_->prior_mode();
  if (failed >= kFewFailures) {
    const std::vector<GpParameters> starts = {parameters};
    parameters = failures_->fit(labels, starts, kWarmEvaluations);
  }
  failures_->condition(parameters, labels);
}

bool GpModel::noisy() const { return objective_->noise_variance() > kNoisy; }

void GpModel::find_incumbents() {
  const std::size_t width = columns_.size() + (with_fidelity_ ? 1 : 0);
  any_whole_ = std::find(whole_.begin(), whole_.end(), true) != whole_.end();
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    if (any_whole_ && !whole_[i]) continue;
    double mean = y_[i];
    if (!any_whole_ && with_fidelity_) {
      extend(std::span(rows_).subspan(i * width, columns_.size()));
      mean = objective_->predict(wide_).mean;
    } else if (noisy()) {
      mean = objective_->mean_at(static_cast<int>(i));
    }
    order.emplace_back(mean, i);
  }
  std::sort(order.begin(), order.end());
  best_ = order.empty() ? 0 : order.front().first;
  incumbents_.clear();
  for (const auto& [mean, i] : order) {
    if (incumbents_.size() == kIncumbents) break;
    const auto row = std::span(rows_).subspan(i * width, columns_.size());
    incumbents_.emplace_back(row.begin(), row.end());
  }
}

void GpModel::extend(std::span<const double> row) const {
  wide_.assign(row.begin(), row.end());
  if (with_fidelity_) wide_.push_back(1);
}

void GpModel::believe(std::span<const double> row) {
  extend(row);
  const double mean = objective_->predict(wide_).mean;
  objective_->append(wide_, mean);
  best_ = std::min(best_, mean);
}

/// Everything but the objective; adds to the gradient where there is one.
double GpModel::add_terms(std::span<const double> row, double* gradient) const {
  const std::size_t d = columns_.size();
  double sum = 0;
  by_mean_.resize(d);
  by_variance_.resize(d);
  const auto predict = [&](const GaussianProcess& process) {
    return gradient != nullptr ? process.predict(row, by_mean_, by_variance_)
                               : process.predict(row);
  };
  for (const Guard& guard : guards_) {
    const GpPrediction p = predict(guard.process);
    const double variance = p.variance + guard.process.noise_variance();
    const auto add = [&](double mean, double bound, double sign) {
      const LogImprovement term = log_probability_below(mean, variance, bound);
      sum += term.value;
      if (gradient == nullptr) return;
      for (std::size_t j = 0; j < d; ++j)
        gradient[j] += sign * term.by_mean * by_mean_[j] + term.by_variance * by_variance_[j];
    };
    if (guard.high) add(p.mean, *guard.high, 1);
    if (guard.low) add(-p.mean, -*guard.low, -1);
  }
  if (failures_) {
    const GpPrediction p = predict(*failures_);
    const double feasible = 1 - failure_rate_ - failure_spread_ * p.mean;
    sum += std::log(std::clamp(feasible, kLeastFeasible, 1.0));
    if (gradient != nullptr && feasible > kLeastFeasible && feasible < 1) {
      for (std::size_t j = 0; j < d; ++j) gradient[j] -= failure_spread_ * by_mean_[j] / feasible;
    }
  }
  if (belief_weight_ > 0) {
    for (std::size_t j = 0; j < d; ++j) {
      if (belief_spread_[j] == 0 || std::isnan(row[j])) continue;
      const double z = (row[j] - belief_centre_[j]) / belief_spread_[j];
      sum -= 0.5 * belief_weight_ * z * z;
      if (gradient != nullptr) gradient[j] -= belief_weight_ * z / belief_spread_[j];
    }
  }
  return sum;
}

double GpModel::value(std::span<const double> row) const {
  extend(row);
  const GpPrediction p = objective_->predict(wide_);
  double value = add_terms(row, nullptr);
  if (exploring_) return value + std::log(p.variance);
  // Without a trial that keeps the guards there is nothing to improve upon yet.
  if (any_whole_ || guards_.empty())
    value += log_expected_improvement(p.mean, p.variance, best_).value;
  return value;
}

double GpModel::value(std::span<const double> row, std::span<double> gradient) const {
  const std::size_t d = columns_.size();
  extend(row);
  std::vector<double> mean(wide_.size());
  std::vector<double> variance(wide_.size());
  const GpPrediction p = objective_->predict(wide_, mean, variance);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double value = add_terms(row, gradient.data());
  LogImprovement term{std::log(p.variance), 0, 1 / p.variance};
  if (!exploring_) {
    if (!any_whole_ && !guards_.empty()) return value;
    term = log_expected_improvement(p.mean, p.variance, best_);
  }
  for (std::size_t j = 0; j < d; ++j)
    gradient[j] += term.by_mean * mean[j] + term.by_variance * variance[j];
  return value + term.value;
}

void GpModel::values(std::span<const double> rows, int count, std::span<double> out) const {
  const std::size_t d = columns_.size();
  std::vector<GpPrediction> predictions(static_cast<std::size_t>(count));
  if (with_fidelity_) {
    std::vector<double> wide;
    wide.reserve(static_cast<std::size_t>(count) * (d + 1));
    for (int i = 0; i < count; ++i) {
      const auto row = rows.subspan(static_cast<std::size_t>(i) * d, d);
      wide.insert(wide.end(), row.begin(), row.end());
      wide.push_back(1);
    }
    objective_->predict_many(wide, count, predictions);
  } else {
    objective_->predict_many(rows, count, predictions);
  }
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const GpPrediction& p = predictions[at];
    out[at] = add_terms(rows.subspan(at * d, d), nullptr);
    if (exploring_) {
      out[at] += std::log(p.variance);
    } else if (any_whole_ || guards_.empty()) {
      out[at] += log_expected_improvement(p.mean, p.variance, best_).value;
    }
  }
}

}  // namespace hone
