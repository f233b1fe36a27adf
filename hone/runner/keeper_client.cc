// Connecting to keepers, starting them, and the request-answer exchange.
#include "hone/runner/keeper_client.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/owned_file.h"
#include "hone/base/text.h"
#include "hone/runner/child_process.h"
#include "hone/runner/keeper_loop.h"
#include "hone/runner/keeper_main.h"

namespace hone {
namespace {

using namespace keeper;

bool connect_to(int socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// A connected socket, or none when no keeper listens.
OwnedFile open_connection(const std::filesystem::path& folder) {
  const OwnedFile place(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place.is_open()) return {};
  OwnedFile socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) {
    throw Error(ErrorCode::process,
                fmt::format("cannot open a socket to the keeper: {}", std::strerror(errno)));
  }
  if (connect_to(socket.get(), fmt::format("/proc/self/fd/{}/{}", place.get(), kKeeperSocket))) {
    return socket;
  }
  if (!std::filesystem::exists(folder / kKeeperSocketAt)) return {};
  const std::string at(trim(read_file(folder / kKeeperSocketAt, 4096)));
  return connect_to(socket.get(), at) ? std::move(socket) : OwnedFile();
}

bool wait_readable(int file, std::int64_t timeout_us) {
  pollfd waiting{file, POLLIN, 0};
  const std::int64_t end_us = monotonic_us() + timeout_us;
  for (;;) {
    const std::int64_t left_us = end_us - monotonic_us();
    if (left_us <= 0) return false;
    const int n = ::poll(&waiting, 1, static_cast<int>(left_us / 1000 + 1));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

/// The exit code of a child that ends soon; nullopt when it does not, or somebody else has reaped
/// it.
std::optional<int> wait_for_exit(pid_t pid, std::int64_t timeout_us) {
  const OwnedFile handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (handle.is_open() && !wait_readable(handle.get(), timeout_us)) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return std::nullopt;
  }
  int status = 0;
  pid_t done = -1;
  do {
    done = ::waitpid(pid, &status, 0);
  } while (done < 0 && errno == EINTR);
  if (done != pid || !WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

/// Runs `program --keeper …` until the keeper it leaves behind is ready.
std::optional<int> launch(const KeeperOptions& options) {
  const StartedChild child = start_child(
      {.argv = {options.program, std::string(kKeeperArgument), "--folder", options.folder.string(),
                "--orphan-ms", std::to_string(options.orphan_us / 1000)}});
  if (child.error != 0) {
    throw Error(ErrorCode::process, fmt::format("cannot start the keeper {}: {}", options.program,
                                                std::strerror(child.error)));
  }
  return wait_for_exit(child.pid, KeeperClient::kStart_us);
}

std::string last_lines(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return "it left no message";
  const std::string all = read_file(path);
  return std::string(trim(all.size() > 500 ? std::string_view(all).substr(all.size() - 500) : all));
}

void put_strings(Writer* into, const std::vector<std::string>& strings) {
  into->number(strings.size());
  for (const std::string& each : strings) into->text(each);
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

}  // namespace

EndLogContent read_end_log(const std::filesystem::path& folder) {
  EndLogContent content;
  const std::filesystem::path path = folder / kKeeperEnds;
  if (!std::filesystem::exists(path)) return content;
  const std::string bytes = read_file(path);
  for (const std::string_view line : split(bytes, '\n')) {
    Record record;
    if (parse_record(line, &record)) {
      content.records.push_back(record);
    } else if (!line.empty()) {
      ++content.damaged_lines;
    }
  }
  return content;
}

std::unique_ptr<KeeperClient> KeeperClient::connect(const std::filesystem::path& folder, Role role,
                                                    std::int64_t orphan_us) {
  OwnedFile socket = open_connection(folder);
  if (!socket.is_open()) return nullptr;
  std::unique_ptr<KeeperClient> client(new KeeperClient(std::move(socket)));
  Writer body;
  body.number(kProtocol);
  body.number(static_cast<std::uint64_t>(role));
  body.number(static_cast<std::uint64_t>(orphan_us / 1000));
  if (!client->request(Kind::hello, body)) return nullptr;
  Reader answer(client->message_.payload, client->message_.header.size);
  if (client->message_.header.kind != Kind::ok) {
    answer.number();
    if (answer.number() == ESHUTDOWN) return nullptr;  // it is ending its runs and itself
    throw Error(ErrorCode::process,
                fmt::format("the keeper in {} speaks another version", folder.string()),
                "end the hone that started it, then try again");
  }
  answer.number();
  client->pid_ = static_cast<std::int64_t>(answer.number());
  client->start_ticks_ = answer.number();
  answer.number();
  if (!answer.complete() || !client->request(Kind::subscribe, Writer())) return nullptr;
  return client;
}

std::unique_ptr<KeeperClient> KeeperClient::connect_or_start(const KeeperOptions& options) {
  make_private_folder(options.folder);
  const std::int64_t end_us = monotonic_us() + kStart_us;
  do {
    auto client = connect(options.folder, Role::worker, options.orphan_us);
    if (client != nullptr) return client;
    const std::optional<int> code = launch(options);
    if (code == kKeeperPresent || code == kKeeperKilled) {
      // One that is about to listen, or about to end, or was killed: look again shortly.
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    } else if (code.has_value() && code != kKeeperReady) {
      throw Error(
          ErrorCode::process,
          fmt::format("the keeper {} did not start in {}: {}", options.program,
                      options.folder.string(), last_lines(options.folder / kKeeperMessages)),
          "the folder must be yours alone (chmod 700) and writable");
    }
  } while (monotonic_us() < end_us);
  throw Error(ErrorCode::process,
              fmt::format("a keeper holds {} but does not answer", options.folder.string()),
              fmt::format("its lock is {}; 'fuser' shows its process",
                          (options.folder / kKeeperLock).string()));
}

void KeeperClient::note_end() {
  Reader from(message_.payload, message_.header.size);
  Record record;
  if (parse_record(from.text(), &record)) ends_.push_back(record);
}

bool KeeperClient::request(Kind kind, const Writer& body) {
  if (gone_) return false;
  const std::uint32_t serial = ++serial_;
  if (!body.ok() || send_message(socket_.get(), kind, serial, body.payload()) != 0) {
    gone_ = true;
    return false;
  }
  const std::int64_t end_us = monotonic_us() + kAnswer_us;
  for (;;) {
    const Receive got = receive(socket_.get(), &message_);
    if (got == Receive::closed) break;
    if (got == Receive::message && message_.header.kind == Kind::ended) note_end();
    if (got == Receive::message && message_.header.serial == serial) return true;
    if (got == Receive::nothing_yet && !wait_readable(socket_.get(), end_us - monotonic_us()))
      break;
  }
  gone_ = true;
  return false;
}

SpawnOutcome KeeperClient::spawn(const ProcessSpec& spec) {
  Writer body;
  for (const std::string* text : {&spec.run, &spec.program, &spec.folder, &spec.stdout_path,
                                  &spec.stderr_path, &spec.cgroup}) {
    if (has_nul(*text)) return StartFailure{Stage::request, EINVAL};
    body.text(*text);
  }
  for (const std::vector<std::string>* list : {&spec.argv, &spec.env}) {
    for (const std::string& each : *list) {
      if (has_nul(each)) return StartFailure{Stage::request, EINVAL};
    }
    put_strings(&body, *list);
  }
  body.number(spec.limits.size());
  for (const ProcessLimit& limit : spec.limits) {
    body.number(static_cast<std::uint64_t>(limit.resource));
    body.number(limit.soft);
    body.number(limit.hard);
  }
  body.number(spec.cpus.size());
  for (const int cpu : spec.cpus) body.number(static_cast<std::uint64_t>(cpu));
  body.number(static_cast<std::uint64_t>(spec.grace_us / 1000));
  body.number(static_cast<std::uint64_t>(spec.leak_us / 1000));
  body.number(static_cast<std::uint64_t>(spec.oom_score_adj + 1000));
  body.number(static_cast<std::uint64_t>(spec.niceness + 20));
  body.number(spec.tty ? 1 : 0);
  if (body.payload().size() > kPayloadLimit) return StartFailure{Stage::exec, E2BIG};
  if (!request(Kind::spawn, body)) return KeeperGone{};
  Reader answer(message_.payload, message_.header.size);
  if (message_.header.kind != Kind::ok) {
    const auto stage = static_cast<Stage>(answer.number());
    return StartFailure{stage, static_cast<int>(answer.number())};
  }
  StartedProcess started;
  started.pid = static_cast<std::int64_t>(answer.number());
  started.start_ticks = answer.number();
  started.started_us = static_cast<std::int64_t>(answer.number());
  return started;
}

StopOutcome KeeperClient::stop(const std::string& run, StopHow how, std::int64_t grace_us) {
  Writer body;
  body.text(run);
  body.number(static_cast<std::uint64_t>(how));
  body.number(static_cast<std::uint64_t>(grace_us / 1000));
  if (!request(Kind::stop, body)) return StopOutcome::keeper_gone;
  return message_.header.kind == Kind::ok ? StopOutcome::asked : StopOutcome::not_living;
}

std::optional<std::vector<LivingRun>> KeeperClient::list() {
  if (!request(Kind::list, Writer())) return std::nullopt;
  Reader answer(message_.payload, message_.header.size);
  std::vector<LivingRun> runs(answer.count(kMaxRuns));
  for (LivingRun& each : runs) {
    each.run = answer.text();
    each.pid = static_cast<std::int64_t>(answer.number());
    each.start_ticks = answer.number();
    each.started_us = static_cast<std::int64_t>(answer.number());
    each.main_ended = answer.number() == 1;
    each.stopping = answer.number() == 1;
  }
  if (message_.header.kind != Kind::ok || !answer.complete()) return std::nullopt;
  return runs;
}

void KeeperClient::quit() { request(Kind::quit, Writer()); }

std::vector<Record> KeeperClient::take_ends() {
  while (!gone_) {
    const Receive got = receive(socket_.get(), &message_);
    if (got == Receive::nothing_yet) break;
    if (got == Receive::closed) gone_ = true;
    if (got == Receive::message && message_.header.kind == Kind::ended) note_end();
  }
  return std::exchange(ends_, {});
}

}  // namespace hone
