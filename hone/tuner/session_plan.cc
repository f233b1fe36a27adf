#include "hone/tuner/session_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/error.h"
#include "hone/base/text.h"

namespace hone {
namespace {

void check_fit(const StudySpec& spec, const MachineSize& machine) {
  if (spec.resources.gpus > machine.gpus) {
    throw Error(
        ErrorCode::invalid_input,
        fmt::format("a run asks for {} GPU{} (resources.gpus), and {} visible on this machine",
                    format_number(spec.resources.gpus), spec.resources.gpus == 1 ? "" : "s",
                    machine.gpus == 0   ? "none is"
                    : machine.gpus == 1 ? "one is"
                                        : fmt::format("{} are", machine.gpus)),
        "lower resources.gpus, or check nvidia-smi and CUDA_VISIBLE_DEVICES");
  }
  if (spec.resources.cpus && *spec.resources.cpus > machine.cpus) {
    throw Error(
        ErrorCode::invalid_input,
        fmt::format("a run asks for {} processors (resources.cpus), and hone may use {} here",
                    *spec.resources.cpus, machine.cpus),
        "lower resources.cpus");
  }
}

}  // namespace

SessionPlan plan_session(const StudySpec& spec, const MachineSize& machine,
                         std::optional<int> wanted) {
  check_fit(spec, machine);
  SessionPlan plan;
  plan.gpus_per_run = spec.resources.gpus;
  if (!wanted) wanted = spec.parallel;
  if (wanted) {
    plan.parallel = std::max(1, *wanted);
    return plan;
  }
  if (spec.resources.gpus > 0) {
    plan.parallel =
        spec.resources.gpus >= 1
            ? machine.gpus / static_cast<int>(std::ceil(spec.resources.gpus))
            : machine.gpus * static_cast<int>(std::floor(1 / spec.resources.gpus + 1e-9));
    plan.why = fmt::format("{} GPU{}", machine.gpus, machine.gpus == 1 ? "" : "s");
  } else if (machine.gpus > 0) {
    plan.gpus_per_run = 1;
    plan.parallel = machine.gpus;
    plan.why =
        machine.gpus == 1 ? "one per GPU" : fmt::format("one per GPU, {} GPUs", machine.gpus);
  } else if (spec.resources.cpus) {
    plan.parallel = machine.cpus / *spec.resources.cpus;
    plan.why = fmt::format("{} cores each of {}", *spec.resources.cpus, machine.cpus);
  } else {
    plan.parallel = std::clamp(machine.cpus / 2, 1, kAutoParallelAtMost);
    plan.why = fmt::format("{} core{}", machine.cpus, machine.cpus == 1 ? "" : "s");
  }
  if (spec.limits.memory_bytes && machine.memory_bytes > 0) {
    const std::int64_t fit =
        std::max<std::int64_t>(1, machine.memory_bytes / *spec.limits.memory_bytes);
    if (fit < plan.parallel) {
      plan.parallel = static_cast<int>(fit);
      plan.why = fmt::format("{} of memory at {} a run", format_bytes(machine.memory_bytes),
                             format_bytes(*spec.limits.memory_bytes));
    }
  }
  plan.parallel = std::max(1, plan.parallel);
  return plan;
}

}  // namespace hone
