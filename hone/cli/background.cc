#include "hone/cli/background.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/owned_file.h"

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

std::optional<int> Background::fork_off() {
  Pipe pipe = make_pipe();
  if (!pipe.in.is_open()) {
    throw Error(ErrorCode::process,
                fmt::format("cannot go into the background: {}", std::strerror(errno)));
  }
  std::fflush(stdout);
  std::fflush(stderr);
  const pid_t child = fork();
  if (child < 0) {
    throw Error(ErrorCode::process,
                fmt::format("cannot go into the background: {}", std::strerror(errno)));
  }
  if (child == 0) {
    pipe_ = std::move(pipe.in);
    setsid();
    return std::nullopt;
  }
  pipe.in.close();
  std::string sentence;
  char buffer[512];
  for (;;) {
    const ssize_t got = read(pipe.out.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    sentence.append(buffer, static_cast<std::size_t>(got));
  }
  pipe.out.close();
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
  if (!pipe_.is_open()) return;
  redirect_output(log_path);
  std::string_view left = sentence;
  while (!left.empty()) {
    const ssize_t written = write(pipe_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  pipe_.close();
}

}  // namespace hone::cli
