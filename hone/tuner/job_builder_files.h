// Files that a run gets from hone, and checkpoints that earlier runs left behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// Replaces a file that only its user can read (mode 0600). Not synced: it is written anew when a
/// machine went down. Throws Error(io) with the path.
void write_private_file(const std::filesystem::path& path, std::string_view bytes);

/// A file of hone's hook for wandb, as it is embedded in the binary.
struct EmbeddedFile {
  const char* path;  ///< "hook/sitecustomize.py"
  std::string_view content;
};
const std::vector<EmbeddedFile>& wandb_hook_files();

/// Writes the hook below `folder` in a folder named by its content, unless it is there already, and
/// returns the folder to put on PYTHONPATH. Several processes may do so at once.
std::filesystem::path write_wandb_hook(const std::filesystem::path& folder);

/// Paths that match a pattern with `*` and `?` in any of its parts; `**` is not special. Sorted.
std::vector<std::filesystem::path> match_paths(const std::string& pattern);

/// Newest change below a path in nanoseconds since 1970; nullopt when it is gone. At most
/// kCheckpointEntries are looked at.
std::optional<std::int64_t> newest_change_ns(const std::filesystem::path& path);
inline constexpr int kCheckpointEntries = 10'000;

/// Name of the file by which a run's folder says when the run had ended.
inline constexpr const char* kEndedFile = "ended";

/// The newest checkpoint that is whole: its `ready` file exists; or, where none is declared, it was
/// renamed into place, or a newer one exists, or the run went on for kSettled_ns after it was last
/// written, or has written something else since and left it alone for kSettled_ns until now.
/// `run_folders`: of the trial's runs. nullopt when there is none.
std::optional<std::filesystem::path> newest_checkpoint(
    const std::string& pattern, const std::string& ready,
    const std::vector<std::filesystem::path>& run_folders);
/// Whether a checkpoint was renamed into place: whole, and written to no more.
bool was_renamed(const std::filesystem::path& path);
inline constexpr std::int64_t kSettled_ns = 500'000'000;

}  // namespace hone
