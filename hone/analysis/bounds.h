// Where the best configuration lies at the edge of what was searched, so that something better may
// lie beyond.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/importance.h"
#include "hone/study/history.h"

namespace hone {

struct AtBound {
  std::string parameter;
  bool upper = false;
  bool close = true;  ///< else within `reach` only
  Value best;         ///< the value in the best configuration
  Value bound;        ///< the end of the range, or the last value of an ordered choice
};

/// The parameters of trial `best` that lie at a bound which could be moved: within a fiftieth of
/// the (encoded) range, or on the first or last value of an integer or ordered choice of three or
/// more. Told only where it is no accident: the parameter is known to matter, or three of the five
/// best trials lie in the same outer tenth. A lower end at 0, an integer's at 1 and a share's upper
/// end at 1 are natural and not told. In the order of the study file. Pure.
std::vector<AtBound> best_at_bounds(const History& history, std::int64_t best,
                                    const Importance& importance, double reach = 0);

}  // namespace hone
