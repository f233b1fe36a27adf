#include "hone/cli/background.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "hone/base/error.h"
#include "hone/base/file.h"

namespace hone::cli {

void redirect_output(const std::string& path) {
  std::fflush(stdout);
  std::fflush(stderr);
  int file = -1;
  if (!path.empty()) {
    try {
      make_private_folder(std::filesystem::path(path).parent_path());
      file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    } catch (const Error&) {  // there is nobody left to tell
    }
  }
  if (file < 0) file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input >= 0) dup2(input, 0);
  if (file >= 0) {
    dup2(file, 1);
    dup2(file, 2);
  }
  for (const int fd : {file, input}) {
    if (fd > 2) close(fd);
  }
}

Background::~Background() {
  if (pipe_ >= 0) close(pipe_);
}

std::optional<int> Background::fork_off() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(ErrorCode::process,
                fmt::format("cannot go into the background: {}", std::strerror(errno)));
  }
  std::fflush(stdout);
  std::fflush(stderr);
  const pid_t child = fork();
  if (child < 0) {
    const int reason = errno;
    close(ends[0]);
    close(ends[1]);
    throw Error(ErrorCode::process,
                fmt::format("cannot go into the background: {}", std::strerror(reason)));
  }
  if (child == 0) {
    close(ends[0]);
    pipe_ = ends[1];
    setsid();
    return std::nullopt;
  }
  close(ends[1]);
  std::string sentence;
  char buffer[512];
  for (;;) {
    const ssize_t got = read(ends[0], buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    sentence.append(buffer, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  if (!sentence.empty()) {
    std::fputs(sentence.c_str(), stdout);
    return 0;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void Background::started(const std::string& sentence, const std::string& log_path) {
  if (pipe_ < 0) return;
  redirect_output(log_path);
  std::string_view left = sentence;
  while (!left.empty()) {
    const ssize_t written = write(pipe_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  close(pipe_);
  pipe_ = -1;
}

}  // namespace hone::cli
