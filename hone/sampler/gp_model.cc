#include "hone/sampler/gp_model.h"

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"
#include "hone/space/encoding.h"
#include "hone/surrogate/acquisition.h"

namespace hone {
namespace {

constexpr std::size_t kIncumbents = 5;
/// Members of a front that take turns as the first incumbent.
constexpr std::size_t kMembers = 20;

std::vector<GpColumn> columns_of(const SearchSpace& space) {
  std::vector<GpColumn> columns;
  for (const int i : space.searched()) {
    const bool category = is_categorical(space.parameter(i).domain);
    columns.push_back(category ? GpColumn::category : GpColumn::number);
  }
  return columns;
}

}  // namespace

GpModel::GpModel(const SearchSpace& space)
    : space_(space),
      columns_(columns_of(space)),
      features_(space),
      feasibility_(columns_),
      cost_(columns_) {
  for (const int i : space_.searched()) {
    const Parameter& parameter = space_.parameter(i);
    const bool belief = parameter.prior.has_value() && !is_categorical(parameter.domain);
    belief_centre_.push_back(
        belief ? encode(parameter.domain, parameter.prior->centre).value_or(0.5) : 0.5);
    belief_spread_.push_back(belief ? parameter.prior->spread : 0);
  }
}

void GpModel::encode_trials(const History& history) {
  const StudySpec& spec = history.spec();
  with_fidelity_ = options_.fidelity && trials_.partial;
  double low = INFINITY;
  double high = spec.fidelity && spec.fidelity->max ? *spec.fidelity->max : 0;
  for (const auto& f : trials_.fidelity) {
    if (f && *f > 0) low = std::min(low, *f);
    high = std::max(high, f.value_or(0));
  }
  rows_.clear();
  for (std::size_t i = 0; i < trials_.numbers.size(); ++i) {
    append_row(history, trials_.numbers[i], rows_);
    features_.append(history.encoded(trials_.numbers[i]), rows_);
    if (!with_fidelity_) continue;
    const double f = std::max(trials_.fidelity[i].value_or(high), low);
    rows_.push_back(high > low ? std::log(f / low) / std::log(high / low) : 1);
  }
}

void GpModel::build(const History& history, Observations& observations,
                    const GpModelOptions& options, std::span<const GpFit> start, bool restart,
                    bool refit) {
  options_ = options;
  exploring_ = false;
  trials_ = choose_model_trials(history, observations, options.points);
  const std::vector<std::vector<double>>& losses = trials_.losses;
  encode_trials(history);
  std::vector<GpColumn> columns = columns_;
  columns.resize(columns.size() + extra(), GpColumn::number);
  objectives_.clear();
  if (transfer_) transfer_->drop();
  for (std::size_t k = 0; k < losses.size(); ++k) {
    Transfer* transfer = options.listen && transfer_ ? &*transfer_ : nullptr;
    objectives_.emplace_back(columns, options, trials_.numbers.size(), transfer);
    objectives_[k].build(rows_, losses[k], start.size() == losses.size() ? &start[k] : nullptr,
                         restart, refit);
  }
  feasibility_.build_guards(history, trials_.numbers);
  feasibility_.forget_failures();
  if (options.failures)
    feasibility_.build_failures(history, observations, trials_.numbers, options.points);
  cost_.forget();
  if (options.cost > 0) cost_.build(history, trials_.numbers);
  find_incumbents();
  const auto ranked = static_cast<double>(observations.ranked());
  belief_weight_ = ranked > 0 ? options.beliefs / ranked : 0;
}

void GpModel::learn_from(const std::vector<WarmSource>& sources) {
  transfer_.emplace(space_, sources);
  if (!transfer_->has_sources()) transfer_.reset();
}

std::optional<double> GpModel::expected_cost(std::span<const double> row) const {
  if (!cost_.has_model() || exploring_) return std::nullopt;
  return std::exp(cost_.log_cost(row, 0, nullptr));
}

std::vector<GpFit> GpModel::fitted() const {
  std::vector<GpFit> fits;
  for (const GpObjective& objective : objectives_) fits.push_back(objective.fitted());
  return fits;
}

/// At the full fidelity, where no trial reached it.
double GpModel::loss_at(const GpObjective& objective, std::size_t i) const {
  if (any_whole_ || !with_fidelity_) return objective.loss(i);
  extend(std::span(rows_).subspan(i * (columns_.size() + extra()), columns_.size()));
  return objective.predict(wide_).mean;
}

void GpModel::find_incumbents() {
  const std::size_t width = columns_.size() + extra();
  any_whole_ = trials_.any_whole();
  std::vector<std::size_t> best;
  for (std::size_t i = 0; i < trials_.numbers.size(); ++i) {
    if (!any_whole_ || trials_.whole[i]) best.push_back(i);
  }
  if (objectives_.size() == 1) {
    std::vector<std::pair<double, std::size_t>> order;
    for (const std::size_t i : best) order.emplace_back(loss_at(objectives_[0], i), i);
    std::sort(order.begin(), order.end());
    best_ = order.empty() ? 0 : order.front().first;
    if (order.size() > kIncumbents) order.resize(kIncumbents);
    best.clear();
    for (const auto& [loss, i] : order) best.push_back(i);
  } else {
    std::vector<double> losses;
    for (const std::size_t i : best) {
      for (const GpObjective& objective : objectives_) losses.push_back(loss_at(objective, i));
    }
    std::vector<LossScale> scales;
    for (const GpObjective& objective : objectives_) scales.push_back(objective.scale());
    front_.emplace(std::move(losses), static_cast<int>(objectives_.size()), std::move(scales));
    std::vector<std::size_t> members = front_->members(kMembers);
    for (std::size_t& i : members) i = best[i];
    best = std::move(members);
  }
  incumbents_.clear();
  for (const std::size_t i : best) {
    const auto row = std::span(rows_).subspan(i * width, columns_.size());
    incumbents_.emplace_back(row.begin(), row.end());
  }
}

std::vector<std::vector<double>> GpModel::incumbents(std::int64_t turn) const {
  std::vector<std::vector<double>> rows = incumbents_;
  if (objectives_.size() > 1 && !rows.empty()) {
    const std::int64_t first = turn % std::ssize(rows);
    std::rotate(rows.begin(), rows.begin() + first, rows.end());
    if (rows.size() > kIncumbents) rows.resize(kIncumbents);
  }
  return rows;
}

void GpModel::widen(std::span<const double> row, std::vector<double>& wide) const {
  wide.insert(wide.end(), row.begin(), row.end());
  features_.append(row, wide);
  if (with_fidelity_) wide.push_back(1);
}

void GpModel::extend(std::span<const double> row) const {
  wide_.clear();
  widen(row, wide_);
}

void GpModel::believe(std::span<const double> row) {
  extend(row);
  std::vector<double> means;
  for (GpObjective& objective : objectives_) means.push_back(objective.believe(wide_));
  best_ = std::min(best_, means.front());
  if (front_) front_->believe(means);
}

/// Everything but the objectives; adds to the gradient where there is one.
double GpModel::add_terms(std::span<const double> row, double* gradient) const {
  double sum = feasibility_.log_probability(row, gradient);
  if (!exploring_) sum -= options_.cost * cost_.log_cost(row, -options_.cost, gradient);
  if (belief_weight_ > 0) {
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (belief_spread_[j] == 0 || std::isnan(row[j])) continue;
      const double z = (row[j] - belief_centre_[j]) / belief_spread_[j];
      sum -= 0.5 * belief_weight_ * z * z;
      if (gradient != nullptr) gradient[j] -= belief_weight_ * z / belief_spread_[j];
    }
  }
  return sum;
}

