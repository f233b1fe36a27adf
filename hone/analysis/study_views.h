// What pictures of a study are drawn from, as plain data: best over trials and time, slices,
// parallel coordinates, ranks of pairs. Values are the metric's own, in its own sign.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// A trial that has ended with a value.
struct ProgressPoint {
  std::int64_t trial = -1;
  std::int64_t position = 0;  ///< among those that have ended, from 0
  double elapsed_s = 0;       ///< from the study's start to the trial's end, pauses included
  double busy_s = 0;          ///< that all trials had run by then
  double value = 0;
};

struct Progress {
  std::vector<ProgressPoint> trials;  ///< in the order in which they ended
  std::vector<ProgressPoint> bests;   ///< those that were better than all before
};
/// Complete trials that keep the guards. `metric`: a declared objective. Pure.
Progress find_progress(const History& history, int metric = 0);

/// One parameter against the metric.
struct SlicePoint {
  std::int64_t trial = -1;
  Value value;    ///< of the parameter
  double at = 0;  ///< the same encoded to 0–1
  double metric = 0;
  bool complete = true;  ///< else stopped early, and the value is of where it was stopped
};
struct Slice {
  std::string parameter;
  std::vector<SlicePoint> points;  ///< by number of the trial; where the parameter is active
};
/// Of every searched parameter in the order of the study file. Pure.
std::vector<Slice> find_slices(const History& history, int metric = 0);

/// A trial across all axes.
struct ParallelRow {
  std::int64_t trial = -1;
  std::vector<double> at;     ///< by axis, encoded to 0–1; NaN where inactive
  std::vector<Value> values;  ///< by axis; null where inactive
  double metric = 0;
  double rank = 0;  ///< 0: the best, 1: the worst; tied trials share the mean
};
struct Parallel {
  std::vector<std::string> axes;  ///< searched parameters in the order of the study file
  std::vector<ParallelRow> rows;  ///< by number of the trial
};
/// Complete trials. `rank` is also what a plot of two parameters colours its trials by. Pure.
Parallel find_parallel(const History& history, int metric = 0);

/// A mark on the axis of a parameter: a value worth a label and its place.
struct AxisMark {
  double at = 0;  ///< encoded
  Value value;
};
/// Up to `most` round values over a domain: powers of ten for wide logarithmic laws, all of a short
/// list of choices. Ascending. Requires a searched domain, most ≥ 2.
std::vector<AxisMark> axis_marks(const Domain& domain, std::size_t most);

}  // namespace hone
