#include "hone/tuner/checkpoint_copy.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hone/base/error.h"
#include "hone/tuner/job_builder_files.h"

namespace hone {
namespace fs = std::filesystem;
namespace {

constexpr const char* kDraft = ".tmp";

class File {
 public:
  File(const fs::path& path, int flags, mode_t mode = 0)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Error copy_error(const fs::path& from, const fs::path& to, int reason) {
  return Error(ErrorCode::io,
               fmt::format("cannot copy the checkpoint {} to {}: {}", from.string(), to.string(),
                           std::strerror(reason)),
               reason == ENOSPC || reason == EDQUOT ? "free some space, then run again" : "");
}

bool reflink(const fs::path& from, const fs::path& to, mode_t mode) {
  const File source(from, O_RDONLY);
  if (source.fd() < 0) return false;
  const File target(to, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (target.fd() >= 0 && ioctl(target.fd(), FICLONE, source.fd()) == 0) return true;
  unlink(to.c_str());
  return false;
}

/// False where it is gone.
bool copy_file(const fs::path& from, const fs::path& to, mode_t mode, bool immutable) {
  if (reflink(from, to, mode)) return true;
  if (immutable && link(from.c_str(), to.c_str()) == 0) return true;
  std::error_code problem;
  fs::copy_file(from, to, problem);
  if (!problem) return true;
  if (problem == std::errc::no_such_file_or_directory) return false;
  throw copy_error(from, to, problem.value());
}

bool copy_tree(const fs::path& from, const fs::path& to, bool immutable) {
  struct stat info {};
  if (lstat(from.c_str(), &info) != 0) return false;
  if (S_ISLNK(info.st_mode)) {
    std::error_code problem;
    fs::copy_symlink(from, to, problem);
    return !problem;
  }
  if (S_ISREG(info.st_mode)) return copy_file(from, to, info.st_mode & 0777, immutable);
  if (!S_ISDIR(info.st_mode)) return true;  // sockets and pipes are no state
  if (mkdir(to.c_str(), 0700) != 0) throw copy_error(from, to, errno);
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator(from, gone)) {
    if (!copy_tree(entry.path(), to / entry.path().filename(), immutable)) return false;
  }
  return !gone;
}

}  // namespace

bool copy_checkpoint(const fs::path& from, const fs::path& to, bool immutable) {
  const fs::path draft = to.string() + kDraft;
  std::error_code none;
  fs::remove_all(draft, none);
  fs::create_directories(to.parent_path());
  const auto before = newest_change_ns(from);
  bool whole = false;
  try {
    whole = before && copy_tree(from, draft, immutable) && newest_change_ns(from) == before;
  } catch (...) {
    fs::remove_all(draft, none);
    throw;
  }
  if (!whole) {
    fs::remove_all(draft, none);
    return false;
  }
  if (rename(draft.c_str(), to.c_str()) != 0) throw copy_error(from, to, errno);
  return true;
}

std::optional<fs::path> copied_checkpoint(const fs::path& folder) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() != kDraft) return entry.path();
  }
  return std::nullopt;
}

}  // namespace hone