GpPrediction GpModel::predict(std::span<const double> row) const {
  extend(row);
  return objectives_.front().predict(wide_);
}

GpPrediction GpModel::predict(std::span<const double> row, std::span<double> mean_gradient,
                              std::span<double> variance_gradient) const {
  extend(row);
  std::vector<double> mean(wide_.size());
  std::vector<double> variance(wide_.size());
  const GpPrediction p = objectives_.front().predict(wide_, mean, variance);
  for (auto& [from, to] : {std::pair(&mean, mean_gradient), {&variance, variance_gradient}}) {
    std::copy_n(from->begin(), row.size(), to.begin());
    const std::span by_feature =
        std::span<const double>(*from).subspan(row.size(), features_.size());
    features_.add_gradient(row, columns_, by_feature, to);
  }
  return p;
}

std::vector<std::vector<double>> GpModel::whole_rows() const {
  const std::size_t width = columns_.size() + extra();
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < trials_.numbers.size(); ++i) {
    if (!trials_.whole[i]) continue;
    const auto row = std::span(rows_).subspan(i * width, columns_.size());
    rows.emplace_back(row.begin(), row.end());
  }
  return rows;
}

double GpModel::promise(bool with_slopes) const {
  const std::size_t m = objectives_.size();
  by_mean_.assign(m, 0.0);
  by_variance_.assign(m, 0.0);
  if (exploring_) {
    double sum = 0;
    for (std::size_t k = 0; k < m; ++k) {
      sum += std::log(variances_[k]);
      by_variance_[k] = 1 / variances_[k];
    }
    return sum;
  }
  // Without a trial that keeps the guards there is nothing to improve upon yet.
  if (!any_whole_ && feasibility_.has_guards()) return 0;
  if (m == 1) {
    const LogImprovement term = log_expected_improvement(means_[0], variances_[0], best_);
    by_mean_[0] = term.by_mean;
    by_variance_[0] = term.by_variance;
    return term.value;
  }
  const HypervolumeImprovement& improvement = front_->improvement();
  return with_slopes ? improvement.log_expected(means_, variances_, by_mean_, by_variance_)
                     : improvement.log_expected(means_, variances_);
}

