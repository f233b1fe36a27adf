// Becoming a keeper: check the folder, take its lock, detach (double fork, own session), leave
// every inherited file, listen. libc only: it is linked into a program of its own by the tests
// without the C++ library, which proves it.
#include "hone/runner/keeper_main.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hone/runner/keeper_loop.h"

namespace hone {
namespace {

using namespace keeper;

struct Arguments {
  const char* folder = nullptr;
  std::int64_t orphan_us = 600'000'000;
  bool foreground = false;
};

bool read_arguments(int argc, char** argv, Arguments* into) {
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--foreground") {
      into->foreground = true;
    } else if (name == "--folder" && i + 1 < argc) {
      into->folder = argv[++i];
    } else if (name == "--orphan-ms" && i + 1 < argc) {
      char* end = nullptr;
      const long long value = strtoll(argv[++i], &end, 10);
      if (*end != '\0' || value <= 0 || value > 1'000'000'000) return false;
      into->orphan_us = value * 1000;
    } else {
      return false;
    }
  }
  return into->folder != nullptr && into->folder[0] != '\0';
}

int fail(const char* what, const char* of) {
  dprintf(STDERR_FILENO, "hone-keeper: %s %s: %s\n", what, of, strerror(errno));
  return kKeeperFailed;
}

/// The folder as a file, when it is ours alone; else -1 with errno.
int open_private_folder(const char* path) {
  const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat info {};
  if (folder < 0 || fstat(folder, &info) != 0) return -1;
  if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
    close(folder);
    errno = EPERM;
    return -1;
  }
  return folder;
}

/// stdin from /dev/null, stdout and stderr to the folder's own log; every other inherited file
/// closed but `folder`.
bool take_standard_files(int* folder, int* null_file) {
  const int messages =
      openat(*folder, kKeeperMessages, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Above the standard three first: some of those may have been closed and be what was just opened.
  int kept[3] = {fcntl(*folder, F_DUPFD_CLOEXEC, 3), fcntl(null, F_DUPFD_CLOEXEC, 3),
                 fcntl(messages, F_DUPFD_CLOEXEC, 3)};
  for (const int file : kept) {
    if (file < 0) return false;
  }
  if (dup2(kept[1], STDIN_FILENO) < 0 || dup2(kept[2], STDOUT_FILENO) < 0 ||
      dup2(kept[2], STDERR_FILENO) < 0) {
    return false;
  }
  // Duplicates come in rising order, so everything but the first two of them lies in three ranges.
  close_range(STDERR_FILENO + 1, static_cast<unsigned>(kept[0]) - 1, 0);
  close_range(static_cast<unsigned>(kept[0]) + 1, static_cast<unsigned>(kept[1]) - 1, 0);
  close_range(static_cast<unsigned>(kept[1]) + 1, ~0U, 0);
  *folder = kept[0];
  *null_file = kept[1];
  return true;
}

bool bind_to(int socket, const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path, strnlen(path, sizeof address.sun_path - 1));
  return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// A listening socket in the folder, or, where its file system has none (some network ones), in a
/// new private folder under /tmp that `socket.at` names. `elsewhere` gets that folder's path or "".
int listen_in(int folder, char* elsewhere, std::size_t size) {
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return -1;
  unlinkat(folder, kKeeperSocket, 0);
  unlinkat(folder, kKeeperSocketAt, 0);
  char path[108];
  // By way of /proc the path is short however deep the folder lies: sun_path ends at 108 bytes.
  snprintf(path, sizeof path, "/proc/self/fd/%d/%s", folder, kKeeperSocket);
  elsewhere[0] = '\0';
  if (!bind_to(socket, path)) {
    snprintf(elsewhere, size, "/tmp/hone-keeper-XXXXXX");
    if (mkdtemp(elsewhere) == nullptr) return -1;
    snprintf(path, sizeof path, "%s/%s", elsewhere, kKeeperSocket);
    const int pointer =
        openat(folder, kKeeperSocketAt, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!bind_to(socket, path) || pointer < 0 || dprintf(pointer, "%s\n", path) < 0) return -1;
    close(pointer);
  }
  return listen(socket, static_cast<int>(kMaxClients)) == 0 ? socket : -1;
}

/// Spares the keeper when memory runs out (permitted to root only) and notes what runs shall have
/// instead.
void know_self(Self* self) {
  char text[32];
  if (read_small_file("/proc/self/oom_score_adj", text, sizeof text) > 0) {
    self->oom_score_adj = static_cast<int>(strtol(text, nullptr, 10));
  }
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    if (write(file, "-900", 4) != 4) errno = 0;  // not permitted: it stays as it is
    close(file);
  }
  if (sched_getaffinity(0, sizeof self->cpus, reinterpret_cast<cpu_set_t*>(self->cpus)) == 0) {
    self->cpus_bytes = sizeof self->cpus;
  }
}

