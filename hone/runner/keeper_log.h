// The keeper's side of the log of ends: append, and fdatasync in groups. A full disk loses nothing:
// lines wait in memory, are told over the socket, and are tried again. libc only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hone/runner/keeper_array.h"
#include "hone/runner/keeper_record.h"

namespace hone::keeper {

/// An append-only file of records. Not thread-safe.
class EndLog {
 public:
  EndLog() = default;
  ~EndLog();
  EndLog(const EndLog&) = delete;
  EndLog& operator=(const EndLog&) = delete;

  /// Opens or creates it; false with errno. Ends a torn last line, so that the next one stands
  /// alone.
  bool open_at(int folder, const char* name);
  /// Takes a record in; it is on its way to the file with the next flush().
  void add(const Record& record);
  /// Writes what waits, and syncs at once or, within kSyncEvery_us of the last sync, a little
  /// later.
  void flush(std::int64_t now_us);
  /// When flush() should be called again although nothing was added; -1: no need.
  std::int64_t next_flush_us() const;

  /// Lines that have not been announced to workers; the caller clears them.
  Array<char>& announcements() { return announcements_; }
  /// Lines that are not in the file (yet).
  const Array<char>& unwritten() const { return unwritten_; }
  /// errno of the last write that failed, 0 when all is written.
  int error() const { return error_; }

  static constexpr std::int64_t kSyncEvery_us = 100'000;  ///< ends that come in bursts share a sync
  static constexpr std::int64_t kRetryEvery_us = 1'000'000;
  static constexpr std::size_t kUnwrittenLimit = 1 << 20;  ///< bytes; above it `is_full()`
  /// So much waits for the disk that nothing new should be started.
  bool is_full() const { return unwritten_.size() > kUnwrittenLimit; }

 private:
  int file_ = -1;
  bool torn_ = false;  // the file ends within a line
  bool unsynced_ = false;
  std::int64_t synced_us_ = 0;
  std::int64_t retry_us_ = -1;
  int error_ = 0;
  Array<char> unwritten_;
  Array<char> announcements_;
};

}  // namespace hone::keeper
