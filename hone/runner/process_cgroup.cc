// Groups are folders: made by mkdir, removed by rmdir, their processes in cgroup.procs, their end
// in cgroup.kill.
#include "hone/runner/process_cgroup.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "hone/base/text.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether nobody else may be managing this group's children.
bool is_ours_to_divide(const fs::path& group) {
  if (!fs::exists("/run/systemd/system")) return true;
  for (const char* name :
       {"user.delegate", "trusted.delegate"}) {  // systemd.resource-control(5), Delegate=
    char value[8] = {};
    if (::getxattr(group.c_str(), name, value, sizeof value - 1) > 0 && value[0] == '1')
      return true;
  }
  return false;
}

void remove_empty_below(const fs::path& group, int depth) {
  constexpr int kDeepest = 32;
  std::error_code error;
  std::vector<fs::path> inner;
  for (const auto& each : fs::directory_iterator(group, error)) {
    if (each.is_directory(error)) inner.push_back(each.path());
  }
  for (const fs::path& each : inner) {
    if (depth < kDeepest) remove_empty_below(each, depth + 1);
  }
  ::rmdir(group.c_str());
}

}  // namespace

std::optional<fs::path> parse_own_cgroup(std::string_view mountinfo, std::string_view groups) {
  std::optional<std::string> own;
  for (const std::string_view line : split(groups, '\n')) {
    if (line.starts_with("0::/")) own = line.substr(3);
  }
  if (!own) return std::nullopt;
  for (const std::string_view line : split(mountinfo, '\n')) {
    // 36 35 98:0 /root /mount/point options … - type source options
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos || !line.substr(dash + 3).starts_with("cgroup2 ")) continue;
    const std::vector<std::string_view> fields = split(line, ' ');
    if (fields.size() < 5) continue;
    const std::string_view root = fields[3] == "/" ? std::string_view() : fields[3];
    const bool below =
        own->starts_with(root) && (own->size() == root.size() || (*own)[root.size()] == '/');
    if (!below || fields[4].find('\\') != std::string_view::npos) continue;
    std::string path(fields[4]);
    path += own->substr(root.size());
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return fs::path(path);
  }
  return std::nullopt;
}

std::optional<fs::path> find_own_cgroup() {
  const auto own = parse_own_cgroup(content("/proc/self/mountinfo"), content("/proc/self/cgroup"));
  if (!own || !is_ours_to_divide(*own)) return std::nullopt;
  const fs::path probe = *own / fmt::format("hone-probe-{}", ::getpid());
  if (::mkdir(probe.c_str(), 0700) != 0) return std::nullopt;
  const auto writable = [](const fs::path& path) { return ::access(path.c_str(), W_OK) == 0; };
  // Moving a process takes the right to write in the group that both share (cgroups(7),
  // delegation).
  const bool usable = writable(probe / "cgroup.kill") && writable(probe / "cgroup.procs") &&
                      writable(*own / "cgroup.procs");
  ::rmdir(probe.c_str());
  return usable ? own : std::nullopt;
}

std::vector<fs::path> RunCgroups::paths_of(std::string_view mark) const {
  if (!own_) return {};
  std::string name = "hone-" + std::string(mark);
  std::replace(name.begin(), name.end(), '/', '-');
  if (!mark.ends_with('/')) return {*own_ / name};
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& each : fs::directory_iterator(*own_, error)) {
    if (each.path().filename().string().starts_with(name)) found.push_back(each.path());
  }
  return found;
}

std::string RunCgroups::make(std::string_view mark) const {
  const std::vector<fs::path> paths = paths_of(mark);
  if (paths.size() != 1 || ::mkdir(paths[0].c_str(), 0700) != 0) return "";
  return paths[0].string();
}

bool RunCgroups::is_populated(std::string_view mark) const {
  const std::vector<fs::path> paths = paths_of(mark);
  return std::any_of(paths.begin(), paths.end(), [](const fs::path& each) {
    return content(each / "cgroup.events").find("populated 1") != std::string::npos;
  });
}

void RunCgroups::kill(std::string_view mark) const {
  for (const fs::path& each : paths_of(mark)) std::ofstream(each / "cgroup.kill") << "1";
}

void RunCgroups::remove(std::string_view mark) const {
  for (const fs::path& each : paths_of(mark)) remove_empty_below(each, 0);
}

}  // namespace hone
