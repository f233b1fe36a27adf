// The arithmetic of holes in logs.
#include "hone/runner/limits_log.h"

#include <algorithm>

namespace hone {

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
