// Going on without the terminal: `--detach` from the start, or when the terminal hangs up.
#pragma once

#include <optional>
#include <string>

#include "hone/base/owned_file.h"

namespace hone::cli {

/// Sends stdout and stderr to the end of a file (mode 0600) and stdin to /dev/null; to /dev/null
/// where there is no path or it cannot be opened.
void redirect_output(const std::string& path);

/// A process that goes into the background once its work has begun, so that errors before that
/// still reach the terminal and the exit code. Fork before threads are started.
class Background {
 public:
  /// Forks. In the parent: waits for the child, prints its sentence, and returns the exit code. In
  /// the child: nullopt, in a session of its own. Throws Error(process).
  std::optional<int> fork_off();
  /// In the child: tells the parent to end with this sentence, and turns the output to the log.
  /// Nothing without `fork_off`.
  void started(const std::string& sentence, const std::string& log_path);
  bool is_child() const { return pipe_.is_open(); }

 private:
  OwnedFile pipe_;
};

}  // namespace hone::cli
