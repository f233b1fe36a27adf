// Declared metrics: what is optimised, what must hold, and how a trial's curve becomes its value.
#pragma once

#include <optional>
#include <string>

namespace hone {

enum class Goal { minimize, maximize };

/// What a declared metric is for. Numbers as in the store's schema.
enum class MetricRole { objective, constraint, guard, cost, fidelity, tracked, system };

/// From series to value.
enum class Take {
  last,          ///< the value at the highest fidelity
  best,          ///< the best value ever reported
  mean_of_last,  ///< mean of the last `take_count` values
};

struct Metric {
  std::string name;
  MetricRole role = MetricRole::objective;
  Goal goal = Goal::minimize;
  Take take = Take::last;
  int take_count = 1;
  std::optional<double> target;  ///< objective: the study ends when it is reached
  std::optional<double> min;     ///< guard or constraint: below it the trial is infeasible
  std::optional<double> max;     ///< guard or constraint: above it the trial is infeasible
};

/// Whether a is strictly better than b. NaN is worse than everything and never better than
/// anything.
bool is_better(Goal goal, double a, double b);
/// The value turned so that smaller is better; NaN becomes +∞.
double to_loss(Goal goal, double value);

const char* goal_name(Goal goal);

}  // namespace hone
