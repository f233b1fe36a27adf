// A run: one process that works on a trial. Workers claim runs; the fencing token is the run's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/base/value.h"
#include "hone/study/ids.h"
#include "hone/study/trial.h"

namespace hone {

enum class RunState { waiting = 0, claimed = 1, running = 2, ended = 3 };
enum class RunPurpose { search = 0, confirm = 1, reproduce = 2, check = 3 };

/// How a run ended, seen from the study.
enum class RunOutcome {
  finished = 0,     ///< the program ended by itself with success
  stopped = 1,      ///< a verdict (stop) was made true
  paused = 2,       ///< a verdict (pause) was made true
  failed = 3,       ///< the program failed; `fail_kind` says how
  interrupted = 4,  ///< not the program's doing: Ctrl-C, lost lease, machine gone; teaches nothing
  cancelled = 5,    ///< never started
};
const char* run_outcome_name(RunOutcome outcome);
const char* run_purpose_name(RunPurpose purpose);
const char* run_state_name(RunState state);

/// What a run is made of when it is queued.
struct RunPlan {
  std::int64_t trial = -1;
  int replicate = 0;
  int segment = 0;
  int attempt = 0;
  RunPurpose purpose = RunPurpose::search;
  std::string resume_from;  ///< checkpoint path, empty: from scratch
  std::optional<double> fidelity_target;
  std::int64_t seed = 0;
  Value resources;  ///< {"cpus": …, "gpus": …}
  int priority = 0;
};

/// How a run ended, as the worker saw it.
struct RunEnd {
  RunOutcome outcome = RunOutcome::finished;
  FailKind fail_kind = FailKind::none;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string detail;  ///< one sentence and the last log lines
  std::int64_t busy_us = 0;
  std::int64_t peak_bytes = 0;
  std::int64_t peak_gpu_bytes = 0;
};

struct Run {
  RunId id;
  RunPlan plan;
  RunState state = RunState::waiting;
  std::int64_t token = 0;
  WorkerId worker;
  std::int64_t started_us = 0;
  std::int64_t ended_us = 0;
  RunEnd end;  ///< meaningful once ended
};

}  // namespace hone
