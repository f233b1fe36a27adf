// Processes and their descendants as /proc shows them: identity (pid and start time), the tree
// below given roots, and signals that cannot hit a recycled pid (pidfd). Used by the keeper and by
// the worker, so libc only.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "hone/runner/keeper_array.h"

namespace hone::keeper {

/// Most processes one look at a tree takes in; a fork bomb needs several looks.
constexpr std::size_t kMaxTree = 65536;

/// One line of /proc/PID/stat. (pid, start_ticks) names a process once and for all within a boot.
struct ProcStat {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';  ///< R, S, D, T, Z, …
  int threads = 0;
  std::uint64_t start_ticks = 0;  ///< clock ticks since boot, field 22
  char name[32] = "";  ///< the program's name: letters, digits, '.', '_' and '-', others as '_'
  /// It has ended and waits to be reaped. (State Z alone also means: only its first thread has
  /// ended.)
  bool has_ended() const { return (state == 'Z' && threads <= 1) || state == 'X'; }
};

/// False when there is no such process (any more).
bool read_proc_stat(pid_t pid, ProcStat* into);

/// The value of `name` in the environment the program was started with; false when it has none, the
/// value does not fit into `size` bytes with its NUL, or the environment may not be read.
bool read_start_environment(pid_t pid, const char* name, char* value, std::size_t size);

/// Adds the pids of the children of all threads of `pid`, zombies included. Exact for the calling
/// process; for others it may miss one that appears or ends meanwhile. False when memory is out.
bool list_children(pid_t pid, Array<pid_t>* into);

/// The processes at and below `roots`, parents before children, without those that have ended.
/// Looks at every process of the machine where the kernel lists no children (or `scan_all`). False
/// when memory is out.
bool list_tree(const Array<pid_t>& roots, Array<ProcStat>* into, bool scan_all = false);

/// Sends `signal` to exactly this process; false when it has gone (or may not be signalled).
bool signal_process(pid_t pid, std::uint64_t start_ticks, int signal);

/// SIGTERM to every process group of `tree`, then SIGCONT, so that a stopped process gets it.
/// Groups, not single processes: a launcher's own workers would otherwise be ended before the
/// launcher can do it in order.
void terminate_groups(const Array<ProcStat>& tree);

/// SIGKILL to every process group of `tree` (which no fork escapes) and to every process by itself.
void kill_tree(const Array<ProcStat>& tree);

/// The whole of a small file (at most size - 1 bytes, NUL-terminated); the number of bytes, or -1.
ssize_t read_small_file(const char* path, char* into, std::size_t size);

}  // namespace hone::keeper
