#include "hone/base/file_below.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace hone {

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

OwnedFile open_subfolder(int folder, const std::string& name) {
  return OwnedFile(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

OwnedFile open_folder_below(const std::filesystem::path& folder,
                            const std::vector<std::string>& parts, MissingFolders missing) {
  OwnedFile at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const std::string& part : parts) {
    if (!at.is_open()) break;
    if (!is_plain_name(part)) {
      errno = EINVAL;
      return OwnedFile();
    }
    if (missing == MissingFolders::make) ::mkdirat(at.get(), part.c_str(), 0700);
    at = open_subfolder(at.get(), part);
  }
  return at;
}

PlainFile open_file_below(const std::filesystem::path& folder,
                          const std::vector<std::string>& parts) {
  if (parts.empty() || !is_plain_name(parts.back())) return {};
  const OwnedFile within = open_folder_below(folder, {parts.begin(), parts.end() - 1});
  if (!within.is_open()) return {};
  // O_NONBLOCK: a pipe that somebody has put there must not hold the thread.
  OwnedFile file(
      ::openat(within.get(), parts.back().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!file.is_open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  return {std::move(file), info.st_size};
}

}  // namespace hone
