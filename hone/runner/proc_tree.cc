// Reading /proc and signalling trees; libc only. Children come from /proc/PID/task/TID/children,
// which costs in proportion to the tree; a pass over all of /proc is the fallback.
#include "hone/runner/proc_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hone::keeper {
namespace {

constexpr std::size_t kPathSize = 96;

/// The number a directory entry of /proc stands for, or 0.
pid_t entry_pid(const char* name) {
  char* end = nullptr;
  const long value = strtol(name, &end, 10);
  return end != name && *end == '\0' && value > 0 ? static_cast<pid_t>(value) : 0;
}

bool contains(const Array<pid_t>& pids, pid_t pid) {
  for (const pid_t each : pids) {
    if (each == pid) return true;
  }
  return false;
}

/// Whether the kernel lists children; asked once.
bool kernel_lists_children() {
  static int known = -1;
  if (known < 0) {
    char path[kPathSize];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", getpid(), getpid());
    known = access(path, R_OK) == 0 ? 1 : 0;
  }
  return known == 1;
}

/// Every process of the machine.
bool list_all(Array<ProcStat>* into) {
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return false;
  bool room = true;
  while (const dirent* entry = readdir(folder)) {
    const pid_t pid = entry_pid(entry->d_name);
    ProcStat stat;
    if (pid > 0 && read_proc_stat(pid, &stat)) room = room && into->push(stat);
  }
  closedir(folder);
  return room;
}

/// Adds the numbers of a file of numbers and blanks, of any length; false when memory is out.
bool read_numbers(const char* path, Array<pid_t>* into) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  char chunk[4096];
  pid_t number = 0;
  bool room = true;
  for (;;) {
    const ssize_t n = read(file, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    for (ssize_t i = 0; i < n; ++i) {
      if (chunk[i] >= '0' && chunk[i] <= '9') {
        number = number * 10 + (chunk[i] - '0');
      } else if (number > 0) {
        room = into->push(number) && room;
        number = 0;
      }
    }
  }
  if (number > 0) room = into->push(number) && room;
  close(file);
  return room;
}

/// list_tree by a look at all processes: a breadth-first search with the parents' numbers.
bool list_tree_of_all(const Array<pid_t>& roots, Array<ProcStat>* into) {
  Array<ProcStat> all;
  Array<pid_t> open;
  if (!list_all(&all) || !open.append(roots.data(), roots.size())) return false;
  for (std::size_t i = 0; i < open.size() && i < kMaxTree; ++i) {
    for (const ProcStat& each : all) {
      if (each.pid == open[i] && !each.has_ended() && !into->push(each)) return false;
      if (each.parent == open[i] && !contains(open, each.pid) && !open.push(each.pid)) return false;
    }
  }
  return true;
}

bool is_new_group(const Array<ProcStat>& tree, std::size_t i) {
  for (std::size_t j = 0; j < i; ++j) {
    if (tree[j].group == tree[i].group) return false;
  }
  return true;
}

/// Signals each group of the tree once. Never the caller's own group: whatever a run has done, that
/// is not the run's.
void signal_groups(const Array<ProcStat>& tree, int signal) {
  const pid_t own = getpgrp();
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const pid_t group = tree[i].group;
    if (group > 1 && group != own && is_new_group(tree, i)) kill(-group, signal);
  }
}

}  // namespace

ssize_t read_small_file(const char* path, char* into, std::size_t size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  std::size_t used = 0;
  while (used + 1 < size) {
    const ssize_t n = read(file, into + used, size - 1 - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && used == 0) {
      close(file);
      return -1;
    }
    if (n <= 0) break;
    used += static_cast<std::size_t>(n);
  }
  close(file);
  into[used] = '\0';
  return static_cast<ssize_t>(used);
}

