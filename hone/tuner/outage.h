// A store that fails for a while (locked, full, unreachable): warnings with a measure, and an end
// of patience.
#pragma once

#include <cstdint>

#include "hone/base/error.h"

namespace hone {

/// Not thread-safe.
class Outage {
 public:
  /// The store answers.
  void end() { since_us_ = 0; }
  /// Whether the call that threw may be tried again later: not where time does not mend it, nor
  /// after `give_up_us` of failures. Warns, at most once a minute. `now_us` is monotonic.
  [[nodiscard]] bool bears(const Error& error, std::int64_t now_us, std::int64_t give_up_us);

 private:
  std::int64_t since_us_ = 0;   // of the failures; 0: it answers
  std::int64_t warned_us_ = 0;  // last; 0: never
};

}  // namespace hone
