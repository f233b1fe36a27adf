// The front of several objectives as the processes see it, and what a further point promises to add
// to it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "hone/surrogate/hypervolume_improvement.h"

namespace hone {

/// Not thread-safe.
class GpFront {
 public:
  /// `losses`: m a trial, finite, as the processes see them; `scales`: what they are before their
  /// transform, where hypervolume is meant, or none. It ends a tenth of the front's range behind
  /// the worst of it in each loss; from three losses on, behind the worst of the front's ends.
  GpFront(std::vector<double> losses, int objectives, std::vector<LossScale> scales = {});

  /// Which trials are on it, the one that adds most hypervolume first, then the one that adds most
  /// to it, and so on; `count` at most.
  std::vector<std::size_t> members(std::size_t count) const;
  /// One more point, on the front or not.
  void believe(std::span<const double> losses);
  const HypervolumeImprovement& improvement() const;

 private:
  std::size_t m() const { return reference_.size(); }

  std::vector<LossScale> scales_;
  std::vector<std::size_t> trials_;  // on the front, ascending
  std::vector<double> front_;        // their losses, then those believed
  std::vector<double> plain_;        // of the trials on the front, before the transform
  std::vector<double> reference_, plain_reference_;
  mutable std::optional<HypervolumeImprovement> improvement_;  // none: to be made
};

}  // namespace hone
