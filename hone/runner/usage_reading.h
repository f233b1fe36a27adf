// Readings of what runs and the machine use, for the curves that people look at: processors and
// disks of a process tree, the network of the machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "hone/runner/executor.h"

namespace hone {

/// Sum over the processes at and below `roots`, and over those of their children that have ended
/// and were waited for.
JobCounters tree_counters(std::span<const pid_t> roots);

/// Processor time in a line of /proc/PID/stat: of the process and of its children that have ended,
/// in clock ticks; nullopt when the line is none.
std::optional<std::int64_t> parse_cpu_ticks(std::string_view stat);
/// "read_bytes:" and "write_bytes:" of a file /proc/PID/io, as counters without processor time.
JobCounters parse_io(std::string_view io);

/// Bytes over all interfaces but the machine's own (lo), since boot.
struct NetworkCounters {
  std::int64_t received_bytes = 0;
  std::int64_t sent_bytes = 0;
};
NetworkCounters read_network_counters();
/// The text of /proc/net/dev.
NetworkCounters parse_net_dev(std::string_view text);

}  // namespace hone
