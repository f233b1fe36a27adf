// The API on a socket: connections, a bounded number of threads, limits on what a client may take
// of time and memory. Sockets and HTTP are cpp-httplib's, behind this header.
#pragma once

#include <memory>
#include <string>

#include "hone/server/api.h"

namespace hone::server {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  int port = 7070;
  int ports = 1;  ///< how many ports from `port` on may be tried; then any free one, if above 1
};

// What a server bears. A connection holds a thread while it is open.
inline constexpr int kThreads = 64;
inline constexpr std::size_t kWaiting = 64;  ///< connections that wait for a thread
inline constexpr int kStreams = 32;          ///< event streams; others always find a thread
inline constexpr std::size_t kHeadBytes = 32 * 1024;
inline constexpr std::int64_t kHead_us =
    10'000'000;  ///< from the first byte to the end of the head
inline constexpr std::int64_t kBody_us = 30'000'000;
inline constexpr std::int64_t kIdle_us = 5'000'000;      ///< between two requests of a connection
inline constexpr std::int64_t kWrite_us = 20'000'000;    ///< without any progress
inline constexpr std::int64_t kAnswer_us = 600'000'000;  ///< of a whole answer that is no stream
inline constexpr std::int64_t kHeartbeat_us = 15'000'000;

/// Bound when constructed, serving from `start` on.
class HttpServer {
 public:
  /// Throws Error(conflict, io) where the address cannot be bound.
  explicit HttpServer(const HttpServerOptions& options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  /// Whether only this machine can connect.
  bool is_loopback() const { return is_loopback_; }
  /// "http://127.0.0.1:7070"
  std::string url() const;
  /// Serves in threads of its own; `api` must outlive them.
  void start(Api& api);
  /// Ends connections and threads; within about a second.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string host_;
  int port_ = 0;
  bool is_loopback_ = true;
};

}  // namespace hone::server
