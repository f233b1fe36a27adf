// The checkpoint that a fork goes on from is its own: a copy in its trial's folder, so that
// neither the parent's program nor a cleaning takes it away while the fork may still need it.
#pragma once

#include <filesystem>
#include <optional>

namespace hone {

/// Makes `to` a copy of the file or folder `from`, whole or not at all: it is made beside `to` and
/// renamed. Files share their blocks where the file system can (reflink), are hard links where
/// `immutable` says that nobody will write to them, else copied. False where `from` went away or
/// changed meanwhile. Throws Error(io).
bool copy_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                     bool immutable);

/// What `copy_checkpoint` left in the folder before; nullopt where there is none.
std::optional<std::filesystem::path> copied_checkpoint(const std::filesystem::path& folder);

}  // namespace hone
