// Whole files in and out, with errors that name the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace hone {

/// The file's bytes; throws Error(io or not_found). Refuses files above `limit_bytes`.
std::string read_file(const std::filesystem::path& path, std::int64_t limit_bytes = 1LL << 30);
/// Replaces `path` in one step (temporary file beside it, fsync, rename), readable by its user
/// only.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
/// Creates the folder and its parents with mode 0700; throws Error(io) with the reason.
void make_private_folder(const std::filesystem::path& path);
/// Removes a folder with all that is in it, whatever another process removes there meanwhile.
/// Without error when it is gone, or never was.
std::error_code remove_tree(const std::filesystem::path& path);

}  // namespace hone
