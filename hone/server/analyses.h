// What hone/analysis makes of studies, for requests that must not wait for it: found by one thread
// beside the server's, of a copy of the history, at most one study at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/clock.h"
#include "hone/server/study_model.h"

namespace hone {
struct Fanova;
}

namespace hone::server {

/// What was found of a study at one version. Immutable.
struct Analysis {
  std::int64_t version = 0;
  std::string error;  ///< why there is nothing below; ""
  Value findings;     ///< schema Findings without its version
  Value seeds;        ///< schema Seeds, likewise
  Value front;        ///< `hypervolume` and `over_trials` of schema Front; with several objectives
  struct OfObjective {
    std::string metric;
    Value importance;                      ///< schema Importance
    Value interactions;                    ///< schema Interactions
    std::shared_ptr<const Fanova> forest;  ///< for pairs
  };
  std::vector<OfObjective> objectives;  ///< at most kObjectives, in the order of the spec
  static constexpr std::size_t kObjectives = 4;
};
/// Pure but for `stopping`, at which it gives up and returns nullptr. Seconds for 10⁵ trials.
std::shared_ptr<const Analysis> analyse(const History& history, const std::atomic<bool>& stopping);

/// Thread-safe.
class Analyses {
 public:
  /// `clock` must outlive it.
  explicit Analyses(const Clock& clock);
  /// Waits for the step that is under way.
  ~Analyses();
  Analyses(const Analyses&) = delete;
  Analyses& operator=(const Analyses&) = delete;

  struct Answer {
    std::shared_ptr<const Analysis> found;  ///< nullptr: not yet; else maybe of an older version
    bool is_coming = false;                 ///< one of the model's version
  };
  /// What there is at once. Where it is older than the model, a newer one is made, once kShare
  /// times the time that the last one took has passed since; where it waits for that, it is not
  /// coming yet, but will be asked for by whoever asks then.
  Answer get(const std::shared_ptr<StudyModel>& model);

  static constexpr std::size_t kKept = 16;     ///< studies, those asked for last
  static constexpr std::size_t kWaiting = 16;  ///< studies that wait for their turn
  static constexpr std::int64_t kShare = 10;

 private:
  struct Entry {
    std::shared_ptr<const Analysis> found;
    std::int64_t from_us = 0;  ///< from then on a newer one may be made
    std::int64_t used = 0;     ///< by order of use
  };
  void work();
  void keep_few();

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_ = false;
  std::map<StudyId, Entry> entries_;
  std::deque<std::shared_ptr<StudyModel>> waiting_;
  StudyId current_;  ///< being made
  std::int64_t uses_ = 0;
  std::thread worker_;
};

}  // namespace hone::server
