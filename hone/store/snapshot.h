// A study out of its store and into another one, whole: every version of its file, trials, runs,
// reports, points, events, requests and labels, with their numbers and instants. A snapshot is a
// store of its own in one file that holds that study only.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/clock.h"
#include "hone/store/store.h"

namespace hone {

struct StudyCopyOptions {
  /// Of the copy; then it is a study of its own (another uid). None: the study keeps its name.
  std::optional<std::string> name = std::nullopt;
  /// Runs under way stay with the original: in the copy they were in the hands of a worker that is
  /// lost, and whoever leads it next runs them again.
  bool gives_up_runs = true;
};
/// Copies between two stores with tables (SQLite, PostgreSQL), in one transaction of each: the copy
/// is the study at one moment, and is there whole or not at all. Numbers of runs, workers and
/// requests are the target's own. Throws Error(exists) when the name is taken, or, where no name
/// was given, when the target has this study already; Error(not_found); Error(unsupported) for
/// stores in memory.
StudyId copy_study(Store& from, StudyId study, Store& to, const StudyCopyOptions& options);

/// Writes a study to a file that only its user can read, in the place of an existing one once it is
/// whole. With `files`: also the plain files below that folder, at most kSnapshotFiles, links left
/// out. Returns how many files were put in.
std::int64_t write_snapshot(Store& from, StudyId study, const std::filesystem::path& file,
                            const std::optional<std::filesystem::path>& files, const Clock& clock,
                            const LivenessProbe& probe);
inline constexpr std::int64_t kSnapshotFiles = 100'000;

/// The plain files below a folder, relative to it, sorted; links and folders of other users are
/// left out, and so is what is removed meanwhile. Throws Error(io) for a folder that cannot be
/// read, Error(invalid_input) above kSnapshotFiles.
std::vector<std::string> plain_files(const std::filesystem::path& folder);

/// A snapshot that is there to be read. Throws Error(not_found) without the file,
/// Error(store_corrupt) where it holds no study or several.
class Snapshot {
 public:
  Snapshot(const std::filesystem::path& file, const Clock& clock, const LivenessProbe& probe);
  ~Snapshot();
  Store& store() { return *store_; }
  const StudyInfo& study() const { return study_; }
  /// Writes its files below a folder, which is made: mode 0600, folders 0700; their times are kept.
  /// Names that lead out of the folder are refused as Error(store_corrupt). The number of files.
  std::int64_t extract_files(const std::filesystem::path& folder);

 private:
  std::filesystem::path file_;
  std::unique_ptr<Store> store_;
  StudyInfo study_;
};

}  // namespace hone
