// Writing and reading the lines of the log of ends. libc only.
#include "hone/runner/keeper_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

namespace hone::keeper {

std::uint32_t crc32(const char* data, std::size_t size) {
  std::uint32_t crc = 0xffffffffu;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= static_cast<unsigned char>(data[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

std::size_t format_record(const Record& r, char* into) {
  int n = snprintf(into, kMaxRecord,
                   "hone1 %s %s %d %" PRIu64 " %" PRId64 " %" PRId64 " %s %d %" PRIu64 " %" PRIu64
                   " %" PRIu64 " %" PRIu32 " %" PRIu32 " %s",
                   r.event == RecordEvent::over ? "over" : "exited", r.run, r.pid, r.start_ticks,
                   r.started_us, r.ended_us, r.by_signal ? "signal" : "exit", r.number, r.user_us,
                   r.system_us, r.peak_kib, r.flags, r.left_behind,
                   r.left_behind_name[0] != '\0' ? r.left_behind_name : "-");
  const auto used = static_cast<std::size_t>(n);
  n += snprintf(into + used, kMaxRecord - used, " %08" PRIx32 "\n", crc32(into, used));
  return static_cast<std::size_t>(n);
}

bool parse_record(std::string_view line, Record* into) {
  constexpr std::size_t kCheck = 9;  // a blank and eight digits
  if (line.size() <= kCheck || line.size() >= kMaxRecord) return false;
  char text[kMaxRecord];
  memcpy(text, line.data(), line.size());
  text[line.size()] = '\0';
  const std::size_t body = line.size() - kCheck;
  unsigned check = 0;
  int end = 0;
  if (sscanf(text + body, " %8x%n", &check, &end) != 1 || end != static_cast<int>(kCheck) ||
      check != crc32(text, body)) {
    return false;
  }
  text[body] = '\0';
  char event[8];
  char how[8];
  static_assert(kMaxRunId == 160 && sizeof into->left_behind_name == 32, "widths in the format");
  Record r;
  const int fields =
      sscanf(text,
             "hone1 %7s %160s %d %" SCNu64 " %" SCNd64 " %" SCNd64 " %7s %d %" SCNu64 " %" SCNu64
             " %" SCNu64 " %" SCNu32 " %" SCNu32 " %31s",
             event, r.run, &r.pid, &r.start_ticks, &r.started_us, &r.ended_us, how, &r.number,
             &r.user_us, &r.system_us, &r.peak_kib, &r.flags, &r.left_behind, r.left_behind_name);
  if (fields != 14) return false;
  r.event = strcmp(event, "over") == 0 ? RecordEvent::over : RecordEvent::exited;
  r.by_signal = strcmp(how, "signal") == 0;
  *into = r;
  return true;
}

}  // namespace hone::keeper
