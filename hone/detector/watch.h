// The detectors of a study over all its running trials: a fold of the record, like the history that
// it reads beside.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hone/detector/detector.h"
#include "hone/study/history.h"

namespace hone {

/// A finding on the trial whose report was folded last.
struct Alarm {
  std::string detector;
  DetectorAction action = DetectorAction::warn;
  Finding finding;
};

/// Not thread-safe.
class Watch {
 public:
  /// Mistakes in the spec's settings are appended to `problems`.
  Watch(const StudySpec& spec, std::vector<OptionProblem>& problems);

  /// Folds one change, after the history has applied it; `observation` is what that change
  /// completed. What the detectors find at a report, those that stop first. A finding comes again
  /// at later reports as long as it holds: what has been told before stands in the history
  /// (Trial::warnings). O(1), amortised.
  std::vector<Alarm> observe(const Change& change, const std::optional<Observation>& observation,
                             const History& history);

 private:
  struct Watched {
    std::vector<std::unique_ptr<Detector>> detectors;  ///< in the order of plans_
    std::size_t points = 0;                            ///< of the curve that were read
  };
  Watched begin() const;
  void learn_length(const Trial& trial);

  std::vector<DetectorPlan> plans_;
  std::map<std::int64_t, Watched> trials_;  ///< those that run
  std::optional<double> usual_end_;         ///< the farthest that a complete trial came
};

}  // namespace hone
