// When a run has gone too far: wall time, silence, memory. Pure decisions over readings, so that tests need neither processes nor
// time; the readings come from limits_reading.h. Also which part of a long log may be dropped from its middle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hone/study/study_spec.h"
#include "hone/study/trial.h"

namespace hone {

/// What is known of a run now. Times are of the monotonic clock, which stands still while the machine sleeps.
struct LimitReadings {
  std::int64_t now_us = 0;
  std::int64_t started_us = 0;
  std::int64_t last_sign_us = 0;            ///< newest report or output; the start when there was none
  std::optional<std::int64_t> memory_bytes; ///< sum of PSS over the tree; none: not measured
};

enum class LimitKind { time, silence, memory };

/// A limit that a run has passed.
struct LimitBreach {
  LimitKind kind = LimitKind::time;
  std::int64_t limit = 0;  ///< microseconds or bytes
  std::int64_t value = 0;
};

/// The first limit passed, in the order memory, time, silence; nullopt: none.
std::optional<LimitBreach> check_limits(const Limits& limits, const LimitReadings& readings);
/// When a limit by time is passed at the earliest if nothing comes; nullopt: never.
std::optional<std::int64_t> next_limit_us(const Limits& limits, const LimitReadings& readings);
/// timeout, silence or out_of_memory.
FailKind limit_fail_kind(LimitKind kind);
/// "used 13.1 GiB of memory, over the limit of 12.0 GiB (limits.memory)".
std::string explain_limit(const LimitBreach& breach);

/// A range of bytes of a log that may be given back to the file system.
struct LogHole {
  std::int64_t begin = 0;
  std::int64_t end = 0;  ///< one past
};
constexpr std::int64_t kLogHeadBytes = 1LL << 20;  ///< the start of a log stays
constexpr std::int64_t kLogTailBytes = 8LL << 20;  ///< its newest part stays
constexpr std::int64_t kLogBlockBytes = 4096;      ///< holes are whole blocks
constexpr std::int64_t kLogHoleStepBytes = 1LL << 20;  ///< and not smaller than this
/// What to punch out of a log of `size` bytes that is read up to `read_to` and has its hole up to `punched_to` (0: none
/// yet), once it is above `limit`; nullopt: nothing. Never touches the first 1 MiB, the last 8 MiB, or what is unread.
std::optional<LogHole> log_hole(std::int64_t size, std::int64_t read_to, std::int64_t punched_to,
                                std::int64_t limit);

}  // namespace hone
