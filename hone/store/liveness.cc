#include "hone/store/liveness.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "hone/base/text.h"

namespace hone {
namespace {

/// Inode of the machine's first pid namespace (PROC_PID_INIT_INO in the kernel).
constexpr std::string_view kFirstPidNamespace = "pid:[4026531836]";

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  std::array<char, 64> space{};
  const ssize_t size = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  const std::string_view name(space.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!name.empty() && name != kFirstPidNamespace) {
    const auto open = name.find('[');
    id += "+" + std::string(name.substr(open + 1, name.size() - open - 2));
  }
  return id;
}

struct Stat {
  char state = '?';
  std::int64_t start = 0;
};

/// Fields 3 and 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses.
std::optional<Stat> read_stat(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto close = line.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(close + 1));
  Stat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field <= 21; ++field) fields >> skipped;
  if (!(fields >> stat.start)) return std::nullopt;
  return stat;
}

}  // namespace

ProcLiveness::ProcLiveness() : host_(host_name()), boot_id_(boot_id()) {}

Liveness ProcLiveness::probe(const Holder& holder) const {
  if (holder.host != host_ || holder.boot_id != boot_id_ || boot_id_.empty())
    return Liveness::unknown;
  if (holder.pid <= 0) return Liveness::gone;
  const auto stat = read_stat(holder.pid);
  if (!stat) {
    // /proc may be mounted so that other users' processes are hidden: the kernel still tells
    // whether one is there.
    if (::kill(static_cast<pid_t>(holder.pid), 0) == 0 || errno == EPERM) return Liveness::unknown;
    return Liveness::gone;
  }
  const bool has_ended = stat->state == 'Z' || stat->state == 'X';
  return !has_ended && stat->start == holder.pid_start ? Liveness::alive : Liveness::gone;
}

Holder this_process_holder() {
  const auto pid = static_cast<std::int64_t>(::getpid());
  const auto stat = read_stat(pid);
  return {host_name(), boot_id(), pid, stat ? stat->start : 0};
}

}  // namespace hone
