#include "hone/sampler/gp_cost.h"

#include <algorithm>
#include <cmath>

namespace hone {
namespace {

constexpr int kEvaluations = 12;
constexpr std::size_t kLeastTrials = 4;
/// Every so manieth trial is taken where there are more.
constexpr std::size_t kPoints = 100;
/// Of ln cost: less is no difference worth a detour.
constexpr double kLeastSpread = 0.05;
constexpr double kHour_us = 3.6e9;

std::optional<std::size_t> cost_metric(const StudySpec& spec) {
  for (std::size_t m = 0; m < spec.metrics.size(); ++m) {
    if (spec.metrics[m].role == MetricRole::cost) return m;
  }
  return std::nullopt;
}

/// What the budget counts: time, unless it is of money that trials report.
bool counts_time(const Budget& budget) {
  return budget.time_us || budget.cpu_us || budget.gpu_us || (budget.cost && budget.price);
}

/// What the trial cost, up to the full fidelity; nullopt where it is not known.
std::optional<double> cost_of(const History& history, std::int64_t number,
                              std::optional<std::size_t> metric) {
  const Trial& trial = history.trial(number);
  std::optional<double> cost;
  if (metric) {
    cost = trial.value_of(static_cast<int>(*metric));
  } else if (trial.busy_us > 0) {
    cost = static_cast<double>(trial.busy_us);
  }
  if (!cost || !(*cost > 0) || !std::isfinite(*cost)) return std::nullopt;
  const auto& fidelity = history.spec().fidelity;
  if (trial.state != TrialState::complete && fidelity && fidelity->max && trial.reached &&
      *trial.reached > 0 && *trial.reached < *fidelity->max) {
    *cost *= *fidelity->max / *trial.reached;
  }
  return cost;
}

}  // namespace

bool learns_cost(const StudySpec& spec) {
  if (spec.sampler.name != "gp" && spec.sampler.name != "auto") return false;
  const Value* given = spec.sampler.options.find("cost_aware");
  if (given != nullptr && given->is_bool()) return given->as_bool();
  return counts_time(spec.budget) || spec.budget.cost;
}

bool learns_time(const StudySpec& spec) {
  return learns_cost(spec) && (counts_time(spec.budget) || !cost_metric(spec));
}

double used_share(const History& history) {
  const StudySpec& spec = history.spec();
  const Budget& budget = spec.budget;
  double used = 0;
  bool limited = false;
  const auto look = [&](double amount, double limit) {
    limited = true;
    if (limit > 0) used = std::max(used, amount / limit);
  };
  const auto work_us = static_cast<double>(history.busy_us());
  if (budget.time_us)
    look(static_cast<double>(history.active_us()), static_cast<double>(*budget.time_us));
  if (budget.cpu_us)
    look(work_us * spec.resources.cpus.value_or(1), static_cast<double>(*budget.cpu_us));
  if (budget.gpu_us) look(work_us * spec.resources.gpus, static_cast<double>(*budget.gpu_us));
  if (budget.cost)
    look(budget.price ? work_us / kHour_us * *budget.price : history.cost(), *budget.cost);
  if (!limited && budget.trials)
    look(static_cast<double>(history.counted()), static_cast<double>(*budget.trials));
  return std::clamp(used, 0.0, 1.0);
}

void GpCost::build(const History& history, const std::vector<std::int64_t>& trials) {
  process_.reset();
  const StudySpec& spec = history.spec();
  const auto metric = learns_time(spec) ? std::nullopt : cost_metric(spec);
  std::vector<double> rows;
  std::vector<double> logs;
  const std::size_t stride = std::max<std::size_t>(1, (trials.size() + kPoints - 1) / kPoints);
  for (std::size_t i = 0; i < trials.size(); i += stride) {
    const auto cost = cost_of(history, trials[i], metric);
    if (!cost) continue;
    append_row(history, trials[i], rows);
    logs.push_back(std::log(*cost));
  }
  if (logs.size() < kLeastTrials) return;
  const auto n = static_cast<double>(logs.size());
  centre_ = 0;
  for (const double v : logs) centre_ += v / n;
  spread_ = 0;
  for (const double v : logs) spread_ += (v - centre_) * (v - centre_) / n;
  spread_ = std::sqrt(spread_);
  if (!(spread_ >= kLeastSpread)) return;
  for (double& v : logs) v = (v - centre_) / spread_;
  process_.emplace(columns_, gp_prior(static_cast<int>(columns_.size()), logs.size()));
  process_->set_rows(rows, static_cast<int>(logs.size()));
  const std::vector<GpParameters> starts = {process_->prior_mode()};
  process_->condition(process_->fit(logs, starts, kEvaluations), logs);
}

double GpCost::log_cost(std::span<const double> row, double factor, double* gradient) const {
  if (!process_) return 0;
  if (gradient == nullptr) return centre_ + spread_ * process_->predict(row).mean;
  by_mean_.resize(row.size());
  by_variance_.resize(row.size());
  const GpPrediction p = process_->predict(row, by_mean_, by_variance_);
  for (std::size_t j = 0; j < row.size(); ++j) gradient[j] += factor * spread_ * by_mean_[j];
  return centre_ + spread_ * p.mean;
}

}  // namespace hone
