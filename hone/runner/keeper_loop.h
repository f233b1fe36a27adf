// The keeper's loop: children, clients and deadlines in one poll(). Survives malformed messages and
// clients that do not read; ends its runs and itself when no worker comes back in time. libc only.
#pragma once

#include <poll.h>

#include <cstdint>

#include "hone/runner/keeper_array.h"
#include "hone/runner/keeper_log.h"
#include "hone/runner/keeper_runs.h"
#include "hone/runner/keeper_wire.h"

namespace hone::keeper {

/// CLOCK_MONOTONIC in microseconds: stands still while the machine sleeps.
std::int64_t monotonic_us();

/// Not thread-safe: one thread runs it.
class Loop {
 public:
  /// `listener`: a listening non-blocking SOCK_SEQPACKET socket; `signals`: a signalfd for SIGCHLD,
  /// SIGTERM and SIGINT.
  Loop(int listener, int signals, std::int64_t orphan_us, EndLog* log, const Self* self)
      : listener_(listener),
        signals_(signals),
        orphan_us_(orphan_us),
        log_(log),
        runs_(log, self) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until nothing lives and nobody is connected.
  void run();

  static constexpr int kMessagesPerTurn = 64;  ///< of one client, before others have theirs
  static constexpr int kMalformedLimit = 16;   ///< after that many a client is dropped
  static constexpr std::int64_t kFirstWorker_us = 60'000'000;  ///< an unused keeper waits so long

 private:
  struct Client {
    int socket = -1;
    bool is_worker = false;
    bool subscribed = false;
    int malformed = 0;
  };

  bool is_done(std::int64_t now_us) const;
  int wait_ms(std::int64_t now_us) const;
  void accept_clients();
  void take_signals(std::int64_t now_us);
  void serve(std::size_t client, std::int64_t now_us);
  /// Answers one message; false: drop the client.
  bool answer(Client* client, const Message& message, std::int64_t now_us);
  int hello(Client* client, Reader* from, Writer* into);
  bool spawn(Client* client, std::uint32_t serial, Reader* from, std::int64_t now_us);
  int list(Reader* from, Writer* into) const;
  bool announce(Client* client, const Array<char>& lines);
  void announce_to_all();
  void drop(std::size_t client);
  void end_orphans(std::int64_t now_us);

  int listener_;
  int signals_;
  std::int64_t orphan_us_;
  EndLog* log_;
  Runs runs_;
  Array<Client> clients_;
  Message message_;
  Array<pollfd> waiting_;
  std::int64_t no_worker_since_us_ = 0;
  bool had_worker_ = false;
  bool ending_ = false;    // told to end: SIGTERM or a quit message
  bool orphaned_ = false;  // the runs were ended because no worker came
  bool more_to_reap_ = false;
};

}  // namespace hone::keeper
