// One study of the benchmark: the real Tuner and Worker, with the real scheduler and sampler, over
// the store in memory; programs that print recorded curves, on eight asynchronous workers of a
// simulated clock.
//
// Compute is counted in full trainings. Every step that a program takes counts: steps taken again
// after a promotion without a checkpoint, the part of a step that a stopped program had begun, and
// for each resumption from a checkpoint `kCopyCost`.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/fidelity/tasks.h"
#include "hone/study/study_spec.h"

namespace hone::fidelity {

inline constexpr int kWorkers = 8;
/// Saving and loading a checkpoint once, in full trainings (an assumption: a quarter of one of
/// TaskSet's fifty steps).
inline constexpr double kCopyCost = 0.005;

/// How a study is tuned. As text: SCHEDULER[{options}][+checkpoint][/SAMPLER[{options}]][@TRIALS],
/// with LABEL= in front: `asha{"eta": 4}`, `promote=asha{"mode": "promote"}+checkpoint`,
/// `i_epoch@300`.
struct Method {
  std::string label;
  AlgorithmSpec scheduler;
  AlgorithmSpec sampler{"random", Value::Map{}};
  bool checkpoint = false;             ///< programs save their state, and go on from it
  std::optional<std::int64_t> trials;  ///< budget.trials; none: as many as the pool has rows
};
/// Throws Error(invalid_input).
Method parse_method(const std::string& text);
std::vector<Method> parse_methods(const std::string& list);

/// When the study ends.
struct Limit {
  double compute = INFINITY;           ///< in full trainings; what runs then is cut off
  std::optional<std::int64_t> trials;  ///< where the method does not say
};

/// The trial that the study names best from here on.
struct Incumbent {
  double compute = 0;
  double seconds = 0;  ///< of the simulated clock
  std::size_t row = 0;
  bool trained = false;  ///< in full: its final value is there, not only foreseen
};

/// A trial as the study left it.
struct TrialEnd {
  std::size_t row = 0;
  bool complete = false;  ///< it was trained in full
};

struct Replay {
  std::vector<Incumbent> incumbents;
  std::vector<TrialEnd> trials;
  double compute = 0;
  double seconds = 0;

  /// The final value of the row that is named best when so much was spent; NaN before there is any.
  double value_at(const Task& task, double compute_spent) const;
  /// What was spent when the named row was first at least as good as `value`; infinite if never.
  double compute_to_reach(const Task& task, double value) const;
};

Replay replay(const Task& task, const Method& method, std::int64_t seed, const Limit& limit);

/// Of the best 2 % of a study's trials by their final values, how many there are, and how many were
/// not trained in full.
struct TopTrials {
  std::int64_t count = 0;
  std::int64_t stopped = 0;
};
TopTrials top_trials(const Task& task, const std::vector<TrialEnd>& trials);

/// The study that a method makes of a task.
std::shared_ptr<const StudySpec> make_spec(const Task& task, const Method& method,
                                           std::int64_t seed, std::int64_t trials);

}  // namespace hone::fidelity
