// A folder for files that nobody needs afterwards.
#pragma once

#include <filesystem>
#include <string_view>

namespace hone {

/// Made among the system's temporary files, for the user only, and removed with what is in it at
/// the end.
class ScratchFolder {
 public:
  /// `name`: what its name begins with. Throws Error(io).
  explicit ScratchFolder(std::string_view name = "hone-test");
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace hone
