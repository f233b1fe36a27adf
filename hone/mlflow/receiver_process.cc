#include "hone/mlflow/receiver_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/id.h"
#include "hone/mlflow/receiver.h"
#include "hone/runner/owned_file.h"

namespace hone::mlflow {
namespace fs = std::filesystem;
namespace {

/// The line that the receiver writes when it listens: its port; 0 where none comes in time.
int read_port(int file, int timeout_ms) {
  std::string line;
  pollfd waiting{file, POLLIN, 0};
  while (line.size() < 16 && ::poll(&waiting, 1, timeout_ms) > 0) {
    char byte = 0;
    if (::read(file, &byte, 1) != 1) break;
    if (byte == '\n') return std::atoi(line.c_str());
    line += byte;
  }
  return 0;
}

/// Whether a receiver has its place there: its programs may be silent for longer than any limit.
bool is_lived_in(const fs::path& folder) {
  const OwnedFile lock(::open((folder / kReceiverLock).c_str(), O_RDWR | O_CLOEXEC));
  return lock.get() >= 0 && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
}

}  // namespace

ReceiverProcess::ReceiverProcess(fs::path folder, std::string program)
    : root_(std::move(folder)), program_(std::move(program)) {
  folder_ = root_ / fmt::format("{}-{:08x}", ::getpid(), system_entropy() >> 32);
}

ReceiverProcess::~ReceiverProcess() {
  if (life_line_ >= 0) ::close(life_line_);
  if (pid_ > 0) ::waitpid(pid_, nullptr, WNOHANG);
}

ReceiverAddress ReceiverProcess::address() {
  if (!lives()) start();
  return {fmt::format("http://127.0.0.1:{}", port_), folder_};
}

bool ReceiverProcess::lives() {
  if (pid_ <= 0) return false;
  const pid_t ended = ::waitpid(pid_, nullptr, WNOHANG);
  if (ended == 0) return true;
  pid_ = -1;
  ::close(std::exchange(life_line_, -1));
  return false;
}

void ReceiverProcess::forget_old() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    const auto changed = fs::last_write_time(entry.path(), error);
    if (!error && entry.path() != folder_ &&
        fs::file_time_type::clock::now() - changed > std::chrono::hours(kForget_hours) &&
        !is_lived_in(entry.path()))
      remove_tree(entry.path());
  }
}

void ReceiverProcess::start() {
  make_private_folder(folder_);
  forget_old();
  int life[2] = {-1, -1};
  int said[2] = {-1, -1};
  if (::pipe2(life, O_CLOEXEC) != 0)
    throw Error(ErrorCode::process, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  OwnedFile life_out(life[0]);
  OwnedFile life_in(life[1]);
  if (::pipe2(said, O_CLOEXEC) != 0)
    throw Error(ErrorCode::process, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  const OwnedFile said_out(said[0]);
  OwnedFile said_in(said[1]);
  std::vector<std::string> words = {program_, std::string(kReceiverArgument), folder_.string(),
                                    std::to_string(port_)};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, life_out.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, said_in.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  ::posix_spawn_file_actions_addchdir_np(&actions, "/");
  // A session of its own: neither a Ctrl-C nor the end of the terminal is for it.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  const int error =
      ::posix_spawn(&pid_, program_.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    throw Error(ErrorCode::process, fmt::format("cannot start the receiver of MLflow's clients: {}",
                                                std::strerror(error)));
  }
  ::close(said_in.release());
  const int port = read_port(said_out.get(), kStart_ms);
  if (port <= 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    throw Error(ErrorCode::process, "the receiver of MLflow's clients did not start");
  }
  port_ = port;
  life_line_ = life_in.release();
}

}  // namespace hone::mlflow
