// posix_spawn with everything that can fail opened beforehand: its one error number is then exec's.
#include "hone/runner/keeper_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "hone/base/owned_file.h"
#include "hone/runner/proc_tree.h"

namespace hone::keeper {
namespace {

bool read_strings(Reader* from, Array<char*>* into) {
  const std::size_t count = from->count(kMaxStrings);
  for (std::size_t i = 0; i < count && from->ok(); ++i) {
    // exec takes char* for reasons of history and does not write through it.
    if (!into->push(const_cast<char*>(from->text()))) return false;
  }
  return from->ok() && into->push(nullptr);
}

/// A pseudo-terminal, wide and without translation of line ends, so that the file gets what the
/// program wrote. 0 or an errno.
int open_terminal(OwnedFile* master, OwnedFile* slave) {
  *master = OwnedFile(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!master->is_open() || unlockpt(master->get()) != 0) return errno;
  *slave = OwnedFile(ioctl(master->get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings{};
  if (!slave->is_open() || tcgetattr(slave->get(), &settings) != 0) return errno;
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  winsize size{};
  size.ws_row = 50;
  size.ws_col = 200;
  if (tcsetattr(slave->get(), TCSANOW, &settings) != 0) return errno;
  return ioctl(slave->get(), TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

int open_output(const char* path) {
  return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
}

/// Lets the calling thread, and so its next child, run on the asked processors only.
bool take_affinity(const Array<std::uint32_t>& cpus) {
  unsigned long mask[kMaxCpus / 64] = {};
  for (const std::uint32_t cpu : cpus) {
    if (cpu >= kMaxCpus) {
      errno = EINVAL;
      return false;
    }
    mask[cpu / 64] |= 1UL << (cpu % 64);
  }
  return sched_setaffinity(0, sizeof mask, reinterpret_cast<const cpu_set_t*>(mask)) == 0;
}

void write_text(int folder, const char* path, const char* text) {
  const OwnedFile file(openat(folder, path, O_WRONLY | O_CLOEXEC));
  if (file.is_open() && write(file.get(), text, strlen(text)) < 0) {
    // Best effort: an OOM score or a cgroup that cannot be set does not stop the run.
  }
}

/// What posix_spawn cannot set; the run has begun by now, and these hold from here on.
void set_from_outside(const SpawnRequest& request, const Self& self, const Spawned& run,
                      bool born_in_group) {
  char path[64];
  char text[32];
  if (run.cgroup_file >= 0 && !born_in_group) {
    snprintf(text, sizeof text, "%d", run.pid);
    write_text(run.cgroup_file, "cgroup.procs", text);
  }
  for (const ResourceLimit& limit : request.limits) {
    prlimit(run.pid, static_cast<__rlimit_resource>(limit.resource), &limit.value, nullptr);
  }
  snprintf(path, sizeof path, "/proc/%d/oom_score_adj", run.pid);
  snprintf(text, sizeof text, "%d",
           request.oom_score_adj != 0 ? request.oom_score_adj : self.oom_score_adj);
  write_text(AT_FDCWD, path, text);
  if (request.niceness != 0) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(run.pid), request.niceness);
  }
}

/// posix_spawn itself; 0 or an errno.
int start(const SpawnRequest& request, const Self& self, int folder, int out, int err, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  int error = posix_spawn_file_actions_adddup2(&actions, self.null_file, STDIN_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  if (error == 0) error = posix_spawn_file_actions_addfchdir_np(&actions, folder);
  if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  if (error == 0) error = posix_spawnattr_setsigmask(&attributes, &none);
  if (error == 0) error = posix_spawnattr_setsigdefault(&attributes, &all);
  if (error == 0) {
    error = posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  if (error == 0) {
    error = posix_spawn(pid, request.program, &actions, &attributes, request.argv.data(),
                        request.env.data());
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// clone3(2)'s argument up to `cgroup` (Linux 5.7).
struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
      set_tid_size, cgroup;
};
constexpr std::uint64_t kCloneVfork = 0x4000;
constexpr std::uint64_t kCloneIntoCgroup = 0x200000000ULL;

/// The child's part of start_in_group(): never returns.
[[noreturn]] void become(const SpawnRequest& request, const Self& self, int folder, int out,
                         int err, volatile int* error) {
  setsid();
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (dup2(self.null_file, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
      dup2(err, STDERR_FILENO) < 0 || fchdir(folder) != 0) {
    *error = errno;
    _exit(127);
  }
  close_range(STDERR_FILENO + 1, ~0U, 0);
  execve(request.program, request.argv.data(), request.env.data());
  *error = errno;
  _exit(127);
}

/// As start(), but the program is born within its control group, which nothing that it starts can
/// leave; posix_spawn learned that in glibc 2.39 only. `*possible` turns false where the kernel or
/// a sandbox does not offer it.
int start_in_group(const SpawnRequest& request, const Self& self, int folder, int out, int err,
                   int cgroup, pid_t* pid, bool* possible) {
  void* page =
      mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno;
  auto* error =
      static_cast<volatile int*>(page);  // how the child, which has a copy of our memory, tells
  CloneArguments arguments{};
  arguments.flags = kCloneVfork | kCloneIntoCgroup;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) become(request, self, folder, out, err, error);
  int result = *error;
  if (child < 0) {
    result = errno;
    *possible = false;
  } else if (result != 0) {
    waitpid(static_cast<pid_t>(child), nullptr, 0);
  } else {
    *pid = static_cast<pid_t>(child);
  }
  munmap(page, sizeof(int));
  return result;
}

Spawned failed(Stage stage, int error) {
  Spawned result;
  result.stage = stage;
  result.error = error;
  return result;
}

}  // namespace

bool read_spawn_request(Reader* from, SpawnRequest* into) {
  into->run = from->text();
  into->program = from->text();
  into->folder = from->text();
  into->stdout_path = from->text();
  into->stderr_path = from->text();
  into->cgroup = from->text();
  if (!read_strings(from, &into->argv) || !read_strings(from, &into->env)) return false;
  const std::size_t limits = from->count(64);
  for (std::size_t i = 0; i < limits; ++i) {
    const auto resource = static_cast<int>(from->count(1024));
    const rlim_t soft = from->number();
    const rlim_t hard = from->number();
    if (!into->limits.push({resource, {soft, hard}})) return false;
  }
  const std::size_t cpus = from->count(kMaxCpus);
  for (std::size_t i = 0; i < cpus; ++i) {
    if (!into->cpus.push(static_cast<std::uint32_t>(from->count(kMaxCpus - 1)))) return false;
  }
  constexpr std::size_t kLongest_ms = 1'000'000'000;  // eleven days
  into->grace_us = static_cast<std::int64_t>(from->count(kLongest_ms)) * 1000;
  into->leak_us = static_cast<std::int64_t>(from->count(kLongest_ms)) * 1000;
  into->oom_score_adj = static_cast<int>(from->count(2000)) - 1000;
  into->niceness = static_cast<int>(from->count(39)) - 20;
  into->tty = from->count(1) == 1;
  return from->complete() && is_run_id(into->run) && into->program[0] != '\0' &&
         into->argv.size() >= 2;
}

Spawned spawn_program(const SpawnRequest& request, const Self& self) {
  OwnedFile out(open_output(request.stdout_path));
  if (!out.is_open()) return failed(Stage::stdout_file, errno);
  OwnedFile own_err;
  OwnedFile master;
  OwnedFile slave;
  int err = out.get();
  if (request.tty) {
    const int error = open_terminal(&master, &slave);
    if (error != 0) return failed(Stage::terminal, error);
    err = slave.get();
  } else if (strcmp(request.stderr_path, request.stdout_path) != 0) {
    own_err = OwnedFile(open_output(request.stderr_path));
    err = own_err.get();
    if (err < 0) return failed(Stage::stderr_file, errno);
  }
  const OwnedFile folder(open(request.folder, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || faccessat(AT_FDCWD, request.folder, X_OK, AT_EACCESS) != 0) {
    return failed(Stage::folder, errno);
  }
  OwnedFile cgroup;
  if (request.cgroup[0] != '\0') {
    cgroup = OwnedFile(open(request.cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!cgroup.is_open()) return failed(Stage::cgroup, errno);
  }
  const bool pinned = !request.cpus.empty();
  if (pinned && !take_affinity(request.cpus)) return failed(Stage::affinity, errno);

  Spawned result;
  const int output = request.tty ? err : out.get();
  bool born_in_group = cgroup.is_open();
  if (born_in_group) {
    result.error = start_in_group(request, self, folder.get(), output, err, cgroup.get(),
                                  &result.pid, &born_in_group);
  }
  if (!born_in_group) {
    result.error = start(request, self, folder.get(), output, err, &result.pid);
  }
  if (pinned && self.cpus_bytes > 0) {
    sched_setaffinity(0, self.cpus_bytes, reinterpret_cast<const cpu_set_t*>(self.cpus));
  }
  if (result.error != 0) return failed(Stage::exec, result.error);

  // Our unreaped child: its number cannot have been given to another process.
  ProcStat stat;
  if (read_proc_stat(result.pid, &stat)) result.start_ticks = stat.start_ticks;
  result.cgroup_file = cgroup.release();
  if (request.tty) {
    result.terminal = master.release();
    result.output = out.release();
    result.held = slave.release();
  }
  set_from_outside(request, self, result, born_in_group);
  return result;
}

}  // namespace hone::keeper
