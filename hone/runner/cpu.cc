// The affinity mask, control group quotas, and the arithmetic of sharing.
#include "hone/runner/cpu.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>

#include "hone/base/text.h"

namespace hone {
namespace {

constexpr std::size_t kMaskWords = 128;  // 8192 processors

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The path of this process's group in the hierarchy that has `controller` ("": version 2), from
/// /proc/self/cgroup.
std::optional<std::string> group_path(std::string_view groups, std::string_view controller) {
  for (const std::string_view line : split(groups, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 3) continue;
    const std::vector<std::string_view> names = split(fields[1], ',');
    if (std::find(names.begin(), names.end(), controller) != names.end()) {
      return std::string(line.substr(fields[0].size() + fields[1].size() + 2));
    }
  }
  return std::nullopt;
}

void tighten(std::optional<double>* quota, std::optional<double> other) {
  if (other && (!*quota || *other < **quota)) *quota = other;
}

/// The tightest quota from the group up to the root; a container may see its group as the root.
std::optional<double> tightest(const std::string& root, std::string path, bool version_1) {
  std::optional<double> quota;
  for (int depth = 0; depth < 64; ++depth) {
    if (version_1) {
      const auto limit = parse_number(trim(content(root + path + "/cpu.cfs_quota_us")));
      const auto period = parse_number(trim(content(root + path + "/cpu.cfs_period_us")));
      if (limit && period && *limit > 0 && *period > 0) tighten(&quota, *limit / *period);
    } else {
      tighten(&quota, parse_cpu_max(content(root + path + "/cpu.max")));
    }
    if (path.empty()) break;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  return quota;
}

}  // namespace

int CpuInventory::usable() const {
  const auto count = static_cast<double>(cpus.size());
  return std::max(1, static_cast<int>(std::floor(std::min(count, quota.value_or(count)))));
}

std::optional<double> parse_cpu_max(std::string_view text) {
  const std::vector<std::string_view> fields = split(trim(text), ' ');
  if (fields.size() != 2) return std::nullopt;
  const auto limit = parse_number(fields[0]);
  const auto period = parse_number(fields[1]);
  if (!limit || !period || !(*limit > 0) || !(*period > 0) || std::isinf(*limit))
    return std::nullopt;
  return *limit / *period;
}

CpuInventory read_cpu_inventory() {
  CpuInventory inventory;
  std::array<unsigned long, kMaskWords> mask{};
  if (::sched_getaffinity(0, sizeof mask, reinterpret_cast<cpu_set_t*>(mask.data())) == 0) {
    for (std::size_t cpu = 0; cpu < kMaskWords * 64; ++cpu) {
      if ((mask[cpu / 64] >> (cpu % 64) & 1) != 0) inventory.cpus.push_back(static_cast<int>(cpu));
    }
  }
  const std::string groups = content("/proc/self/cgroup");
  if (const auto path = group_path(groups, "")) {
    tighten(&inventory.quota, tightest("/sys/fs/cgroup", *path, false));
  }
  if (const auto path = group_path(groups, "cpu")) {
    tighten(&inventory.quota, tightest("/sys/fs/cgroup/cpu", *path, true));
  }
  return inventory;
}

std::vector<std::pair<std::string, std::string>> thread_variables(
    const CpuInventory& inventory, int parallel, std::optional<int> cpus,
    const std::function<bool(const std::string&)>& is_set) {
  const int share = cpus ? *cpus : inventory.usable() / std::max(1, parallel);
  const std::string threads = std::to_string(std::max(1, share));
  std::vector<std::pair<std::string, std::string>> variables;
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                           "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"}) {
    if (!is_set(name)) variables.emplace_back(name, threads);
  }
  return variables;
}

std::optional<std::vector<int>> assign_cpus(const CpuInventory& inventory,
                                            const std::vector<int>& taken, int count) {
  std::vector<int> chosen;
  for (const int cpu : inventory.cpus) {
    if (static_cast<int>(chosen.size()) == count) break;
    if (std::find(taken.begin(), taken.end(), cpu) == taken.end()) chosen.push_back(cpu);
  }
  if (static_cast<int>(chosen.size()) < count) return std::nullopt;
  return chosen;
}

}  // namespace hone
