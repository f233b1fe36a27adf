#include "hone/server/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <httplib.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "hone/base/clock.h"
#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/server/peer.h"

namespace hone::server {
namespace {

constexpr std::int64_t kSlice_us = 250'000;  ///< how long a thread sleeps before it looks around
constexpr std::size_t kBuffer = 16 * 1024;
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::int64_t kDrain_us = 500'000;
constexpr int kAnyPort = 0;
constexpr std::size_t kRequests = 1000;  ///< of a connection, as it is told; nobody counts

std::int64_t now_us() { return SystemClock().monotonic_us(); }

/// True once the socket is ready, false when the time is over or it is broken.
bool wait_for(int socket, short what, std::int64_t timeout_us) {
  pollfd entry{socket, what, 0};
  const int n = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(0, timeout_us) / 1000));
  return n > 0 && (entry.revents & (what | POLLHUP | POLLERR)) != 0;
}

/// A connection with an end to everything: bytes of a request's head, the time for head and body,
/// the time without progress of an answer.
class Connection final : public httplib::Stream {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  bool is_readable() const override {
    return at_ < buffer_.size() || wait_for(socket_, POLLIN, read_until_us_ - now_us());
  }
  /// Also notices a client that has gone while it is only sent to.
  bool is_writable() const override {
    if (!wait_for(socket_, POLLOUT, kWrite_us)) return false;
    char byte = 0;
    const ssize_t n = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
  }

  ssize_t read(char* to, size_t size) override {
    if (at_ == buffer_.size() && !fill()) return -1;
    const std::size_t n = std::min(size, buffer_.size() - at_);
    std::copy_n(buffer_.data() + at_, n, to);
    at_ += n;
    if (in_head_) {
      head_bytes_ += n;
      if (head_bytes_ > kHeadBytes) return -1;
    }
    return static_cast<ssize_t>(n);
  }

