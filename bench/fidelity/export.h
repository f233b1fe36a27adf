// The tasks for other programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/fidelity/tasks.h"

namespace hone::fidelity {

/// A JSON object: tasks with their rows' values and seconds, and for each seed the order of rows;
/// NaN is null. Throws Error(io).
void export_tasks(const std::vector<Task>& tasks, const std::string& path, std::int64_t first_seed,
                  std::int64_t seeds);

}  // namespace hone::fidelity
