// One round of the leader: what it decides and commits in one transaction. Internal to the tuner.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hone/tuner/tuner.h"

namespace hone {

struct Tuner::Round {
  std::vector<Action> actions;
  std::set<std::int64_t>
      judged;  ///< trials with a verdict in this round: their further reports are late
  std::set<std::pair<std::int64_t, std::string>> warned;  ///< trial and detector, in this round
  std::int64_t new_trials = 0;
  std::int64_t new_runs = 0;
  bool ending = false;
};

}  // namespace hone
