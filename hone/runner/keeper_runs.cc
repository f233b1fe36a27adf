// Ends of runs. Everything that changes the set of the keeper's children comes with a SIGCHLD, so
// settle() after reap() sees it all and nothing polls; time enters only through the three deadlines
// (grace, leak, next pass of SIGKILL).
#include "hone/runner/keeper_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hone::keeper {
namespace {

std::uint64_t microseconds(const timeval& t) {
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_usec);
}

void add_usage(const rusage& usage, Record* to) {
  to->user_us += microseconds(usage.ru_utime);
  to->system_us += microseconds(usage.ru_stime);
  const auto peak = static_cast<std::uint64_t>(usage.ru_maxrss);
  if (peak > to->peak_kib) to->peak_kib = peak;
}

/// Whether the open cgroup folder holds `pid`.
bool cgroup_holds(int cgroup, pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d/cgroup.procs", cgroup);
  FILE* file = fopen(path, "re");
  if (file == nullptr) return false;
  int each = 0;
  bool found = false;
  while (!found && fscanf(file, "%d", &each) == 1) found = each == pid;
  fclose(file);
  return found;
}

void close_terminal(KeptRun* run) {
  int* const files[] = {&run->terminal, &run->output, &run->held};
  for (int* const file : files) {
    if (*file >= 0) close(*file);
    *file = -1;
  }
}

/// Orders things that begin with their pid.
int by_pid(const void* a, const void* b) {
  const pid_t x = *static_cast<const pid_t*>(a);
  const pid_t y = *static_cast<const pid_t*>(b);
  return (x > y) - (x < y);
}

template <class T>
void sort_by_pid(Array<T>* list) {
  if (!list->empty()) qsort(list->data(), list->size(), sizeof(T), by_pid);
}

/// The element with this pid of a list in order, or nullptr: a fork bomb makes the lists long.
template <class T>
const T* find_pid(const Array<T>& list, pid_t pid) {
  if (list.empty()) return nullptr;
  return static_cast<const T*>(bsearch(&pid, list.data(), list.size(), sizeof(T), by_pid));
}

}  // namespace

KeptRun* Runs::find(std::string_view run) {
  for (KeptRun& each : runs_) {
    if (run == each.record.run) return &each;
  }
  return nullptr;
}

Spawned Runs::spawn(const SpawnRequest& request, std::int64_t now_us) {
  Spawned refused;
  refused.stage = Stage::request;
  refused.error = find(request.run) != nullptr       ? EEXIST
                  : log_->is_full()                  ? ENOSPC
                  : runs_.size() >= kMaxRuns         ? EAGAIN
                  : !runs_.reserve(runs_.size() + 1) ? ENOMEM
                                                     : 0;
  if (refused.error != 0) return refused;
  const Spawned spawned = spawn_program(request, *self_);
  if (spawned.pid < 0) return spawned;
  KeptRun run;
  run.serial = next_serial_++;
  strncpy(run.record.run, request.run, sizeof run.record.run - 1);
  run.record.pid = spawned.pid;
  run.record.start_ticks = spawned.start_ticks;
  run.record.started_us = now_us;
  run.grace_us = request.grace_us;
  run.leak_us = request.leak_us;
  run.cgroup_file = spawned.cgroup_file;
  run.terminal = spawned.terminal;
  run.output = spawned.output;
  run.held = spawned.held;
  runs_.push(run);  // has room since the check above
  return spawned;
}

std::uint64_t Runs::owner_of(const ProcStat& stat) {
  const Owned* seen = find_pid(seen_, stat.pid);
  if (seen != nullptr && seen->start_ticks == stat.start_ticks) return seen->owner;
  char id[kMaxRunId + 1];
  const bool marked = read_start_environment(stat.pid, "HONE_RUN", id, sizeof id);
  for (const KeptRun& run : runs_) {
    // Sessions and groups are inherited by fork alone, and their number stays taken while a member
    // lives.
    if (stat.session == run.record.pid || stat.group == run.record.pid) return run.serial;
    if (run.cgroup_file >= 0 && cgroup_holds(run.cgroup_file, stat.pid)) return run.serial;
    if (marked && strcmp(id, run.record.run) == 0) return run.serial;
  }
  return 0;
}

