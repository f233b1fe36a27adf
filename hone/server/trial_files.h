// Files that trials left behind, for reading: logs and artifacts. Every name is resolved below a
// folder one part at a time without following a link, so that neither a request nor a program that
// plants links reaches anything else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/server/http_message.h"

namespace hone::server {

/// Opens a plain file below `folder` (itself trusted) for reading; nullptr where there is none, or
/// where a part of the name is a link, "..", hidden in another way, or no plain file.
std::unique_ptr<FileBody> open_below(const std::filesystem::path& folder,
                                     const std::vector<std::string>& parts);

struct FoundFile {
  std::string path;  ///< below the folder, with slashes
  std::int64_t bytes = 0;
  std::int64_t modified_us = 0;
};
struct FileListing {
  std::vector<FoundFile> files;  ///< by path
  bool cut = false;
};
/// Plain files below `folder`, at most kListed, kDeep folders deep; links are left out, and so is
/// what hone itself keeps there.
FileListing list_below(const std::filesystem::path& folder, const std::vector<std::string>& parts);
inline constexpr std::size_t kListed = 2000;
inline constexpr int kDeep = 12;

/// Whether a file of that name is hone's own business (how a run was started).
bool is_private_name(std::string_view name);

/// A piece of a log.
struct LogPiece {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size = 0;  ///< of the whole log
  std::string text;       ///< UTF-8
};
/// From `from` on, at most `limit` bytes. What was given back of the middle is skipped. Begins and
/// ends between characters, unless there is nothing else; of a log that still grows, the begin of a
/// character waits for its rest even then.
LogPiece read_log(const FileBody& file, std::int64_t from, std::int64_t limit, bool grows);

/// The parts of `path` below `folder`, or nullopt where it is not below. Both absolute; by text.
std::optional<std::vector<std::string>> parts_below(const std::filesystem::path& folder,
                                                    const std::filesystem::path& path);

}  // namespace hone::server
