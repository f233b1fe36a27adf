// What earlier studies bring: regret with and without `warm_start`, from related sources and from
// misleading ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/quality/problem.h"
#include "hone/study/study_spec.h"

namespace hone::quality {

struct TransferOptions {
  std::string data;
  std::vector<std::string> relations;  ///< empty: all
  std::vector<std::string> targets;    ///< empty: all
  /// none: no sources; replay: the best configurations of each, apart from each other; portfolio:
  /// hone's first points alone; model: no first points; transfer: both.
  std::vector<std::string> methods;
  AlgorithmSpec sampler{"auto", Value::Map{}};
  std::int64_t first_seed = 0;
  std::int64_t seeds = 20;
  std::size_t trials = 60;
  std::size_t points = 3;          ///< of the portfolio
  std::size_t source_trials = 60;  ///< by `auto`, under seeds of their own
};

/// Prints a table per relation. Throws Error(invalid_input).
int measure_transfer(const std::vector<Problem>& problems, const TransferOptions& options);

}  // namespace hone::quality
