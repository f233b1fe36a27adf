// Limits of runs as arithmetic on readings.
#include "hone/runner/limits.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"

namespace hone {

std::optional<LimitBreach> check_limits(const Limits& limits, const LimitReadings& readings) {
  if (limits.memory_bytes && readings.memory_bytes &&
      *readings.memory_bytes > *limits.memory_bytes) {
    return LimitBreach{LimitKind::memory, *limits.memory_bytes, *readings.memory_bytes};
  }
  const std::int64_t ran_us = readings.now_us - readings.started_us;
  if (limits.time_us && ran_us >= *limits.time_us) {
    return LimitBreach{LimitKind::time, *limits.time_us, ran_us};
  }
  const std::int64_t silent_us =
      readings.now_us - std::max(readings.started_us, readings.last_sign_us);
  if (limits.silence_us && silent_us >= *limits.silence_us) {
    return LimitBreach{LimitKind::silence, *limits.silence_us, silent_us};
  }
  return std::nullopt;
}

std::optional<std::int64_t> next_limit_us(const Limits& limits, const LimitReadings& readings) {
  std::optional<std::int64_t> next;
  if (limits.time_us) next = readings.started_us + *limits.time_us;
  if (limits.silence_us) {
    const std::int64_t at =
        std::max(readings.started_us, readings.last_sign_us) + *limits.silence_us;
    next = next ? std::min(*next, at) : at;
  }
  return next;
}

FailKind limit_fail_kind(LimitKind kind) {
  switch (kind) {
    case LimitKind::time: return FailKind::timeout;
    case LimitKind::silence: return FailKind::silence;
    case LimitKind::memory: return FailKind::out_of_memory;
  }
  return FailKind::none;
}

std::string explain_limit(const LimitBreach& breach) {
  switch (breach.kind) {
    case LimitKind::time:
      return fmt::format("ran for {}, the limit is {} (limits.time)",
                         format_duration_us(breach.value), format_duration_us(breach.limit));
    case LimitKind::silence:
      return fmt::format("wrote nothing and reported nothing for {}, the limit is {} (limits.silence)",
                         format_duration_us(breach.value), format_duration_us(breach.limit));
    case LimitKind::memory:
      return fmt::format("used {} of memory, over the limit of {} (limits.memory)",
                         format_bytes(breach.value), format_bytes(breach.limit));
  }
  return "";
}

std::optional<LogHole> log_hole(std::int64_t size, std::int64_t read_to, std::int64_t punched_to,
                                std::int64_t limit) {
  if (size <= limit) return std::nullopt;
  const std::int64_t begin = std::max(kLogHeadBytes, punched_to);
  const std::int64_t last = std::min(read_to, size - kLogTailBytes);
  const std::int64_t end = last - last % kLogBlockBytes;
  if (end - begin < kLogHoleStepBytes) return std::nullopt;
  return LogHole{begin, end};
}

}  // namespace hone
