#include "hone/sampler/forest_model.h"

#include <algorithm>
#include <cmath>
#include <set>

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

/// All trials where there are few; beyond that the best two fifths, the newest three tenths, and
/// of the rest a sample that every trial enters by a hash of its number.
void ForestModel::choose(const History& history, Observations& observations, int points) {
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

/// Fills rows_ and whole_; the losses.
std::vector<double> ForestModel::encode_trials(const History& history, Observations& observations,
                                               bool fidelity) {
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
    reached.push_back(lesson == Lesson::partial ? trial.reached.value_or(0) : INFINITY);
  }
  any_whole_ = std::find(whole_.begin(), whole_.end(), true) != whole_.end();
  with_fidelity_ = fidelity && partial && spec.fidelity.has_value();
  rows_.clear();
  // A tree sees the order of fidelities only; the full one is 1.
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const auto row = history.encoded(trials_[i]);
    rows_.insert(rows_.end(), row.begin(), row.end());
    if (with_fidelity_) rows_.push_back(std::isinf(reached[i]) ? 1 : 1 - 1 / (1 + reached[i]));
  }
  return losses;
}

void ForestModel::build(const History& history, Observations& observations,
                        const ForestModelOptions& options, std::span<const double> pending,
                        Rng rng) {
  options_ = options;
  choose(history, observations, options.points);
  const std::vector<double> losses = encode_trials(history, observations, options.fidelity);
  seen_.assign(pending.begin(), pending.end());
  for (const std::int64_t trial : trials_) see(history, trial);
  for (const std::int64_t trial : observations.rest(observations.usable(), options.points, true)) {
    if (observations.lesson(trial) == Lesson::infeasible) see(history, trial);
  }
  fit_objective(losses, pending, rng.split("objective"));
  fit_guards(history, rng.split("guards"));
  failures_.reset();
  if (options.failures) fit_failures(history, observations, rng.split("failures"));
}

void ForestModel::see(const History& history, std::int64_t trial) {
  const auto row = history.encoded(trial);
  seen_.insert(seen_.end(), row.begin(), row.end());
}

void ForestModel::fit_objective(std::span<const double> losses, std::span<const double> pending,
                                Rng rng) {
  std::vector<double> y = transform_losses(losses, options_.transform);
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
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    if (any_whole_ && !whole_[i]) continue;
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
  const StudySpec& spec = history.spec();
  ForestOptions smooth = options_.forest;
  smooth.smallest_leaf = std::max(smooth.smallest_leaf, kSmoothLeaf);
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
    double spread = 0;
    for (const double v : values) spread = std::max(spread, std::abs(v - values.front()));
    Guard guard{RegressionForest(categories_), metric.min, metric.max,
                std::max(kLeastVariance * spread * spread, kTiniestVariance)};
    guard.forest.fit(rows, values, smooth, rng.split("guard", m));
    guards_.push_back(std::move(guard));
  }
}

void ForestModel::fit_failures(const History& history, Observations& observations, Rng rng) {
  std::vector<double> rows;
  std::vector<double> labels;
  const auto add = [&](std::int64_t number, double label) {
    const auto row = history.encoded(number);
    rows.insert(rows.end(), row.begin(), row.end());
    labels.push_back(label);
  };
  for (const std::int64_t number :
       observations.rest(observations.usable(), options_.points, true)) {
    if (observations.lesson(number) == Lesson::infeasible) add(number, 1);
  }
  if (labels.empty()) return;
  for (const std::int64_t number : trials_) add(number, 0);
  ForestOptions smooth = options_.forest;
  smooth.smallest_leaf = std::max(smooth.smallest_leaf, kSmoothLeaf);
  failures_.emplace(categories_);
  failures_->fit(rows, labels, smooth, rng);
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
