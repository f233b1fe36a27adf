// Racing of replicates (`replicates: {count: 3, racing: true}`): the first runs alone, each further
// one only while the trial may still be the best. A one-sided t test against the best trial of all
// replicates, with the variance between replicates pooled over all trials, decides; as in F-Race
// (Birattari et al. 2002) what is significantly worse is given up, but a trial is compared with the
// best only, and never has more than `count` runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/study/history.h"

namespace hone {

/// Whether the spread between replicates is known well enough to race; until it is, all replicates
/// of a new trial run.
bool may_race(const History& history);

struct RaceStep {
  bool goes_on = false;
  int replicate = 0;  ///< that runs next
  std::string reason;
};
/// What follows for a trial whose replicates so far have all ended well; nullopt where the study
/// does not race, all of them have run, or the trial was to stop. Pure.
std::optional<RaceStep> race(const History& history, std::int64_t trial);

inline constexpr int kRaceDegrees = 3;  ///< of freedom of the spread, before trials race
inline constexpr double kRaceAlpha = 0.05;
inline constexpr const char* kRaceNote = "replicate";  ///< kind of the note of a decision to go on

}  // namespace hone
