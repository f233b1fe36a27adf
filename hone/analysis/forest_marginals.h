// What a regression forest predicts when all parameters but one or two are averaged over their law:
// exact sums over the parts of its trees (Hutter, Hoos and Leyton-Brown 2014, "An efficient
// approach for assessing hyperparameter importance", ICML, algorithm 2), for the mean of the trees,
// not tree by tree.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "hone/analysis/cells.h"
#include "hone/surrogate/forest.h"

namespace hone {

/// Columns of a CellSpace, the first below the second.
using ColumnPair = std::pair<std::size_t, std::size_t>;

struct Marginals {
  double mean = 0;  ///< over the whole law
  /// By column and cell: the mean given that the column is active and in the cell; NaN where the
  /// law has no mass.
  std::vector<std::vector<double>> single;
  /// By pair and cells, those of the second next to each other: given both.
  std::vector<std::vector<double>> pair;
};

/// The forest was fitted to rows of `space.snapped`. O(parts · (columns + pairs) · regimes).
Marginals find_marginals(const RegressionForest& forest, const CellSpace& space,
                         std::span<const ColumnPair> pairs);

/// The mass of the cells of a column, or of a pair, over the whole law (where inactive it has
/// none).
std::vector<double> cell_mass(const CellSpace& space, std::size_t column);
std::vector<double> cell_mass(const CellSpace& space, const ColumnPair& pair);

}  // namespace hone
