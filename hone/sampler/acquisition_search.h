// The search for the configuration that promises most: a spread of points over the space and around
// the best trials, from the most promising of them gradients along the continuous coordinates and
// every value of the discrete ones, in turn. Discrete coordinates only ever take their own values,
// so the model is asked about configurations that exist.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/search_space.h"

namespace hone {

/// What is maximised. Rows are encoded; NaN where inactive.
class Acquisition {
 public:
  virtual ~Acquisition() = default;
  virtual double value(std::span<const double> row) const = 0;
  /// Also the derivatives by the active numeric columns; 0 for others.
  virtual double value(std::span<const double> row, std::span<double> gradient) const = 0;
  /// Values of `count` rows one after the other.
  virtual void values(std::span<const double> rows, int count, std::span<double> out) const = 0;
};

struct AcquisitionSearchOptions {
  int spread = 400;      ///< points over the whole space
  int near = 60;         ///< points around each incumbent
  int refined = 4;       ///< of them, the best so many are refined
  int rounds = 2;        ///< of refinement: continuous, then discrete coordinates
  int evaluations = 20;  ///< of one descent along the continuous coordinates
  double radius = 1;     ///< half side of the box around the first incumbent; ≥ 1: no box
};

struct AcquisitionCandidate {
  std::vector<double> row;  ///< NaN where inactive
  double value = 0;
};

/// Holds what depends on the space alone. Not thread-safe.
class AcquisitionSearch {
 public:
  explicit AcquisitionSearch(const SearchSpace& space);

  /// Legal and feasible candidates, best first, without repetitions; empty where no feasible point
  /// was found. `incumbents` are encoded rows, best first; `draw` gives points of the whole space.
  std::vector<AcquisitionCandidate> run(
      const Acquisition& acquisition, std::span<const std::vector<double>> incumbents,
      const std::function<std::optional<std::vector<double>>(int)>& draw,
      const AcquisitionSearchOptions& options, Rng rng) const;

  /// The row that the space makes of `row`: discrete entries at cell middles, inactive ones NaN.
  std::vector<double> settle(std::vector<double> row) const;

 private:
  struct Column {
    bool category = false;
    bool continuous = false;      // moved by gradients
    std::vector<double> middles;  // of discrete columns with few cells
    double cell = 0;              // width of a cell of other discrete ones
  };
  struct Box {
    std::vector<double> low, high;
  };
  std::vector<double> near(const std::vector<double>& centre, Rng& rng, const Box& box) const;
  void polish(const Acquisition& acquisition, const AcquisitionSearchOptions& options,
              const Box& box, AcquisitionCandidate& candidate) const;
  bool step_through(const Acquisition& acquisition, const Box& box,
                    AcquisitionCandidate& candidate) const;
  bool is_feasible(std::span<const double> row) const;
  std::optional<std::vector<double>> between(const std::vector<double>& from,
                                             const std::vector<double>& to, double part) const;
  std::optional<std::vector<double>> neighbour(const std::vector<double>& centre, int i, Rng& rng,
                                               const Box& box) const;
  void wander(const Acquisition& acquisition, const Box& box,
              std::span<const AcquisitionCandidate> others, Rng& rng,
              AcquisitionCandidate& candidate) const;

  SearchSpace space_;
  std::vector<Column> columns_;
  bool constrained_ = false;
};

}  // namespace hone
