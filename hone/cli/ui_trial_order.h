// Which trials of a study are listed, and in which order.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hone/study/history.h"

namespace hone::cli {

/// `best`: complete trials first, then others with a value, each from the best on; then the rest.
enum class TrialOrder { newest, best, number };
/// `running`: that have not ended.
enum class TrialChoice { all, running, complete, failed };

/// Numbers of trials, found anew only when something has changed, since a screen is drawn ten times
/// a second and a study may have 10⁵ trials. Not thread-safe.
class TrialList {
 public:
  /// O(n log n) for a new order, choice or version of the history, else O(1) and the same list.
  std::shared_ptr<const std::vector<std::int64_t>> of(const History& history, TrialOrder order,
                                                      TrialChoice choice);
  /// Before the history of another study: that may lie where the one before lay.
  void forget() { numbers_.reset(); }

 private:
  std::shared_ptr<const std::vector<std::int64_t>> numbers_;
  // What they were found of:
  const History* history_ = nullptr;
  std::int64_t version_ = 0;
  TrialOrder order_ = TrialOrder::newest;
  TrialChoice choice_ = TrialChoice::all;
};

}  // namespace hone::cli
