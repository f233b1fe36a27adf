// Why a program failed, from its exit status and the last bytes it wrote: the kind that samplers
// learn from, one sentence and the last log lines for the user. Signatures of memory running out
// are those of PyTorch, JAX, TensorFlow, CuPy, ggml and the kernel; a program that recovered from
// one and failed otherwise later is not blamed for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hone/study/trial.h"

namespace hone {

struct FailureFacts {
  std::optional<int> exit_code;
  std::optional<int> signal;
  bool kernel_out_of_memory = false;  ///< the kernel's memory killer was seen while the run lived
  std::string_view tail;              ///< last bytes of stdout and stderr, as they came
};

struct Failure {
  FailKind kind = FailKind::exit_code;
  std::string sentence;    ///< "the program ended with exit code 1: ModuleNotFoundError: No module
                           ///< named 'peft'"
  std::string hint;        ///< what to do, where that is known; may be empty
  std::string last_lines;  ///< up to `kLastLines` lines of the log, without progress-bar leftovers;
                           ///< may be empty
  std::optional<std::int64_t> wanted_bytes;  ///< GPU memory that the failing request asked for
};

inline constexpr int kLastLines = 12;

Failure classify_failure(const FailureFacts& facts);
/// The last lines of a log: line ends and \r resolved, control characters and ANSI escapes removed,
/// long lines cut, valid UTF-8.
std::string last_log_lines(std::string_view tail, int lines = kLastLines);
/// "SIGKILL" for 9; "signal 64" for those without a name.
std::string signal_name(int signal);

}  // namespace hone
