// pread behind an offset, SEEK_DATA over holes, fallocate to make them, inotify for notices.
#include "hone/runner/process_output.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hone/runner/limits_log.h"

namespace hone {

std::optional<OutputPiece> OutputReader::read(std::size_t limit, std::int64_t now_us) {
  struct stat info {};
  // Asked before opening: to open a pipe or a device can do harm.
  if (::stat(path_.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  size_ = info.st_size;
  if (size_ < offset_) {
    if (!shorter_since_us_) shorter_since_us_ = now_us;
    if (now_us - *shorter_since_us_ < kShorter_us) return std::nullopt;
    offset_ = punched_to_ = 0;
  }
  shorter_since_us_.reset();
  if (size_ <= offset_) return std::nullopt;
  const OwnedFile file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) return std::nullopt;
  const off_t data = ::lseek(file.get(), offset_, SEEK_DATA);
  if (data > offset_) offset_ = data;
  if (data < 0 && errno == ENXIO) {  // nothing but a hole up to the end
    offset_ = size_;
    return std::nullopt;
  }
  OutputPiece piece;
  piece.offset = offset_;
  piece.bytes.resize(limit);
  ssize_t n = -1;
  do {
    n = ::pread(file.get(), piece.bytes.data(), limit, offset_);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return std::nullopt;
  piece.bytes.resize(static_cast<std::size_t>(n));
  offset_ += n;
  return piece;
}

bool OutputReader::punch(std::int64_t limit_bytes) {
  const auto hole = log_hole(size_, offset_, punched_to_, limit_bytes);
  if (!hole) return true;
  const OwnedFile file(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return false;
  punched_to_ = hole->end;  // also when it fails: once is enough
  return ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole->begin,
                     hole->end - hole->begin) == 0;
}

FolderWatch::FolderWatch() : file_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

bool FolderWatch::add(const std::string& folder) {
  Watch& watch = watches_[folder];
  if (watch.users == 0) {
    watch.number = !file_.is_open()
                       ? -1
                       : ::inotify_add_watch(file_.get(), folder.c_str(),
                                             IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    if (watch.number < 0) {
      watches_.erase(folder);
      return false;
    }
    folders_[watch.number] = folder;
  }
  ++watch.users;
  return true;
}

void FolderWatch::remove(const std::string& folder) {
  const auto it = watches_.find(folder);
  if (it == watches_.end() || --it->second.users > 0) return;
  ::inotify_rm_watch(file_.get(), it->second.number);
  folders_.erase(it->second.number);
  watches_.erase(it);
}

std::set<std::string> FolderWatch::take() {
  std::set<std::string> written;
  alignas(inotify_event) char buffer[16384];
  while (file_.is_open()) {
    const ssize_t n = ::read(file_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    for (ssize_t at = 0; at < n;) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof event);
      at += static_cast<ssize_t>(sizeof event) + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& [folder, watch] : watches_) written.insert(folder);
      } else if (const auto it = folders_.find(event.wd); it != folders_.end()) {
        written.insert(it->second);
      }
    }
  }
  return written;
}

}  // namespace hone
