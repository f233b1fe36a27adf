// One seed: the real Tuner, Worker, sampler and scheduler over the store in memory, on a manual
// clock, with faults.
#pragma once

#include <functional>
#include <string>

#include "tests/sim/sim_store.h"

namespace hone::sim {

struct Outcome {
  std::string violation;  ///< empty: all invariants held
  FaultLog faults;
  std::int64_t trials = 0;
  std::int64_t forks = 0;  ///< of these
  std::int64_t steps = 0;
  std::int64_t simulated_us = 0;
  std::int64_t replays = 0;
};

/// `fault`: name of a deliberate fault in the code under test, "" for none (see
/// `deliberate_faults`).
Outcome simulate(std::uint64_t seed, const std::string& fault, bool verbose);

/// Names of the deliberate faults with what each does.
struct DeliberateFault {
  const char* name;
  const char* what;
};
std::span<const DeliberateFault> deliberate_faults();

}  // namespace hone::sim
