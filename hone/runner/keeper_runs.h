// The keeper's living runs: started, asked to stop, killed, and over when none of their tree lives.
// Being the parent of every main process and the subreaper of what they leave behind, the keeper
// decides "over" exactly: the main process has been reaped and no other child of the keeper belongs
// to the run. libc only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "hone/runner/keeper_array.h"
#include "hone/runner/keeper_log.h"
#include "hone/runner/keeper_spawn.h"
#include "hone/runner/proc_tree.h"

namespace hone::keeper {

enum class Phase : std::uint8_t { running, terminating, killing };

/// One run from its spawn to its `over` record.
struct KeptRun {
  std::uint64_t serial = 0;  ///< names it within this keeper
  Record record;  ///< what is known of its end so far; run, pid and start are set at once
  bool main_ended = false;
  Phase phase = Phase::running;
  std::int64_t grace_us = 0;
  std::int64_t leak_us = 0;
  std::int64_t deadline_us =
      -1;                    ///< of the next step: leak time, SIGKILL, or another pass; -1: none
  std::uint32_t passes = 0;  ///< of SIGKILL
  int cgroup_file = -1;
  int terminal = -1;  ///< master side of its pseudo-terminal
  int output = -1;    ///< gets what the terminal's programs write
  /// The programs' side of it. While it is open, a read of the terminal never ends before what was
  /// written: with the last program's end the kernel may say that all was read when it was not.
  int held = -1;
};

/// Not thread-safe; every call comes from the keeper's loop. Times are CLOCK_MONOTONIC.
class Runs {
 public:
  static constexpr std::size_t kCopiedPerCall = 256 << 10;
  static constexpr std::size_t kCopiedAtEnd = 64 << 20;

  Runs(EndLog* log, const Self* self) : log_(log), self_(self) {}
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  /// Starts a run; EEXIST for an id that lives, ENOSPC when the log cannot be written any more.
  Spawned spawn(const SpawnRequest& request, std::int64_t now_us);
  /// SIGTERM now and SIGKILL after `grace_us`, or SIGKILL at once; false if no such run lives. A
  /// second call may only hasten.
  bool stop(std::string_view run, StopHow how, std::int64_t grace_us, std::int64_t now_us);
  /// Every run, with its own grace, `flags` into its record.
  void stop_all(std::uint32_t flags, std::int64_t now_us);
  /// Takes every ended child in; true if there may be more (a bound per call was reached).
  bool reap(std::int64_t now_us);
  /// Does what is due.
  void step(std::int64_t now_us);
  /// When step() has something to do; -1: nothing waits for time.
  std::int64_t next_step_us() const;

  /// Copies what run `i` wrote to its terminal to its file, about `limit` bytes at most.
  void copy_terminal(std::size_t i, std::size_t limit = kCopiedPerCall);

  const Array<KeptRun>& living() const { return runs_; }
  /// Nothing that this keeper started lives, as far as it can tell.
  bool empty() const { return runs_.empty() && strays_.empty(); }

  static constexpr std::int64_t kLeakGrace_us = 2'000'000;  ///< at most, for what is left behind
  static constexpr std::int64_t kFirstPass_us = 2'000;      ///< between SIGKILL passes; doubles
  static constexpr std::int64_t kLastPass_us = 500'000;
  static constexpr int kReapedPerCall = 1024;

 private:
  /// A process and the run it belongs to.
  struct Owned {
    pid_t pid;
    std::uint64_t start_ticks;
    std::uint64_t owner;  // serial of its run; 0: not known yet
  };

  KeptRun* find(std::string_view run);
  void refresh_strays();
  std::uint64_t owner_of(const ProcStat& stat);
  void assign_unknown_strays();
  bool has_stray(const KeptRun& run) const;
  void forget_seen(const KeptRun& run);
  void look_at_tree(const KeptRun& run, Array<ProcStat>* into);
  void begin_terminating(KeptRun* run, std::int64_t grace_us, std::int64_t now_us);
  void kill_pass(KeptRun* run, std::int64_t now_us);
  void settle(std::int64_t now_us);
  void finish(std::size_t i);

  EndLog* log_;
  const Self* self_;
  std::uint64_t next_serial_ = 1;
  Array<KeptRun> runs_;
  Array<Owned> strays_;  // children of the keeper that are no main processes, by pid
  Array<Owned> found_;
  // The last look found a child that ended after it was listed and is not reaped yet. What it
  // started has become our child since, perhaps unseen: nothing is over before the next look, which
  // the child's SIGCHLD brings.
  bool saw_ended_ = false;
  Array<Owned> seen_;  // by pid: processes of runs that are being ended: their owner even after
                       // their parents are gone
};

}  // namespace hone::keeper
