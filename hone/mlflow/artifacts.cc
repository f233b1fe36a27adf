#include "hone/mlflow/artifacts.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/file_below.h"
#include "hone/base/id.h"
#include "hone/base/text.h"

namespace hone::mlflow {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kDraft = ".sent-";  ///< begin of the name of a file on its way in

bool is_artifact_name(std::string_view name) {
  return is_plain_name(name) && !name.starts_with(kDraft);
}

std::string joined(const std::vector<std::string>& parts) { return join(parts, "/"); }

[[noreturn]] void fail(const std::vector<std::string>& parts, int error) {
  throw Error(error == ENOSPC || error == EDQUOT ? ErrorCode::store_full : ErrorCode::io,
              fmt::format("cannot write the artifact {}: {}", joined(parts), std::strerror(error)));
}

void check_names(const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (!is_artifact_name(part)) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("'{}' is no path of an artifact", joined(parts)));
    }
  }
}

/// The folder of `parts` below `root`; not open where there is none. Throws Error(invalid_input).
OwnedFile open_folder(const fs::path& root, const std::vector<std::string>& parts,
                      MissingFolders missing = MissingFolders::leave) {
  check_names(parts);
  return open_folder_below(root, parts, missing);
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
  OwnedFile folder = open_folder(root, parts);
  if (!folder.is_open()) return found;
  DIR* entries = ::fdopendir(folder.get());
  if (entries == nullptr) return found;
  const int at = folder.release();  // closedir closes it
  while (const dirent* entry = ::readdir(entries)) {
    const std::string name = entry->d_name;
    if (!is_artifact_name(name)) continue;
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
  if (parts.empty() || !is_artifact_name(parts.back()))
    throw Error(ErrorCode::invalid_input,
                fmt::format("'{}' is no path of an artifact", joined(parts)));
  make_private_folder(root);
  folder_ = open_folder(root, but_last(parts), MissingFolders::make);
  if (!folder_.is_open()) fail(parts, errno);
  name_ = parts.back();
  draft_ = fmt::format("{}{:016x}", kDraft, system_entropy());
  file_ = OwnedFile(
      ::openat(folder_.get(), draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file_.is_open()) fail(parts, errno);
}

IncomingArtifact::~IncomingArtifact() {
  if (!draft_.empty()) ::unlinkat(folder_.get(), draft_.c_str(), 0);
}

void IncomingArtifact::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail({name_}, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void IncomingArtifact::finish() {
  if (::renameat(folder_.get(), draft_.c_str(), folder_.get(), name_.c_str()) != 0)
    fail({name_}, errno);
  draft_.clear();
}

OpenArtifact::OpenArtifact(const fs::path& root, const std::vector<std::string>& parts) {
  if (parts.empty() || !is_artifact_name(parts.back())) return;
  check_names(parts);
  found_ = open_file_below(root, parts);
}

std::string OpenArtifact::read(std::int64_t offset, std::size_t limit) const {
  std::string bytes(limit, '\0');
  const ssize_t n = ::pread(found_.file.get(), bytes.data(), limit, offset);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

bool remove_artifact(const fs::path& root, const std::vector<std::string>& parts) {
  if (parts.empty() || !is_artifact_name(parts.back())) return false;
  const OwnedFile folder = open_folder(root, but_last(parts));
  if (!folder.is_open()) return false;
  const std::string& name = parts.back();
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0) return true;
  if (errno != EISDIR && errno != EPERM) return false;
  return !remove_tree(fs::path(fmt::format("/proc/self/fd/{}", folder.get())) / name);
}

}  // namespace hone::mlflow
