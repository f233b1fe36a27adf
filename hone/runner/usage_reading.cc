// Processors from /proc/PID/stat, disks from /proc/PID/io, the network from /proc/net/dev
// (proc(5)).
#include "hone/runner/usage_reading.h"

#include <fmt/core.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <vector>

#include "hone/base/text.h"
#include "hone/runner/proc_tree.h"

namespace hone {
namespace {

std::int64_t number_of(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The fields of a line between blanks.
std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) found.push_back(word);
  }
  return found;
}

}  // namespace

std::optional<std::int64_t> parse_cpu_ticks(std::string_view stat) {
  const std::size_t bracket = stat.rfind(')');  // the program's name may itself contain brackets
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::vector<std::string_view> fields = words(stat.substr(bracket + 1));
  constexpr std::size_t kUserTime = 11;  // field 14 of the line; the first behind the name is 3
  if (fields.size() < kUserTime + 4) return std::nullopt;
  std::int64_t ticks = 0;
  for (std::size_t i = 0; i < 4; ++i) ticks += number_of(fields[kUserTime + i]);
  return ticks;
}

JobCounters parse_io(std::string_view io) {
  JobCounters counters;
  for (const std::string_view line : split(io, '\n')) {
    if (line.starts_with("read_bytes: ")) counters.read_bytes = number_of(line.substr(12));
    if (line.starts_with("write_bytes: ")) counters.written_bytes = number_of(line.substr(13));
  }
  return counters;
}

JobCounters tree_counters(std::span<const pid_t> roots) {
  keeper::Array<pid_t> open;
  keeper::Array<keeper::ProcStat> tree;
  open.append(roots.data(), roots.size());
  keeper::list_tree(open, &tree);
  static const std::int64_t tick_us = 1'000'000 / ::sysconf(_SC_CLK_TCK);
  JobCounters sum;
  char text[4096];
  for (const keeper::ProcStat& each : tree) {
    const std::string folder = fmt::format("/proc/{}", each.pid);
    if (keeper::read_small_file((folder + "/stat").c_str(), text, sizeof text) > 0)
      sum.cpu_us += parse_cpu_ticks(text).value_or(0) * tick_us;
    if (keeper::read_small_file((folder + "/io").c_str(), text, sizeof text) > 0) {
      const JobCounters disk = parse_io(text);
      sum.read_bytes += disk.read_bytes;
      sum.written_bytes += disk.written_bytes;
    }
  }
  return sum;
}

NetworkCounters parse_net_dev(std::string_view text) {
  NetworkCounters sum;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || trim(line.substr(0, colon)) == "lo") continue;
    const std::vector<std::string_view> fields = words(line.substr(colon + 1));
    constexpr std::size_t kSent = 8;
    if (fields.size() <= kSent) continue;
    sum.received_bytes += number_of(fields[0]);
    sum.sent_bytes += number_of(fields[kSent]);
  }
  return sum;
}

NetworkCounters read_network_counters() {
  char text[16384];
  if (keeper::read_small_file("/proc/net/dev", text, sizeof text) <= 0) return {};
  return parse_net_dev(text);
}

}  // namespace hone
