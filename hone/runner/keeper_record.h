// The lines of the log of ends: one per event in the life of a run, closed by a checksum, so that a
// line torn by a full disk or a lost machine is recognised and skipped. The keeper appends them; a
// restarted worker reads what it missed. libc only.
//
//   hone1 <event> <run> <pid> <start ticks> <started us> <ended us> <exit|signal> <number> <user
//   us> <system us>
//         <peak KiB> <flags> <left behind> <name> <crc32>
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hone/runner/keeper_wire.h"

namespace hone::keeper {

constexpr std::size_t kMaxRecord = 640;

/// `exited`: the main process has ended, others of its tree live. `over`: nothing of the run lives.
/// The first is written only where the two differ.
enum class RecordEvent : std::uint8_t { exited, over };

constexpr std::uint32_t kAskedToStop = 1;  ///< a worker asked for the end
constexpr std::uint32_t kGotKilled = 2;    ///< SIGKILL was needed or asked for
constexpr std::uint32_t kLeftBehind = 4;   ///< processes outlived the main one and were ended
constexpr std::uint32_t kOrphaned =
    8;  ///< asked to end because no worker came back in time, or the keeper had to go

struct Record {
  RecordEvent event = RecordEvent::over;
  char run[kMaxRunId + 1] = "";
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::int64_t started_us = 0;  ///< CLOCK_MONOTONIC
  std::int64_t ended_us = 0;    ///< CLOCK_MONOTONIC, of the main process
  bool by_signal = false;
  int number = 0;             ///< exit code or signal
  std::uint64_t user_us = 0;  ///< of the main process and what it waited for
  std::uint64_t system_us = 0;
  std::uint64_t peak_kib = 0;  ///< largest resident set of one process
  std::uint32_t flags = 0;
  std::uint32_t left_behind = 0;    ///< processes alive at the end of the leak time
  char left_behind_name[32] = "-";  ///< of the first of them
};

/// CRC-32 (IEEE 802.3).
std::uint32_t crc32(const char* data, std::size_t size);

/// The line with its '\n'; its length. `into` has kMaxRecord bytes.
std::size_t format_record(const Record& record, char* into);

/// Reads a line without its '\n'; false if it is torn, damaged or of another version.
bool parse_record(std::string_view line, Record* into);

}  // namespace hone::keeper
