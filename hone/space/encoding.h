// Between the user's units and the unit interval. A domain's law becomes uniform on [0, 1]: numeric
// values go through their cumulative distribution function, a choice with C items takes cells of
// width 1/C (ordered or not; weights are not encoded), an integer with K values cells of width 1/K
// (uniform law). Exact for discrete values. A real value comes back within 4 units in the last
// place of what the unit interval can hold: |x' − x| <= 4·ε·max(|x|, |dx/du|); unbounded laws are
// clipped to [1e-12, 1 − 1e-12].
#pragma once

#include <optional>

#include "hone/space/parameter.h"

namespace hone {

/// Position of a value in [0, 1] (discrete: the middle of its cell); values outside of the bounds
/// are clipped; nullopt when the value is of another type or no item of the choice. Requires a
/// searched domain.
std::optional<double> encode(const Domain& domain, const Value& value);

/// The value at position u in [0, 1]: legal for the domain. Requires a searched domain. NaN counts
/// as 0.5.
Value decode(const Domain& domain, double u);

/// For discrete domains the number of cells that `encode` uses (at most INT_MAX is told); 0 for
/// continuous ones. Cells are of equal width for choices and uniform integers and steps; log-scaled
/// integers and other quantised laws have unequal ones: see `cell_of`.
int cell_count(const Domain& domain);

/// The part of [0, 1] that decodes to the same value as u; a point for continuous domains.
struct Cell {
  double low = 0;
  double high = 0;
  double middle() const { return low + (high - low) / 2; }
};
Cell cell_of(const Domain& domain, double u);

/// u moved to the middle of its cell (discrete), or u itself: what a kernel should see.
double snap(const Domain& domain, double u);

/// The value at quantile p of the domain's prior, weights of choices included: p uniform gives a
/// draw from the law.
Value quantile(const Domain& domain, double p);

/// Whether values have no order (unordered choices).
bool is_categorical(const Domain& domain);
bool is_discrete(const Domain& domain);

}  // namespace hone
