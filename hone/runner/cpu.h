// Processors: which ones this process may use, how many of them runs share, and the thread counts
// that keep parallel runs from fighting over them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hone {

struct CpuInventory {
  std::vector<int> cpus;        ///< processors this process may run on, rising
  std::optional<double> quota;  ///< of the control group (cpu.max), in processors; none: no quota
  /// Whole processors' worth of time: at least 1.
  int usable() const;
};

/// From the affinity mask and the tightest cpu.max (cgroup v2) or cfs quota (v1) on the way to the
/// root.
CpuInventory read_cpu_inventory();
/// "max 100000" → none, "150000 100000" → 1.5; nullopt also for what is no such text.
std::optional<double> parse_cpu_max(std::string_view text);

/// OMP_NUM_THREADS and its kin: processors ÷ parallel, at least 1, for those that `is_set` does not
/// know (a value that the user gave stays). With `cpus` a run has that many for itself.
std::vector<std::pair<std::string, std::string>> thread_variables(
    const CpuInventory& inventory, int parallel, std::optional<int> cpus,
    const std::function<bool(const std::string&)>& is_set);

/// `count` processors of the inventory that are not in `taken`, the lowest first; nullopt when too
/// few are left. Pure.
std::optional<std::vector<int>> assign_cpus(const CpuInventory& inventory,
                                            const std::vector<int>& taken, int count);

}  // namespace hone
