// The output of a short program (nvidia-smi, git): no shell, an end to waiting, a bound on what is
// kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hone {

struct Captured {
  int exit_code = 0;
  std::string output;  ///< stdout (and stderr, where asked for), at most kCaptureLimit_bytes
};
constexpr std::size_t kCaptureLimit_bytes = 4 << 20;

enum class CaptureErrors { discard, with_output };

/// Runs argv[0] (found in PATH) with stdin on /dev/null, and stderr too unless it is asked for.
/// nullopt when it cannot be started, is ended by a signal, or is not done within `timeout_us`;
/// then it is killed.
std::optional<Captured> run_and_capture(std::vector<std::string> argv, std::int64_t timeout_us,
                                        CaptureErrors errors = CaptureErrors::discard);

}  // namespace hone
