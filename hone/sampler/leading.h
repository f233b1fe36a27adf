// The first so many of a set of trials by an order, where the whole set is written down elsewhere:
// twice as many as were asked for are kept, and found anew when more than half of them have left.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace hone {

/// `less` is the same strict order in every call; `each` calls its argument with every trial of the
/// set, in any order.
class Leading {
 public:
  /// The set has a new trial.
  template <class Less>
  void insert(std::int64_t trial, const Less& less) {
    ++total_;
    const auto at = std::lower_bound(kept_.begin(), kept_.end(), trial, less);
    if (at == kept_.end() && !complete_) return;
    kept_.insert(at, trial);
    cut();
  }

  /// A trial leaves the set; `less` still sees it as it was.
  template <class Less>
  void erase(std::int64_t trial, const Less& less) {
    --total_;
    const auto at = std::lower_bound(kept_.begin(), kept_.end(), trial, less);
    if (at != kept_.end() && *at == trial) kept_.erase(at);
  }

  /// The first `count` in order, all if there are fewer. Valid until the set changes.
  template <class Less, class Each>
  std::span<const std::int64_t> first(std::size_t count, const Less& less, const Each& each) {
    count = std::min(count, total_);
    if (kept_.size() < count) {
      wanted_ = std::max(wanted_, count);
      kept_.clear();
      each([&](std::int64_t trial) { kept_.push_back(trial); });
      std::sort(kept_.begin(), kept_.end(), less);
      complete_ = true;
      cut();
    }
    return std::span(kept_).first(count);
  }

  std::size_t total() const { return total_; }

 private:
  void cut() {
    if (kept_.size() <= 2 * wanted_) return;
    kept_.resize(2 * wanted_);
    complete_ = false;
  }

  std::vector<std::int64_t> kept_;
  std::size_t wanted_ = 64;
  std::size_t total_ = 0;
  bool complete_ = true;  ///< all are kept
};

}  // namespace hone
