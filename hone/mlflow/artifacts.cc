#include "hone/mlflow/artifacts.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/id.h"
#include "hone/base/text.h"
#include "hone/runner/owned_file.h"

namespace hone::mlflow {
namespace fs = std::filesystem;
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::string_view kDraft = ".sent-";  ///< begin of the name of a file on its way in

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && !name.starts_with(kDraft) &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

std::string joined(const std::vector<std::string>& parts) { return join(parts, "/"); }

[[noreturn]] void fail(const std::vector<std::string>& parts, int error) {
  throw Error(error == ENOSPC || error == EDQUOT ? ErrorCode::store_full : ErrorCode::io,
              fmt::format("cannot write the artifact {}: {}", joined(parts), std::strerror(error)));
}

/// The folder of `parts` below `root`; -1 inside where there is none.
OwnedFile open_folder(const fs::path& root, const std::vector<std::string>& parts, bool make) {
  int at = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (const std::string& part : parts) {
    if (at < 0) break;
    if (!is_plain_name(part)) {
      ::close(at);
      throw Error(ErrorCode::invalid_input,
                  fmt::format("'{}' is no path of an artifact", joined(parts)));
    }
    if (make) ::mkdirat(at, part.c_str(), 0700);
    const int next = ::openat(at, part.c_str(), kFolderFlags);
    const int error = errno;
    ::close(at);
    at = next;
    errno = error;
  }
  return OwnedFile(at);
}

std::vector<std::string> but_last(const std::vector<std::string>& parts) {
  return parts.empty() ? parts : std::vector<std::string>(parts.begin(), parts.end() - 1);
}

}  // namespace

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::vector<ArtifactEntry> list_artifact_folder(const fs::path& root,
                                                const std::vector<std::string>& parts) {
  std::vector<ArtifactEntry> found;
  OwnedFile folder = open_folder(root, parts, false);
  if (folder.get() < 0) return found;
  DIR* entries = ::fdopendir(folder.get());
  if (entries == nullptr) return found;
  const int at = folder.release();  // closedir closes it
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = entry->d_name;
    if (!is_plain_name(name)) continue;
    if (found.size() >= kEntriesAtMost) break;
    struct stat info {};
    if (::fstatat(at, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(info.st_mode)) found.push_back({name, false, info.st_size});
    if (S_ISDIR(info.st_mode)) found.push_back({name, true, 0});
  }
  ::closedir(entries);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

IncomingArtifact::IncomingArtifact(const fs::path& root, const std::vector<std::string>& parts) {
  if (parts.empty() || !is_plain_name(parts.back()))
    throw Error(ErrorCode::invalid_input,
                fmt::format("'{}' is no path of an artifact", joined(parts)));
  make_private_folder(root);
  OwnedFile folder = open_folder(root, but_last(parts), true);
  if (folder.get() < 0) fail(parts, errno);
  name_ = parts.back();
  draft_ = fmt::format("{}{:016x}", kDraft, system_entropy());
  file_ = ::openat(folder.get(), draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file_ < 0) fail(parts, errno);
  folder_ = folder.release();
}

IncomingArtifact::~IncomingArtifact() {
  if (file_ >= 0) ::close(file_);
  if (!draft_.empty() && folder_ >= 0) ::unlinkat(folder_, draft_.c_str(), 0);
  if (folder_ >= 0) ::close(folder_);
}

void IncomingArtifact::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail({name_}, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void IncomingArtifact::finish() {
  if (::renameat(folder_, draft_.c_str(), folder_, name_.c_str()) != 0) fail({name_}, errno);
  draft_.clear();
}

OpenArtifact::OpenArtifact(const fs::path& root, const std::vector<std::string>& parts) {
  if (parts.empty() || !is_plain_name(parts.back())) return;
  const OwnedFile folder = open_folder(root, but_last(parts), false);
  if (folder.get() < 0) return;
  // O_NONBLOCK: a pipe that somebody has put there must not hold the thread.
  file_ =
      ::openat(folder.get(), parts.back().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat info {};
  if (file_ >= 0 && ::fstat(file_, &info) == 0 && S_ISREG(info.st_mode)) {
    bytes_ = info.st_size;
  } else if (file_ >= 0) {
    ::close(std::exchange(file_, -1));
  }
}

OpenArtifact::~OpenArtifact() {
  if (file_ >= 0) ::close(file_);
}

std::string OpenArtifact::read(std::int64_t offset, std::size_t limit) const {
  std::string bytes(limit, '\0');
  const ssize_t n = ::pread(file_, bytes.data(), limit, offset);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

bool remove_artifact(const fs::path& root, const std::vector<std::string>& parts) {
  if (parts.empty() || !is_plain_name(parts.back())) return false;
  const OwnedFile folder = open_folder(root, but_last(parts), false);
  if (folder.get() < 0) return false;
  const std::string& name = parts.back();
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0) return true;
  if (errno != EISDIR && errno != EPERM) return false;
  return !remove_tree(fs::path(fmt::format("/proc/self/fd/{}", folder.get())) / name);
}

}  // namespace hone::mlflow
