// How many runs this machine takes at a time, and what each gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/runner/cpu.h"
#include "hone/study/study_spec.h"

namespace hone {

struct SessionPlan {
  int parallel = 1;
  double gpus_per_run = 0;  ///< 0: runs see what the user's environment says
  std::string why;  ///< of a number that was not given: "4 of 8 cores"; empty where the user chose
};

/// What the machine has.
struct MachineSize {
  int cpus = 1;
  int gpus = 0;                   ///< visible ones
  std::int64_t memory_bytes = 0;  ///< 0: not known
};

/// `wanted`: --parallel, else the study's. Without one: one run per GPU (or share of one), else
/// processors ÷ resources.cpus, else one for every two processors and eight at the most, within
/// limits.memory. Where runs ask for no GPU and the machine has some, each run gets one of its own,
/// unless the number of runs was given. Throws Error(invalid_input) when a single run does not fit.
/// Pure.
SessionPlan plan_session(const StudySpec& spec, const MachineSize& machine,
                         std::optional<int> wanted);

inline constexpr int kAutoParallelAtMost = 8;

}  // namespace hone
