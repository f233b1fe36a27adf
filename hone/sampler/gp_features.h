// What the user knows about a configuration before it is tried (derived parameters marked
// `feature`: its number of parameters, a score), as further columns of a Gaussian process.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hone/space/search_space.h"
#include "hone/surrogate/gaussian_process.h"

namespace hone {

/// A pure function of the space. Not thread-safe.
class GpFeatures {
 public:
  explicit GpFeatures(const SearchSpace& space);

  std::size_t size() const { return features_.size(); }
  /// Appends the features of an encoded row, about [0, 1] over the space (on a logarithmic scale
  /// where they are positive and span more than a factor of 30); NaN where one is inactive.
  void append(std::span<const double> row, std::vector<double>& out) const;
  /// Adds what the gradient owes to the features, from the derivatives by each of them: forward
  /// differences along the active numbers.
  void add_gradient(std::span<const double> row, std::span<const GpColumn> columns,
                    std::span<const double> by_feature, std::span<double> gradient) const;

 private:
  struct Feature {
    std::string name;
    bool logarithmic = false;
    double low = 0;
    double high = 0;
  };

  SearchSpace space_;
  std::vector<Feature> features_;
};

}  // namespace hone
