// hone's side of the receiver: starts it when it is first needed, and again should it have died.
#pragma once

#include <filesystem>
#include <string>

#include "hone/base/owned_file.h"
#include "hone/runner/mlflow_ticket.h"

#include <sys/types.h>

namespace hone::mlflow {

/// One owner thread. When it is destroyed the receiver goes on while programs that may use it live.
class ReceiverProcess {
 public:
  /// `folder`: private; a subfolder for this process is made in it.
  explicit ReceiverProcess(std::filesystem::path folder, std::string program = "/proc/self/exe");
  ~ReceiverProcess();
  ReceiverProcess(const ReceiverProcess&) = delete;
  ReceiverProcess& operator=(const ReceiverProcess&) = delete;

  /// Of the living receiver, which is started where there is none. Throws Error(process, io).
  ReceiverAddress address();
  pid_t pid() const { return pid_; }

  static constexpr int kStart_ms = 20'000;
  /// Folders of receivers that were killed are removed after so long.
  static constexpr int kForget_hours = 24 * 7;

 private:
  bool lives();
  void start();
  void forget_old() const;

  std::filesystem::path root_;
  std::filesystem::path folder_;
  std::string program_;
  pid_t pid_ = -1;
  OwnedFile life_line_;
  int port_ = 0;
};

}  // namespace hone::mlflow
