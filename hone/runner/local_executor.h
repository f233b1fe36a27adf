// Runs programs on this machine: a keeper starts and ends them, their output is read from files,
// and runs that a dead worker left are taken over. What it promises: every run that was started or
// adopted gets exactly one JobEnded (or JobNotStarted), after all of its output, when nothing of
// its process tree lives.
//
// If a keeper is killed, its runs are found by the HONE_RUN in their environment and by their
// control groups, ended, and reported as vanished. Without control groups a process that has left
// its run's tree and cleared its environment escapes in that one case.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/owned_file.h"
#include "hone/runner/executor.h"
#include "hone/runner/keeper_pool.h"
#include "hone/runner/process_cgroup.h"
#include "hone/runner/process_output.h"

namespace hone {

struct LocalExecutorOptions {
  std::filesystem::path
      folder;  ///< for keepers; private, shared by the workers of one store on this machine
  std::string keeper_program =
      "/proc/self/exe";              ///< hone, or hone-keeper where the host is another program
  std::int64_t leak_us = 5'000'000;  ///< how long processes may outlive the main one
  bool use_cgroups = true;           ///< a control group for each run, where they can be made
};

/// One owner thread, except for wake().
class LocalExecutor final : public Executor {
 public:
  explicit LocalExecutor(LocalExecutorOptions options);
  /// Lets go: runs that live go on, until a worker takes them over or the keeper's patience ends.
  ~LocalExecutor() override;

  /// Throws Error(process) when no keeper can be started.
  void start(const Job& job) override;
  void stop(RunId run, StopHow how, std::int64_t grace_us) override;
  std::vector<JobEvent> poll(std::int64_t timeout_us) override;
  void adopt(const std::vector<AdoptedJob>& jobs) override;
  std::optional<JobUsage> usage(RunId run) override;
  std::optional<JobCounters> counters(RunId run) override;
  void wake() override;

  /// The mark of a job's processes: the value of HONE_RUN.
  static std::string mark_of(const Job& job);

  static constexpr std::size_t kPieceBytes = 256 * 1024;  ///< of one JobOutput
  static constexpr std::size_t kPollBytes = 4 << 20;      ///< of all in one poll
  static constexpr std::int64_t kLookAgain_us =
      250'000;  ///< at files without being told that they changed
  /// Between looks for further sources; more where a look takes long.
  static constexpr std::int64_t kFind_us = 1'000'000;
  static constexpr std::int64_t kFindShare = 50;      ///< looks take at most 1/50 of the time
  static constexpr std::size_t kSourcesAtMost = 128;  ///< of a run
  static constexpr std::int64_t kSweep_us = 50'000;   ///< between looks for processes of lost runs
  static constexpr std::int64_t kLostGrace_us = 5'000'000;  ///< for runs whose keeper is gone
  /// A keeper may be killed while a program of its is being born: it bears no mark yet. A run
  /// without a known pid is looked for during this time at least.
  static constexpr std::int64_t kBirth_us = 1'000'000;
  /// Looks in a row that must find nothing: one may miss a process that is born meanwhile.
  static constexpr int kEmptyLooks = 2;
  /// Making a control group, being born into it and removing it takes the kernel about 10 ms: after
  /// a program that took less than this, the next one gets none. What it leaves behind is found by
  /// its mark and by its descent.
  static constexpr std::int64_t kShort_us = 500'000;

 private:
  /// Where a run is known to be.
  enum class Stage {
    living,  ///< a keeper has it
    lost,    ///< its keeper is gone: being found and ended
    over,    ///< nothing lives; its output is being read to the end
  };
  struct Watched;

  Watched& watch(const Job& job, std::string mark);
  void adopt_one(const AdoptedJob& adopted, const std::string& mark, bool asked_to_stop);
  void unwatch(Watched& watched);
  static std::vector<pid_t> roots_of(const Watched& watched);
  void drop_unused_keepers();
  void take_ends();
  void take_record(Watched& watched, const keeper::Record& record);
  void lose(KeeperClient* client);
  void sweep(std::int64_t now_us);
  void look_at_files(std::int64_t now_us);
  void find_sources(Watched& watched, std::int64_t now_us);
  void read_output(std::int64_t now_us);
  void finish_ended();
  void add_watches(Watched& watched);
  void wait(std::int64_t until_us);
  std::int64_t next_look_us(std::int64_t now_us) const;

  LocalExecutorOptions options_;
  KeeperPool keepers_;
  FolderWatch folders_;
  RunCgroups cgroups_;
  OwnedFile wake_file_;
  std::map<RunId, std::unique_ptr<Watched>> runs_;
  std::vector<JobEvent> events_;
  std::int64_t looked_us_ = 0;
  std::int64_t swept_us_ = 0;
  bool programs_are_short_ = false;
};

}  // namespace hone
