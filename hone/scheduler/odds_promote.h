// The variant of `odds` that pauses trials and resumes the most promising (odds_promote.cc).
#pragma once

#include <memory>

#include "hone/scheduler/odds.h"
#include "hone/scheduler/scheduler.h"

namespace hone {

/// `aim`: goes on with what promises to end among so many of the best, as a share of all. The study
/// has a full fidelity, and programs that can go on or be told how far to go.
std::unique_ptr<Scheduler> make_odds_promote(Odds odds, double aim, const StudySpec& spec);

}  // namespace hone
