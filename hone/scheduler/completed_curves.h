// The curves of completed trials, by fidelity: what a running trial is compared with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// Not thread-safe.
class CompletedCurves {
 public:
  /// Folds a change after the history has applied it.
  void observe(const Change& change, const History& history);
  std::int64_t size() const { return static_cast<std::int64_t>(curves_.size()); }
  /// Losses at the fidelity, ascending. A trial's value there is its last one at or before it, or
  /// the mean of its values up to there; trials whose curve begins later, ended earlier or is NaN
  /// are left out. Sorted once a fidelity, kept up afterwards: O(log n) to ask again.
  const std::vector<double>& at(double fidelity, bool running_mean) const;

 private:
  /// By rising fidelity.
  struct Curve {
    std::vector<double> fidelity;
    std::vector<double> loss;  ///< may be NaN
    std::vector<double> mean;  ///< of the losses up to there that are no NaN
    std::optional<double> at(double f, bool running_mean) const;
  };
  static Curve curve_of(const Trial& trial, Goal goal);
  void keep_up(const Curve& curve, bool added);

  static constexpr std::size_t kColumnsAtMost = 512;
  std::map<std::int64_t, Curve> curves_;  // by trial number: a fixed order
  mutable std::map<std::pair<double, bool>, std::vector<double>> columns_;
};

}  // namespace hone
