// posix_spawn with one pipe, read until its end or the deadline.
#include "hone/runner/process_capture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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
  int ends[2];
  if (argv.empty() || ::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  std::vector<char*> words;
  for (std::string& each : argv) words.push_back(each.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (errors == CaptureErrors::with_output)
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  else
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP);  // so that all of it can be killed
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, words[0], &actions, &attributes, words.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Captured captured;
  const bool whole =
      error == 0 && read_until(ends[0], keeper::monotonic_us() + timeout_us, &captured.output);
  ::close(ends[0]);
  if (error != 0) return std::nullopt;
  if (!whole) ::kill(-pid, SIGKILL);
  int status = 0;
  pid_t done = -1;
  do {
    done = ::waitpid(pid, &status, 0);
  } while (done < 0 && errno == EINTR);
  if (!whole || done != pid || !WIFEXITED(status)) return std::nullopt;
  captured.exit_code = WEXITSTATUS(status);
  return captured;
}

}  // namespace hone
