#include "hone/cli/ui_terminal.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "hone/base/assert.h"

namespace hone::cli {
namespace {

constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
/// Ends what a frame may have begun, removes the block (the cursor rests at its begin), and shows
/// the cursor. Bytes for a signal handler.
constexpr std::string_view kRestore = "\x1b[0m\r\x1b[J\x1b[?2026l\x1b[?25h";
/// The other screen, which has no history, and back.
constexpr std::string_view kFullScreen = "\x1b[?1049h\x1b[H\x1b[2J";
constexpr std::string_view kLeaveFullScreen = "\x1b[?1049l";

/// Signals that end the process unless somebody else has taken them over.
constexpr std::array<int, 11> kDeadly = {SIGABRT, SIGSEGV, SIGBUS,  SIGFPE, SIGILL, SIGQUIT,
                                         SIGSYS,  SIGINT,  SIGTERM, SIGHUP, SIGPIPE};

// What the handlers know. They touch lock-free atomics and what is set before `g_taken` is.
constinit std::atomic<bool> g_exists{false};
constinit std::atomic<bool> g_taken{false};
constinit std::atomic<bool> g_stop_wanted{false};
constinit std::atomic<bool> g_continued{false};
constinit std::atomic<bool> g_resized{false};
constinit std::atomic<int> g_fd{-1};
constinit std::atomic<bool> g_full_screen{false};
termios g_before;
bool g_has_modes = false;
std::array<struct sigaction, kDeadly.size()> g_deadly_before;
struct sigaction g_stop_before;
struct sigaction g_continue_before;
struct sigaction g_resize_before;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

/// tcsetattr from the background would stop the process; a terminal in other hands is left alone.
bool is_foreground_of(int fd) {
  const pid_t group = tcgetpgrp(fd);
  return group < 0 ? errno == ENOTTY : group == getpgrp();  // not our controlling terminal: free
}

void put_back_in_a_hurry() {
  if (!g_taken.exchange(false)) return;
  const int fd = g_fd.load();
  if (!is_foreground_of(fd)) return;
  [[maybe_unused]] ssize_t written = write(fd, kRestore.data(), kRestore.size());
  if (g_full_screen.load()) written = write(fd, kLeaveFullScreen.data(), kLeaveFullScreen.size());
  if (g_has_modes) tcsetattr(fd, TCSANOW, &g_before);
}

void on_deadly(int signal) {
  put_back_in_a_hurry();
  // As it would have gone without us.
  for (std::size_t i = 0; i < kDeadly.size(); ++i) {
    if (kDeadly[i] == signal) sigaction(signal, &g_deadly_before[i], nullptr);
  }
  raise(signal);
}

void on_stop(int) { g_stop_wanted.store(true); }
void on_continue(int) { g_continued.store(true); }
void on_resize(int) { g_resized.store(true); }

void handle(int signal, void (*handler)(int), struct sigaction* before) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, before);
}

}  // namespace

LiveTerminal::LiveTerminal(const TerminalOptions& options) : options_(options) {
  const bool first = !g_exists.exchange(true);
  HONE_ASSERT(first, "a process has one live display at a time");
  const char* name = ttyname(options.fd);
  const int access = options.full_screen ? O_RDWR : O_WRONLY;
  if (name != nullptr) fd_ = open(name, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd_ < 0) fd_ = fcntl(options.fd, F_DUPFD_CLOEXEC, 3);
  g_fd.store(fd_);
  g_full_screen.store(options.full_screen);
  for (std::size_t i = 0; i < kDeadly.size(); ++i)
    handle(kDeadly[i], on_deadly, &g_deadly_before[i]);
  handle(SIGTSTP, on_stop, &g_stop_before);
  handle(SIGCONT, on_continue, &g_continue_before);
  handle(SIGWINCH, on_resize, &g_resize_before);
}

LiveTerminal::~LiveTerminal() {
  if (!gone_) {
    unwritten_ += frames_.removed();
    for (const ScreenLine& line : waiting_) unwritten_ += encoded(line) + "\r\n";
    flush_for(kLastWrite_ms);
    give_back();
  }
  sigaction(SIGTSTP, &g_stop_before, nullptr);
  sigaction(SIGCONT, &g_continue_before, nullptr);
  sigaction(SIGWINCH, &g_resize_before, nullptr);
  for (std::size_t i = 0; i < kDeadly.size(); ++i)
    sigaction(kDeadly[i], &g_deadly_before[i], nullptr);
  g_taken.store(false);
  g_fd.store(-1);
  if (fd_ >= 0) close(fd_);
  g_exists.store(false);
}

bool LiveTerminal::is_foreground() const { return is_foreground_of(fd_); }

void LiveTerminal::take() {
  if (taken_ || gone_ || !is_foreground()) return;
  has_modes_ = tcgetattr(fd_, &before_) == 0;
  if (has_modes_) {
    g_before = before_;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    if (options_.full_screen) {
      quiet.c_lflag &= ~static_cast<tcflag_t>(ICANON);
      quiet.c_cc[VMIN] = 1;
      quiet.c_cc[VTIME] = 0;
    }
    tcsetattr(fd_, TCSANOW, &quiet);
  }
  g_has_modes = has_modes_;
  taken_ = true;
  anew_ = true;
  g_taken.store(true);
  if (options_.full_screen) unwritten_ += kFullScreen;
  unwritten_ += kHideCursor;
}

