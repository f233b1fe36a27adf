// Between the user's units and the unit interval. A domain's law becomes uniform on [0, 1]: numeric values go through their
// cumulative distribution function, a choice with C items takes cells of width 1/C (ordered or not; weights are not encoded), an
// integer with K values cells of width 1/K in its law's scale. Exact for discrete values, within 4 ulp for real ones; unbounded laws
// are clipped to [1e-12, 1 − 1e-12].
#pragma once

#include <optional>

#include "hone/space/parameter.h"

namespace hone {

/// Position of a value in [0, 1] (discrete: the middle of its cell); values outside of the bounds are clipped; nullopt when the value
/// is of another type or no item of the choice.
std::optional<double> encode(const Domain& domain, const Value& value);

/// The value at position u in [0, 1]: legal for the domain. Requires a searched domain.
Value decode(const Domain& domain, double u);

/// For discrete domains the number of cells of equal width that `encode` uses; 0 for continuous ones. Log-scaled integers and
/// quantised reals have cells of unequal width: see `snap`.
int cell_count(const Domain& domain);

/// u moved to the middle of its cell (discrete), or u itself: what a kernel should see.
double snap(const Domain& domain, double u);

/// The value at quantile p of the domain's prior, weights of choices included: p uniform gives a draw from the law.
Value quantile(const Domain& domain, double p);

/// Whether values have no order (unordered choices).
bool is_categorical(const Domain& domain);
bool is_discrete(const Domain& domain);

}  // namespace hone
