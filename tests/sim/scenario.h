// What one seed of the simulator is: a study, its machines, the faults that will strike, and what
// every program will print. Everything follows from the seed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/runner/fake_executor.h"
#include "hone/study/study_spec.h"

namespace hone::sim {

/// The kinds of faults that are injected. Every kind must strike in at least 5 % of the seeds.
enum class FaultKind {
  leader_crash,
  worker_crash,
  keeper_crash,
  reboot,
  lost_lease,
  duplicated_report,
  late_report,
  store_error,
  lost_answer,
  hanging_run,
  failing_program,
  user_request,
};
inline constexpr int kFaultKinds = 12;
const char* fault_name(FaultKind kind);

struct Scenario {
  std::uint64_t seed = 0;
  std::shared_ptr<const StudySpec> spec;
  int hosts = 1;
  int processes = 2;            ///< each has a worker and may lead
  int parallel = 2;             ///< runs per worker
  double crash_rate = 0;        ///< per store call
  double store_error_rate = 0;  ///< per store call
  double lost_answer_rate = 0;  ///< per store call
  double duplicate_rate = 0;    ///< per append
  double stall_rate = 0;        ///< per step of a process
  double keeper_rate = 0;       ///< per step
  double reboot_rate = 0;       ///< per step
  double request_rate = 0;      ///< per step
  double hang_rate = 0;         ///< per run
  double failure_rate = 0;      ///< per run
};

Scenario make_scenario(std::uint64_t seed);

/// One value that a program prints, and where its line ends in stdout.
struct PrintedValue {
  double fidelity = 0;
  double value = 0;
  std::size_t end_offset = 0;
};

/// The script of a run, and the objective's values in it.
struct Script {
  FakeProgram program;
  std::vector<PrintedValue> values;
  bool hangs = false;
  bool fails = false;
};

/// Depends on the seed, the configuration and the run only. `from_fidelity`: the checkpoint it goes
/// on from, 0: from scratch.
Script make_script(const Scenario& scenario, RunId run, const Config& config,
                   std::optional<double> target, double from_fidelity);

}  // namespace hone::sim