double GpModel::value(std::span<const double> row) const {
  extend(row);
  means_.clear();
  variances_.clear();
  for (const GpObjective& objective : objectives_) {
    const GpPrediction p = objective.predict(wide_);
    means_.push_back(p.mean);
    variances_.push_back(p.variance);
  }
  return add_terms(row, nullptr) + promise(false);
}

double GpModel::value(std::span<const double> row, std::span<double> gradient) const {
  extend(row);
  const std::size_t m = objectives_.size();
  const std::size_t width = wide_.size();
  std::vector<double> mean(m * width);
  std::vector<double> variance(m * width);
  means_.clear();
  variances_.clear();
  for (std::size_t k = 0; k < m; ++k) {
    const GpPrediction p = objectives_[k].predict(wide_, std::span(mean).subspan(k * width, width),
                                                  std::span(variance).subspan(k * width, width));
    means_.push_back(p.mean);
    variances_.push_back(p.variance);
  }
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double value = add_terms(row, gradient.data());
  value += promise(true);
  std::vector<double> by_feature(features_.size());
  for (std::size_t k = 0; k < m; ++k) {
    const auto slope = [&](std::size_t j) {
      return by_mean_[k] * mean[k * width + j] + by_variance_[k] * variance[k * width + j];
    };
    for (std::size_t j = 0; j < row.size(); ++j) gradient[j] += slope(j);
    for (std::size_t f = 0; f < by_feature.size(); ++f) by_feature[f] += slope(row.size() + f);
  }
  features_.add_gradient(row, columns_, by_feature, gradient);
  return value;
}

void GpModel::values(std::span<const double> rows, int count, std::span<double> out) const {
  const std::size_t d = columns_.size();
  const auto size = static_cast<std::size_t>(count);
  std::vector<double> wide;
  if (extra() > 0) {
    wide.reserve(size * (d + extra()));
    for (std::size_t i = 0; i < size; ++i) widen(rows.subspan(i * d, d), wide);
  }
  const std::size_t m = objectives_.size();
  std::vector<GpPrediction> predictions(m * size);
  for (std::size_t k = 0; k < m; ++k) {
    objectives_[k].predict_many(extra() > 0 ? std::span<const double>(wide) : rows, count,
                                std::span(predictions).subspan(k * size, size));
  }
  means_.resize(m);
  variances_.resize(m);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < m; ++k) {
      means_[k] = predictions[k * size + i].mean;
      variances_[k] = predictions[k * size + i].variance;
    }
    out[i] = add_terms(rows.subspan(i * d, d), nullptr) + promise(false);
  }
}

}  // namespace hone
