#include "hone/sampler/source_models.h"

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"
#include "hone/sampler/start.h"
#include "hone/space/encoding.h"
#include "hone/surrogate/output_transform.h"

namespace hone {
namespace {

constexpr std::size_t kLeastTrials = 4;
constexpr int kEvaluations = 60;
/// Rows that set the units.
constexpr std::uint64_t kSpread = 128;
constexpr double kFlat = 1e-6;

/// Losses as a process likes them; failures take the worst.
std::vector<double> model_losses(const WarmSource& source) {
  double worst = -INFINITY;
  for (const WarmTrial& trial : source.trials) worst = std::max(worst, trial.loss.value_or(worst));
  std::vector<double> losses;
  for (const WarmTrial& trial : source.trials) losses.push_back(trial.loss.value_or(worst));
  return transform_losses(losses, OutputTransform::power);
}

}  // namespace

SourceModels::SourceModels(const SearchSpace& space, const std::vector<WarmSource>& sources) {
  const Start start(space, StartDesign::sobol, false, Rng(0).split("source models"));
  for (std::uint64_t k = 0; k < kSpread; ++k) {
    const auto row = start.row(k);
    if (!row) continue;
    // Inactive parameters have values in the design.
    std::vector<double> settled(row->size());
    space.encode(space.decode(*row), settled);
    spread_.push_back(std::move(settled));
  }
  for (const WarmSource& source : sources) add(space, source);
}

void SourceModels::add(const SearchSpace& space, const WarmSource& source) {
  const auto any = std::any_of(source.trials.begin(), source.trials.end(),
                               [](const WarmTrial& trial) { return trial.loss.has_value(); });
  if (source.trials.size() < kLeastTrials || !any || spread_.empty()) return;
  const auto d = static_cast<std::size_t>(space.dimension());
  std::vector<double> rows(source.trials.size() * d);
  std::vector<bool> shared(d, false);
  for (std::size_t i = 0; i < source.trials.size(); ++i) {
    const auto row = std::span(rows).subspan(i * d, d);
    space.encode(source.trials[i].config, row);
    for (std::size_t j = 0; j < d; ++j) shared[j] = shared[j] || !std::isnan(row[j]);
  }
  Model model{source.study, {}, GaussianProcess({}, {}), 0, 1};
  std::vector<GpColumn> kinds;
  for (std::size_t j = 0; j < d; ++j) {
    if (!shared[j]) continue;
    model.columns.push_back(j);
    const Domain& domain = space.parameter(space.searched()[j]).domain;
    kinds.push_back(is_categorical(domain) ? GpColumn::category : GpColumn::number);
  }
  if (kinds.empty()) return;
  model.process =
      GaussianProcess(kinds, gp_prior(static_cast<int>(kinds.size()), source.trials.size()));
  std::vector<double> own;
  for (std::size_t i = 0; i < source.trials.size(); ++i) {
    for (const std::size_t j : model.columns) own.push_back(rows[i * d + j]);
  }
  const std::vector<double> y = model_losses(source);
  model.process.set_rows(own, static_cast<int>(source.trials.size()));
  const std::vector<GpParameters> starts = {model.process.prior_mode()};
  model.process.condition(model.process.fit(y, starts, kEvaluations), y);
  double sum = 0;
  double squares = 0;
  double unknown = 0;
  for (const auto& row : spread_) {
    part_.clear();
    add_part(model, row, part_);
    const GpPrediction p = model.process.predict(part_);
    sum += p.mean;
    squares += p.mean * p.mean;
    unknown += p.variance;
  }
  const auto n = static_cast<double>(spread_.size());
  model.centre = sum / n;
  const double known = std::max(0.0, squares / n - model.centre * model.centre);
  model.scale = std::sqrt(known + unknown / n);
  if (known > kFlat) models_.push_back(std::move(model));
}

void SourceModels::add_part(const Model& model, std::span<const double> row,
                            std::vector<double>& part) const {
  for (const std::size_t j : model.columns) part.push_back(row[j]);
}

GpPrediction SourceModels::predict(std::size_t source, std::span<const double> row) const {
  const Model& model = models_[source];
  part_.clear();
  add_part(model, row, part_);
  GpPrediction p = model.process.predict(part_);
  return {(p.mean - model.centre) / model.scale, p.variance / (model.scale * model.scale)};
}

GpPrediction SourceModels::predict(std::size_t source, std::span<const double> row,
                                   std::span<double> by_mean, std::span<double> by_variance) const {
  const Model& model = models_[source];
  const double variance_scale = model.scale * model.scale;
  part_.clear();
  add_part(model, row, part_);
  by_mean_.resize(part_.size());
  by_variance_.resize(part_.size());
  const GpPrediction p = model.process.predict(part_, by_mean_, by_variance_);
  std::fill(by_mean.begin(), by_mean.end(), 0.0);
  std::fill(by_variance.begin(), by_variance.end(), 0.0);
  for (std::size_t k = 0; k < part_.size(); ++k) {
    by_mean[model.columns[k]] = by_mean_[k] / model.scale;
    by_variance[model.columns[k]] = by_variance_[k] / variance_scale;
  }
  return {(p.mean - model.centre) / model.scale, p.variance / variance_scale};
}

void SourceModels::predict_many(std::size_t source, std::span<const double> rows, int count,
                                std::span<GpPrediction> predictions) const {
  const Model& model = models_[source];
  const std::size_t d = count > 0 ? rows.size() / static_cast<std::size_t>(count) : 0;
  part_.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    add_part(model, rows.subspan(i * d, d), part_);
  model.process.predict_many(part_, count, predictions);
  for (GpPrediction& p : predictions)
    p = {(p.mean - model.centre) / model.scale, p.variance / (model.scale * model.scale)};
}

}  // namespace hone
