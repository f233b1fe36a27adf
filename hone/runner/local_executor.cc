// The executor's loop: ends from keepers, notices of writes, output in bounded pieces, and the hunt
// for runs whose keeper is gone.
#include "hone/runner/local_executor.h"

#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "hone/base/assert.h"
#include "hone/base/file.h"
#include "hone/runner/event_file.h"
#include "hone/runner/keeper_loop.h"
#include "hone/runner/limits_reading.h"
#include "hone/runner/process.h"
#include "hone/runner/usage_reading.h"

namespace hone {

/// A run in this executor's hands.
struct LocalExecutor::Watched {
  Job job;
  std::string mark;
  Stage stage = Stage::living;
  KeeperClient* keeper = nullptr;  ///< while living
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::int64_t spawned_us = 0;               ///< 0: not by this executor
  std::vector<OutputReader> readers;         ///< one per source
  std::set<std::string> folders;             ///< that are watched for it
  std::int64_t find_at_us = 0;               ///< the next look for further sources
  bool unread = true;                        ///< its files may have more
  bool asked_to_stop = false;                ///< by this executor
  std::int64_t kill_at_us = 0;               ///< of a lost run
  std::int64_t settles_at_us = 0;            ///< a lost run is not over before
  int empty_looks = 0;                       ///< for processes of a lost run, in a row
  std::optional<std::int64_t> kills_before;  ///< the kernel's count when the run began
  JobEnded ended;                            ///< as far as it is known
};

namespace {

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

std::string path_variable(const Job& job) {
  for (const auto& [name, value] : job.env) {
    if (name == "PATH") return value;
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

ProcessSpec spec_of(const Job& job, const std::string& mark, const std::string& program) {
  ProcessSpec spec;
  spec.run = mark;
  spec.program = program;
  spec.argv = job.argv;
  for (const auto& [name, value] : job.env) {
    if (name != "HONE_RUN") spec.env.push_back(fmt::format("{}={}", name, value));
  }
  spec.env.push_back("HONE_RUN=" + mark);
  spec.folder = job.workdir;
  spec.stdout_path = job.sources[0].path;
  spec.stderr_path = job.sources[1].path;
  spec.cpus = job.cpus;
  spec.tty = job.tty;
  return spec;
}

}  // namespace

std::string LocalExecutor::mark_of(const Job& job) {
  return fmt::format("{}/{}/{}", job.study_uid, job.run.value, job.token);
}

LocalExecutor::LocalExecutor(LocalExecutorOptions options)
    : options_(std::move(options)),
      keepers_(options_.folder, options_.keeper_program),
      cgroups_(options_.use_cgroups ? find_own_cgroup() : std::nullopt),
      wake_file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

LocalExecutor::~LocalExecutor() {
  // When everything has ended and been told, nobody will ask again. (On the way out of an error
  // somebody may.)
  if (runs_.empty() && events_.empty() && std::uncaught_exceptions() == 0) keepers_.forget_own();
}

void LocalExecutor::wake() {
  // write(2) alone: this may be a signal handler, which must leave errno as it was.
  const int before = errno;
  const std::uint64_t one = 1;
  if (::write(wake_file_.get(), &one, sizeof one) < 0) errno = before;
}

LocalExecutor::Watched& LocalExecutor::watch(const Job& job, std::string mark) {
  HONE_ASSERT(job.sources.size() >= 2, "a job has stdout and stderr");
  auto watched = std::make_unique<Watched>();
  watched->job = job;
  watched->mark = std::move(mark);
  for (const JobSource& source : job.sources)
    watched->readers.emplace_back(source.path, source.offset);
  watched->ended.run = job.run;
  watched->kills_before = memory_kills();
  Watched& placed = *watched;
  const bool is_new = runs_.emplace(job.run, std::move(watched)).second;
  HONE_ASSERT(is_new, "a run is started or adopted once");
  return placed;
}

void LocalExecutor::start(const Job& job) {
  const std::string mark = mark_of(job);
  const ProgramPath program =
      resolve_program(job.argv.empty() ? "" : job.argv[0], path_variable(job), job.workdir);
  if (program.path.empty()) {
    events_.push_back(JobNotStarted{job.run, program.reason});
    return;
  }
  make_private_folder(job.folder);
  KeeperClient& client = keepers_.own(job.orphan_us);
  Watched& watched = watch(job, mark);
  watched.keeper = &client;
  // Before the spawn, so that a program that ends at once is no trouble: its end comes after this.
  add_watches(watched);
  ProcessSpec spec = spec_of(job, mark, program.path);
  spec.leak_us = options_.leak_us;
  spec.cgroup = programs_are_short_ ? "" : cgroups_.make(mark);
  watched.spawned_us = keeper::monotonic_us();
  const SpawnOutcome outcome = client.spawn(spec);
  if (const auto* started = std::get_if<StartedProcess>(&outcome)) {
    watched.pid = started->pid;
    watched.start_ticks = started->start_ticks;
    events_.push_back(
        JobStarted{job.run, started->pid, static_cast<std::int64_t>(started->start_ticks)});
  } else if (const auto* failure = std::get_if<StartFailure>(&outcome)) {
    events_.push_back(JobNotStarted{job.run, explain_start_failure(*failure, spec)});
    unwatch(watched);
    cgroups_.remove(mark);
    runs_.erase(job.run);
  }
  // KeeperGone: whether the program runs is not known; it is sought and ended like the keeper's
  // other runs (take_ends).
}

void LocalExecutor::add_watches(Watched& watched) {
  for (const JobSource& source : watched.job.sources) {
    const std::string folder = folder_of(source.path);
    if (!watched.folders.contains(folder) && folders_.add(folder)) watched.folders.insert(folder);
  }
}

void LocalExecutor::unwatch(Watched& watched) {
  for (const std::string& folder : watched.folders) folders_.remove(folder);
  watched.folders.clear();
}

void LocalExecutor::stop(RunId run, StopHow how, std::int64_t grace_us) {
  const auto it = runs_.find(run);
  if (it == runs_.end()) return;
  Watched& watched = *it->second;
  watched.asked_to_stop = true;
  const bool kill = how == StopHow::kill;
  if (watched.stage == Stage::lost) {
    const std::int64_t by_us = keeper::monotonic_us() + (kill ? 0 : grace_us);
    watched.kill_at_us = std::min(watched.kill_at_us, by_us);
  }
  if (watched.stage != Stage::living) return;
  watched.keeper->stop(watched.mark, kill ? keeper::StopHow::kill : keeper::StopHow::term,
                       grace_us);
}

void LocalExecutor::adopt(const std::vector<AdoptedJob>& jobs) {
  for (const AdoptedJob& adopted : jobs) {
    // The run bears the token of the claim that started it, which may be older than the one under
    // which it is adopted.
    adopt_one(adopted, fmt::format("{}/{}/", adopted.job.study_uid, adopted.job.run.value), false);
  }
}

void LocalExecutor::adopt_one(const AdoptedJob& adopted, const std::string& mark,
                              bool asked_to_stop) {
  const auto found = keepers_.find(mark, adopted.pid);
  Watched& watched = watch(adopted.job, found ? found->mark : mark);
  watched.asked_to_stop = asked_to_stop;
  watched.pid = adopted.pid;
  watched.start_ticks = static_cast<std::uint64_t>(adopted.pid_start);
  add_watches(watched);
  if (found && found->keeper != nullptr) {
    watched.keeper = found->keeper;
    watched.pid = found->living.pid;
    watched.start_ticks = found->living.start_ticks;
    if (adopted.pid == 0) {
      events_.push_back(
          JobStarted{adopted.job.run, watched.pid, static_cast<std::int64_t>(watched.start_ticks)});
    }
    return;
  }
  if (found && found->record) {
    watched.pid = found->record->pid;
    watched.start_ticks = found->record->start_ticks;
    if (adopted.pid == 0) {
      events_.push_back(
          JobStarted{adopted.job.run, watched.pid, static_cast<std::int64_t>(watched.start_ticks)});
    }
    take_record(watched, *found->record);
    if (watched.stage == Stage::over) return;
  } else {
    watched.ended.vanished = true;
  }
  // No keeper has it: whatever of it may live is ended. Where only the beginning of the mark is
  // known, that finds it.
  watched.stage = Stage::lost;
  const std::int64_t now_us = keeper::monotonic_us();
  watched.kill_at_us = now_us + kLostGrace_us;
  if (watched.pid == 0) watched.settles_at_us = now_us + kBirth_us;
  signal_marked_processes(watched.mark, SIGTERM);
}

/// Puts what a record says into the run's end.
void LocalExecutor::take_record(Watched& watched, const keeper::Record& record) {
  JobEnded& ended = watched.ended;
  if (record.by_signal) {
    ended.signal = record.number;
  } else {
    ended.exit_code = record.number;
  }
  ended.wall_us = record.ended_us - record.started_us;
  ended.cpu_us = static_cast<std::int64_t>(record.user_us + record.system_us);
  ended.peak_bytes = static_cast<std::int64_t>(record.peak_kib) * 1024;
  ended.leaked = (record.flags & keeper::kLeftBehind) != 0;
  // Asked to end by nobody that lives: by a worker that died since, or by the keeper for want of
  // one. That is no end of the program's own.
  const bool asked = (record.flags & (keeper::kAskedToStop | keeper::kOrphaned)) != 0;
  if (asked && !watched.asked_to_stop) {
    ended.vanished = true;
    ended.exit_code.reset();
    ended.signal.reset();
  }
  const bool was_killed = record.number == (record.by_signal ? SIGKILL : 128 + SIGKILL);
  if (was_killed && (record.flags & keeper::kGotKilled) == 0) {
    const std::optional<std::int64_t> now = memory_kills();
    // Without a count, a SIGKILL that nobody here sent is the memory killer's by all likelihood.
    ended.out_of_memory = !now || !watched.kills_before || *now > *watched.kills_before;
  }
  if (record.event == keeper::RecordEvent::over) watched.stage = Stage::over;
  watched.unread = true;
}

void LocalExecutor::take_ends() {
  std::vector<KeeperClient*> gone;
  for (const auto& client : keepers_.clients()) {
    for (const keeper::Record& record : client->take_ends()) {
      for (auto& [id, watched] : runs_) {
        if (watched->stage == Stage::living && watched->mark == record.run)
          take_record(*watched, record);
      }
    }
    if (client->is_gone()) gone.push_back(client.get());
  }
  for (KeeperClient* client : gone) lose(client);
}

/// A connection has ended. The keeper may live (it drops clients that do not read): then its runs
/// are found there again.
void LocalExecutor::lose(KeeperClient* client) {
  std::vector<AdoptedJob> again;
  for (auto it = runs_.begin(); it != runs_.end();) {
    Watched& watched = *it->second;
    ++it;
    if (watched.keeper != client || watched.stage != Stage::living) continue;
    AdoptedJob job{watched.job, watched.pid, static_cast<std::int64_t>(watched.start_ticks)};
    for (std::size_t i = 0; i < watched.readers.size(); ++i) {
      job.job.sources[i].offset = watched.readers[i].offset();
    }
    again.push_back(std::move(job));
  }
  keepers_.drop(client);
  for (const AdoptedJob& job : again) {
    const RunId run = job.job.run;
    const std::string mark = runs_.at(run)->mark;
    const bool asked = runs_.at(run)->asked_to_stop;
    unwatch(*runs_.at(run));
    runs_.erase(run);
    adopt_one(job, mark, asked);
  }
}

void LocalExecutor::sweep(std::int64_t now_us) {
  if (now_us - swept_us_ < kSweep_us) return;
  bool any = false;
  for (auto& [id, watched] : runs_) {
    if (watched->stage != Stage::lost) continue;
    any = true;
    const bool kill = now_us >= watched->kill_at_us;
    const bool main_lives = is_process_alive(watched->pid, watched->start_ticks);
    const std::size_t marked = find_marked_processes(watched->mark).size();
    if (marked > 0 && !watched->ended.vanished) watched->ended.leaked = true;
    if (kill) signal_marked_processes(watched->mark, SIGKILL);
    const bool in_group = cgroups_.is_populated(watched->mark);
    if (kill && in_group) cgroups_.kill(watched->mark);
    // A main process that wiped its environment is still known by its pid and start time.
    if (kill && main_lives) {
      keeper::signal_process(static_cast<pid_t>(watched->pid), watched->start_ticks, SIGKILL);
    }
    watched->empty_looks = marked == 0 && !main_lives && !in_group ? watched->empty_looks + 1 : 0;
    if (watched->empty_looks >= kEmptyLooks && now_us >= watched->settles_at_us) {
      watched->stage = Stage::over;
      watched->unread = true;
    }
  }
  if (any) swept_us_ = now_us;
}

void LocalExecutor::look_at_files(std::int64_t now_us) {
  const std::set<std::string> written = folders_.take();
  const bool look_at_all = now_us - looked_us_ >= kLookAgain_us;
  if (look_at_all) looked_us_ = now_us;
  for (auto& [id, watched] : runs_) {
    bool told = false;
    for (const std::string& folder : watched->folders) told = told || written.contains(folder);
    if (!told && !look_at_all) continue;
    add_watches(*watched);  // of folders that the program has made since
    watched->unread = true;
  }
}

/// Event files that have appeared since the last look; once more when the run is over.
void LocalExecutor::find_sources(Watched& watched, std::int64_t now_us) {
  Job& job = watched.job;
  if (job.event_folders.empty() || (now_us < watched.find_at_us && watched.stage != Stage::over))
    return;
  for (const std::string& folder : job.event_folders) {
    for (const auto& path : find_event_files(folder, job.event_files_since_us)) {
      const bool is_known = std::any_of(job.sources.begin(), job.sources.end(),
                                        [&](const auto& s) { return s.path == path.string(); });
      if (is_known || job.sources.size() >= kSourcesAtMost) continue;
      const auto number = static_cast<int>(job.sources.size());
      job.sources.push_back({path.string(), path.string(), 0});
      watched.readers.emplace_back(path.string(), 0);
      events_.push_back(JobSourceFound{job.run, number, path.string()});
    }
  }
  const std::int64_t done_us = keeper::monotonic_us();
  watched.find_at_us = done_us + std::max(kFind_us, (done_us - now_us) * kFindShare);
}

void LocalExecutor::read_output(std::int64_t now_us) {
  std::size_t budget = kPollBytes;
  for (auto& [id, watched] : runs_) {
    if (!watched->unread) continue;
    watched->unread = false;
    find_sources(*watched, now_us);
    for (std::size_t i = 0; i < watched->readers.size(); ++i) {
      OutputReader& reader = watched->readers[i];
      while (budget > 0) {
        auto piece = reader.read(std::min(kPieceBytes, budget), now_us);
        if (!piece) break;
        budget -= piece->bytes.size();
        events_.push_back(
            JobOutput{id, static_cast<int>(i), piece->offset, std::move(piece->bytes)});
      }
      if (budget == 0) watched->unread = true;
    }
    const std::int64_t limit = watched->job.output_limit_bytes;
    watched->readers[0].punch(limit);
    watched->readers[1].punch(limit);
  }
}

void LocalExecutor::finish_ended() {
  for (auto it = runs_.begin(); it != runs_.end();) {
    Watched& watched = *it->second;
    if (watched.stage != Stage::over || watched.unread) {
      ++it;
      continue;
    }
    unwatch(watched);
    cgroups_.remove(watched.mark);
    if (watched.spawned_us != 0)
      programs_are_short_ = keeper::monotonic_us() - watched.spawned_us < kShort_us;
    events_.push_back(watched.ended);
    it = runs_.erase(it);
  }
}

/// A dead worker's keeper is let go when its last run is over, so that it can end.
void LocalExecutor::drop_unused_keepers() {
  std::vector<const KeeperClient*> unused;
  for (const auto& client : keepers_.clients()) {
    const bool used = std::any_of(runs_.begin(), runs_.end(), [&](const auto& each) {
      return each.second->keeper == client.get();
    });
    if (!used && !keepers_.is_own(client.get())) unused.push_back(client.get());
  }
  for (const KeeperClient* client : unused) keepers_.drop(client);
}

std::int64_t LocalExecutor::next_look_us(std::int64_t now_us) const {
  std::int64_t next_us = now_us + kLookAgain_us;
  for (const auto& [id, watched] : runs_) {
    if (watched->stage == Stage::lost) next_us = std::min(next_us, swept_us_ + kSweep_us);
    if (watched->unread) next_us = now_us;
  }
  return next_us;
}

void LocalExecutor::wait(std::int64_t until_us) {
  std::vector<pollfd> files = {{wake_file_.get(), POLLIN, 0}, {folders_.file(), POLLIN, 0}};
  for (const auto& client : keepers_.clients()) files.push_back({client->socket(), POLLIN, 0});
  const std::int64_t left_us = std::max<std::int64_t>(0, until_us - keeper::monotonic_us());
  const timespec timeout{left_us / 1'000'000, left_us % 1'000'000 * 1000};
  ::ppoll(files.data(), files.size(), &timeout,
          nullptr);  // interrupted: the loop looks and waits again
}

std::vector<JobEvent> LocalExecutor::poll(std::int64_t timeout_us) {
  const std::int64_t end_us = keeper::monotonic_us() + timeout_us;
  for (;;) {
    const std::int64_t now_us = keeper::monotonic_us();
    take_ends();
    sweep(now_us);
    look_at_files(now_us);
    read_output(now_us);
    finish_ended();
    drop_unused_keepers();
    std::uint64_t woken = 0;
    const bool was_woken = ::read(wake_file_.get(), &woken, sizeof woken) > 0;
    if (!events_.empty() || was_woken || now_us >= end_us) return std::exchange(events_, {});
    wait(std::min(end_us, runs_.empty() ? end_us : next_look_us(now_us)));
  }
}

/// The main process, and what the run has left behind: that hangs below the keeper.
std::vector<pid_t> LocalExecutor::roots_of(const Watched& watched) {
  if (watched.stage != Stage::living || watched.pid == 0) return {};
  std::vector<pid_t> roots = {static_cast<pid_t>(watched.pid)};
  keeper::Array<pid_t> children;
  keeper::list_children(static_cast<pid_t>(watched.keeper->keeper_pid()), &children);
  for (const pid_t child : children) {
    char mark[keeper::kMaxRunId + 1];
    if (child != roots[0] && keeper::read_start_environment(child, "HONE_RUN", mark, sizeof mark) &&
        watched.mark == mark) {
      roots.push_back(child);
    }
  }
  return roots;
}

std::optional<JobUsage> LocalExecutor::usage(RunId run) {
  const auto it = runs_.find(run);
  if (it == runs_.end()) return std::nullopt;
  const Watched& watched = *it->second;
  JobUsage usage;
  usage.output_bytes = watched.readers[0].size() + watched.readers[1].size();
  usage.memory_bytes = tree_memory_bytes(roots_of(watched));
  return usage;
}

std::optional<JobCounters> LocalExecutor::counters(RunId run) {
  const auto it = runs_.find(run);
  if (it == runs_.end()) return std::nullopt;
  const std::vector<pid_t> roots = roots_of(*it->second);
  if (roots.empty()) return std::nullopt;
  return tree_counters(roots);
}

}  // namespace hone
