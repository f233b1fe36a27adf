// Time per suggestion at several sizes of a study.
#pragma once

#include <string>
#include <vector>

#include "bench/quality/problem.h"
#include "hone/study/study_spec.h"

namespace hone::quality {

/// Prints the median and 99th percentile in milliseconds over 1 000 further trials after each of
/// `sizes` random ones, and the memory that history and sampler take. Throws Error(not_found) for
/// an unknown problem.
int measure_speed(const std::vector<Problem>& problems, const std::string& name,
                  const AlgorithmSpec& sampler, const std::vector<std::size_t>& sizes);

}  // namespace hone::quality
