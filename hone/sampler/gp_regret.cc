#include "hone/sampler/gp_regret.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hone {
namespace {

constexpr std::size_t kLeastTrials = 20;
constexpr double kDelta = 0.1;

/// −(mean − root·σ): what is greatest where the lower bound is smallest.
class LowerBound final : public Acquisition {
 public:
  LowerBound(const GpModel& model, double root) : model_(model), root_(root) {}

  double value(std::span<const double> row) const override {
    const GpPrediction p = model_.predict(row);
    return root_ * std::sqrt(p.variance) - p.mean;
  }
  double value(std::span<const double> row, std::span<double> gradient) const override {
    variance_.resize(row.size());
    const GpPrediction p = model_.predict(row, gradient, variance_);
    const double sd = std::sqrt(p.variance);
    for (std::size_t j = 0; j < row.size(); ++j)
      gradient[j] = 0.5 * root_ / sd * variance_[j] - gradient[j];
    return root_ * sd - p.mean;
  }
  void values(std::span<const double> rows, int count, std::span<double> out) const override {
    const std::size_t d = rows.size() / static_cast<std::size_t>(std::max(1, count));
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      out[i] = value(rows.subspan(i * d, d));
  }

 private:
  const GpModel& model_;
  double root_;
  mutable std::vector<double> variance_;
};

/// Standard deviation of the mean over replicates, pooled over the trials; nullopt without any.
std::optional<double> noise_of_replicates(const History& history) {
  double squares = 0;
  double freedom = 0;
  for (const Trial& trial : history.trials()) {
    if (trial.results.empty()) continue;
    const Result& result = trial.results.front();
    if (result.metric != 0 || result.count < 2 || !result.sd || !std::isfinite(*result.sd))
      continue;
    squares += *result.sd * *result.sd * (result.count - 1);
    freedom += result.count - 1;
  }
  if (!(freedom > 0)) return std::nullopt;
  return std::sqrt(squares / freedom / std::max(1, history.spec().replicates));
}

}  // namespace

std::optional<RegretBound> regret_bound(
    const GpModel& model, const History& history, const AcquisitionSearch& search,
    const std::function<std::optional<std::vector<double>>(int)>& draw,
    const AcquisitionSearchOptions& options, Rng rng) {
  const std::vector<std::vector<double>> rows = model.whole_rows();
  if (rows.size() < kLeastTrials || !model.can_undo()) return std::nullopt;
  const auto n = static_cast<double>(rows.size());
  const double d = std::max(1, history.spec().space.dimension());
  const double beta =
      2 * std::log(d * n * n * std::numbers::pi * std::numbers::pi / (6 * kDelta)) / 5;
  const double root = std::sqrt(beta);
  double upper = INFINITY;
  double lower = INFINITY;
  double best = INFINITY;
  for (const std::vector<double>& row : rows) {
    const GpPrediction p = model.predict(row);
    upper = std::min(upper, p.mean + root * std::sqrt(p.variance));
    lower = std::min(lower, p.mean - root * std::sqrt(p.variance));
    best = std::min(best, p.mean);
  }
  const auto found =
      search.run(LowerBound(model, root), model.incumbents(0), draw, options, std::move(rng));
  if (!found.empty()) lower = std::min(lower, -found.front().value);
  RegretBound bound;
  bound.bound = std::max(0.0, model.loss_of(upper) - model.loss_of(lower));
  if (const auto replicated = noise_of_replicates(history)) {
    bound.noise = *replicated;
    bound.replicated = true;
  } else {
    bound.noise = model.loss_of(best + model.noise()) - model.loss_of(best);
  }
  if (std::isnan(bound.bound) || !std::isfinite(bound.noise)) return std::nullopt;
  return bound;
}

}  // namespace hone
