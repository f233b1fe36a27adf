#include "hone/mlflow/connection.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

namespace hone::mlflow {
namespace {

constexpr std::size_t kAheadBytes = 4096;
constexpr std::size_t kHeadBytes = 64 * 1024;

/// Owns the socket.
class Connection final : public httplib::Stream {
 public:
  /// The head has to come within `head_ms` of now; later reads and writes wait `silence_ms` each.
  Connection(socket_t socket, int head_ms, int silence_ms);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// What is read from now on is a body.
  void end_head() { in_head_ = false; }

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  /// All of it, or -1.
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;
  bool wait(short what) const;

  socket_t socket_;
  Clock::time_point head_until_;
  int silence_ms_;
  bool in_head_ = true;
  std::size_t head_bytes_ = 0;
  std::string held_;  ///< read ahead
  std::size_t held_at_ = 0;
};

/// A server whose connections are such; each is for one request.
class ConnectionServer final : public httplib::Server {
 public:
  ConnectionServer(int head_ms, int silence_ms) : head_ms_(head_ms), silence_ms_(silence_ms) {}

 private:
  bool process_and_close_socket(socket_t socket) override;

  int head_ms_;
  int silence_ms_;
};

Connection::Connection(socket_t socket, int head_ms, int silence_ms)
    : socket_(socket),
      head_until_(Clock::now() + std::chrono::milliseconds(head_ms)),
      silence_ms_(silence_ms) {}

Connection::~Connection() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

/// For what poll waits for; false when the time is over.
bool Connection::wait(short what) const {
  const auto until = in_head_ ? head_until_ : Clock::now() + std::chrono::milliseconds(silence_ms_);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{socket_, what, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool Connection::is_readable() const { return held_at_ < held_.size() || wait(POLLIN); }
bool Connection::is_writable() const { return wait(POLLOUT); }

ssize_t Connection::read(char* to, size_t size) {
  if (held_at_ >= held_.size()) {
    if (!wait(POLLIN)) return -1;
    held_.resize(kAheadBytes);
    held_at_ = 0;
    ssize_t n = -1;
    do {
      n = ::recv(socket_, held_.data(), held_.size(), 0);
    } while (n < 0 && errno == EINTR);
    held_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (n <= 0) return n;
  }
  const std::size_t given = std::min(size, held_.size() - held_at_);
  if (in_head_ && (head_bytes_ += given) > kHeadBytes) return -1;
  std::memcpy(to, held_.data() + held_at_, given);
  held_at_ += given;
  return static_cast<ssize_t>(given);
}

ssize_t Connection::write(const char* from, size_t size) {
  std::size_t sent = 0;
  while (sent < size) {
    if (!wait(POLLOUT)) return -1;
    const ssize_t n = ::send(socket_, from + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR && errno != EAGAIN) return -1;
  }
  return static_cast<ssize_t>(size);
}

// Everybody is on this machine.
void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = "127.0.0.1";
  port = 0;
}
void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  get_remote_ip_and_port(ip, port);
}

bool ConnectionServer::process_and_close_socket(socket_t socket) {
  Connection connection(socket, head_ms_, silence_ms_);
  bool closed = false;
  return process_request(connection, true, closed,
                         [&](httplib::Request&) { connection.end_head(); });
}

}  // namespace

std::unique_ptr<httplib::Server> make_connection_server(int head_ms, int silence_ms) {
  return std::make_unique<ConnectionServer>(head_ms, silence_ms);
}

}  // namespace hone::mlflow
