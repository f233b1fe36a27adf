#include "hone/mlflow/receiver.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <httplib.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "hone/base/clock.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/owned_file.h"
#include "hone/mlflow/artifacts.h"
#include "hone/mlflow/connection.h"
#include "hone/mlflow/tracking_api.h"
#include "hone/runner/mlflow_ticket.h"
#include "hone/runner/proc_tree.h"

namespace hone::mlflow {
namespace fs = std::filesystem;
namespace {

constexpr const char* kHost = "127.0.0.1";
constexpr std::size_t kThreads = 16;
constexpr std::size_t kBodyBytes = 32 << 20;  ///< of a call; artifacts have no limit but the disk
constexpr std::size_t kDeletionBytes = 64 * 1024;  ///< of the body of a call that deletes
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kRunsHeld = 256;  ///< runs whose state is kept in memory
constexpr int kSilence_ms = 60'000;     ///< without a byte of a body or an answer
constexpr int kLook_ms = 2000;          ///< between looks whether a run lives, once hone has gone
constexpr int kEmptyLooks = 2;          ///< a program may be about to be born at the first
/// What clients take for the server's version: the REST API 2.0 with logged models.
constexpr const char* kVersion = "3.0.0";

const std::vector<std::string> kApi = {"api", "2.0", "mlflow"};
const std::vector<std::string> kArtifactApi = {"api", "2.0", "mlflow-artifacts", "artifacts"};

std::optional<std::vector<std::string>> below(const std::vector<std::string>& path,
                                              const std::vector<std::string>& head) {
  if (path.size() < head.size() || !std::equal(head.begin(), head.end(), path.begin()))
    return std::nullopt;
  return std::vector<std::string>(path.begin() + static_cast<std::ptrdiff_t>(head.size()),
                                  path.end());
}

std::string token_of(const httplib::Request& request) {
  const std::string given = request.get_header_value("Authorization");
  if (given.starts_with("Bearer ")) return given.substr(7);
  if (!given.starts_with("Basic ")) return "";
  // The password of "user:password" in base 64.
  std::string text;
  unsigned bits = 0;
  int count = 0;
  for (const char c : given.substr(6)) {
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8) text += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
  const std::size_t colon = text.find(':');
  return colon == std::string::npos ? "" : text.substr(colon + 1);
}

/// The query as a call's body.
Value query_value(const httplib::Request& request) {
  Value body = Value::Map{};
  for (const auto& [name, value] : request.params) {
    const Value* known = body.find(name);
    if (known == nullptr) {
      body.set(name, value);
      continue;
    }
    Value::List list = known->is_list() ? known->as_list() : Value::List{*known};
    list.emplace_back(value);
    body.set(name, std::move(list));
  }
  return body;
}

void send(httplib::Response& to, const ApiAnswer& answer) {
  to.status = answer.status;
  to.set_content(answer.body.dump(), "application/json");
}

}  // namespace

struct ReceiverServer::Impl {
  Impl(fs::path tickets, int head_ms)
      : folder(std::move(tickets)), owned(make_connection_server(head_ms, kSilence_ms)) {}

  fs::path folder;
  std::unique_ptr<httplib::Server> owned;
  httplib::Server& server = *owned;
  std::thread thread;
  int port = 0;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<TrackingApi>> apis;  ///< by token

  /// The run that the request may log into; answers 401 where there is none.
  std::shared_ptr<TrackingApi> api_of(const httplib::Request& from, httplib::Response& to) {
    const std::string token = token_of(from);
    const auto ticket = find_ticket(folder, token);
    if (!ticket) {
      send(to, api_error(401, "UNAUTHENTICATED",
                         "this needs the token of a trial that is running "
                         "(MLFLOW_TRACKING_TOKEN in the environment of its program)"));
      return nullptr;
    }
    const std::lock_guard lock(mutex);
    auto& api = apis[token];
    if (!api) {
      api = std::make_shared<TrackingApi>(*ticket);
      if (apis.size() > kRunsHeld) {  // of runs that have ended; what still runs is read anew
        std::erase_if(apis, [&](const auto& entry) {
          return entry.first != token && !find_ticket(folder, entry.first);
        });
      }
    }
    return apis[token];
  }