bool read_proc_stat(pid_t pid, ProcStat* into) {
  char path[kPathSize];
  char text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_small_file(path, text, sizeof text) <= 0) return false;
  const char* open_bracket = strchr(text, '(');
  const char* close_bracket = strrchr(text, ')');  // a program's name may itself contain brackets
  if (open_bracket == nullptr || close_bracket == nullptr) return false;
  unsigned long long start = 0;
  // Fields 3 to 22 of proc(5): state ppid pgrp session … starttime.
  const int fields =
      sscanf(close_bracket + 1,
             " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %llu",
             &into->state, &into->parent, &into->group, &into->session, &into->threads, &start);
  if (fields != 6) return false;
  into->pid = pid;
  into->start_ticks = start;
  std::size_t used = 0;
  for (const char* c = open_bracket + 1; c < close_bracket && used + 1 < sizeof into->name; ++c) {
    const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                       (*c >= '0' && *c <= '9') || *c == '.' || *c == '-';
    into->name[used++] = plain ? *c : '_';
  }
  into->name[used] = '\0';
  return true;
}

bool read_start_environment(pid_t pid, const char* name, char* value, std::size_t size) {
  char path[kPathSize];
  snprintf(path, sizeof path, "/proc/%d/environ", pid);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const std::size_t name_size = strlen(name);
  // A variable of up to this length is seen whole; longer ones are cut, which none that we look for
  // is.
  char line[512];
  char chunk[8192];
  std::size_t used = 0;
  bool found = false;
  while (!found) {
    const ssize_t n = read(file, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    for (ssize_t i = 0; i < n && !found; ++i) {
      if (chunk[i] != '\0') {
        if (used + 1 < sizeof line) line[used] = chunk[i];
        ++used;
        continue;
      }
      line[used < sizeof line ? used : sizeof line - 1] = '\0';
      if (used < sizeof line && used > name_size && line[name_size] == '=' &&
          memcmp(line, name, name_size) == 0 && used - name_size <= size) {
        memcpy(value, line + name_size + 1, used - name_size);
        found = true;
      }
      used = 0;
    }
  }
  close(file);
  return found;
}

bool list_children(pid_t pid, Array<pid_t>* into) {
  if (!kernel_lists_children()) {
    Array<ProcStat> all;
    bool room = list_all(&all);
    for (const ProcStat& each : all) {
      if (each.parent == pid) room = room && into->push(each.pid);
    }
    return room;
  }
  char path[kPathSize];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR* threads = opendir(path);
  if (threads == nullptr) return true;  // it has gone
  bool room = true;
  while (const dirent* entry = readdir(threads)) {
    const pid_t thread = entry_pid(entry->d_name);
    if (thread == 0) continue;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, thread);
    room = read_numbers(path, into) && room;
  }
  closedir(threads);
  return room;
}

bool list_tree(const Array<pid_t>& roots, Array<ProcStat>* into, bool scan_all) {
  into->clear();
  if (scan_all || !kernel_lists_children()) return list_tree_of_all(roots, into);
  Array<pid_t> open;
  if (!open.append(roots.data(), roots.size())) return false;
  for (std::size_t i = 0; i < open.size() && i < kMaxTree; ++i) {
    ProcStat stat;
    if (!read_proc_stat(open[i], &stat)) continue;
    if (!stat.has_ended() && !into->push(stat)) return false;
    list_children(open[i], &open);
  }
  return true;
}

bool signal_process(pid_t pid, std::uint64_t start_ticks, int signal) {
  const auto handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  ProcStat now;
  const int no_handle = errno;
  // With the handle held, a matching start time means that the handle is this very process.
  const bool same = read_proc_stat(pid, &now) && now.start_ticks == start_ticks;
  bool sent = false;
  if (handle >= 0) {
    sent = same && syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0) == 0;
    close(handle);
  } else if (no_handle == ENOSYS || no_handle == EPERM || no_handle == EMFILE ||
             no_handle == ENFILE) {
    sent = same && kill(pid, signal) == 0;  // before Linux 5.3, or forbidden by a sandbox
  }
  return sent;
}

void terminate_groups(const Array<ProcStat>& tree) {
  signal_groups(tree, SIGTERM);
  signal_groups(tree, SIGCONT);
}

void kill_tree(const Array<ProcStat>& tree) {
  signal_groups(tree, SIGKILL);
  for (const ProcStat& each : tree) signal_process(each.pid, each.start_ticks, SIGKILL);
}

}  // namespace hone::keeper
