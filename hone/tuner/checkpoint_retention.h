// Which checkpoints of ended trials stay (`checkpoint: {keep: …, limit: …}`): the newest whole
// ones, or the best trial's only, within a size over all trials. Only what lies in the folders of
// ended trials is ever removed, and never what a trial that goes on from it still needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// One thing that matches checkpoint.path.
struct SavedState {
  std::filesystem::path path;
  bool whole = false;  ///< a program could go on from it
};
/// What the runs of a trial left, a list for each of its folders (a replicate has its own), newest
/// first. Things outside of these folders are left out.
std::vector<std::vector<SavedState>> saved_states(const History& history,
                                                  const std::filesystem::path& trials_folder,
                                                  std::int64_t trial);

/// Of one folder's: all but the newest `keep` whole ones. Nothing that is newer than the newest
/// whole one goes while a checkpoint is kept: it may be about to become one.
std::vector<std::filesystem::path> superfluous(const std::vector<SavedState>& newest_first,
                                               int keep);

/// Removes a file or folder so that no moment shows half of it: it is renamed to a hidden name in
/// `folder` (on the same file system) first. False where that did not work; what is gone already
/// counts as removed.
bool remove_whole(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Follows a study and tidies up behind its trials. Not thread-safe.
class CheckpointRetention {
 public:
  explicit CheckpointRetention(std::filesystem::path trials_folder)
      : trials_folder_(std::move(trials_folder)) {}

  /// Looks at one trial that has ended, if any waits; whether one did. Never throws: what cannot be
  /// removed is told once, and stays.
  bool step(const History& history);

 private:
  void collect(const History& history);
  bool is_needed(const History& history, std::int64_t trial) const;
  int keep_of(const History& history, std::int64_t trial) const;
  void tidy(const History& history, std::int64_t trial, int keep);
  void keep_within_limit(const History& history);
  void remove(const std::filesystem::path& path);

  std::filesystem::path trials_folder_;
  std::size_t seen_ = 0;  // of history.touched()
  std::set<std::int64_t> waiting_;
  std::map<std::int64_t, std::set<std::int64_t>> children_;  // that go on from a trial
  std::int64_t best_ = -1;
  bool may_be_forked_ = false;                  // when it was looked at last
  std::map<std::int64_t, std::int64_t> bytes_;  // what stayed, by trial
  bool told_ = false;
  bool told_limit_ = false;
};

}  // namespace hone
