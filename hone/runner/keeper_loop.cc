// Serving workers. Every answer is small or in a memfd; a client whose socket is full is dropped
// rather than waited for: it connects again and reads the log of ends and the list of runs.
#include "hone/runner/keeper_loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace hone::keeper {

std::int64_t monotonic_us() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
}

namespace {

void earlier(std::int64_t candidate_us, std::int64_t* next_us) {
  if (candidate_us >= 0 && (*next_us < 0 || candidate_us < *next_us)) *next_us = candidate_us;
}

bool reply_failed(int socket, std::uint32_t serial, Stage stage, int error, const char* text) {
  Writer body;
  body.number(static_cast<std::uint64_t>(stage));
  body.number(static_cast<std::uint64_t>(error));
  body.text(text);
  return body.ok() && send_message(socket, Kind::failed, serial, body.payload()) == 0;
}

}  // namespace

void Loop::run() {
  no_worker_since_us_ = monotonic_us();
  if (!waiting_.reserve(2 + kMaxClients)) return;
  for (;;) {
    std::int64_t now_us = monotonic_us();
    if (more_to_reap_) more_to_reap_ = runs_.reap(now_us);
    runs_.step(now_us);
    end_orphans(now_us);
    log_->flush(now_us);
    announce_to_all();
    if (is_done(now_us)) return;

    waiting_.clear();
    waiting_.push({signals_, POLLIN, 0});
    waiting_.push({listener_, POLLIN, 0});
    const std::size_t clients = clients_.size();
    for (std::size_t i = 0; i < clients; ++i) waiting_.push({clients_[i].socket, POLLIN, 0});
    const std::size_t runs = runs_.living().size();
    for (std::size_t i = 0; i < runs; ++i) {  // poll passes over negative numbers
      waiting_.push({runs_.living()[i].terminal, POLLIN, 0});
    }
    if (poll(waiting_.data(), static_cast<nfds_t>(waiting_.size()), wait_ms(now_us)) <= 0) continue;
    now_us = monotonic_us();
    for (std::size_t i = 0; i < runs && 2 + clients + i < waiting_.size(); ++i) {
      if (waiting_[2 + clients + i].revents != 0) runs_.copy_terminal(i);
    }
    if (waiting_[0].revents != 0) take_signals(now_us);
    for (std::size_t i = clients; i-- > 0;) {  // downwards: drop() moves only later ones
      if (waiting_[2 + i].revents != 0) serve(i, now_us);
    }
    if (waiting_[1].revents != 0) accept_clients();
  }
}

bool Loop::is_done(std::int64_t now_us) const {
  if (!runs_.empty()) return false;
  if (ending_) return true;
  if (!clients_.empty()) return false;
  return had_worker_ || now_us - no_worker_since_us_ >= kFirstWorker_us;
}

int Loop::wait_ms(std::int64_t now_us) const {
  if (more_to_reap_) return 0;
  std::int64_t next_us = runs_.next_step_us();
  earlier(log_->next_flush_us(), &next_us);
  bool has_worker = false;
  for (const Client& each : clients_) has_worker = has_worker || each.is_worker;
  if (!has_worker && !orphaned_) {
    earlier(no_worker_since_us_ + (runs_.empty() ? kFirstWorker_us : orphan_us_), &next_us);
  }
  if (next_us < 0) return -1;
  if (next_us <= now_us) return 0;
  const std::int64_t wait = (next_us - now_us + 999) / 1000;
  return wait > 60'000 ? 60'000 : static_cast<int>(wait);
}

void Loop::accept_clients() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool mine =
        getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
    Client client;
    client.socket = socket;
    if (!mine || clients_.size() >= kMaxClients || !clients_.push(client)) close(socket);
  }
}

void Loop::take_signals(std::int64_t now_us) {
  signalfd_siginfo taken[16];
  const ssize_t n = read(signals_, taken, sizeof taken);
  const std::size_t count = n > 0 ? static_cast<std::size_t>(n) / sizeof taken[0] : 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (taken[i].ssi_signo == SIGCHLD) {
      more_to_reap_ = true;
    } else {
      ending_ = true;
      runs_.stop_all(kOrphaned, now_us);
    }
  }
  if (more_to_reap_) more_to_reap_ = runs_.reap(now_us);
}

void Loop::serve(std::size_t i, std::int64_t now_us) {
  for (int turn = 0; turn < kMessagesPerTurn; ++turn) {
    const Receive received = receive(clients_[i].socket, &message_);
    if (received == Receive::nothing_yet) return;
    bool keep = received != Receive::closed;
    if (received == Receive::malformed) {
      keep = ++clients_[i].malformed < kMalformedLimit &&
             reply_failed(clients_[i].socket, 0, Stage::request, EBADMSG, "malformed message");
    } else if (received == Receive::message) {
      keep = answer(&clients_[i], message_, now_us);
    }
    message_.large.release();
    if (!keep) return drop(i);
  }
}

