// Runs processes for a worker. The executor starts, stops and adopts; it reads what they write; it
// never decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hone/study/ids.h"

namespace hone {

/// A stream of bytes that a run writes: stdout is 0, stderr is 1, further files from 2.
struct JobSource {
  std::string name;  ///< "stdout", "stderr", or the file's path (which may not exist yet)
  std::string path;
  std::int64_t offset = 0;  ///< read from here
};

/// A process to start.
struct Job {
  RunId run;
  std::int64_t token = 0;
  std::string study_uid;
  std::vector<std::string> argv;                         ///< argv[0] is looked up in PATH of `env`
  std::vector<std::pair<std::string, std::string>> env;  ///< the whole environment
  std::string workdir;
  std::string folder;              ///< the run's own folder: logs live here
  std::vector<JobSource> sources;  ///< stdout and stderr first
  /// TensorBoard's event files that appear below these become sources (JobSourceFound)…
  std::vector<std::string> event_folders;
  std::int64_t event_files_since_us = 0;  ///< …when they were written since: Unix time
  bool tty = false;
  std::int64_t output_limit_bytes = 1LL << 30;
  std::vector<int> cpus;  ///< affinity; empty: all
  std::int64_t orphan_us = 600'000'000;
};

/// A run that was alive in another worker's hands.
struct AdoptedJob {
  Job job;
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;
};

struct JobStarted {
  RunId run;
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;
};
/// The program could not be started: why, in one sentence with the path.
struct JobNotStarted {
  RunId run;
  std::string reason;
};
/// A further source was found: its bytes follow, under this number, the next one of the job.
struct JobSourceFound {
  RunId run;
  int source = 0;
  std::string path;
};
struct JobOutput {
  RunId run;
  int source = 0;
  std::int64_t offset = 0;  ///< of the first byte
  std::string bytes;
};
/// Nothing of the process tree lives and every source was delivered to its end.
struct JobEnded {
  RunId run;
  std::optional<int> exit_code;
  std::optional<int> signal;
  bool vanished =
      false;  ///< its end was not seen (keeper or machine died): neither code nor signal is known
  bool leaked = false;         ///< something outlived the main process by 5 s and was ended
  bool out_of_memory = false;  ///< the kernel's memory killer was seen
  std::int64_t wall_us = 0;
  std::int64_t cpu_us = 0;
  std::int64_t peak_bytes = 0;
};
using JobEvent = std::variant<JobStarted, JobNotStarted, JobSourceFound, JobOutput, JobEnded>;

/// What a run uses now.
struct JobUsage {
  std::int64_t memory_bytes = 0;  ///< sum of PSS over the tree
  std::int64_t output_bytes = 0;
};

/// What a run's processes have used since it began, as far as the kernel tells: of processes that
/// have ended, what their parents took over.
struct JobCounters {
  std::int64_t cpu_us = 0;
  std::int64_t read_bytes = 0;     ///< from disks, not from the page cache
  std::int64_t written_bytes = 0;  ///< to disks, when the pages were dirtied
};

enum class StopHow { ask, kill };  ///< SIGTERM, then SIGKILL after the grace; or SIGKILL at once

/// One owner thread.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Starts a process; JobStarted or JobNotStarted follows by `poll`.
  virtual void start(const Job& job) = 0;
  /// Asks or forces the run's whole tree to end; JobEnded follows. Repeating is harmless; `kill`
  /// overrides `ask`.
  virtual void stop(RunId run, StopHow how, std::int64_t grace_us) = 0;
  /// What happened, in order; waits up to the timeout when nothing is there.
  virtual std::vector<JobEvent> poll(std::int64_t timeout_us) = 0;
  /// Takes over runs after a restart: output goes on from the given offsets, ends (also those that
  /// happened meanwhile) come by `poll`.
  virtual void adopt(const std::vector<AdoptedJob>& jobs) = 0;
  /// nullopt when the run is not known.
  virtual std::optional<JobUsage> usage(RunId run) = 0;
  /// nullopt when the run is not known, or the executor does not count.
  virtual std::optional<JobCounters> counters(RunId) { return std::nullopt; }
  /// Makes `poll` return early; callable from any thread and from signal handlers.
  virtual void wake() = 0;
};

}  // namespace hone
