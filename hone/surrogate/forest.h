// A regression forest over a mixed, conditional space: extremely randomised trees (Geurts, Ernst
// and Wehenkel 2006), with what model-based search takes from them (Hutter et al. 2014, "Algorithm
// runtime prediction").
//
// Rows are encoded: a number in [0, 1] per column, a category c of C as (c + ½)/C, NaN where a
// parameter is inactive. A split of a node is a random threshold of a number, a set of categories
// (those with the least mean target against the others), or "inactive" against "active", which
// keeps branches of the space apart; of the splits drawn, one or more a column, the one that
// explains most is taken. A row that shows a node something that no row of it had (a category, or
// inactivity) is predicted by the node itself.
// A tree predicts the mean and variance of the targets in a leaf. The forest's variance follows
// from the law of total variance: the mean of the trees' variances and the variance of their means,
// which is large where random thresholds disagree, between rows that differ.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "hone/base/rng.h"

namespace hone {

struct ForestOptions {
  int trees = 32;
  bool bootstrap = true;    ///< every tree has its own draw of the rows, with replacement
  int smallest_leaf = 1;    ///< rows
  double column_share = 1;  ///< of the columns that a node tries
  int thresholds = 4;       ///< drawn for every number that it tries
  /// The variance of a node counts that of the node above it as much as so many rows, so that a
  /// leaf of one row is not certain, and a branch of few rows less so than one of many.
  double inherited = 3;
};

struct ForestPrediction {
  double mean = 0;
  double variance = 0;  ///< ≥ 0
};

/// What a part of the space holds of one column.
struct ForestSide {
  double low = -1;               ///< of numbers: low < x ≤ high
  double high = 2;               ///< both beyond the unit interval: no bound
  std::vector<bool> categories;  ///< empty: all
  bool active = true;            ///< holds rows in which the column is active
  bool inactive = true;          ///< … in which it is not
};

/// A pure function of rows, targets, options and the generator. Not thread-safe while it is fitted.
class RegressionForest {
 public:
  /// Of every column the number of categories; 0: a number.
  explicit RegressionForest(std::vector<int> categories);

  /// Fits to targets.size() ≥ 1 rows that lie one after the other; targets are finite.
  /// O(trees · columns · n · depth).
  void fit(std::span<const double> rows, std::span<const double> targets,
           const ForestOptions& options, Rng rng);

  /// Requires a fit. The variance is infinite only where the square of a target is.
  ForestPrediction predict(std::span<const double> row) const;
  /// Of `out.size()` rows one after the other.
  void predict_many(std::span<const double> rows, std::span<ForestPrediction> out) const;

  /// A part (a side for each column) and what the tree predicts there.
  using UsePart = std::function<void(std::span<const ForestSide>, double)>;
  /// The parts into which one tree divides the space, each once; together they are all of it, rows
  /// that show a node something new included. 0 ≤ tree < tree_count().
  void for_each_part(int tree, const UsePart& use) const;

  int dimension() const { return static_cast<int>(categories_.size()); }
  int tree_count() const { return static_cast<int>(roots_.size()); }
  /// Of all trees.
  std::size_t node_count() const { return nodes_.size(); }

 private:
  enum class Kind : std::uint8_t { leaf, number, category, inactive };
  struct Node {
    Kind kind = Kind::leaf;
    int column = 0;
    int low = -1;          // the child of the lower part; the other one follows it
    double threshold = 0;  // of a number
    int sets = 0;  // of categories: where the bits of those that go low, then the known, lie
    double mean = 0;
    double variance = 0;
  };
  struct Split;
  class Builder;

  const Node& leaf_of(int root, std::span<const double> row) const;
  int category(std::size_t column, double x) const;
  void visit(int index, std::vector<ForestSide>& sides, const UsePart& use) const;

  std::vector<int> categories_;
  std::vector<Node> nodes_;
  std::vector<int> roots_;
  std::vector<std::uint64_t> bits_;  // sets of categories
  double scale_ = 1;                 // of the targets, so that no sum of squares overflows
};

}  // namespace hone
