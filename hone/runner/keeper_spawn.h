// Starting one run's program: what is asked for, checked piece by piece, so that a failure names
// what failed; then one posix_spawn. libc only.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

#include "hone/runner/keeper_array.h"
#include "hone/runner/keeper_wire.h"

namespace hone::keeper {

constexpr std::size_t kMaxCpus = 8192;

struct ResourceLimit {
  int resource;  ///< RLIMIT_*
  rlimit value;
};

/// A spawn message taken apart; strings point into the message.
struct SpawnRequest {
  const char* run = "";
  const char* program = "";  ///< absolute, or relative to `folder`; PATH is not searched
  const char* folder = "";
  const char* stdout_path = "";
  const char* stderr_path = "";  ///< the same text as stdout_path: one file for both
  const char* cgroup = "";       ///< folder of a cgroup v2 made for this run, or ""
  Array<char*> argv;             ///< with a final nullptr, as is `env`
  Array<char*> env;
  Array<ResourceLimit> limits;
  Array<std::uint32_t> cpus;  ///< empty: those of the keeper
  std::int64_t grace_us = 0;
  std::int64_t leak_us = 0;
  int oom_score_adj = 0;
  int niceness = 0;
  bool tty = false;  ///< stdin, stdout and stderr are a pseudo-terminal
};

/// False when the message is malformed or memory is out.
bool read_spawn_request(Reader* from, SpawnRequest* into);

/// What the keeper is by itself, so that its runs get the normal values back.
struct Self {
  int null_file = -1;                      ///< /dev/null
  int oom_score_adj = 0;                   ///< before the keeper lowered its own
  unsigned long cpus[kMaxCpus / 64] = {};  ///< affinity mask
  std::size_t cpus_bytes = 0;              ///< used bytes of the mask; 0 when it could not be read
};

struct Spawned {
  pid_t pid = -1;  ///< -1: failed
  std::uint64_t start_ticks = 0;
  int cgroup_file = -1;  ///< the open cgroup folder; the caller closes it
  int terminal = -1;     ///< master side of its pseudo-terminal; the caller closes it
  int output = -1;       ///< where the terminal's output goes; the caller closes it
  int held = -1;         ///< the program's side of the terminal; the caller closes it
  Stage stage = Stage::exec;
  int error = 0;
};

/// Starts the program as the leader of a session and group of its own, with default signals, stdin
/// from /dev/null and nothing else open. Affinity is inherited (set around the spawn); limits,
/// niceness and OOM score are set from outside just after it.
Spawned spawn_program(const SpawnRequest& request, const Self& self);

}  // namespace hone::keeper
