#include "hone/tuner/job_builder_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/hash.h"
#include "hone/base/text.h"

namespace hone {
namespace fs = std::filesystem;
namespace {

constexpr int kDepthAtMost = 8;

std::int64_t nanoseconds(const timespec& t) {
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

Error write_error(const fs::path& path, int reason) {
  return Error(ErrorCode::io,
               fmt::format("cannot write {}: {}", path.string(), std::strerror(reason)),
               reason == ENOSPC || reason == EDQUOT ? "free some space, then run again" : "");
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  DIR* handle = opendir(folder.empty() ? "." : folder.c_str());
  if (handle == nullptr) return names;
  while (const dirent* entry = readdir(handle)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(handle);
  std::sort(names.begin(), names.end());
  return names;
}

void walk(const fs::path& path, int depth, int& left,
          const std::function<void(const struct stat&)>& see) {
  struct stat info {};
  if (left-- <= 0 || lstat(path.c_str(), &info) != 0) return;
  see(info);
  if (!S_ISDIR(info.st_mode) || depth >= kDepthAtMost) return;
  for (const std::string& name : names_in(path)) walk(path / name, depth + 1, left, see);
}

std::optional<std::int64_t> file_time_ns(const fs::path& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  return nanoseconds(info.st_mtim);
}

/// By the clock that file times are taken from.
std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return nanoseconds(now);
}

/// The latest instant at which an earlier run is known to have been alive or just ended.
std::int64_t last_sign_ns(const std::vector<fs::path>& run_folders) {
  std::int64_t last = 0;
  for (const fs::path& folder : run_folders) {
    for (const char* name : {kEndedFile, "stdout.log", "stderr.log", "metrics.jsonl"}) {
      last = std::max(last, file_time_ns(folder / name).value_or(0));
    }
  }
  return last;
}

}  // namespace

void write_private_file(const fs::path& path, std::string_view bytes) {
  const fs::path draft = path.string() + fmt::format(".{}.tmp", getpid());
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw write_error(path, errno);
  int reason = 0;
  while (!bytes.empty() && reason == 0) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) reason = errno;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  close(fd);
  if (reason == 0 && rename(draft.c_str(), path.c_str()) != 0) reason = errno;
  if (reason != 0) {
    unlink(draft.c_str());
    throw write_error(path, reason);
  }
}

fs::path write_wandb_hook(const fs::path& folder) {
  std::string all;
  for (const EmbeddedFile& file : wandb_hook_files())
    all.append(file.path).append("\n").append(file.content);
  const fs::path target = folder / ("wandb-" + to_hex(hash128(all)).substr(0, 16));
  const fs::path marker = target / "complete";
  if (fs::exists(marker)) return target / "hook";
  for (const EmbeddedFile& file : wandb_hook_files()) {
    const fs::path path = target / file.path;
    make_private_folder(path.parent_path());
    // Python makes this one by the program's umask, if it is not there.
    make_private_folder(path.parent_path() / "__pycache__");
    write_private_file(path, file.content);
  }
  write_private_file(marker, "");
  return target / "hook";
}

std::vector<fs::path> match_paths(const std::string& pattern) {
  std::vector<fs::path> found = {pattern.starts_with('/') ? fs::path("/") : fs::path()};
  for (const std::string_view piece : split(pattern, '/')) {
    if (piece.empty()) continue;
    const std::string part(piece);
    std::vector<fs::path> next;
    for (const fs::path& parent : found) {
      if (part.find_first_of("*?[") == std::string::npos) {
        next.push_back(parent / part);
        continue;
      }
      for (const std::string& name : names_in(parent)) {
        if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) next.push_back(parent / name);
      }
    }
    found = std::move(next);
  }
  std::erase_if(found, [](const fs::path& path) {
    struct stat info {};
    return lstat(path.c_str(), &info) != 0;
  });
  std::sort(found.begin(), found.end());
  return found;
}

/// A rename sets the time of the inode's change and leaves the time of its content.
bool was_renamed(const fs::path& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && nanoseconds(info.st_ctim) > nanoseconds(info.st_mtim);
}

std::optional<std::int64_t> newest_change_ns(const fs::path& path) {
  std::optional<std::int64_t> newest;
  int left = kCheckpointEntries;
  walk(path, 0, left, [&](const struct stat& info) {
    newest = std::max(newest.value_or(0), nanoseconds(info.st_mtim));
  });
  return newest;
}

std::optional<fs::path> newest_checkpoint(const std::string& pattern, const std::string& ready,
                                          const std::vector<fs::path>& run_folders) {
  struct Candidate {
    std::int64_t changed_ns;
    fs::path path;
  };
  std::vector<Candidate> candidates;
  for (const fs::path& path : match_paths(pattern)) {
    if (const auto changed = newest_change_ns(path)) candidates.push_back({*changed, path});
  }
  std::stable_sort(
      candidates.begin(), candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.changed_ns > b.changed_ns; });
  const std::int64_t last_sign = last_sign_ns(run_folders);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const fs::path& path = candidates[i].path;
    if (!ready.empty()) {
      if (fs::exists(path / ready)) return path;
      continue;
    }
    const std::int64_t changed = candidates[i].changed_ns;
    const bool left_alone = changed <= last_sign && changed + kSettled_ns <= now_ns();
    if (i > 0 || was_renamed(path) || changed + kSettled_ns <= last_sign || left_alone) return path;
  }
  return std::nullopt;
}

}  // namespace hone
