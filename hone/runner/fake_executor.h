// An executor without processes: a machine that runs scripted programs on a given clock, for tests
// and the simulator. The machine outlives the executor as real processes outlive a worker; a keeper
// that dies leaves its programs behind.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/base/rng.h"
#include "hone/runner/executor.h"

namespace hone {

/// What a scripted program does, on a clock that starts with it.
struct FakeProgram {
  struct Piece {
    std::int64_t at_us = 0;
    int source = 0;
    std::string bytes;
  };
  std::vector<Piece> pieces;  ///< times rising
  std::int64_t end_us = 0;    ///< when it ends by itself
  bool hangs = false;         ///< never ends by itself
  bool ignores_term = false;  ///< only SIGKILL ends it
  int exit_code = 0;
  int signal = 0;           ///< non-zero: it is killed by this signal at end_us
  std::string not_started;  ///< non-empty: it cannot be started, and why
};

/// One machine with its programs and its keeper. Not thread-safe.
class FakeMachine {
 public:
  struct Process {
    Job job;
    FakeProgram program;
    std::int64_t start_us = 0;
    std::int64_t killed_us = -1;  ///< when a signal of ours ends it; −1: never
    int killed_by = 0;
    bool orphaned = false;  ///< its keeper died while it lived
  };

  explicit FakeMachine(const Clock& clock) : clock_(clock) {}

  void start(const Job& job, FakeProgram program);
  /// The end as it is known now; −1 while the program lives.
  std::int64_t ended_us(const Process& process) const;
  bool is_alive(RunId run) const;
  /// Everything the program has written to the source so far.
  std::string output(const Process& process, int source) const;
  void signal(RunId run, int signal, std::int64_t grace_us);
  Process* find(RunId run);
  const std::map<RunId, Process>& processes() const { return processes_; }

  /// The keeper dies: programs that live go on, and nobody will see how they end.
  void kill_keeper();
  /// Everything dies, also the records of ends.
  void reboot();
  bool lost_records(RunId run) const { return forgotten_.contains(run); }

 private:
  const Clock& clock_;
  std::map<RunId, Process> processes_;
  std::map<RunId, bool> forgotten_;
};

/// Not thread-safe. `cut` splits output at random places, as pipes and files do.
class FakeExecutor final : public Executor {
 public:
  using ProgramOf = std::function<FakeProgram(const Job&)>;
  FakeExecutor(FakeMachine& machine, ProgramOf program_of, Rng cut)
      : machine_(machine), program_of_(std::move(program_of)), cut_(cut) {}

  void start(const Job& job) override;
  void stop(RunId run, StopHow how, std::int64_t grace_us) override;
  std::vector<JobEvent> poll(std::int64_t timeout_us) override;
  void adopt(const std::vector<AdoptedJob>& jobs) override;
  std::optional<JobUsage> usage(RunId run) override;
  void wake() override {}

 private:
  struct Watched {
    Job job;
    std::vector<std::int64_t> offsets;
    bool announced = false;
  };
  void deliver(Watched& watched, FakeMachine::Process& process, std::vector<JobEvent>& events);

  FakeMachine& machine_;
  ProgramOf program_of_;
  Rng cut_;
  std::map<RunId, Watched> watched_;
};

}  // namespace hone