/// Whoever had the terminal while this process stood still may have changed it.
void LiveTerminal::take_again() {
  termios now{};
  if (has_modes_ && tcgetattr(fd_, &now) == 0 && (now.c_lflag & ECHO) != 0) {
    taken_ = false;
    take();
  } else {
    unwritten_ += kHideCursor;
  }
}

void LiveTerminal::give_back() {
  if (!taken_) return;
  taken_ = false;
  g_taken.store(false);
  if (!is_foreground()) return;  // whoever has it now has set it as he likes
  unwritten_ += kShowCursor;
  if (options_.full_screen) unwritten_ += kLeaveFullScreen;
  flush_for(kLastWrite_ms);
  if (has_modes_) tcsetattr(fd_, TCSANOW, &before_);
}

/// Ctrl-Z: the shell gets a terminal in order, and the whole process stands still here until it
/// goes on.
void LiveTerminal::stop_for_a_while() {
  unwritten_ += frames_.removed();
  give_back();
  sigaction(SIGTSTP, &g_stop_before, nullptr);
  raise(SIGTSTP);
  handle(SIGTSTP, on_stop, &g_stop_before);
  take();
}

bool LiveTerminal::ready() {
  if (gone_) return false;
  if (g_stop_wanted.exchange(false)) stop_for_a_while();
  if (g_continued.exchange(false)) {
    // The shell may have set the modes anew meanwhile, and printed something.
    if (taken_ && !is_foreground()) {
      taken_ = false;
      g_taken.store(false);
    }
    if (taken_) take_again();
    anew_ = true;
  }
  if (g_resized.exchange(false)) anew_ = true;  // also where it has the old size again
  const bool foreground = is_foreground();
  if (foreground && !taken_) take();
  if (!foreground && taken_) {  // moved to the background without a stop
    taken_ = false;
    g_taken.store(false);
    frames_.removed();
    unwritten_.clear();
  }
  return taken_ && flush();
}

ScreenSize LiveTerminal::size() const {
  winsize size{};
  ScreenSize out;
  if (ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    out = {size.ws_col, size.ws_row};
  return out;
}

std::string LiveTerminal::read_keys(int ms) {
  pollfd poll_for{fd_, POLLIN, 0};
  if (gone_ || !taken_) {
    poll(nullptr, 0, ms);
    return "";
  }
  if (poll(&poll_for, 1, ms) <= 0) return "";
  if ((poll_for.revents & (POLLHUP | POLLERR)) != 0) {
    abandon();
    return "";
  }
  std::array<char, 256> bytes;
  const ssize_t got = read(fd_, bytes.data(), bytes.size());
  return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : "";
}

std::string LiveTerminal::encoded(const ScreenLine& line) const {
  return line.encoded(options_.colour, options_.ascii);
}

void LiveTerminal::print(ScreenLine line) {
  if (gone_) return;
  waiting_.push_back(std::move(line));
  if (waiting_.size() <= kWaitingAtMost) return;
  waiting_.pop_front();
  ++dropped_;
}

void LiveTerminal::show(const std::vector<ScreenLine>& lines) {
  if (!taken_ || gone_ || !unwritten_.empty()) return;
  std::vector<std::string> above;
  if (dropped_ > 0) above.push_back(fmt::format("({} earlier lines were left out)", dropped_));
  dropped_ = 0;
  for (const ScreenLine& line : waiting_) above.push_back(encoded(line));
  waiting_.clear();
  std::vector<std::string> block;
  block.reserve(lines.size());
  for (const ScreenLine& line : lines) block.push_back(encoded(line));
  const ScreenSize now = size();
  const bool anew = anew_ || now != shown_size_;
  shown_size_ = now;
  anew_ = false;
  unwritten_ = frames_.frame(above, block, anew);
  flush();
}

/// Writes what can be written without waiting. True when nothing is left.
bool LiveTerminal::flush() {
  std::size_t at = 0;
  while (at < unwritten_.size()) {
    const ssize_t written = write(fd_, unwritten_.data() + at, unwritten_.size() - at);
    if (written > 0) {
      at += static_cast<std::size_t>(written);
    } else if (written < 0 && errno == EINTR) {
      continue;
    } else if (written < 0 && errno != EAGAIN) {
      abandon();
      return false;
    } else {
      break;
    }
  }
  unwritten_.erase(0, at);
  return unwritten_.empty();
}

void LiveTerminal::flush_for(int ms) {
  constexpr int kSlice_ms = 50;
  for (int waited = 0; !gone_ && !flush() && waited < ms; waited += kSlice_ms) {
    pollfd poll_for{fd_, POLLOUT, 0};
    poll(&poll_for, 1, kSlice_ms);
  }
}

void LiveTerminal::abandon() {
  gone_ = true;
  taken_ = false;
  g_taken.store(false);
  unwritten_.clear();
  waiting_.clear();
}

}  // namespace hone::cli
