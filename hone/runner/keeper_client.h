// A worker's side of its keeper: start one or find the living one, ask it to spawn and stop runs,
// hear of ends. The log of ends is the truth; what comes over the socket are the same lines,
// sooner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hone/base/owned_file.h"
#include "hone/runner/keeper_record.h"
#include "hone/runner/keeper_wire.h"

namespace hone {

struct KeeperOptions {
  std::filesystem::path
      folder;  ///< private to one worker; made with mode 0700 when it is not there
  std::string program = "/proc/self/exe";  ///< hone, or hone-keeper
  std::int64_t orphan_us = 600'000'000;    ///< how long runs go on without a worker
};

/// A soft and hard limit as of prlimit(2).
struct ProcessLimit {
  int resource = 0;  ///< RLIMIT_*
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// One program to start. All paths absolute.
struct ProcessSpec {
  std::string run;      ///< "<study uid>/<run id>/<token>"; also put HONE_RUN=<run> into `env`
  std::string program;  ///< resolve_program() finds it
  std::vector<std::string> argv;
  std::vector<std::string> env;  ///< "NAME=value", the whole environment
  std::string folder;            ///< where the program starts
  std::string stdout_path;       ///< appended to
  std::string stderr_path;       ///< may be stdout_path
  std::string cgroup;            ///< folder of a cgroup v2 made for this run, or empty
  std::vector<ProcessLimit> limits;
  std::vector<int> cpus;               ///< empty: all
  std::int64_t grace_us = 30'000'000;  ///< when nobody says another one
  std::int64_t leak_us = 5'000'000;    ///< how long others may outlive the main process
  int oom_score_adj = 0;
  int niceness = 0;
  bool tty =
      false;  ///< stdout and stderr are a pseudo-terminal, which the keeper copies to stdout_path
};

struct StartedProcess {
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::int64_t started_us = 0;  ///< CLOCK_MONOTONIC
};
/// Why a program was not started; explain_start_failure() makes a sentence of it.
struct StartFailure {
  keeper::Stage stage = keeper::Stage::exec;
  int error = 0;
};
/// The connection has ended: the keeper died, or dropped a client that did not read. connect()
/// tells which.
struct KeeperGone {};

using SpawnOutcome = std::variant<StartedProcess, StartFailure, KeeperGone>;
enum class StopOutcome { asked, not_living, keeper_gone };

/// A run whose tree lives.
struct LivingRun {
  std::string run;
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::int64_t started_us = 0;  ///< CLOCK_MONOTONIC
  bool main_ended = false;      ///< only others of its tree live
  bool stopping = false;
};

/// What the log of ends holds.
struct EndLogContent {
  std::vector<keeper::Record> records;  ///< in the order of the file
  int damaged_lines = 0;
};
/// Reads a keeper's log of ends; empty when there is none. Throws Error(io).
EndLogContent read_end_log(const std::filesystem::path& folder);

/// One connection to a keeper. Not thread-safe. Requests wait for their answer, at most kAnswer_us.
class KeeperClient {
 public:
  /// The living keeper of `folder`; nullptr when there is none. Subscribed to ends from here on.
  static std::unique_ptr<KeeperClient> connect(const std::filesystem::path& folder,
                                               keeper::Role role = keeper::Role::worker,
                                               std::int64_t orphan_us = 0);
  /// The living keeper of the folder, or a new one. Throws Error(process) with what the new one
  /// said.
  static std::unique_ptr<KeeperClient> connect_or_start(const KeeperOptions& options);
  KeeperClient(const KeeperClient&) = delete;
  KeeperClient& operator=(const KeeperClient&) = delete;

  /// Starts a run. A run that lives already answers StartFailure{request, EEXIST}.
  SpawnOutcome spawn(const ProcessSpec& spec);
  StopOutcome stop(const std::string& run, keeper::StopHow how, std::int64_t grace_us);
  /// nullopt: the keeper has gone.
  std::optional<std::vector<LivingRun>> list();
  /// Ends every run (each with its grace) and then the keeper.
  void quit();
  /// Ends heard of since the last call; never waits.
  std::vector<keeper::Record> take_ends();

  /// Readable when take_ends() has something or the keeper has gone.
  int socket() const { return socket_.get(); }
  bool is_gone() const { return gone_; }
  std::int64_t keeper_pid() const { return pid_; }
  std::uint64_t keeper_start_ticks() const { return start_ticks_; }

  static constexpr std::int64_t kAnswer_us = 30'000'000;
  static constexpr std::int64_t kStart_us = 20'000'000;

 private:
  explicit KeeperClient(OwnedFile socket) : socket_(std::move(socket)) {}
  /// Sends and waits; false when the keeper has gone. The answer is in `message_`.
  bool request(keeper::Kind kind, const keeper::Writer& body);
  void note_end();

  OwnedFile socket_;
  bool gone_ = false;
  std::int64_t pid_ = 0;
  std::uint64_t start_ticks_ = 0;
  std::uint32_t serial_ = 0;
  keeper::Message message_;
  std::vector<keeper::Record> ends_;
};

}  // namespace hone