bool Loop::answer(Client* client, const Message& message, std::int64_t now_us) {
  Reader from(message.payload, message.header.size);
  Writer into;
  const std::uint32_t serial = message.header.serial;
  int error = 0;
  Stage stage = Stage::request;
  switch (message.header.kind) {
    case Kind::hello:
      error = hello(client, &from, &into);
      break;
    case Kind::spawn:
      return spawn(client, serial, &from, now_us);
    case Kind::stop: {
      const char* run = from.text();
      const std::uint64_t how = from.number();
      const std::size_t grace_ms = from.count(1'000'000'000);
      if (!from.complete() || (how != 1 && how != 2)) {
        error = EBADMSG;
      } else if (!runs_.stop(run, static_cast<StopHow>(how),
                             static_cast<std::int64_t>(grace_ms) * 1000, now_us)) {
        stage = Stage::unknown_run;
        error = ESRCH;
      }
      break;
    }
    case Kind::list:
      error = list(&from, &into);
      break;
    case Kind::subscribe:
      if (!from.complete()) {
        error = EBADMSG;
        break;
      }
      if (!client->subscribed && !announce(client, log_->unwritten())) return false;
      client->subscribed = true;
      break;
    case Kind::quit:
      ending_ = true;
      runs_.stop_all(kOrphaned, now_us);
      break;
    default:
      error = EBADMSG;
  }
  if (error == 0 && !into.ok()) error = ENOMEM;
  if (error != 0) {
    if (error == EBADMSG && ++client->malformed >= kMalformedLimit) return false;
    return reply_failed(client->socket, serial, stage, error, "");
  }
  return send_message(client->socket, Kind::ok, serial, into.payload()) == 0;
}

int Loop::hello(Client* client, Reader* from, Writer* into) {
  const std::uint64_t protocol = from->number();
  const std::uint64_t role = from->number();
  const std::size_t orphan_ms = from->count(1'000'000'000);
  if (!from->complete() || (role != 1 && role != 2)) return EBADMSG;
  if (protocol != kProtocol) return EPROTO;
  if (ending_) return ESHUTDOWN;
  client->is_worker = static_cast<Role>(role) == Role::worker;
  had_worker_ = had_worker_ || client->is_worker;
  if (orphan_ms > 0) orphan_us_ = static_cast<std::int64_t>(orphan_ms) * 1000;
  ProcStat self;
  read_proc_stat(getpid(), &self);
  into->number(kProtocol);
  into->number(static_cast<std::uint64_t>(getpid()));
  into->number(self.start_ticks);
  into->number(runs_.living().size());
  return 0;
}

bool Loop::spawn(Client* client, std::uint32_t serial, Reader* from, std::int64_t now_us) {
  SpawnRequest request;
  if (!read_spawn_request(from, &request)) {
    return ++client->malformed < kMalformedLimit &&
           reply_failed(client->socket, serial, Stage::request, EBADMSG, "malformed spawn");
  }
  if (ending_) return reply_failed(client->socket, serial, Stage::request, ESHUTDOWN, request.run);
  const Spawned spawned = runs_.spawn(request, now_us);
  if (spawned.pid < 0) {
    return reply_failed(client->socket, serial, spawned.stage, spawned.error, request.run);
  }
  Writer into;
  into.number(static_cast<std::uint64_t>(spawned.pid));
  into.number(spawned.start_ticks);
  into.number(static_cast<std::uint64_t>(now_us));
  return into.ok() && send_message(client->socket, Kind::ok, serial, into.payload()) == 0;
}

int Loop::list(Reader* from, Writer* into) const {
  if (!from->complete()) return EBADMSG;
  into->number(runs_.living().size());
  for (const KeptRun& run : runs_.living()) {
    into->text(run.record.run);
    into->number(static_cast<std::uint64_t>(run.record.pid));
    into->number(run.record.start_ticks);
    into->number(static_cast<std::uint64_t>(run.record.started_us));
    into->number(run.main_ended ? 1 : 0);
    into->number(run.phase == Phase::running ? 0 : 1);
  }
  return 0;
}

/// One `ended` message per line; false when the client does not read.
bool Loop::announce(Client* client, const Array<char>& lines) {
  const char* at = lines.begin();
  while (at != lines.end()) {
    const auto* end =
        static_cast<const char*>(memchr(at, '\n', static_cast<std::size_t>(lines.end() - at)));
    if (end == nullptr) return true;
    Writer body;
    body.text({at, static_cast<std::size_t>(end - at)});
    if (!body.ok() || send_message(client->socket, Kind::ended, 0, body.payload()) != 0) {
      return false;
    }
    at = end + 1;
  }
  return true;
}

void Loop::announce_to_all() {
  if (log_->announcements().empty()) return;
  for (std::size_t i = clients_.size(); i-- > 0;) {
    if (clients_[i].subscribed && !announce(&clients_[i], log_->announcements())) drop(i);
  }
  log_->announcements().clear();
}

void Loop::drop(std::size_t i) {
  const bool was_worker = clients_[i].is_worker;
  close(clients_[i].socket);
  clients_.remove_unordered(i);
  bool has_worker = false;
  for (const Client& each : clients_) has_worker = has_worker || each.is_worker;
  if (was_worker && !has_worker) no_worker_since_us_ = monotonic_us();
}

void Loop::end_orphans(std::int64_t now_us) {
  for (const Client& each : clients_) {
    if (each.is_worker) {
      orphaned_ = false;
      return;
    }
  }
  if (orphaned_ || runs_.empty() || now_us - no_worker_since_us_ < orphan_us_) return;
  orphaned_ = true;
  runs_.stop_all(kOrphaned, now_us);
}

}  // namespace hone::keeper
