// Looking at processes and programs; sentences for what goes wrong.
#include "hone/runner/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "hone/base/owned_file.h"
#include "hone/base/text.h"
#include "hone/runner/proc_tree.h"

namespace hone {
namespace {

bool is_program(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string from_folder(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + "/" + path;
}

/// The interpreter that the first line of a script names, with its arguments; empty when it names
/// none.
std::string interpreter_line(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[256] = {};
  file.read(start, sizeof start - 1);
  const std::string_view text(start, static_cast<std::size_t>(file.gcount()));
  if (!text.starts_with("#!")) return "";
  return std::string(text.substr(2, text.find('\n') - 2));
}

/// Why exec refused a file that is there.
std::string explain_exec(const std::string& path, int error) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return fmt::format("the program {} does not exist: {}", path, std::strerror(errno));
  }
  if (S_ISDIR(info.st_mode)) return fmt::format("{} is a folder, not a program", path);
  if (error == EACCES && ::access(path.c_str(), X_OK) != 0) {
    return fmt::format("{} may not be executed: chmod +x it, or put its interpreter first", path);
  }
  const std::string interpreter = interpreter_line(path);
  if (error == ENOENT && interpreter.ends_with('\r')) {
    return fmt::format("{} has Windows line ends, so its interpreter '{}' is not found: convert it",
                       path, trim(interpreter));
  }
  if (!interpreter.empty() && (error == ENOENT || error == EACCES)) {
    return fmt::format("the first line of {} names the interpreter '{}', which cannot be run: {}",
                       path, trim(interpreter), std::strerror(error));
  }
  if (error == ENOENT) {
    return fmt::format("{} needs a loader or library that is not on this machine", path);
  }
  if (error == ENOEXEC) {
    return fmt::format(
        "{} is neither a program for this machine nor a script with a #! line: put "
        "its interpreter first",
        path);
  }
  if (error == E2BIG) {
    return fmt::format("the arguments and environment of {} are too large for the kernel", path);
  }
  if (error == EAGAIN || error == ENOMEM) {
    return fmt::format("no further process could be started for {}: {}", path,
                       std::strerror(error));
  }
  return fmt::format("{} could not be executed: {}", path, std::strerror(error));
}

}  // namespace

std::string boot_id() {
  char text[64];
  if (keeper::read_small_file("/proc/sys/kernel/random/boot_id", text, sizeof text) <= 0) return "";
  return std::string(trim(text));
}

std::optional<std::uint64_t> process_start_ticks(std::int64_t pid) {
  keeper::ProcStat stat;
  if (pid <= 0 || !keeper::read_proc_stat(static_cast<pid_t>(pid), &stat)) return std::nullopt;
  return stat.start_ticks;
}

bool is_process_alive(std::int64_t pid, std::uint64_t start_ticks) {
  keeper::ProcStat stat;
  return pid > 0 && keeper::read_proc_stat(static_cast<pid_t>(pid), &stat) &&
         stat.start_ticks == start_ticks && !stat.has_ended();
}

ProgramPath resolve_program(const std::string& name, std::string_view path_variable,
                            const std::string& folder) {
  if (name.empty()) return {"", "the command is empty"};
  if (name.find('/') != std::string::npos) {
    const std::string path = from_folder(folder, name);
    if (is_program(path)) return {path, ""};
    return {"", explain_exec(path, EACCES)};
  }
  std::string forbidden;
  for (const std::string_view each : split(path_variable, ':')) {
    const std::string path =
        from_folder(folder, each.empty() ? name : fmt::format("{}/{}", each, name));
    if (is_program(path)) return {path, ""};
    if (forbidden.empty() && ::access(path.c_str(), F_OK) == 0) forbidden = path;
  }
  if (!forbidden.empty()) return {"", explain_exec(forbidden, EACCES)};
  std::string reason = fmt::format("the program '{}' is in no folder of PATH", name);
  if (name == "python") {
    const ProgramPath newer = resolve_program("python3", path_variable, folder);
    if (!newer.path.empty()) reason += fmt::format("; {} is there", newer.path);
  } else if (is_program(folder + "/" + name)) {
    reason += fmt::format("; did you mean ./{}, which is in {}?", name, folder);
  }
  return {"", reason};
}

std::string explain_start_failure(const StartFailure& failure, const ProcessSpec& spec) {
  const char* why = std::strerror(failure.error);
  switch (failure.stage) {
    case keeper::Stage::stdout_file:
      return fmt::format("cannot write the output file {}: {}", spec.stdout_path, why);
    case keeper::Stage::stderr_file:
      return fmt::format("cannot write the output file {}: {}", spec.stderr_path, why);
    case keeper::Stage::folder:
      return fmt::format("cannot enter the working folder {}: {}", spec.folder, why);
    case keeper::Stage::cgroup:
      return fmt::format("cannot use the control group {}: {}", spec.cgroup, why);
    case keeper::Stage::terminal:
      return fmt::format("cannot open a pseudo-terminal for {}: {}", spec.program, why);
    case keeper::Stage::affinity:
      return fmt::format("cannot run {} on the processors it was given: {}", spec.program, why);
    case keeper::Stage::exec:
      return explain_exec(from_folder(spec.folder, spec.program), failure.error);
    default:
      break;
  }
  if (failure.error == EEXIST) return fmt::format("run {} runs already", spec.run);
  if (failure.error == EINVAL)
    return "an argument or variable of the command holds a NUL character";
  if (failure.error == ENOSPC) {
    return "the disk that records how runs end is full: nothing new is started until it has room";
  }
  return fmt::format("the keeper refused run {}: {}", spec.run, why);
}

std::optional<int> FreePorts::take() {
  // The kernel hands out ports at random; a few tries skip those that are promised to living runs.
  for (int attempt = 0; attempt < 64; ++attempt) {
    const OwnedFile socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return std::nullopt;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof address;
    const bool bound =
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (!bound) return std::nullopt;
    const int port = ntohs(address.sin_port);
    if (taken_.insert(port).second) return port;
  }
  return std::nullopt;
}

std::vector<MarkedProcess> find_marked_processes(std::string_view run) {
  std::vector<MarkedProcess> found;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return found;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    char mark[keeper::kMaxRunId + 1];
    keeper::ProcStat stat;
    if (!keeper::read_start_environment(pid, "HONE_RUN", mark, sizeof mark)) continue;
    const std::string_view value = mark;
    const bool meant = run.ends_with('/') ? value.starts_with(run) : value == run;
    // The start time is read after the mark: a process that took the number in between has another
    // time than the tree that is signalled later, which is looked at anew.
    if (!meant || !keeper::read_proc_stat(pid, &stat) || stat.has_ended()) continue;
    found.push_back({pid, stat.start_ticks, std::string(value)});
  }
  ::closedir(folder);
  std::sort(found.begin(), found.end(),
            [](const MarkedProcess& a, const MarkedProcess& b) { return a.pid < b.pid; });
  return found;
}

int signal_marked_processes(std::string_view run, int signal) {
  keeper::Array<pid_t> roots;
  for (const MarkedProcess& each : find_marked_processes(run)) {
    roots.push(static_cast<pid_t>(each.pid));
  }
  keeper::Array<keeper::ProcStat> tree;
  keeper::list_tree(roots, &tree);
  if (signal == SIGKILL) {
    keeper::kill_tree(tree);
  } else {
    keeper::terminate_groups(tree);
  }
  std::set<pid_t> distinct;
  for (const keeper::ProcStat& each : tree) distinct.insert(each.pid);
  return static_cast<int>(distinct.size());
}

}  // namespace hone
