// A trial in sentences: what came of it, why it was proposed, why it ended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/study/history.h"

namespace hone::cli {

/// A line for each metric with its value ("val_loss 1.25 ± 0.02 (3 runs) at epoch 9"), and one for
/// confirmations.
std::vector<std::string> result_texts(const History& history, std::int64_t trial);
/// Why it was stopped or paused, and what detectors noticed: "reason: …", "warning (plateau): …".
/// Of a failed trial what `show` says of its failure is not among them.
std::vector<std::string> ending_texts(const Trial& trial);

}  // namespace hone::cli
