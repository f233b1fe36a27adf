// The artifacts of a trial as MLflow's clients put, list and fetch them. Every name is resolved
// below the artifacts folder without following a link, so that nothing else is read or written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/file_below.h"

namespace hone::mlflow {

struct ArtifactEntry {
  std::string name;
  bool is_folder = false;
  std::int64_t bytes = 0;
};
inline constexpr std::size_t kEntriesAtMost = 10'000;

/// The parts of "a/b/c", without empty ones.
std::vector<std::string> path_parts(std::string_view path);

/// What lies in a folder, by name; nothing where there is no such folder. Half-sent files are left
/// out.
std::vector<ArtifactEntry> list_artifact_folder(const std::filesystem::path& root,
                                                const std::vector<std::string>& parts);

/// A file on its way in: written beside its place and renamed when it is whole. Without `finish` it
/// leaves nothing behind.
class IncomingArtifact {
 public:
  /// Makes the folders that are missing, for the user only. Throws Error(invalid_input, io).
  IncomingArtifact(const std::filesystem::path& root, const std::vector<std::string>& parts);
  ~IncomingArtifact();
  IncomingArtifact(const IncomingArtifact&) = delete;
  IncomingArtifact& operator=(const IncomingArtifact&) = delete;

  /// Throws Error(io, store_full).
  void write(std::string_view bytes);
  /// Throws Error(io).
  void finish();

 private:
  OwnedFile folder_;
  OwnedFile file_;
  std::string name_;
  std::string draft_;
};

/// An artifact opened for reading.
class OpenArtifact {
 public:
  /// Not `is_open` where there is no such plain file.
  OpenArtifact(const std::filesystem::path& root, const std::vector<std::string>& parts);

  bool is_open() const { return found_.file.is_open(); }
  std::int64_t bytes() const { return found_.bytes; }
  /// Up to `limit` bytes from an offset; empty at the end.
  std::string read(std::int64_t offset, std::size_t limit) const;

 private:
  PlainFile found_;
};

/// Removes a file, or a folder with what is in it. False where there is none.
bool remove_artifact(const std::filesystem::path& root, const std::vector<std::string>& parts);

}  // namespace hone::mlflow
