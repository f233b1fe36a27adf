#include "hone/base/scratch_folder.h"

#include <fmt/core.h>
#include <stdlib.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "hone/base/error.h"
#include "hone/base/file.h"

namespace hone {

ScratchFolder::ScratchFolder(std::string_view name) {
  std::error_code wrong;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(wrong);
  std::string pattern = (parent / fmt::format("{}-XXXXXX", name)).string();
  if (!wrong && ::mkdtemp(pattern.data()) == nullptr) wrong = {errno, std::generic_category()};
  if (wrong) {
    throw Error(ErrorCode::io, fmt::format("cannot make a temporary folder: {}", wrong.message()),
                "TMPDIR names the folder in which it is made");
  }
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() { remove_tree(path_); }

}  // namespace hone
