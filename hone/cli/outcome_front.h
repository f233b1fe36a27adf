// The front of a study with several objectives in words, as a table and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/analysis/front.h"
#include "hone/study/history.h"

namespace hone::cli {

/// "minimize val_loss", "minimize val_loss, maximize accuracy".
std::string objectives_text(const StudySpec& spec);
/// "loss 0.41 to 0.62, time 1.2 to 5.0": from best to worst over these trials.
std::string ranges_text(const History& history, const std::vector<std::int64_t>& trials);
/// One row per trial of the front: number, objectives, parameters; the first ones where there are
/// many.
std::string front_table(const History& history, const Front& front, int width);
/// "The defaults are on the front." or by how many of the front they are surpassed in everything;
/// empty where they have not run.
std::string defaults_text(const History& history, const Front& front);
/// Sets "front" (a list of trials) and "hypervolume" of a summary.
void set_front(Value& summary, const History& history, const Front& front);

}  // namespace hone::cli
