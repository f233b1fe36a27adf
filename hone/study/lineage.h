// What a trial was trained with over its whole way: a fork goes on from where its parent was, so
// its program has run under several configurations, one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// A stretch of the way under one configuration.
struct LineageStep {
  std::int64_t trial = -1;
  double from = 0;              ///< fidelity of the checkpoint that it went on from; 0: none
  std::optional<double> until;  ///< where the next step went on from; none: the trial's own end
  Config config;
};

/// Whether the study's scheduler lets trials go on from others' checkpoints (populations, replays):
/// it knows its own end, and decides itself what follows a trial that failed.
bool hands_checkpoints_on(const StudySpec& spec);

/// The steps that led to the trial, the oldest first and the trial itself last. A step begins at
/// its parent's last report (also one after a verdict) before its own first one, and at most the
/// longest way between two reports before that; where it has not reported, at what its parent had
/// reached when it was made. Steps of no length are left out.
std::vector<LineageStep> lineage(const History& history, std::int64_t trial);

}  // namespace hone