  void set_up() {
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    // A connection is one request: what waits for a program's next one would hold a thread, and the
    // rest of a refused body would be read as a request.
    server.set_pre_routing_handler([this](const auto& from, auto& to) {
      return answer_early(from, to) ? httplib::Server::HandlerResponse::Handled
                                    : httplib::Server::HandlerResponse::Unhandled;
    });
    server.set_payload_max_length(std::numeric_limits<std::size_t>::max());
    server.set_tcp_nodelay(true);
    server.Get("/health", [](const auto&, auto& to) { to.set_content("OK", "text/plain"); });
    server.Get("/version", [](const auto&, auto& to) { to.set_content(kVersion, "text/plain"); });
    server.Get("/.*", [this](const auto& from, auto& to) { get(from, to); });
    server.Delete("/.*", [this](const auto& from, auto& to) { remove(from, to); });
    const auto with_body = [this](const auto& from, auto& to, const auto& body) {
      call(from, to, body);
    };
    server.Post("/.*", with_body);
    server.Patch("/.*", with_body);
    server.Put("/.*",
               [this](const auto& from, auto& to, const auto& body) { put(from, to, body); });
    server.set_exception_handler([](const auto&, auto& to, std::exception_ptr problem) {
      std::string text = "unknown";
      int status = 500;
      try {
        std::rethrow_exception(std::move(problem));
      } catch (const Error& error) {
        text = error.what();
        if (error.code() == ErrorCode::invalid_input) status = 400;
      } catch (const std::exception& error) {
        text = error.what();
      }
      send(to,
           api_error(status, status == 400 ? "INVALID_PARAMETER_VALUE" : "INTERNAL_ERROR", text));
    });
  }

  /// Before anything of a body is read. The library reads that of a DELETE or a PRI whole, up to
  /// the end of the connection where no length is given, and unpacks what is packed.
  bool answer_early(const httplib::Request& from, httplib::Response& to) {
    if (from.has_header("Content-Encoding")) {
      send(to, api_error(415, "INVALID_PARAMETER_VALUE", "a body is to be sent as it is"));
      return true;
    }
    const bool in_chunks = from.has_header("Transfer-Encoding");
    if (from.method == "DELETE" && !in_chunks) {
      if (!from.has_header("Content-Length")) {
        remove(from, to);
        return true;
      }
      if (from.get_header_value<std::uint64_t>("Content-Length") <= kDeletionBytes)
        return !api_of(from, to);
    }
    if (from.method != "DELETE" && from.method != "PRI") return false;
    send(to,
         from.method == "PRI"
             ? api_error(405, "ENDPOINT_NOT_FOUND", "hone has no such method")
             : api_error(413, "INVALID_PARAMETER_VALUE",
                         fmt::format("a call that deletes has at most {} bytes and says how many",
                                     kDeletionBytes)));
    return true;
  }

  static std::int64_t now_ms() { return SystemClock().now_us() / 1000; }

  void answer_call(TrackingApi& api, const httplib::Request& from, httplib::Response& to,
                   Value body) {
    const auto path = below(path_parts(from.path), kApi);
    if (!path) {
      send(to, api_error(404, "ENDPOINT_NOT_FOUND",
                         fmt::format("hone has no {} of MLflow's server", from.path)));
      return;
    }
    send(to, api.handle({from.method, *path, std::move(body)}, now_ms()));
  }

  void call(const httplib::Request& from, httplib::Response& to,
            const httplib::ContentReader& read) {
    const auto api = api_of(from, to);
    if (!api) return;
    std::string text;
    bool too_long = false;
    read([&](const char* data, std::size_t size) {
      too_long = too_long || text.size() + size > kBodyBytes;
      if (!too_long) text.append(data, size);
      return !too_long;
    });
    if (too_long) {
      send(to, api_error(413, "INVALID_PARAMETER_VALUE",
                         fmt::format("a call has at most {} bytes", kBodyBytes)));
      return;
    }
    auto body = text.empty() ? std::optional<Value>(Value::Map{}) : Value::parse(text);
    if (!body || !body->is_map()) {
      send(to, api_error(400, "INVALID_PARAMETER_VALUE", "the body of a call is a JSON object"));
      return;
    }
    answer_call(*api, from, to, *std::move(body));
  }

  void get(const httplib::Request& from, httplib::Response& to) {
    const auto api = api_of(from, to);
    if (!api) return;
    const auto path = below(path_parts(from.path), kArtifactApi);
    if (!path) return answer_call(*api, from, to, query_value(from));
    const fs::path root = api->ticket().trial_dir / kArtifactsFolder;
    if (path->empty()) {
      Value::List files;
      for (const ArtifactEntry& entry :
           api->artifacts_in(path_parts(from.get_param_value("path")))) {
        Value file = Value::Map{};
        file.set("path", entry.name).set("is_dir", entry.is_folder);
        if (!entry.is_folder) file.set("file_size", entry.bytes);
        files.push_back(std::move(file));
      }
      Value body = Value::Map{};
      body.set("files", std::move(files));
      return send(to, {200, std::move(body)});
    }
    const auto place = api->artifact_place(*path);
    const auto file =
        std::make_shared<OpenArtifact>(root, place.value_or(std::vector<std::string>{}));
    if (!file->is_open()) return send(to, no_artifact(from));
    if (file->bytes() == 0) return to.set_content("", "application/octet-stream");
    to.set_content_provider(static_cast<std::size_t>(file->bytes()), "application/octet-stream",
                            [file](std::size_t at, std::size_t length, auto& sink) {
                              const std::string piece = file->read(static_cast<std::int64_t>(at),
                                                                   std::min(length, kPieceBytes));
                              return !piece.empty() && sink.write(piece.data(), piece.size());
                            });
  }

