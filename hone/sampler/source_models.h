// Earlier studies as models: a Gaussian process each over the parameters that it shares with this
// study's space, in units that compare: over the space, the mean is 0 and the spread 1.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hone/space/search_space.h"
#include "hone/study/study_spec.h"
#include "hone/surrogate/gaussian_process.h"

namespace hone {

/// A function of space and sources alone. Not thread-safe.
class SourceModels {
 public:
  /// Leaves out sources with less than four trials, or that say the same everywhere. A failed trial
  /// counts as the worst.
  SourceModels(const SearchSpace& space, const std::vector<WarmSource>& sources);

  std::size_t size() const { return models_.size(); }
  /// The name of the earlier study.
  const std::string& study(std::size_t source) const { return models_[source].study; }
  /// What the source expects at an encoded row of the space; smaller is better. The variance is
  /// that of its function, in the same units.
  GpPrediction predict(std::size_t source, std::span<const double> row) const;
  /// Also the derivatives by the active numeric columns; 0 for others.
  GpPrediction predict(std::size_t source, std::span<const double> row, std::span<double> by_mean,
                       std::span<double> by_variance) const;
  /// For `count` rows one after the other.
  void predict_many(std::size_t source, std::span<const double> rows, int count,
                    std::span<GpPrediction> predictions) const;
  /// Rows over the space by which the units are set.
  const std::vector<std::vector<double>>& spread() const { return spread_; }

 private:
  struct Model {
    std::string study;
    std::vector<std::size_t> columns;  // of the space's rows
    GaussianProcess process;
    double centre = 0;
    double scale = 1;
  };
  void add(const SearchSpace& space, const WarmSource& source);
  /// Appends the columns that the model knows.
  void add_part(const Model& model, std::span<const double> row, std::vector<double>& part) const;

  std::vector<std::vector<double>> spread_;
  std::vector<Model> models_;
  mutable std::vector<double> part_, by_mean_, by_variance_;
};

}  // namespace hone
