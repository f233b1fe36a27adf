#include "hone/base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hone/base/error.h"
#include "hone/base/owned_file.h"

namespace hone {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int error) {
  const ErrorCode code = error == ENOENT                      ? ErrorCode::not_found
                         : error == ENOSPC || error == EDQUOT ? ErrorCode::store_full
                                                              : ErrorCode::io;
  throw Error(code, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(error)));
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::int64_t limit_bytes) {
  const OwnedFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) fail("read", path, errno);
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path, errno);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(n));
    if (static_cast<std::int64_t>(bytes.size()) > limit_bytes) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{} is larger than {} bytes", path.string(), limit_bytes));
    }
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  std::string temporary = path.string() + ".XXXXXX";
  const OwnedFile file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file.is_open()) fail("write", path, errno);
  std::size_t done = 0;
  int error = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error = errno;
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  if (error == 0 && ::fsync(file.get()) != 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail("write", path, error);
  }
}

void make_private_folder(const std::filesystem::path& path) {
  if (path.empty()) return;
  if (::mkdir(path.c_str(), 0700) == 0) return;
  int error = errno;
  if (error == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    make_private_folder(path.parent_path());
    if (::mkdir(path.c_str(), 0700) == 0) return;
    error = errno;
  }
  if (error == EEXIST) {
    if (std::filesystem::is_directory(path)) return;
    error = ENOTDIR;
  }
  fail("create the folder", path, error);
}

std::error_code remove_tree(const std::filesystem::path& path) {
  constexpr int kAttempts = 100;
  std::error_code error;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::filesystem::remove_all(path, error);
    // It gives up at a file that vanishes between its listing and its removal: once more, then.
    if (error != std::errc::no_such_file_or_directory) break;
  }
  return error;
}

}  // namespace hone
