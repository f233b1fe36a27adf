// A space as finitely many cells a column, with their mass under its law: what integrals over
// parameters are sums over. Where parameters are conditional the law is a mixture of products, one
// for each set of parameters that are active together (a regime).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hone/space/search_space.h"

namespace hone {

/// The cells of one searched parameter that is active.
struct CellColumn {
  std::vector<double> at;    ///< middles in the encoded range, ascending
  std::vector<double> high;  ///< upper edges
  std::vector<double> mass;  ///< under the law, weights of choices included; sum 1
  bool categorical = false;

  std::size_t size() const { return at.size(); }
  /// Of an encoded value; not NaN.
  std::size_t index(double u) const;
};

/// The values of a discrete domain of up to 64, and all items of an unordered choice; else 64 cells
/// of equal width. Requires a searched domain.
CellColumn cells_of(const Domain& domain);

/// A product law over the columns that are active together.
struct Regime {
  double weight = 1;  ///< how much of the space it is
  std::vector<bool> active;
  std::vector<std::vector<double>> mass;  ///< by column and cell, sum 1; empty where inactive
};

/// Immutable. Constraints are not looked at: what they rule out counts as it does without them.
class CellSpace {
 public:
  /// `rng`: for drawing which parameters are active together. At most the 32 likeliest regimes are
  /// kept.
  CellSpace(const SearchSpace& space, Rng rng);

  std::size_t dimension() const { return columns_.size(); }
  const std::vector<CellColumn>& columns() const { return columns_; }
  const std::vector<Regime>& regimes() const { return regimes_; }
  /// How much of the space a column is active in, 0–1.
  double active(std::size_t column) const;
  /// An encoded row with every entry moved to the middle of its cell; NaN stays.
  std::vector<double> snapped(std::span<const double> row) const;
  /// Of every column the number of categories, 0 for a number: what a forest asks for.
  std::vector<int> categories() const;

 private:
  std::vector<CellColumn> columns_;
  std::vector<Regime> regimes_;
};

}  // namespace hone
