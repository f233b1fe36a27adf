// How many trials a sampler needs to come upon one of the best configurations of a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/quality/problem.h"
#include "hone/study/study_spec.h"

namespace hone::quality {

struct ReachOptions {
  double share = 0.001;  ///< of all configurations, the best by their truth
  std::int64_t first_seed = 0;
  std::int64_t seeds = 20;
  std::size_t trials = 500;
  std::string feature;  ///< an expression that the samplers see as a feature; empty: none
};

/// Prints, for every sampler, the quartiles over the seeds of the first trial whose configuration
/// is among the best, and of the first after which the trial with the best reported value is one of
/// them. Throws Error(not_found) for an unknown problem, Error(invalid_input) for one whose space
/// is not finite.
int measure_reach(const std::vector<Problem>& problems, const std::string& name,
                  const std::vector<AlgorithmSpec>& samplers, const ReachOptions& options);

}  // namespace hone::quality
