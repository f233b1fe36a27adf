#include "hone/sampler/forest_model.h"

#include <algorithm>
#include <cmath>

#include "hone/space/encoding.h"
#include "hone/surrogate/acquisition.h"

namespace hone {
namespace {

constexpr std::size_t kIncumbents = 5;
/// Of losses with unit spread: trees that agree are not certain.
constexpr double kLeastVariance = 1e-6;
constexpr double kLeastFeasible = 1e-3;
/// Of a guard whose values are all the same.
constexpr double kTiniestVariance = 1e-300;
/// What is left of the expected improvement at a trial.
constexpr double kLeastApart = 1e-6;
/// Rows in a leaf of the forests of failures and guards.
constexpr int kSmoothLeaf = 3;

}  // namespace

ForestModel::ForestModel(const SearchSpace& space) : space_(space) {
  for (const int i : space_.searched()) {
    const Domain& domain = space_.parameter(i).domain;
    categories_.push_back(is_categorical(domain) ? cell_count(domain) : 0);
  }
}

void ForestModel::encode_trials(const History& history) {
  any_whole_ = trials_.any_whole();
  with_fidelity_ = options_.fidelity && trials_.partial;
  rows_.clear();
  // A tree sees the order of fidelities only; the full one is 1.
  for (std::size_t i = 0; i < trials_.numbers.size(); ++i) {
    append_row(history, trials_.numbers[i], rows_);
    const std::optional<double>& reached = trials_.fidelity[i];
    if (with_fidelity_) rows_.push_back(reached ? 1 - 1 / (1 + *reached) : 1);
  }
}

void ForestModel::build(const History& history, Observations& observations,
                        const ForestModelOptions& options, std::span<const double> pending,
                        Rng rng) {
  options_ = options;
  trials_ = choose_model_trials(history, observations, options.points);
  encode_trials(history);
  const std::vector<std::int64_t> failed = infeasible_trials(observations, options.points);
  seen_.assign(pending.begin(), pending.end());
  for (const std::int64_t trial : trials_.numbers) append_row(history, trial, seen_);
  for (const std::int64_t trial : failed) append_row(history, trial, seen_);
  fit_objective(pending, rng.split("objective"));
  fit_guards(history, rng.split("guards"));
  failures_.reset();
  if (options.failures) fit_failures(history, failed, rng.split("failures"));
}

void ForestModel::fit_objective(std::span<const double> pending, Rng rng) {
  std::vector<double> y = transform_losses(trials_.losses.front(), options_.transform);
  std::vector<int> categories = categories_;
  if (with_fidelity_) categories.push_back(0);
  objective_.emplace(categories);
  objective_->fit(rows_, y, options_.forest, rng);
  find_incumbents(y);
  const std::size_t d = categories_.size();
  if (pending.empty() || d == 0) return;
  std::vector<double> rows = rows_;
  for (std::size_t at = 0; at < pending.size(); at += d) {
    const auto row = widened(pending.subspan(at, d));
    rows.insert(rows.end(), row.begin(), row.end());
    y.push_back(objective_->predict(row).mean);
    best_ = std::min(best_, y.back());
  }
  objective_->fit(rows, y, options_.forest, rng.split("believed"));
}

/// By their values at the full fidelity; where no trial reached it, as the model expects them.
void ForestModel::find_incumbents(std::span<const double> y) {
  const std::size_t d = categories_.size();
  const std::size_t width = d + (with_fidelity_ ? 1 : 0);
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < trials_.numbers.size(); ++i) {
    if (any_whole_ && !trials_.whole[i]) continue;
    const auto row = std::span<const double>(rows_).subspan(i * width, d);
    order.emplace_back(any_whole_ ? y[i] : objective_->predict(widened(row)).mean, i);
  }
  std::sort(order.begin(), order.end());
  best_ = order.empty() ? 0 : order.front().first;
  if (order.size() > kIncumbents) order.resize(kIncumbents);
  incumbents_.clear();
  for (const auto& [loss, i] : order) {
    const auto row = std::span<const double>(rows_).subspan(i * width, d);
    incumbents_.emplace_back(row.begin(), row.end());
  }
}

