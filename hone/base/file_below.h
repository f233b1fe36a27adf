// Files below a folder whose names come from elsewhere: reached name by name, and no link is
// followed, so that nothing outside of the folder is opened whatever lies in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/owned_file.h"

namespace hone {

/// Whether it can be the name of one entry of a folder: neither a path nor "." or "..".
bool is_plain_name(std::string_view name);

enum class MissingFolders { leave, make };

/// The folder of `parts` below `folder`, which may itself be a link. Not open, and errno says why,
/// where there is none, a part is a link, or a part is no plain name (EINVAL). Those that are made
/// are for the user only.
OwnedFile open_folder_below(const std::filesystem::path& folder,
                            const std::vector<std::string>& parts,
                            MissingFolders missing = MissingFolders::leave);
/// As openat, of a folder below an open one that is no link.
OwnedFile open_subfolder(int folder, const std::string& name);

struct PlainFile {
  OwnedFile file;
  std::int64_t bytes = 0;
};
/// A plain file for reading; not open where there is none, or another kind of file.
PlainFile open_file_below(const std::filesystem::path& folder,
                          const std::vector<std::string>& parts);

}  // namespace hone
