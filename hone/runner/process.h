// Processes from the worker's side: who a process is (boot, pid, start time), which program a
// command means, why one could not be started, free ports, and finding runs whose keeper is gone by
// the HONE_RUN in their environment.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hone/runner/keeper_client.h"

namespace hone {

/// The kernel's id of this boot; pids of another boot mean nothing.
std::string boot_id();
/// Clock ticks since boot at which the process began; nullopt when there is none.
std::optional<std::uint64_t> process_start_ticks(std::int64_t pid);
/// Whether exactly this process runs still (a zombie does not).
bool is_process_alive(std::int64_t pid, std::uint64_t start_ticks);

/// Where a program was found, or why not: one sentence with the path.
struct ProgramPath {
  std::string path;  ///< empty: not found
  std::string reason;
};
/// `name` with a slash means that file, seen from `folder`; else the first executable of that name
/// in the folders of `path_variable` (empty ones mean `folder`).
ProgramPath resolve_program(const std::string& name, std::string_view path_variable,
                            const std::string& folder);

/// One sentence: what failed, at which path, what to do.
std::string explain_start_failure(const StartFailure& failure, const ProcessSpec& spec);

/// TCP ports for programs that rendezvous (MASTER_PORT): free when asked for, and none twice until
/// given back. The port is not held open, so another program may take it meanwhile. Not
/// thread-safe.
class FreePorts {
 public:
  /// nullopt when the machine has none left.
  std::optional<int> take();
  void give_back(int port) { taken_.erase(port); }

 private:
  std::set<int> taken_;
};

/// A process that bears the mark of a run.
struct MarkedProcess {
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string run;  ///< its HONE_RUN
};
/// Every process of this user whose HONE_RUN is `run`, or begins with it when it ends in '/'. Ended
/// ones are left out.
std::vector<MarkedProcess> find_marked_processes(std::string_view run);

/// Signals the trees of marked processes whose keeper is gone. SIGTERM goes to their groups (and
/// SIGCONT), SIGKILL to every process. Returns how many processes the trees have; 0: nothing lives,
/// the run is over.
int signal_marked_processes(std::string_view run, int signal);

}  // namespace hone
