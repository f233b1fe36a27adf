// Problems for another program over a pipe, one JSON document per line.
#pragma once

#include <vector>

#include "bench/quality/problem.h"

namespace hone::quality {

/// Reads requests from stdin until it ends:
///   {"ask": "problems"} → [{"name", "trials", "goal", "family", "optimum", "typical",
///                          "parameters": [...], "constraints": ["a + b <= 1", …]}, …]
///   {"problem", "config": {…}, "seed": run seed, "trial"} → {"value": number or null (failed),
///   "truth", "outside": true where the configuration breaks a constraint}
/// Parameters: {"name", "type": real | integer | ordered | choice, "low", "high", "log", "values",
/// "when": {parent: [...]}}; an ordered choice is asked for by its index by peers that have no such
/// type, and answered by value.
int serve(const std::vector<Problem>& problems);

}  // namespace hone::quality
