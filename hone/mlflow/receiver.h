// The receiver: a small process that MLflow's clients in the programs of one hone talk to, over
// HTTP on the loopback interface. It writes what they log to files of their run and trial, where
// hone reads it, so it needs no connection to hone and outlives it, as programs do.
//
// Every call but /health and /version needs the token of a ticket (runner/mlflow_ticket.h), as a
// bearer or as the password of any user. The receiver ends when hone has gone and no process of an
// admitted run lives.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace hone::mlflow {

/// The hidden first argument by which the one binary is told to be a receiver:
/// `hone --mlflow-receiver FOLDER [PORT]`. Its stdin is hone's life line: a pipe that ends with
/// hone; it writes the port to stdout, and a line end.
constexpr std::string_view kReceiverArgument = "--mlflow-receiver";

/// In the receiver's folder: locked (flock) while it lives.
inline constexpr const char* kReceiverLock = "lock";

int receiver_main(int argc, char** argv);

/// The HTTP side by itself: bound when constructed, serving in threads of its own until destroyed.
class ReceiverServer {
 public:
  /// `folder`: where tickets are. Takes `port` where it is free, else any. The head of a request
  /// has to come whole within `head_ms`, so that connections that say nothing hold the threads no
  /// longer. Throws Error(io).
  ReceiverServer(std::filesystem::path folder, int port, int head_ms = 5000);
  ~ReceiverServer();
  ReceiverServer(const ReceiverServer&) = delete;
  ReceiverServer& operator=(const ReceiverServer&) = delete;
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hone::mlflow
