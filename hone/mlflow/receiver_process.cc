#include "hone/mlflow/receiver_process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/id.h"
#include "hone/base/owned_file.h"
#include "hone/mlflow/receiver.h"
#include "hone/runner/child_process.h"

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
  return lock.is_open() && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
}

Pipe new_pipe() {
  Pipe made = make_pipe();
  if (!made.in.is_open())
    throw Error(ErrorCode::process, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return made;
}

}  // namespace

ReceiverProcess::ReceiverProcess(fs::path folder, std::string program)
    : root_(std::move(folder)), program_(std::move(program)) {
  folder_ = root_ / fmt::format("{}-{:08x}", ::getpid(), system_entropy() >> 32);
}

ReceiverProcess::~ReceiverProcess() {
  life_line_.close();
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
  life_line_.close();
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
  Pipe life = new_pipe();
  Pipe said = new_pipe();
  const StartedChild child = start_child(
      {.argv = {program_, std::string(kReceiverArgument), folder_.string(), std::to_string(port_)},
       .input = life.out.get(),
       .output = said.in.get(),
       .errors = kNowhere,
       .folder = "/"});
  if (child.error != 0) {
    throw Error(ErrorCode::process, fmt::format("cannot start the receiver of MLflow's clients: {}",
                                                std::strerror(child.error)));
  }
  pid_ = child.pid;
  said.in.close();
  const int port = read_port(said.out.get(), kStart_ms);
  if (port <= 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    throw Error(ErrorCode::process, "the receiver of MLflow's clients did not start");
  }
  port_ = port;
  life_line_ = std::move(life.in);
}

}  // namespace hone::mlflow
