// What the rules that only ever stop trials have in common: every trial is launched towards full
// fidelity, and is judged when its reports come.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>

#include "hone/scheduler/scheduler.h"

namespace hone {

class StoppingRule : public Scheduler {
 public:
  void observe(const Change&, const std::optional<Observation>&, const History&) override {}
  Launch next(const LaunchContext& context) const override;
};

/// "epoch 12".
std::string place_text(const StudySpec& spec, double fidelity);

/// Whether the observation is the first one of its interval of fidelity behind the warm-up.
bool is_due(const Trial& trial, const Observation& observation, double warmup, double interval);

/// The best loss of every trial's curve so far and where the curve last got better by more than
/// `min_delta`. O(1) per report of a curve that grows at its end. Not thread-safe.
class BestSoFar {
 public:
  explicit BestSoFar(double min_delta = 0) : min_delta_(min_delta) {}

  struct Entry {
    double loss = std::numeric_limits<double>::infinity();  ///< infinite: nothing but NaN so far
    double reference = std::numeric_limits<double>::infinity();  ///< the loss at the last gain
    std::size_t since = 0;  ///< points since the last gain of more than min_delta
    std::size_t points = 0;
  };
  void observe(const std::optional<Observation>& observation, const History& history);
  /// Of a trial that has been observed.
  const Entry& of(std::int64_t trial) const { return entries_.at(trial); }

 private:
  void take(Entry& entry, double loss) const;

  double min_delta_;
  std::unordered_map<std::int64_t, Entry> entries_;  // looked up only, never walked
};

}  // namespace hone
