// What follows when a trial runs out of memory and the study file says how to need less
// (`on_gpu_oom: {halve: batch_size, double: accumulation}`): a further trial with the changed
// configuration. The one that failed stays as it is, so that samplers learn to keep away from it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "hone/study/history.h"

namespace hone {

struct SmallerTrial {
  Config config;
  std::string change;  ///< "batch_size 32 → 16, accumulation 2 → 4"
  int step = 1;        ///< how often the chain of trials has been changed, with this one
};

/// The configuration to try after a trial that ran out of memory; else why there is none, as half a
/// sentence ("batch_size is at its smallest"). Halving takes the largest legal value that is at
/// most half, else the smallest of all; doubling likewise. What cannot go further stays; at least
/// one parameter of `halve` must (of `double`, where nothing is halved). Pure.
std::variant<SmallerTrial, std::string> smaller_trial(const History& history, std::int64_t trial);

/// Trials that ran out of memory and about which nothing was decided yet: a fold of the record. Not
/// thread-safe.
class OomRetries {
 public:
  /// After the history has applied the change.
  void observe(const Change& change, const History& history);
  /// The first of them that the study's rules speak of.
  std::optional<std::int64_t> next(const History& history) const;

  static constexpr const char* kNotRetried = "not_retried";  ///< the note of a decision against it

 private:
  std::set<std::int64_t> waiting_;
  std::set<std::int64_t> decided_;
};

}  // namespace hone
