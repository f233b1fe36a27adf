// How long a scheduler works for one report.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/fidelity/replay.h"

namespace hone::fidelity {

/// Plays a study of so many trials (27 reports each where nothing is stopped) into a history and
/// each scheduler, and prints the time of observe and judge for a report, and of next, over the
/// last tenth of them.
void measure_decisions(const std::vector<Method>& methods, std::int64_t trials);

}  // namespace hone::fidelity
