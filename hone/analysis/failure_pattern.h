// Where trials fail: the values of one parameter that failures of a kind have in common and other
// trials have not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/study/history.h"

namespace hone {

struct FailurePattern {
  enum class Relation { at_least, at_most, equal };

  FailKind kind = FailKind::none;
  std::int64_t failures = 0;  ///< trials that failed so
  std::string parameter;
  Relation relation = Relation::at_least;
  Value bound;              ///< the value of the failed trial next to the others
  std::int64_t inside = 0;  ///< failures on that side
  std::int64_t trials = 0;  ///< all trials on that side
  double p =
      1;  ///< of as many failures there by chance: Fisher's exact test, times the sides tried
};

/// For every kind of which at least three trials failed the side of one parameter that tells them
/// apart best, however likely by chance; compared with trials that ran otherwise. Lost trials count
/// nowhere. By kind, ascending. Pure. O(kinds · parameters · n log n).
std::vector<FailurePattern> failure_patterns(const History& history);

/// "batch ≥ 16", "lr ≤ 1e-4", "optimizer = sgd".
std::string side_text(const FailurePattern& pattern);

}  // namespace hone
