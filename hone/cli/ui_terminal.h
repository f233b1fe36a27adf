// The terminal while a live display is on it: echo off and cursor hidden, a block of lines at the
// bottom, lines that scroll away above it; everything put back on every way out, also when the
// process dies by a signal, is stopped (Ctrl-Z) or goes to the background.
//
// Unless keys are wanted, nothing is read from the terminal: what is typed waits for the shell.
// Ctrl-C, Ctrl-Z and Ctrl-\ are signals as ever. A terminal that takes no output (Ctrl-S, a frozen
// connection) never holds up the caller: frames are skipped until it takes them again.
#pragma once

#include <termios.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "hone/cli/ui_frame.h"
#include "hone/cli/ui_render.h"
#include "hone/cli/ui_text.h"

namespace hone::cli {

struct TerminalOptions {
  int fd = 1;
  bool colour = true;
  bool ascii = false;
  /// The whole screen, which is put aside meanwhile, and keys as they are pressed.
  bool full_screen = false;
};

/// One at a time per process, one thread.
class LiveTerminal {
 public:
  /// The terminal is taken by the first `ready` in its foreground.
  explicit LiveTerminal(const TerminalOptions& options);
  /// Removes the block, prints the lines that wait, and gives the terminal back.
  ~LiveTerminal();
  LiveTerminal(const LiveTerminal&) = delete;
  LiveTerminal& operator=(const LiveTerminal&) = delete;

  /// Obeys Ctrl-Z (returns once the process goes on), notices background and foreground, writes
  /// what still waits. Whether a frame can be shown now; to be called every 100 ms or so.
  bool ready();
  ScreenSize size() const;
  /// What was typed; waits up to `ms` for something. Only with a full screen.
  std::string read_keys(int ms);
  /// A line above the block, for good. Kept (the newest kWaitingAtMost) while there is no terminal
  /// to write to.
  void print(ScreenLine line);
  /// Redraws the block, in one write.
  void show(const std::vector<ScreenLine>& lines);
  /// The next frame draws everything: for whoever has taken over SIGWINCH.
  void distrust() { anew_ = true; }
  bool is_gone() const { return gone_; }
  /// The terminal has gone: nothing is written any more.
  void abandon();

  static constexpr std::size_t kWaitingAtMost = 1000;
  static constexpr int kLastWrite_ms = 1000;  ///< for what still waits at the end

 private:
  bool is_foreground() const;
  void take();
  void take_again();
  void give_back();
  void stop_for_a_while();
  bool flush();
  void flush_for(int ms);
  std::string encoded(const ScreenLine& line) const;

  TerminalOptions options_;
  int fd_ = -1;  ///< a description of our own that never blocks
  bool taken_ = false;
  bool gone_ = false;
  bool anew_ = true;
  ScreenSize shown_size_;
  termios before_{};
  bool has_modes_ = false;
  FrameWriter frames_;
  std::deque<ScreenLine> waiting_;
  std::int64_t dropped_ = 0;
  std::string unwritten_;
};

}  // namespace hone::cli
