// Memory from /proc/PID/smaps_rollup and statm; the memory killer's count from /proc/vmstat.
#include "hone/runner/limits_reading.h"

#include <fmt/core.h>
#include <unistd.h>

#include <charconv>
#include <string>

#include "hone/base/text.h"

namespace hone {
namespace {

std::optional<std::int64_t> number_at_start(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<std::int64_t> resident_bytes(pid_t pid) {
  char text[256];
  const std::string path = fmt::format("/proc/{}/statm", pid);
  if (keeper::read_small_file(path.c_str(), text, sizeof text) <= 0) return std::nullopt;
  const std::vector<std::string_view> fields = split(text, ' ');
  if (fields.size() < 2) return std::nullopt;
  const std::optional<std::int64_t> pages = number_at_start(fields[1]);
  if (!pages) return std::nullopt;
  return *pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

std::optional<std::int64_t> parse_pss_bytes(std::string_view smaps_rollup) {
  for (const std::string_view line : split(smaps_rollup, '\n')) {
    if (!line.starts_with("Pss:")) continue;
    const std::optional<std::int64_t> kib = number_at_start(line.substr(4));
    if (!kib) return std::nullopt;
    return *kib * 1024;
  }
  return std::nullopt;
}

std::optional<std::int64_t> process_memory_bytes(pid_t pid) {
  char text[4096];
  const std::string path = fmt::format("/proc/{}/smaps_rollup", pid);
  if (keeper::read_small_file(path.c_str(), text, sizeof text) > 0) {
    if (const auto bytes = parse_pss_bytes(text)) return bytes;
  }
  return resident_bytes(pid);
}

std::int64_t tree_memory_bytes(std::span<const pid_t> roots) {
  keeper::Array<pid_t> open;
  keeper::Array<keeper::ProcStat> tree;
  open.append(roots.data(), roots.size());
  keeper::list_tree(open, &tree);
  std::int64_t sum = 0;
  for (const keeper::ProcStat& each : tree) sum += process_memory_bytes(each.pid).value_or(0);
  return sum;
}

std::optional<std::int64_t> parse_oom_kill(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("oom_kill ")) return number_at_start(line.substr(9));
  }
  return std::nullopt;
}

std::optional<std::int64_t> memory_kills() {
  char text[16384];
  if (keeper::read_small_file("/proc/vmstat", text, sizeof text) <= 0) return std::nullopt;
  return parse_oom_kill(text);
}

}  // namespace hone
