// How far to go with each trial. A scheduler is a fold over the study's record: its own decisions
// come back to it as committed changes and are taken as facts. Replaying the record into a fresh
// object restores it exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hone/base/options.h"
#include "hone/base/rng.h"
#include "hone/study/history.h"

namespace hone {

/// A verdict with the reason that the user is shown ("rung 2: rank 7 of 9, keeps 3").
struct Decision {
  Verdict verdict = Verdict::go_on;
  std::string reason;
};

/// Start a new configuration (the sampler fills it in).
struct LaunchNew {
  int bracket = 0;
  std::optional<double> fidelity_target;
  int up_to = 1;  ///< so many like this may be launched at once
};
/// Go on with a paused trial.
struct LaunchResume {
  std::int64_t trial = -1;
  std::optional<double> fidelity_target;
  std::string reason;
};
/// Start from another trial's checkpoint with a changed configuration.
struct LaunchFork {
  std::int64_t parent = -1;  ///< −1: none, a new trial with this configuration
  Config config;
  Value info;
  int bracket = 0;
  std::optional<double> fidelity_target;
  std::string reason;
};
/// Nothing now; something may come when running trials report.
struct Wait {};
/// Nothing more will ever come by itself: when the running trials have ended the study is over.
struct Done {
  std::string reason;
};
using Launch = std::variant<LaunchNew, LaunchResume, LaunchFork, Wait, Done>;

/// What `next` may use besides the fold.
struct LaunchContext {
  const History& history;
  Rng rng;
  bool may_add =
      true;  ///< false: the budget of new trials is used up; only resumes (and forks) are possible
};

/// Not thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// Folds one change, after the history has applied it; `observation` is what that change
  /// completed. Late reports come with no observation.
  virtual void observe(const Change& change, const std::optional<Observation>& observation,
                       const History& history) = 0;
  /// The verdict on the observation just folded. Pure: changes nothing. Never called for trials
  /// that must not be judged (the default configuration, trials that have a verdict already).
  virtual Decision judge(const Observation& observation, const History& history) const = 0;
  /// What to launch now. Pure.
  virtual Launch next(const LaunchContext& context) const = 0;
  /// One line for the live display: "asha: rungs at 1, 3, 9 epochs, keeps 1 in 3".
  virtual std::string describe() const = 0;
};

/// The scheduler named by the spec; mistakes are appended to `problems` (then null).
std::unique_ptr<Scheduler> make_scheduler(const StudySpec& spec,
                                          std::vector<OptionProblem>& problems);
std::vector<AlgorithmHelp> scheduler_help();

}  // namespace hone
