// Small changes of encoded values, for samplers that breed configurations from others.
#pragma once

#include <optional>
#include <span>

#include "hone/base/rng.h"
#include "hone/space/search_space.h"

namespace hone {

/// Polynomial mutation (Deb and Agrawal 1995) of an encoded number within [0, 1]; the larger `eta`,
/// the nearer. Discrete values leave their cell.
double mutated(const Domain& domain, double x, double eta, Rng& rng);

/// Another category than that at x, each with equal probability; x where there is one only.
double other_category(const Domain& domain, double x, Rng& rng);

/// Moves `row` into the constraints where it breaks them, and decodes it; nullopt where no feasible
/// point was found near. Without constraints nothing is drawn.
std::optional<Config> feasible_config(const SearchSpace& space, std::span<double> row, Rng& rng);

}  // namespace hone
