// When a study should end by itself: trials saved and regret lost by the rules of tuner/settle,
// against a fixed number of trials.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/quality/problem.h"
#include "hone/study/study_spec.h"

namespace hone::quality {

struct StopOptions {
  std::vector<std::string> problems;  ///< none: all
  AlgorithmSpec sampler;
  std::int64_t first_seed = 0;
  std::int64_t seeds = 20;
  std::size_t trials = 100;
};
/// Prints a row a problem. Returns 0.
int measure_stops(const std::vector<Problem>& problems, const StopOptions& options);

}  // namespace hone::quality
