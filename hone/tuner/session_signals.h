// The signals of the terminal and of the system, as counts that a loop reads.
#pragma once

#include <signal.h>

#include <array>

#include "hone/runner/executor.h"

namespace hone {

/// While it lives: SIGINT, SIGTERM, SIGHUP and SIGWINCH are counted and wake the executor's poll;
/// SIGPIPE is ignored. One at a time per process.
class SessionSignals {
 public:
  explicit SessionSignals(Executor& executor);
  ~SessionSignals();
  SessionSignals(const SessionSignals&) = delete;
  SessionSignals& operator=(const SessionSignals&) = delete;

  /// Since the last call.
  struct Counts {
    int interrupts = 0;  ///< SIGINT
    int terminations = 0;
    int hang_ups = 0;
    int resizes = 0;
  };
  Counts take();

 private:
  static constexpr std::array<int, 5> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGPIPE};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace hone