  static ApiAnswer no_artifact(const httplib::Request& from) {
    return api_error(404, "RESOURCE_DOES_NOT_EXIST",
                     fmt::format("this trial has no artifact at {}", from.path));
  }

  void put(const httplib::Request& from, httplib::Response& to,
           const httplib::ContentReader& read) {
    const auto api = api_of(from, to);
    if (!api) return;
    const auto path = below(path_parts(from.path), kArtifactApi);
    const auto place = path ? api->artifact_place(*path) : std::nullopt;
    if (!place || place->empty()) return send(to, no_artifact(from));
    IncomingArtifact file(api->ticket().trial_dir / kArtifactsFolder, *place);
    std::optional<Error> problem;  // nothing may be thrown through the library's reader
    const bool whole = read([&](const char* data, std::size_t size) {
      try {
        file.write({data, size});
      } catch (const Error& error) {
        problem = error;
      }
      return !problem;
    });
    if (problem) throw *problem;
    if (!whole) return send(to, api_error(400, "INVALID_PARAMETER_VALUE", "the file was cut off"));
    file.finish();
    send(to, {});
  }

  void remove(const httplib::Request& from, httplib::Response& to) {
    const auto api = api_of(from, to);
    if (!api) return;
    const auto path = below(path_parts(from.path), kArtifactApi);
    if (!path) return answer_call(*api, from, to, query_value(from));
    const auto place = api->artifact_place(*path);
    const bool done = place && remove_artifact(api->ticket().trial_dir / kArtifactsFolder, *place);
    send(to, done ? ApiAnswer{} : no_artifact(from));
  }
};

ReceiverServer::ReceiverServer(fs::path folder, int port, int head_ms)
    : impl_(std::make_unique<Impl>(std::move(folder), head_ms)) {
  impl_->set_up();
  // Not the library's own choice of options: with SO_REUSEPORT another program could share the
  // port. SO_REUSEADDR: a receiver that is started anew gets its port back while connections of the
  // one before it are still closing.
  impl_->server.set_socket_options([](int file) {
    const int yes = 1;
    ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  if (port > 0 && impl_->server.bind_to_port(kHost, port)) {
    impl_->port = port;
  } else {
    impl_->port = impl_->server.bind_to_any_port(kHost);
  }
  if (impl_->port <= 0) {
    throw Error(ErrorCode::io, fmt::format("cannot listen on {}: {}", kHost, std::strerror(errno)));
  }
  impl_->thread = std::thread([impl = impl_.get()] { impl->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

ReceiverServer::~ReceiverServer() {
  impl_->server.stop();
  impl_->thread.join();
}

int ReceiverServer::port() const { return impl_->port; }

namespace {

/// Whether a process of a run that has a ticket lives.
bool any_run_lives(const fs::path& folder) {
  std::set<std::string> marks;
  for (const Ticket& ticket : tickets_in(folder)) marks.insert(ticket.mark);
  if (marks.empty()) return false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    const auto pid = static_cast<pid_t>(std::atoi(name.c_str()));
    char mark[512];
    if (pid > 0 && keeper::read_start_environment(pid, "HONE_RUN", mark, sizeof mark) &&
        marks.contains(mark))
      return true;
  }
  return false;
}

/// Held while the receiver lives: nobody takes its folder for a dead one's. Where the filesystem
/// has no locks there is none.
OwnedFile lock_folder(const fs::path& folder) {
  const fs::path path = folder / kReceiverLock;
  OwnedFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.is_open()) ::flock(file.get(), LOCK_EX | LOCK_NB);
  return file;
}

/// Returns when hone has gone: its end of the pipe is closed.
void wait_for_the_end_of_hone() {
  for (;;) {
    pollfd line{STDIN_FILENO, POLLIN, 0};
    if (::poll(&line, 1, -1) < 0 && errno == EINTR) continue;
    char byte = 0;
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) return;
  }
}

}  // namespace

int receiver_main(int argc, char** argv) {
  if (argc < 3) return EXIT_FAILURE;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  const fs::path folder = argv[2];
  const OwnedFile lock = lock_folder(folder);
  try {
    const ReceiverServer server(folder, argc > 3 ? std::atoi(argv[3]) : 0);
    const std::string line = fmt::format("{}\n", server.port());
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return EXIT_FAILURE;
    ::close(STDOUT_FILENO);
    ::open("/dev/null", O_WRONLY);
    wait_for_the_end_of_hone();
    for (int empty = 0; empty < kEmptyLooks && !tickets_in(folder).empty();) {
      empty = any_run_lives(folder) ? 0 : empty + 1;
      if (empty < kEmptyLooks) std::this_thread::sleep_for(std::chrono::milliseconds(kLook_ms));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "hone: the receiver of MLflow's clients ended: %s\n", error.what());
    return EXIT_FAILURE;
  }
  remove_tree(folder);
  return EXIT_SUCCESS;
}

}  // namespace hone::mlflow
