// A child with one pipe, read until its end or the deadline.
#include "hone/runner/process_capture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hone/base/owned_file.h"
#include "hone/runner/child_process.h"
#include "hone/runner/keeper_loop.h"

namespace hone {
namespace {

/// Reads to the end of `file`; false when the deadline came first.
bool read_until(int file, std::int64_t end_us, std::string* into) {
  char chunk[16384];
  for (;;) {
    const std::int64_t left_us = end_us - keeper::monotonic_us();
    if (left_us <= 0) return false;
    pollfd waiting{file, POLLIN, 0};
    const int n = ::poll(&waiting, 1, static_cast<int>(left_us / 1000 + 1));
    if (n < 0 && errno != EINTR) return false;
    if (n <= 0) continue;
    const ssize_t got = ::read(file, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    into->append(chunk,
                 std::min(static_cast<std::size_t>(got), kCaptureLimit_bytes - into->size()));
  }
}

}  // namespace

std::optional<Captured> run_and_capture(std::vector<std::string> argv, std::int64_t timeout_us,
                                        CaptureErrors errors) {
  if (argv.empty()) return std::nullopt;
  Pipe pipe = make_pipe();
  if (!pipe.in.is_open()) return std::nullopt;
  const StartedChild child =
      start_child({.argv = std::move(argv),
                   .search_path = true,
                   .input = kNowhere,
                   .output = pipe.in.get(),
                   .errors = errors == CaptureErrors::with_output ? pipe.in.get() : kNowhere,
                   .apart = ChildApart::group});  // so that all of it can be killed
  pipe.in.close();
  if (child.error != 0) return std::nullopt;
  Captured captured;
  const bool whole =
      read_until(pipe.out.get(), keeper::monotonic_us() + timeout_us, &captured.output);
  pipe.out.close();
  if (!whole) ::kill(-child.pid, SIGKILL);
  int status = 0;
  pid_t done = -1;
  do {
    done = ::waitpid(child.pid, &status, 0);
  } while (done < 0 && errno == EINTR);
  if (!whole || done != child.pid || !WIFEXITED(status)) return std::nullopt;
  captured.exit_code = WEXITSTATUS(status);
  return captured;
}

}  // namespace hone