void Runs::refresh_strays() {
  Array<pid_t> children;
  if (!list_children(getpid(), &children)) return;
  sort_by_pid(&children);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < strays_.size(); ++i) {  // those that have been reaped are forgotten
    if (find_pid(children, strays_[i].pid) != nullptr) strays_[kept++] = strays_[i];
  }
  strays_.truncate(kept);
  Array<pid_t> mains;
  for (const KeptRun& run : runs_) {
    if (!run.main_ended) mains.push(run.record.pid);
  }
  sort_by_pid(&mains);
  saw_ended_ = false;
  const std::size_t before = strays_.size();
  for (const pid_t child : children) {
    if (find_pid(mains, child) != nullptr || find_pid(strays_, child) != nullptr) continue;
    ProcStat stat;
    if (!read_proc_stat(child, &stat) || stat.has_ended()) {
      saw_ended_ = true;
      continue;
    }
    found_.push({child, stat.start_ticks, owner_of(stat)});
  }
  for (const Owned& each : found_) strays_.push(each);
  found_.clear();
  if (strays_.size() > before) sort_by_pid(&strays_);
  assign_unknown_strays();
}

/// A stray without any mark (another session, a cleared environment) belongs to one of the runs
/// that lived when it began. When one of them is left, it is taken as that one's, so that it never
/// outlives them all.
void Runs::assign_unknown_strays() {
  for (Owned& stray : strays_) {
    if (stray.owner != 0) continue;
    std::size_t candidates = 0;
    std::uint64_t candidate = 0;
    for (const KeptRun& run : runs_) {
      if (run.record.start_ticks > stray.start_ticks) continue;
      ++candidates;
      candidate = run.serial;
    }
    if (candidates == 1) stray.owner = candidate;
    if (candidates == 0) signal_process(stray.pid, stray.start_ticks, SIGKILL);
  }
}

bool Runs::has_stray(const KeptRun& run) const {
  for (const Owned& stray : strays_) {
    if (stray.owner == run.serial) return true;
  }
  return false;
}

void Runs::look_at_tree(const KeptRun& run, Array<ProcStat>* into) {
  refresh_strays();
  Array<pid_t> roots;
  if (!run.main_ended) roots.push(run.record.pid);
  for (const Owned& stray : strays_) {
    if (stray.owner == run.serial) roots.push(stray.pid);
  }
  list_tree(roots, into);
  forget_seen(run);
  for (const ProcStat& each : *into) seen_.push({each.pid, each.start_ticks, run.serial});
  sort_by_pid(&seen_);
}

void Runs::forget_seen(const KeptRun& run) {
  std::size_t kept = 0;
  for (const Owned& each : seen_) {
    if (each.owner != run.serial) seen_[kept++] = each;
  }
  seen_.truncate(kept);
}

void Runs::begin_terminating(KeptRun* run, std::int64_t grace_us, std::int64_t now_us) {
  Array<ProcStat> tree;
  look_at_tree(*run, &tree);
  terminate_groups(tree);
  run->phase = Phase::terminating;
  run->deadline_us = now_us + grace_us;
}

void Runs::kill_pass(KeptRun* run, std::int64_t now_us) {
  run->phase = Phase::killing;
  // First what needs no look at the tree, which takes time while a program that forks without end
  // gets its share of it.
  if (!run->main_ended && kill(-run->record.pid, SIGKILL) == 0) run->record.flags |= kGotKilled;
  if (run->cgroup_file >= 0) {
    const int file = openat(run->cgroup_file, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    if (file >= 0) {
      if (write(file, "1", 1) == 1) run->record.flags |= kGotKilled;
      close(file);
    }
  }
  Array<ProcStat> tree;
  look_at_tree(*run, &tree);
  if (!tree.empty()) run->record.flags |= kGotKilled;
  kill_tree(tree);
  const std::int64_t pause = kFirstPass_us << (run->passes < 8 ? run->passes : 8);
  ++run->passes;
  run->deadline_us = now_us + (pause < kLastPass_us ? pause : kLastPass_us);
}

bool Runs::stop(std::string_view id, StopHow how, std::int64_t grace_us, std::int64_t now_us) {
  KeptRun* run = find(id);
  if (run == nullptr) return false;
  run->record.flags |= kAskedToStop;
  if (how == StopHow::kill) {
    if (run->phase != Phase::killing) kill_pass(run, now_us);
  } else if (run->phase == Phase::running) {
    begin_terminating(run, grace_us, now_us);
  } else if (run->phase == Phase::terminating && now_us + grace_us < run->deadline_us) {
    run->deadline_us = now_us + grace_us;
  }
  return true;
}

void Runs::stop_all(std::uint32_t flags, std::int64_t now_us) {
  for (KeptRun& run : runs_) {
    if (!run.main_ended) run.record.flags |= flags;  // one that ended by itself stays that
    if (run.phase == Phase::running) begin_terminating(&run, run.grace_us, now_us);
  }
}

bool Runs::reap(std::int64_t now_us) {
  int reaped = 0;
  for (; reaped < kReapedPerCall; ++reaped) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) break;
    for (KeptRun& run : runs_) {
      if (run.main_ended || run.record.pid != pid) continue;
      run.main_ended = true;
      run.record.ended_us = now_us;
      run.record.by_signal = WIFSIGNALED(status);
      run.record.number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
      add_usage(usage, &run.record);
    }
    const Owned* stray = find_pid(strays_, pid);  // refresh_strays() takes it off the list
    for (KeptRun& run : runs_) {
      if (stray != nullptr && run.serial == stray->owner) add_usage(usage, &run.record);
    }
  }
  if (reaped > 0) settle(now_us);
  return reaped == kReapedPerCall;
}

