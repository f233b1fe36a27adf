#include "hone/sampler/gp_feasibility.h"

#include <algorithm>
#include <cmath>

#include "hone/surrogate/acquisition.h"

namespace hone {
namespace {

constexpr int kEvaluations = 12;
/// Failures fewer than this are modelled without a fit.
constexpr std::size_t kFewFailures = 4;
/// Trials that the model of failures takes at most: failed ones, others.
constexpr std::size_t kFailurePoints = 100;
constexpr std::size_t kWorkingPoints = 150;
constexpr double kLeastFeasible = 1e-3;

}  // namespace

void GpFeasibility::build_guards(const History& history, const std::vector<std::int64_t>& trials) {
  guards_.clear();
  for (GuardValues& of : guard_values(history, trials)) {
    std::vector<double>& values = of.values;
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
    if (of.low) guard.low = (*of.low - centre) / spread;
    if (of.high) guard.high = (*of.high - centre) / spread;
    guard.process.set_rows(of.rows, static_cast<int>(values.size()));
    const std::vector<GpParameters> starts = {guard.process.prior_mode()};
    guard.process.condition(guard.process.fit(values, starts, kEvaluations), values);
    guards_.push_back(std::move(guard));
  }
}

void GpFeasibility::build_failures(const History& history, Observations& observations,
                                   const std::vector<std::int64_t>& trials, int points) {
  failures_.reset();
  std::vector<double> rows;
  std::vector<double> labels;
  const auto add = [&](std::int64_t number, double label) {
    append_row(history, number, rows);
    labels.push_back(label);
  };
  std::vector<std::int64_t> failed = infeasible_trials(observations, points);
  if (failed.empty()) return;
  if (failed.size() > kFailurePoints) failed.resize(kFailurePoints);
  for (const std::int64_t number : failed) add(number, 1);
  // Where there are many, every so manieth of those that worked.
  const std::size_t stride = (trials.size() + kWorkingPoints - 1) / kWorkingPoints;
  for (std::size_t i = 0; i < trials.size(); i += std::max<std::size_t>(1, stride))
    add(trials[i], 0);
  const auto n = static_cast<double>(labels.size());
  failure_rate_ = (static_cast<double>(failed.size()) + 0.5) / (n + 1);
  failure_spread_ = std::sqrt(failure_rate_ * (1 - failure_rate_));
  for (double& label : labels) label = (label - failure_rate_) / failure_spread_;
  failures_.emplace(columns_, gp_prior(static_cast<int>(columns_.size())));
  failures_->set_rows(rows, static_cast<int>(labels.size()));
  GpParameters parameters = failures_->prior_mode();
  if (failed.size() >= kFewFailures) {
    const std::vector<GpParameters> starts = {parameters};
    parameters = failures_->fit(labels, starts, kEvaluations);
  }
  failures_->condition(parameters, labels);
}

double GpFeasibility::log_probability(std::span<const double> row, double* gradient) const {
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
  return sum;
}

}  // namespace hone
