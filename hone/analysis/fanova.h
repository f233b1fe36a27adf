// Functional analysis of variance by regression forests (Hutter, Hoos and Leyton-Brown 2014): how
// much of the variance of the objective over the space each parameter and each pair explains by
// itself, and what the objective is on average at each of their values (partial dependence).
//
// Forests are fitted to many random halves of the trials and to the halves left over. Noise that
// one half has fitted is not in the other, so products of the two halves' effects estimate squares
// without the share that chance adds, and leaves may be as small as they like. Half the difference
// between halves is the error of the whole (balanced half-samples: McCarthy 1969, Review of the
// International Statistical Institute 37), which gives the intervals. They say how far the figures
// would move with other trials, not how far a forest is from the function.
//
// A conditional parameter is looked at where it is active; what its absence does is its parent's
// effect. importance.h tells what mattered with tests against chance; this sees more shapes, on the
// metric's own scale, and wants more trials.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hone/analysis/estimate.h"
#include "hone/study/history.h"

namespace hone {

/// Partial dependence on one parameter: the mean of the metric over the law of the others.
struct Dependence {
  std::vector<Value> values;  ///< of the parameter, one per cell, ascending or as listed
  std::vector<double> at;     ///< the same encoded
  /// The metric in its own sign, or normal scores (Fanova::by_order); NaN where the space has
  /// nothing.
  std::vector<Estimate> mean;
};

/// … on two: `mean` has a row for each value of the first.
struct PairDependence {
  std::vector<Value> first_values, second_values;
  std::vector<Estimate> mean;
};

struct FanovaEffect {
  std::string parameter;
  Estimate share;         ///< of the variance over the whole space
  double active = 1;      ///< how much of the space it is active in
  Estimate where_active;  ///< of the variance over that part; equals share where that is everything
  Dependence dependence;
};

struct FanovaPair {
  std::string first;  ///< the one earlier in the study file
  std::string second;
  Estimate share;  ///< beyond what the two explain by themselves, of the variance where both are
                   ///< active, times how much of the space that is
  double active = 1;
  PairDependence dependence;
};

struct Fanova {
  bool enough = false;      ///< else nothing below `needed` is set
  std::int64_t trials = 0;  ///< that say something
  std::int64_t needed = 0;
  bool by_order = false;  ///< explains the order of the trials: too few values can be compared
  double explained = 0;  ///< share of the variance that halves predict of the trials left out, ≥ 0
  std::vector<FanovaEffect> effects;  ///< every searched parameter, largest share first
  std::vector<FanovaPair> pairs;      ///< largest share first
};

struct FanovaOptions {
  int metric = 0;                    ///< a declared objective
  std::optional<double> best_share;  ///< near the optimum: all worse than this quantile count alike
  std::size_t pair_columns = 10;     ///< pairs among so many parameters; 0: none
  int splits = 20;                   ///< into halves
  int trees = 16;                    ///< in each forest
};

/// Pure: the generator comes from the study's seed. Of more than 1000 trials evenly spaced ones are
/// used. Known constraints are not regarded. About a second for 1000 trials of 10 parameters.
Fanova fanova(const History& history, const FanovaOptions& options = {});

}  // namespace hone