void ForestModel::fit_guards(const History& history, Rng rng) {
  guards_.clear();
  for (const GuardValues& of : guard_values(history, trials_.numbers)) {
    double spread = 0;
    for (const double v : of.values) spread = std::max(spread, std::abs(v - of.values.front()));
    Guard guard{RegressionForest(categories_), of.low, of.high,
                std::max(kLeastVariance * spread * spread, kTiniestVariance)};
    guard.forest.fit(of.rows, of.values, smooth(), rng.split("guard", of.metric));
    guards_.push_back(std::move(guard));
  }
}

void ForestModel::fit_failures(const History& history, std::span<const std::int64_t> failed,
                               Rng rng) {
  if (failed.empty()) return;
  std::vector<double> rows;
  std::vector<double> labels(failed.size(), 1.0);
  labels.resize(failed.size() + trials_.numbers.size(), 0.0);
  for (const std::int64_t number : failed) append_row(history, number, rows);
  for (const std::int64_t number : trials_.numbers) append_row(history, number, rows);
  failures_.emplace(categories_);
  failures_->fit(rows, labels, smooth(), rng);
}

ForestOptions ForestModel::smooth() const {
  ForestOptions smooth = options_.forest;
  smooth.smallest_leaf = std::max(smooth.smallest_leaf, kSmoothLeaf);
  return smooth;
}

std::span<const double> ForestModel::widened(std::span<const double> row) const {
  if (!with_fidelity_) return row;
  wide_.assign(row.begin(), row.end());
  wide_.push_back(1);
  return wide_;
}

/// A tree is as sure of a whole leaf as of the trial in it, and its borders are not where the
/// losses change: without this the search stays beside the best trial and learns its noise.
double ForestModel::log_apart(std::span<const double> row) const {
  const std::size_t d = row.size();
  double nearest = options_.apart;
  for (std::size_t at = 0; at < seen_.size() && nearest > 0; at += d) {
    double distance = 0;  // the largest difference
    for (std::size_t j = 0; j < d && distance < nearest; ++j) {
      const double x = seen_[at + j];
      if (std::isnan(x) && std::isnan(row[j])) continue;
      const bool other = std::isnan(x) || std::isnan(row[j]) || (categories_[j] > 0 && x != row[j]);
      distance = std::max(distance, other ? 1 : std::abs(x - row[j]));
    }
    nearest = std::min(nearest, distance);
  }
  return options_.apart > 0 ? std::log(std::max(kLeastApart, nearest / options_.apart)) : 0;
}

/// Of rows one after the other: what the guards and the failures leave of the improvement, in
/// logarithms.
void ForestModel::log_feasible(std::span<const double> rows, std::span<double> out) const {
  std::vector<ForestPrediction> predictions(out.size());
  std::fill(out.begin(), out.end(), 0.0);
  for (const Guard& guard : guards_) {
    guard.forest.predict_many(rows, predictions);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double mean = predictions[i].mean;
      const double variance = std::max(predictions[i].variance, guard.least_variance);
      if (guard.high) out[i] += log_probability_below(mean, variance, *guard.high).value;
      if (guard.low) out[i] += log_probability_below(-mean, variance, -*guard.low).value;
    }
  }
  if (!failures_) return;
  failures_->predict_many(rows, predictions);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] += std::log(std::max(kLeastFeasible, 1 - predictions[i].mean));
}

void ForestModel::values(std::span<const double> rows, int count, std::span<double> out) const {
  const std::size_t d = categories_.size();
  const auto size = static_cast<std::size_t>(count);
  log_feasible(rows, out.first(size));
  // Without a trial that keeps the guards there is nothing to improve upon yet.
  if (!any_whole_ && !guards_.empty()) return;
  std::vector<double> wide;
  for (std::size_t i = 0; i < size && with_fidelity_; ++i) {
    const auto row = widened(rows.subspan(i * d, d));
    wide.insert(wide.end(), row.begin(), row.end());
  }
  std::vector<ForestPrediction> predictions(size);
  objective_->predict_many(with_fidelity_ ? std::span<const double>(wide) : rows, predictions);
  for (std::size_t i = 0; i < size; ++i) {
    const ForestPrediction& p = predictions[i];
    out[i] += log_expected_improvement(p.mean, p.variance + kLeastVariance, best_).value +
              log_apart(rows.subspan(i * d, d));
  }
}

double ForestModel::value(std::span<const double> row) const {
  double value = 0;
  values(row, 1, std::span(&value, 1));
  return value;
}

double ForestModel::value(std::span<const double> row, std::span<double> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0);
  return value(row);
}

}  // namespace hone
