// Search where configurations differ in what they cost: the regret of samplers over the time that
// was spent, not over trials.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/quality/problem.h"
#include "hone/study/study_spec.h"

namespace hone::quality {

/// A problem whose evaluations take time.
struct CostTask {
  std::string name;
  Problem problem;
  std::function<double(const Config&)> seconds;
  bool recorded = false;  ///< the time is that of real trainings (a surrogate of them); else a law
};

std::vector<CostTask> cost_tasks(const std::vector<Problem>& problems, const std::string& data,
                                 std::vector<std::string>& skipped);

struct CostOptions {
  std::vector<std::string> tasks;  ///< none: all
  std::vector<std::string> methods;
  std::vector<AlgorithmSpec> samplers;  ///< an entry a method
  std::int64_t first_seed = 0;
  std::int64_t seeds = 20;
  double trials = 60;  ///< the budget: time of so many random configurations in the mean
};
/// Prints a row a task, with the regret after a quarter, a half and all of the time. Returns 0.
int measure_costs(const std::vector<CostTask>& tasks, const CostOptions& options);

}  // namespace hone::quality
