// Why a program failed, from its exit status and the last bytes it wrote: the kind that samplers learn from, one sentence and the last log
// lines for the user.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hone/study/trial.h"

namespace hone {

struct FailureFacts {
  std::optional<int> exit_code;
  std::optional<int> signal;
  bool kernel_out_of_memory = false;  ///< the kernel's memory killer was seen in the run's cgroup
  std::string_view tail;              ///< last bytes of stdout and stderr, as they came
};

struct Failure {
  FailKind kind = FailKind::exit_code;
  std::string sentence;    ///< "the program ended with exit code 1: ModuleNotFoundError: No module named 'peft'"
  std::string last_lines;  ///< up to `kLastLines` lines of the log, without progress-bar leftovers; may be empty
};

inline constexpr int kLastLines = 12;

Failure classify_failure(const FailureFacts& facts);
/// The last lines of a log: line ends and \r resolved, control characters and ANSI escapes removed, long lines cut, valid UTF-8.
std::string last_log_lines(std::string_view tail, int lines = kLastLines);

}  // namespace hone
