// Bounding a log without losing what matters: which part of its middle may be given back to the
// file system.
#pragma once

#include <cstdint>
#include <optional>

namespace hone {

/// A range of bytes of a log that may be given back to the file system.
struct LogHole {
  std::int64_t begin = 0;
  std::int64_t end = 0;  ///< one past
};
constexpr std::int64_t kLogHeadBytes = 1LL << 20;      ///< the start of a log stays
constexpr std::int64_t kLogTailBytes = 8LL << 20;      ///< its newest part stays
constexpr std::int64_t kLogBlockBytes = 4096;          ///< holes are whole blocks
constexpr std::int64_t kLogHoleStepBytes = 1LL << 20;  ///< and not smaller than this
/// What to punch out of a log of `size` bytes that is read up to `read_to` and has its hole up to
/// `punched_to` (0: none yet), once it is above `limit`; nullopt: nothing. Never touches the first
/// 1 MiB, the last 8 MiB, or what is unread.
std::optional<LogHole> log_hole(std::int64_t size, std::int64_t read_to, std::int64_t punched_to,
                                std::int64_t limit);

}  // namespace hone
