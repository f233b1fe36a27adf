// What a run writes, read from files: a source that grows, may not exist yet, may be replaced, and
// may have holes where its middle was given back; and the notice (inotify) that something in a
// folder was written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hone/base/owned_file.h"

namespace hone {

/// A piece of a file as it was read.
struct OutputPiece {
  std::int64_t offset = 0;  ///< of the first byte
  std::string bytes;
};

/// One file read from an offset on. Only plain files are opened. A file that has become shorter
/// than what was read, and stays so for kShorter_us, counts as written anew and is read from its
/// start. Not thread-safe.
class OutputReader {
 public:
  OutputReader(std::string path, std::int64_t offset) : path_(std::move(path)), offset_(offset) {}

  /// The next bytes, at most `limit`; nullopt when there are none (now). Holes are skipped.
  /// `now_us`: monotonic.
  std::optional<OutputPiece> read(std::size_t limit, std::int64_t now_us);
  /// Gives back the middle of the file once it has more than `limit_bytes` (see limits_log.h);
  /// false when the file system cannot do that.
  bool punch(std::int64_t limit_bytes);

  const std::string& path() const { return path_; }
  std::int64_t offset() const { return offset_; }
  /// Size at the last read.
  std::int64_t size() const { return size_; }

  static constexpr std::int64_t kShorter_us = 1'000'000;

 private:
  std::string path_;
  std::int64_t offset_;
  std::int64_t size_ = 0;
  std::int64_t punched_to_ = 0;
  std::optional<std::int64_t> shorter_since_us_;
};

/// Notices of writes in folders. Where the kernel has no watch left, add() says so and the caller
/// looks by itself now and then. Not thread-safe.
class FolderWatch {
 public:
  FolderWatch();

  /// Watches a folder (once more); false when it is not there or cannot be watched.
  bool add(const std::string& folder);
  void remove(const std::string& folder);
  /// Folders in which something was written, made or renamed since the last call; all when notices
  /// were lost.
  std::set<std::string> take();
  /// Readable when take() has something; -1 when the kernel gives no watches.
  int file() const { return file_.get(); }

 private:
  struct Watch {
    int number = -1;
    int users = 0;
  };
  OwnedFile file_;
  std::map<std::string, Watch> watches_;
  std::map<int, std::string> folders_;
};

}  // namespace hone
