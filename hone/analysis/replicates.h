// The same configuration evaluated several times: values of single runs, over replicates and over
// confirmations with fresh seeds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hone/analysis/estimate.h"
#include "hone/study/history.h"

namespace hone {

/// Mean and spread of values of one thing.
struct Spread {
  double mean = 0;
  std::optional<double> sd;  ///< with two or more
  int count = 0;
};
/// Requires a value.
Spread spread_of(const std::vector<double>& values);

/// The confirmed value of a trial over its finished confirmation runs, in the order of their seeds.
/// Pure.
std::vector<double> confirmed_values(const History& history, std::int64_t trial);

/// All that a trial's finished runs say of a metric: replicates and confirmations.
struct SeedValues {
  std::int64_t trial = -1;
  std::vector<double> values;  ///< of search runs by replicate, then of confirmations
  double mean = 0;
  double sd = 0;
  Estimate interval;  ///< of the true mean, 95 % (Student's t law with the trial's own spread)
};
/// The trials with two finished runs or more, by number. Runs without a finite value do not count.
/// Pure.
std::vector<SeedValues> seed_values(const History& history, int metric = 0);

}  // namespace hone
