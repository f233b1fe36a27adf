#include "hone/study/objective.h"

#include <cmath>
#include <limits>

namespace hone {

bool is_better(Goal goal, double a, double b) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return goal == Goal::minimize ? a < b : a > b;
}

double to_loss(Goal goal, double value) {
  if (std::isnan(value)) return std::numeric_limits<double>::infinity();
  return goal == Goal::minimize ? value : -value;
}

const char* goal_name(Goal goal) { return goal == Goal::minimize ? "minimize" : "maximize"; }

}  // namespace hone