  ssize_t write(const char* from, size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const std::int64_t left = std::min(kWrite_us, write_until_us_ - now_us());
      if (!wait_for(socket_, POLLOUT, left)) return -1;
      const ssize_t n = ::send(socket_, from + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
      if (n <= 0) return -1;
      done += static_cast<std::size_t>(n);
    }
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override { none(ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { none(ip, port); }
  socket_t socket() const override { return socket_; }

  /// Waits for the first byte of the next request.
  bool has_more(std::int64_t timeout_us) const {
    return at_ < buffer_.size() || wait_for(socket_, POLLIN, timeout_us);
  }
  void begin_request() {
    in_head_ = true;
    head_bytes_ = 0;
    read_until_us_ = now_us() + kHead_us;
    write_until_us_ = read_until_us_ + kAnswer_us;
  }
  void begin_body() {
    in_head_ = false;
    read_until_us_ = now_us() + kBody_us;
    write_until_us_ = read_until_us_ + kAnswer_us;
  }
  void is_stream() { write_until_us_ = INT64_MAX; }

  /// Takes what a refused client is still sending, so that it reads the answer before the end.
  void drain() const {
    ::shutdown(socket_, SHUT_WR);
    const std::int64_t until = now_us() + kDrain_us;
    char rest[4096];
    while (now_us() < until && wait_for(socket_, POLLIN, until - now_us())) {
      if (::recv(socket_, rest, sizeof rest, MSG_DONTWAIT) <= 0) break;
    }
  }

 private:
  static void none(std::string& ip, int& port) {
    ip.clear();
    port = 0;
  }
  bool fill() {
    const std::int64_t left = read_until_us_ - now_us();
    if (left <= 0 || !wait_for(socket_, POLLIN, left)) return false;
    buffer_.resize(kBuffer);
    const ssize_t n = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    buffer_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    at_ = 0;
    return n > 0;
  }

  int socket_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool in_head_ = true;
  std::size_t head_bytes_ = 0;
  std::int64_t read_until_us_ = 0;
  std::int64_t write_until_us_ = 0;
};

/// Whether the connection that this thread has just been given is one too many.
thread_local bool one_too_many = false;

/// Threads as they are needed, at most kThreads; they stay. What finds neither thread nor place is
/// refused at once.
class Threads final : public httplib::TaskQueue {
 public:
  explicit Threads(std::atomic<int>& waiting) : waiting_(waiting) {}
  void enqueue(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.size() < kWaiting) {
        tasks_.push_back(std::move(task));
        waiting_ = static_cast<int>(tasks_.size());
        if (static_cast<int>(tasks_.size()) > idle_ && static_cast<int>(threads_.size()) < kThreads)
          threads_.emplace_back([this] { work(); });
        wake_.notify_one();
        return;
      }
    }
    one_too_many = true;
    task();
    one_too_many = false;
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      wake_.wait(lock, [this] { return over_ || !tasks_.empty(); });
      --idle_;
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      waiting_ = static_cast<int>(tasks_.size());
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::deque<std::thread> threads_;
  std::atomic<int>& waiting_;
  int idle_ = 0;
  bool over_ = false;
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Set by the header of a body: its length; nullopt where the head is at odds with itself.
struct BodyHead {
  bool has_body = false;
  HttpResponse refusal;  ///< status 200: none
};
BodyHead look_at_body(const httplib::Request& request) {
  BodyHead head;
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  if (request.has_header("Transfer-Encoding")) {
    head.has_body = true;
    head.refusal = error_response(411, "invalid_input", "a body needs its Content-Length");
  } else if (lengths > 0) {
    const auto length = parse_whole(request.get_header_value("Content-Length"));
    head.has_body = !length || *length != 0;
    if (lengths > 1 || !length || *length < 0) {
      head.refusal = error_response(400, "invalid_input", "this is no Content-Length");
    } else if (*length > static_cast<std::int64_t>(Api::kBodyBytes)) {
      head.refusal = error_response(413, "too_large",
                                    fmt::format("a body has at most {} bytes", Api::kBodyBytes));
    } else if (head.has_body &&
               (request.has_header("Content-Encoding") ||
                lower(request.get_header_value("Content-Type")).starts_with("multipart/"))) {
      head.refusal = error_response(415, "unsupported", "bodies are JSON, as they are");
    }
  }
  return head;
}

/// Bytes [begin, end) of a file.
struct ByteRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool is_part = false;
  bool is_outside = false;
};
/// Of a header Range with one range; the whole for anything else, as RFC 9110 allows.
ByteRange range_of(std::string_view header, std::int64_t size) {
  constexpr std::string_view kBytes = "bytes=";
  const ByteRange whole{0, size, false, false};
  const std::size_t dash = header.find('-');
  if (!header.starts_with(kBytes) || dash == std::string_view::npos) return whole;
  const std::string_view from = header.substr(kBytes.size(), dash - kBytes.size());
  const std::string_view to = header.substr(dash + 1);
  const auto first = parse_whole(from);
  const auto last = parse_whole(to);
  if ((!first && !from.empty()) || (!last && !to.empty()) || (!first && !last)) return whole;
  if ((first && *first < 0) || (last && *last < 0)) return whole;
  ByteRange range{0, size, true, false};
  if (first) {
    if (last && *last < *first) return whole;
    range.begin = *first;
    if (last && *last < size) range.end = *last + 1;
  } else {
    range.begin = std::max<std::int64_t>(0, size - *last);  // the last so many
  }
  range.is_outside = range.begin >= range.end;
  return range;
}

/// An IPv4 or IPv6 address of the loopback interface, or a name for it.
bool is_loopback_host(const std::string& host) {
  if (host == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace

struct HttpServer::Impl final : httplib::Server {
  Api* api = nullptr;
  std::thread thread;
  std::atomic<bool> stopping = false;
  std::atomic<int> waiting = 0;
  std::atomic<int> streams = 0;

  /// A request as the API knows it, and what becomes of its connection; of the thread that reads
  /// it.
  struct Current {
    HttpRequest request;
    std::optional<HttpResponse> refusal;
    bool has_body = false;
    bool same_user = false;
    Connection* connection = nullptr;
  };
  static thread_local Current* current;

  Impl() {
    new_task_queue = [this] { return new Threads(waiting); };
    set_payload_max_length(Api::kBodyBytes);
    set_tcp_nodelay(true);
    set_keep_alive_max_count(kRequests);
    // Not the library's SO_REUSEPORT, by which two servers would share a port unawares.
    set_socket_options([](socket_t socket) {
      const int on = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
      // Bodies are read by the library, between this and the handlers below.
      if (current->has_body && !current->refusal &&
          (from.method == "POST" || from.method == "PATCH"))
        return HandlerResponse::Unhandled;
      serve(from, to);
      return HandlerResponse::Handled;
    });
    const auto with_body = [this](const httplib::Request& from, httplib::Response& to) {
      current->request.body = from.body;
      serve(from, to);
    };
    Post("/", with_body);
    Patch("/", with_body);
  }

  void take_head(httplib::Request& from) const {
    Current& now = *current;
    now.connection->begin_body();
    now.request = {};
    now.refusal.reset();
    HttpRequest& request = now.request;
    request.method = from.method;
    request.same_user = now.same_user;
    for (const auto& [name, value] : from.headers) request.headers.emplace_back(lower(name), value);
    if (from.get_header_value_count("Host") != 1)
      now.refusal = error_response(400, "invalid_input", "a request has one header Host");
    auto target = parse_target(from.target);
    if (target) {
      request.path = std::move(target->path);
      request.query = std::move(target->query);
    } else {
      now.refusal = error_response(400, "invalid_input", "this is no address of this server");
    }
    BodyHead body = look_at_body(from);
    now.has_body = body.has_body;
    if (body.refusal.status != 200) now.refusal = std::move(body.refusal);
    // From here on the library shall neither match patterns against the path, nor compress, nor put
    // ranges together: it would cut every answer, and a hundred ranges of 20 MB each.
    from.path = "/";
    from.headers.erase("Accept-Encoding");
    from.params.clear();
    from.ranges.clear();
    if (must_close()) {
      from.headers.erase("Connection");
      from.headers.emplace("Connection", "close");
    }
  }
  /// A connection whose next request might begin within this one's body is not used again.
  static bool must_close() {
    const std::string& method = current->request.method;
    return current->has_body || current->refusal || (method != "GET" && method != "HEAD");
  }

  void serve(const httplib::Request& from, httplib::Response& to) {
    HttpResponse response =
        current->refusal ? std::move(*current->refusal) : api->handle(current->request);
    if (response.events && from.method == "HEAD") response.events.reset();
    if (response.events && streams.fetch_add(1) >= kStreams) {
      --streams;
      response = error_response(503, "busy", fmt::format("{} event streams are open", kStreams),
                                "close a page of this server; others are answered as ever");
      response.headers.emplace_back("Retry-After", "10");
    }
    to.status = response.status;
    for (const auto& [name, value] : response.headers) to.set_header(name, value);
    if (response.events) {
      current->connection->is_stream();
      send_events(std::move(response), to);
    } else if (response.file) {
      send_file(std::move(response), to);
    } else {
      to.body = std::move(response.body);
      if (!response.type.empty()) to.set_header("Content-Type", response.type);
    }
  }

  /// The whole file, or the one range of it that is asked for.
  static void send_file(HttpResponse response, httplib::Response& to) {
    const auto file = response.file;
    const ByteRange range = range_of(current->request.header("range"), file->bytes());
    to.set_header("Accept-Ranges", "bytes");
    if (range.is_outside) {
      to.status = 416;
      to.set_header("Content-Range", fmt::format("bytes */{}", file->bytes()));
      return;
    }
    if (range.is_part) {
      to.status = 206;
      to.set_header("Content-Range",
                    fmt::format("bytes {}-{}/{}", range.begin, range.end - 1, file->bytes()));
    }
    if (range.end == range.begin) {
      to.set_header("Content-Type", response.type);
      return;
    }
    to.set_content_provider(
        static_cast<std::size_t>(range.end - range.begin), response.type,
        [file, begin = range.begin](std::size_t at, std::size_t length, auto& sink) {
          const std::string piece =
              file->read(begin + static_cast<std::int64_t>(at), std::min(length, kPieceBytes));
          // A file that became shorter: the client learns it from a connection that ends early.
          return !piece.empty() && sink.write(piece.data(), piece.size());
        });
  }

  void send_events(HttpResponse response, httplib::Response& to) {
    auto source = response.events;
    to.set_header("X-Accel-Buffering", "no");
    to.set_chunked_content_provider(
        response.type,
        [this, source, beat = now_us() + kHeartbeat_us](std::size_t, auto& sink) mutable {
          if (stopping || !sink.is_writable()) return false;
          std::optional<std::string> text;
          try {
            text = source->next(kSlice_us);
          } catch (const std::exception& error) {
            log(LogLevel::debug, error.what());  // the study is gone, or the store fails
          }
          if (!text) {
            sink.done();
            return true;
          }
          const std::int64_t now = now_us();
          if (text->empty()) {
            if (now < beat) return true;
            text = ":\n\n";
          }
          beat = now + kHeartbeat_us;
          return sink.write(text->data(), text->size());
        },
        [this, source](bool) { --streams; });
  }

  void refuse(int socket) const {
    static constexpr char kBusy[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
        "Connection: close\r\n\r\n";
    ::send(socket, kBusy, sizeof kBusy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// The library's loop over the requests of a connection, with ends to everything.
  bool process_and_close_socket(socket_t socket) override {
    // Programs that hone starts meanwhile have no part in it.
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    if (one_too_many || stopping) {
      refuse(socket);
    } else {
      Connection connection(socket);
      Current mine;
      mine.connection = &connection;
      mine.same_user = is_own_peer(socket);
      current = &mine;
      bool closed = false;
      while (!closed && wait_for_request(connection)) {
        connection.begin_request();
        mine.request = {};
        mine.has_body = false;
        mine.refusal.reset();
        if (!process_request(connection, false, closed,
                             [this](httplib::Request& request) { take_head(request); }))
          closed = true;
        if (!mine.request.method.empty() && must_close()) {
          connection.drain();
          closed = true;
        }
      }
      current = nullptr;
    }
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    return true;
  }

  /// A connection that asks for nothing gives way to those that wait for a thread.
  bool wait_for_request(const Connection& connection) const {
    const std::int64_t until = now_us() + kIdle_us;
    while (!stopping) {
      const std::int64_t left = until - now_us();
      if (left <= 0) return false;
      if (connection.has_more(std::min(left, kSlice_us))) return true;
      if (waiting > 0) return false;
    }
    return false;
  }
};
thread_local HttpServer::Impl::Current* HttpServer::Impl::current = nullptr;

HttpServer::HttpServer(const HttpServerOptions& options)
    : impl_(std::make_unique<Impl>()),
      host_(options.host),
      is_loopback_(is_loopback_host(options.host)) {
  for (int i = 0; i < options.ports && port_ == 0; ++i) {
    const int port = options.port + i;
    if (port != kAnyPort && impl_->bind_to_port(host_, port)) port_ = port;
    if (port == kAnyPort) break;
  }
  if (port_ == 0 && (options.ports > 1 || options.port == kAnyPort))
    port_ = std::max(0, impl_->bind_to_any_port(host_));
  if (port_ > 0) return;
  throw Error(ErrorCode::conflict,
              fmt::format("cannot listen on {}:{}: {}", host_, options.port, std::strerror(errno)),
              "another program may use that port: --port 0 takes a free one");
}

HttpServer::~HttpServer() { stop(); }

std::string HttpServer::url() const {
  const bool six = host_.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", six ? "[" + host_ + "]" : host_, port_);
}

void HttpServer::start(Api& api) {
  impl_->api = &api;
  impl_->thread = std::thread([impl = impl_.get()] { impl->listen_after_bind(); });
  while (!impl_->is_running() && !impl_->stopping)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void HttpServer::stop() {
  impl_->stopping = true;
  if (!impl_->thread.joinable()) return;
  impl_->httplib::Server::stop();
  impl_->thread.join();
}

}  // namespace hone::server
