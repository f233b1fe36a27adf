// A folder for a test's files, removed at the end. Test code only.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "hone/base/assert.h"

namespace hone {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hone-store-XXXXXX").string();
    HONE_ASSERT(::mkdtemp(name.data()) != nullptr, "a test can make a folder");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace hone
