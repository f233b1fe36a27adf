#include "hone/store/sqlite_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <vector>

#include "hone/base/clock.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/owned_file.h"
#include "hone/base/text.h"

namespace hone::sql {
namespace {

/// Numbers of statfs(2), from the kernel's magic.h and the file systems' own sources.
struct NetworkFs {
  std::uint32_t type;
  const char* name;
};
constexpr std::array<NetworkFs, 14> kNetworkFs = {{{0x6969, "NFS"},
                                                   {0x517B, "SMB"},
                                                   {0xFF534D42, "SMB (CIFS)"},
                                                   {0xFE534D42, "SMB2"},
                                                   {0x0BD00BD0, "Lustre"},
                                                   {0x19830326, "BeeGFS"},
                                                   {0x47504653, "GPFS"},
                                                   {0x65735546, "FUSE"},
                                                   {0x00C36400, "Ceph"},
                                                   {0x5346414F, "AFS"},
                                                   {0x6B414653, "AFS"},
                                                   {0x73757245, "Coda"},
                                                   {0x01021997, "9P"},
                                                   {0xAAD7AAEA, "PanFS"}}};

std::filesystem::path holder_note(const std::filesystem::path& path) {
  return path.string() + ".holder";
}

/// "major:minor:inode" as in /proc/locks.
std::optional<std::string> lock_key(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return fmt::format("{:02x}:{:02x}:{}", major(info.st_dev), minor(info.st_dev), info.st_ino);
}

std::string program_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

void make_private_file(const std::filesystem::path& path) {
  if (path.has_parent_path()) make_private_folder(path.parent_path());
  // O_EXCL: an existing file is not opened here, since closing it would drop this process's locks
  // on it.
  const OwnedFile made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (made.is_open()) return;
  const int error = errno;
  if (error == EEXIST) return;
  const bool full = error == ENOSPC || error == EDQUOT;
  throw Error(full ? ErrorCode::store_full : ErrorCode::store,
              fmt::format("cannot make the store {}: {}", path.string(), std::strerror(error)),
              full ? "Free some space and try again." : "Choose another place with --store PATH.");
}

std::optional<std::string> network_file_system_name(std::uint32_t statfs_type) {
  for (const NetworkFs& fs : kNetworkFs) {
    if (fs.type == statfs_type) return fs.name;
  }
  return std::nullopt;
}

std::optional<std::string> network_file_system(const std::filesystem::path& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return std::nullopt;
  return network_file_system_name(static_cast<std::uint32_t>(info.f_type));
}

std::optional<std::string> lock_holder(const std::filesystem::path& path) {
  std::ifstream note(holder_note(path));
  std::string line;
  if (std::getline(note, line) && !line.empty()) return line;
  // /proc/locks and not F_GETLK: opening and closing the file here would drop this process's own
  // locks on it.
  std::vector<std::string> keys;
  for (const char* suffix : {"", "-shm"}) {
    if (const auto key = lock_key(path.string() + suffix)) keys.push_back(*key);
  }
  std::ifstream locks("/proc/locks");
  const std::string self = std::to_string(::getpid());
  std::optional<std::string> found;
  while (std::getline(locks, line)) {
    // "1: POSIX  ADVISORY  WRITE 4711 08:01:1234 120 120"
    std::istringstream words(line);
    std::string number, kind, advisory, mode, pid, key;
    if (!(words >> number >> kind >> advisory >> mode >> pid >> key)) continue;
    if (mode != "WRITE" || pid == self) continue;
    for (const std::string& wanted : keys) {
      if (key == wanted) found = fmt::format("process {} ({})", pid, program_of(pid));
    }
  }
  return found;
}

void note_holder(const std::filesystem::path& path) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const auto now = static_cast<std::time_t>(SystemClock().now_us() / kSecond_us);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> since{};
  std::strftime(since.data(), since.size(), "%Y-%m-%d %H:%M:%S UTC", &utc);
  write_file_atomically(holder_note(path), fmt::format("process {} on {} since {}\n", ::getpid(),
                                                       host.data(), since.data()));
}

void forget_holder(const std::filesystem::path& path) noexcept {
  ::unlink(holder_note(path).c_str());
}

}  // namespace hone::sql