void Runs::settle(std::int64_t now_us) {
  bool any_ended = false;
  for (const KeptRun& run : runs_) any_ended = any_ended || run.main_ended;
  if (!any_ended && strays_.empty()) return;
  refresh_strays();
  for (std::size_t i = 0; i < runs_.size();) {
    KeptRun& run = runs_[i];
    if (run.main_ended && !has_stray(run) && !saw_ended_) {
      finish(i);
      assign_unknown_strays();
      i = 0;  // a stray may have passed to a run that was looked at already; those stay as they are
      continue;
    }
    if (run.main_ended && has_stray(run) && run.record.event != RecordEvent::exited) {
      run.record.event = RecordEvent::exited;
      log_->add(run.record);
      const std::int64_t leak_end = run.record.ended_us + run.leak_us;
      if (run.deadline_us < 0 || leak_end < run.deadline_us) run.deadline_us = leak_end;
    }
    if (run.phase == Phase::killing && has_stray(run)) run.deadline_us = now_us;
    ++i;
  }
}

void Runs::copy_terminal(std::size_t i, std::size_t limit) {
  KeptRun& run = runs_[i];
  char chunk[16384];
  std::size_t copied = 0;
  while (run.terminal >= 0 && copied < limit) {
    const ssize_t n = read(run.terminal, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      close_terminal(&run);
      return;
    }
    copied += static_cast<std::size_t>(n);
    for (ssize_t done = 0; done < n;) {
      const ssize_t m = write(run.output, chunk + done, static_cast<std::size_t>(n - done));
      if (m < 0 && errno == EINTR) continue;
      if (m <= 0) break;  // a full disk loses output, as it would without a terminal
      done += m;
    }
  }
}

void Runs::finish(std::size_t i) {
  KeptRun& run = runs_[i];
  copy_terminal(i, kCopiedAtEnd);
  close_terminal(&run);
  run.record.event = RecordEvent::over;
  log_->add(run.record);
  if (run.cgroup_file >= 0) close(run.cgroup_file);
  forget_seen(run);
  runs_.remove_unordered(i);
}

void Runs::step(std::int64_t now_us) {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    KeptRun& run = runs_[i];
    if (run.deadline_us < 0 || now_us < run.deadline_us) continue;
    if (run.phase == Phase::running) {  // its leak time is over
      Array<ProcStat> tree;
      look_at_tree(run, &tree);
      run.record.flags |= kLeftBehind;
      run.record.left_behind = static_cast<std::uint32_t>(tree.size());
      if (!tree.empty()) memcpy(run.record.left_behind_name, tree[0].name, sizeof tree[0].name);
      begin_terminating(&run, run.grace_us < kLeakGrace_us ? run.grace_us : kLeakGrace_us, now_us);
    } else {
      kill_pass(&run, now_us);
    }
  }
}

std::int64_t Runs::next_step_us() const {
  std::int64_t next = -1;
  for (const KeptRun& run : runs_) {
    if (run.deadline_us >= 0 && (next < 0 || run.deadline_us < next)) next = run.deadline_us;
  }
  return next;
}

}  // namespace hone::keeper
