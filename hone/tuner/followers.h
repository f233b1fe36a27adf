// How several processes share a study: each that does not lead asks the leader to keep runs waiting
// for it, again and again while it lives, and the leader counts what they ask for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "hone/store/store.h"

namespace hone {

/// The leader's side: who has joined, with how many runs. Not thread-safe.
class Followers {
 public:
  /// The outcome of a request to join or leave; nullopt for requests of other kinds.
  std::optional<std::string> answer(const Request& request, std::int64_t now_us);
  /// Runs that the followers take together; those that have gone are forgotten.
  int parallel(const LivenessProbe& probe, std::int64_t now_us);

  static constexpr std::int64_t kGone_us =
      180'000'000;  ///< a follower on another machine that is silent for so long has gone

 private:
  struct Joined {
    Holder holder;
    int parallel = 0;
    std::int64_t at_us = 0;
  };
  std::map<std::string, Joined> joined_;  // by worker uid
};

/// The follower's side. Not thread-safe.
class Membership {
 public:
  Membership(std::string worker_uid, Holder holder)
      : worker_uid_(std::move(worker_uid)), holder_(std::move(holder)) {}

  /// Asks `leader` (its text; nothing happens where it is empty) for `parallel` runs, unless that
  /// was asked lately. `now_us`: a monotonic clock's.
  void announce(Store& store, StudyId study, const std::string& leader, int parallel,
                std::int64_t now_us);

  static constexpr std::int64_t kRejoin_us = 60'000'000;  ///< until it is asked again

 private:
  std::string worker_uid_;
  Holder holder_;
  std::string asked_;  // whom
  int parallel_ = -1;  // and for how many
  std::int64_t again_at_us_ = 0;
};

}  // namespace hone
