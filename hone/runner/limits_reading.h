// Readings that limits are judged by: memory of a process tree, and whether the kernel's memory
// killer has struck.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hone/runner/proc_tree.h"

namespace hone {

/// Memory of one process in bytes: its proportional share (PSS) of what it maps, so that pages
/// shared by a tree count once; where the kernel does not tell (another user's process), the
/// resident set. nullopt: it is gone.
std::optional<std::int64_t> process_memory_bytes(pid_t pid);

/// Sum over the processes at and below `roots`.
std::int64_t tree_memory_bytes(std::span<const pid_t> roots);

/// "Pss:" of a smaps_rollup file in bytes; nullopt when it has none.
std::optional<std::int64_t> parse_pss_bytes(std::string_view smaps_rollup);

/// How many processes the kernel's memory killer has ended since boot, on this machine or in any
/// control group; nullopt where the kernel does not count (before 4.13, some sandboxes).
std::optional<std::int64_t> memory_kills();
/// The count in the text of /proc/vmstat or a cgroup's memory.events ("oom_kill N").
std::optional<std::int64_t> parse_oom_kill(std::string_view text);

}  // namespace hone