int keep(const Arguments& arguments, int folder, int null_file, int ready) {
  prctl(PR_SET_NAME, "hone-keeper");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail("cannot become", "a subreaper");
  if (chdir("/") != 0) return fail("cannot enter", "/");
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  signal(SIGTSTP, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);  // an inherited SIG_IGN would reap runs unseen
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGCHLD);
  sigaddset(&taken, SIGTERM);
  sigaddset(&taken, SIGINT);
  sigprocmask(SIG_SETMASK, &taken, nullptr);
  const int signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) return fail("cannot open", "a signal file");
  Self self;
  self.null_file = null_file;
  know_self(&self);
  EndLog log;
  if (!log.open_at(folder, kKeeperEnds)) return fail("cannot open", kKeeperEnds);
  char elsewhere[64];
  const int listener = listen_in(folder, elsewhere, sizeof elsewhere);
  if (listener < 0) return fail("cannot listen in", arguments.folder);
  if (ready >= 0) {
    const bool told = write(ready, "r", 1) == 1;
    close(ready);
    if (!told) return fail("cannot tell", "that it is ready");
  }
  Loop loop(listener, signals, arguments.orphan_us, &log, &self);
  loop.run();
  unlinkat(folder, kKeeperSocket, 0);
  if (elsewhere[0] != '\0') {
    char path[108];
    snprintf(path, sizeof path, "%s/%s", elsewhere, kKeeperSocket);
    unlink(path);
    rmdir(elsewhere);
    unlinkat(folder, kKeeperSocketAt, 0);
  }
  return kKeeperReady;
}

/// Waits until the keeper says that it is ready or that it failed, or is gone without a word.
int wait_until_ready(int ready) {
  char said = 0;
  ssize_t n = -1;
  do {
    n = read(ready, &said, 1);
  } while (n < 0 && errno == EINTR);
  if (n != 1) return kKeeperKilled;
  return said == 'r' ? kKeeperReady : kKeeperFailed;
}

}  // namespace

int keeper_main(int argc, char** argv) {
  Arguments arguments;
  if (!read_arguments(argc, argv, &arguments)) {
    dprintf(STDERR_FILENO, "usage: %s --keeper --folder DIR [--orphan-ms N] [--foreground]\n",
            argc > 0 ? argv[0] : "hone");
    return kKeeperUsage;
  }
  int folder = open_private_folder(arguments.folder);
  if (folder < 0) return fail("cannot use (it must be private, mode 0700)", arguments.folder);
  int null_file = -1;
  if (!take_standard_files(&folder, &null_file))
    return fail("cannot open files in", arguments.folder);
  const int lock = openat(folder, kKeeperLock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return fail("cannot open", kKeeperLock);
  // A file system without locks: the folder is private to one worker, so the lock is a second line
  // only.
  if (flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return kKeeperPresent;
  if (arguments.foreground) return keep(arguments, folder, null_file, -1);

  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return fail("cannot make", "a pipe");
  const pid_t child = fork();
  if (child < 0) return fail("cannot", "fork");
  if (child > 0) {
    close(ready[1]);
    waitpid(child, nullptr, 0);
    return wait_until_ready(ready[0]);
  }
  close(ready[0]);
  setsid();  // no terminal: neither Ctrl-C nor a hang-up arrives
  const pid_t grandchild = fork();
  if (grandchild != 0) _exit(grandchild < 0 ? kKeeperFailed : kKeeperReady);
  const int code = keep(arguments, folder, null_file, ready[1]);
  // After it was ready, that file is closed and nobody listens.
  if (code != kKeeperReady && write(ready[1], "f", 1) != 1) _exit(code);
  _exit(code);
}

}  // namespace hone
