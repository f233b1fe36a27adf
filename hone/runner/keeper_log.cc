// Appending to the log of ends. A line counts only with its checksum, so a torn one is closed by a
// line end and written anew.
#include "hone/runner/keeper_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

namespace hone::keeper {

EndLog::~EndLog() {
  if (file_ >= 0) close(file_);
}

bool EndLog::open_at(int folder, const char* name) {
  file_ = openat(folder, name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return false;
  const off_t size = lseek(file_, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && pread(file_, &last, 1, size - 1) == 1) torn_ = last != '\n';
  return true;
}

void EndLog::add(const Record& record) {
  char line[kMaxRecord];
  const std::size_t size = format_record(record, line);
  // Without memory for 300 bytes there is nothing left to save but what has been written before.
  unwritten_.append(line, size);
  announcements_.append(line, size);
}

void EndLog::flush(std::int64_t now_us) {
  if (!unwritten_.empty() && (error_ == 0 || now_us >= retry_us_)) {
    error_ = 0;
    if (torn_) {
      torn_ = write(file_, "\n", 1) != 1;
      if (torn_) error_ = errno;
    }
    while (error_ == 0 && !unwritten_.empty()) {
      const ssize_t n = write(file_, unwritten_.data(), unwritten_.size());
      if (n < 0 && errno == EINTR) continue;
      const std::size_t done = n > 0 ? static_cast<std::size_t>(n) : 0;
      if (done < unwritten_.size()) error_ = n < 0 ? errno : ENOSPC;
      std::size_t whole = done;  // up to and with the last line end that was written
      while (whole > 0 && unwritten_[whole - 1] != '\n') --whole;
      torn_ = whole < done;
      const std::size_t left = unwritten_.size() - whole;
      if (left > 0) memmove(unwritten_.data(), unwritten_.data() + whole, left);
      unwritten_.truncate(left);
      unsynced_ = unsynced_ || whole > 0;
    }
    retry_us_ = error_ != 0 ? now_us + kRetryEvery_us : -1;
  }
  if (unsynced_ && now_us - synced_us_ >= kSyncEvery_us) {
    if (fdatasync(file_) != 0) error_ = errno;
    unsynced_ = false;
    synced_us_ = now_us;
  }
}

std::int64_t EndLog::next_flush_us() const {
  if (unsynced_) return synced_us_ + kSyncEvery_us;
  return unwritten_.empty() ? -1 : retry_us_;
}

}  // namespace hone::keeper
