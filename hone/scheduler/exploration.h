// Where a member of a population goes on from the configuration that it has copied (Jaderberg et
// al. 2017, arXiv 1711.09846, section 3): every value is drawn anew with some probability, else
// multiplied or divided by a factor. Values stay legal: within bounds, on their steps, of their
// type; whole numbers and ordered choices move by one step at the least, so that none gets stuck;
// unordered choices change only by being drawn anew.
#pragma once

#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/search_space.h"

namespace hone {

struct ExplorationOptions {
  double resample = 0.25;           ///< probability of drawing a value anew
  double factor = 1.2;              ///< > 1
  std::vector<std::string> mutate;  ///< parameters that may change; empty: all
};

/// A neighbour of a feasible configuration; itself where no feasible one is found.
Config explored(const SearchSpace& space, const Config& from, const ExplorationOptions& options,
                Rng& rng);

/// Whether the parameter may change.
bool may_mutate(const ExplorationOptions& options, const std::string& name);

}  // namespace hone
