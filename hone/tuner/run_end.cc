// How a run's end is recorded: what the worker did to it comes first, then what the program did.
#include <fmt/core.h>

#include "hone/base/text.h"
#include "hone/runner/failure.h"
#include "hone/tuner/worker_state.h"

namespace hone {

RunEnd Worker::describe_end(const ActiveState& run) const {
  const JobEnded& ended = *run.ended;
  const Limits& limits = spec_->limits;
  RunEnd end;
  end.exit_code = ended.exit_code;
  end.signal = ended.signal;
  end.busy_us = busy_us(run);
  end.peak_bytes = std::max(run.peak_bytes, ended.peak_bytes);
  // Of devices that it shares the memory is not the run's own.
  if (spec_->resources.gpus >= 1) end.peak_gpu_bytes = run.system.peak_gpu_bytes();
  const auto failed = [&](FailKind kind, std::string why) {
    end.outcome = RunOutcome::failed;
    end.fail_kind = kind;
    end.detail = std::move(why);
    const std::string lines = last_log_lines(run.tail);
    if (!lines.empty()) end.detail += "\n" + lines;
  };
  switch (run.cause) {
    case kByVerdict:
      end.outcome = run.verdict == Verdict::pause ? RunOutcome::paused : RunOutcome::stopped;
      return end;
    case kByInterrupt:
    case kLost:
      end.outcome = RunOutcome::interrupted;
      return end;
    case kByTime:
      failed(FailKind::timeout,
             fmt::format("the time limit of {} was reached", format_duration_us(*limits.time_us)));
      return end;
    case kBySilence:
      failed(FailKind::silence,
             fmt::format("nothing was written for {}", format_duration_us(*limits.silence_us)));
      return end;
    case kByMemory:
      failed(FailKind::out_of_memory,
             fmt::format("the memory limit of {} was exceeded (peak {})",
                         format_bytes(*limits.memory_bytes), format_bytes(end.peak_bytes)));
      return end;
    case kByOutput:
    case kNotStopped:
      break;
  }
  if (run.not_started) {
    failed(FailKind::exit_code, *run.not_started);
    return end;
  }
  if (ended.vanished) {
    end.outcome = RunOutcome::interrupted;
    return end;
  }
  if (ended.exit_code == 0) {
    if (ended.leaked) end.detail = "left processes behind, which were ended";
    return end;
  }
  FailureFacts facts;
  facts.exit_code = ended.exit_code;
  facts.signal = ended.signal;
  facts.kernel_out_of_memory = ended.out_of_memory;
  facts.tail = run.tail;
  const Failure failure = classify_failure(facts);
  end.outcome = RunOutcome::failed;
  end.fail_kind = failure.kind;
  end.detail = failure.sentence;
  if (!failure.last_lines.empty()) end.detail += "\n" + failure.last_lines;
  return end;
}

}  // namespace hone
