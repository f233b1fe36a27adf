// The messages between a worker and its keeper: one SOCK_SEQPACKET packet each, a fixed header and
// a bounded payload of numbers (native 64 bit, both ends are one machine) and NUL-terminated
// strings. A payload above kInlineLimit travels in a memfd beside the header, so that a large
// environment fits. Reading never trusts a length; libc only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "hone/runner/keeper_array.h"

namespace hone::keeper {

constexpr std::uint32_t kMagic = 0x314b4e48;     ///< "HNK1"
constexpr std::uint64_t kProtocol = 1;           ///< a keeper refuses another one
constexpr std::size_t kInlineLimit = 96 * 1024;  ///< bytes of payload within the packet
constexpr std::size_t kPayloadLimit =
    4 * 1024 * 1024;                    ///< bytes of payload in a memfd: twice what execve takes
constexpr std::size_t kMaxRunId = 160;  ///< "<study uid>/<run id>/<token>"
constexpr std::size_t kMaxStrings = 65536;  ///< arguments or variables of one program
constexpr std::size_t kMaxRuns = 4096;      ///< living runs of one keeper
constexpr std::size_t kMaxClients = 16;

enum class Kind : std::uint16_t {
  hello = 1,  ///< protocol, role, orphan_ms (0 = leave) → protocol, pid, start ticks, living runs
  spawn = 2,  ///< SpawnRequest → pid, start ticks, started_us
  stop = 3,   ///< run, StopHow, grace_ms → nothing
  list = 4,   ///< nothing → count, then ListedRun each
  subscribe =
      5,  ///< nothing → nothing; from then on one `ended` per record, the unwritten ones at once
  quit = 6,  ///< ends all runs and the keeper → nothing
  ok = 100,
  failed = 101,  ///< Stage, errno, text
  ended = 102,   ///< one line of the log of ends
};

enum class Role : std::uint64_t { worker = 1, observer = 2 };  ///< observers do not keep runs alive
enum class StopHow : std::uint64_t { term = 1, kill = 2 };
/// What a refused or failed request failed at.
enum class Stage : std::uint64_t {
  request = 1,
  stdout_file,
  stderr_file,
  folder,
  cgroup,
  affinity,
  exec,
  terminal,
  unknown_run
};

struct Header {
  std::uint32_t magic;
  Kind kind;
  std::uint16_t in_memfd;  ///< 1: the payload is the attached file
  std::uint32_t serial;    ///< of the request; a reply carries its request's, `ended` carries 0
  std::uint32_t size;      ///< bytes of payload
};
static_assert(sizeof(Header) == 16);

/// Collects a payload; `ok()` turns false when memory is out.
class Writer {
 public:
  void number(std::uint64_t value) { bytes(&value, sizeof value); }
  void text(std::string_view value) {
    number(value.size());
    bytes(value.data(), value.size());
    bytes("", 1);
  }
  bool ok() const { return ok_; }
  const Array<char>& payload() const { return payload_; }

 private:
  void bytes(const void* data, std::size_t size) {
    ok_ = ok_ && payload_.append(static_cast<const char*>(data), size);
  }
  Array<char> payload_;
  bool ok_ = true;
};

/// Takes a payload apart. After the first thing that does not fit, everything is 0 or "" and `ok()`
/// is false. Strings point into the payload and contain no NUL before their end.
class Reader {
 public:
  Reader(const char* data, std::size_t size) : at_(data), end_(data + size) {}
  std::uint64_t number();
  const char* text();
  /// A count of things that follow, at most `limit`.
  std::size_t count(std::size_t limit);
  bool ok() const { return ok_; }
  /// Everything fitted and nothing is left over.
  bool complete() const { return ok_ && at_ == end_; }

 private:
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

/// Whether `id` may name a run: 1 to kMaxRunId characters of [A-Za-z0-9._:/-], so that it is one
/// word in a line.
bool is_run_id(std::string_view id);

/// A received message. `payload` is valid until the next receive() into the same object.
struct Message {
  Header header{};
  const char* payload = nullptr;
  Array<char> inline_bytes;  ///< header and payload of a packet
  Array<char> large;         ///< payload of a memfd
};

enum class Receive { message, nothing_yet, closed, malformed };

/// One packet from a non-blocking socket. `malformed`: a packet was taken and thrown away.
Receive receive(int socket, Message* into);

/// One packet; 0, or the errno of the failure (EAGAIN: the other side does not read).
int send_message(int socket, Kind kind, std::uint32_t serial, const Array<char>& payload);

}  // namespace hone::keeper
