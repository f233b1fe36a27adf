// The read model that requests share: the history of a study, folded once, and which of its trials
// changed when. A bounded number of studies is kept; one thread looks after those that somebody
// watches.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <thread>
#include <vector>

#include "hone/store/store.h"
#include "hone/study/history.h"

namespace hone::server {

/// Thread-safe.
class StudyModel {
 public:
  /// Reads nothing yet. `store` must outlive the model.
  StudyModel(Store& store, StudyId id);

  StudyId id() const { return id_; }
  /// Folds what is new. Throws Error(not_found) once the study is gone; whatever it throws, what is
  /// folded stays whole, and the next call goes on from there.
  void refresh();
  /// Commit number of what is folded; 0 before the first refresh.
  std::int64_t version() const;
  std::int64_t trials() const;
  /// Whether it has been as new as the store once.
  bool is_folded() const;

  /// What `use` gets while it runs; nothing of it may be kept.
  struct View {
    const History& history;
    std::int64_t spec_version;
    /// By number: the commit of the trial's last change, reports included.
    const std::vector<std::int64_t>& changed;
    const StudyModel& model;
    /// Commits of a trial's changes but reports, newest first, at most `limit`.
    std::vector<std::int64_t> events_of(std::int64_t trial, std::size_t limit) const;
  };
  template <class Use>
  auto read(const Use& use) const {
    const std::shared_lock lock(mutex_);
    return use(View{*history_, spec_version_, changed_, *this});
  }

  /// Waits until the version is above `version`, the study is gone, or the time is over.
  void wait_above(std::int64_t version, std::int64_t timeout_us);
  bool gone() const;

  /// While one lives, the cache's thread refreshes the model.
  class Watch {
   public:
    explicit Watch(std::shared_ptr<StudyModel> model);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    std::shared_ptr<StudyModel> model_;
  };
  bool is_watched() const;

 private:
  void fold(std::span<const Change> changes);
  void fold(const Change& change);
  void load_spec();
  void note(std::int64_t trial, std::int64_t seq);

  Store& store_;
  StudyId id_;
  std::mutex refreshing_;  ///< one thread folds
  mutable std::shared_mutex mutex_;
  std::unique_ptr<History> history_;
  std::int64_t spec_version_ = 0;
  std::vector<std::int64_t> changed_;
  // Changes of trials but reports, as chains: where each trial's newest is, and what came before.
  struct Event {
    std::int64_t seq = 0;
    std::int64_t before = -1;
  };
  std::vector<Event> events_;
  std::vector<std::int64_t> newest_event_;

  mutable std::mutex news_mutex_;
  std::condition_variable news_;
  std::int64_t told_version_ = 0;
  int watches_ = 0;
  bool folded_ = false;
  bool gone_ = false;
};

/// Thread-safe.
class ModelCache {
 public:
  explicit ModelCache(Store& store);
  ~ModelCache();
  ModelCache(const ModelCache&) = delete;
  ModelCache& operator=(const ModelCache&) = delete;

  /// The study's model, as new as the store. Throws Error(not_found).
  std::shared_ptr<StudyModel> open(StudyId id);
  /// The same, but nullptr where the study is folded for the first time and that is not over within
  /// `patience_us`: it goes on in a thread of its own. `so_far`: the commit number until which it
  /// is folded then.
  std::shared_ptr<StudyModel> open_within(StudyId id, std::int64_t patience_us,
                                          std::int64_t& so_far);
  /// Only if it is in memory already; as it is.
  std::shared_ptr<StudyModel> find(StudyId id);

  static constexpr std::size_t kModels = 16;
  static constexpr std::int64_t kTrials = 400'000;  ///< of all models but the newest
  static constexpr std::int64_t kLook_us = 100'000;

 private:
  std::shared_ptr<StudyModel> entry(StudyId id);
  void evict();
  void look();

  Store& store_;
  std::mutex mutex_;
  /// Used last first. Who holds a model has it from here, so one that nobody else holds is in
  /// nobody's use; one that is in use stays, or its event streams would hear no more.
  std::list<std::shared_ptr<StudyModel>> models_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread looker_;
  std::map<StudyId, std::shared_future<void>> first_folds_;  ///< ends before the rest of it does
};

}  // namespace hone::server
