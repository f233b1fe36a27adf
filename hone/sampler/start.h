// Space-filling points in the space's law: the `sobol` sampler, and the start of the model-based
// ones. Point k is a function of the seed and k alone.
#pragma once

#include <optional>
#include <vector>

#include "hone/base/rng.h"
#include "hone/math/sobol.h"
#include "hone/space/search_space.h"

namespace hone {

enum class StartDesign { sobol, random };

/// Immutable after construction; not thread-safe only because of nothing: const calls are.
class Start {
 public:
  /// `beliefs`: parameters with a user's prior are drawn from it instead of their law.
  Start(const SearchSpace& space, StartDesign design, bool beliefs, Rng rng);

  /// Point `k` of the design as an encoded row, discrete values at cell middles; where it breaks a
  /// constraint, the parameters of that constraint are drawn from what the constraints leave.
  /// nullopt when no feasible draw was found. Inactive parameters have values too.
  std::optional<std::vector<double>> row(std::uint64_t k) const;
  /// The configuration that the design has for a trial. Further attempts (from 0) take points far
  /// behind the numbers that trials have; where none is feasible, a draw from the space.
  std::optional<Config> config(std::int64_t number, int attempt, Rng& rng) const;

 private:
  SearchSpace space_;
  StartDesign design_;
  bool beliefs_;
  Rng rng_;
  std::optional<Sobol> sobol_;  // none: more dimensions than it has, or a random design
};

/// The encoded position of quantile p of a parameter's law (weights of choices included), or of the
/// user's belief.
double law_position(const Parameter& parameter, double p, bool beliefs);

}  // namespace hone
