// PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv 2304.10255): how much the density of the best
// trials along one parameter differs from that of all trials, by the Pearson divergence
// ∫ (p_best/p_all − 1)² p_all. It asks what distinguishes the best from the others, and is right
// where the configurations do not depend on results (random, grid, sobol); where a sampler has
// learnt, most trials are near the best and little distinguishes them (importance.h is for that).
// Near the optimum: "all" are the better part of the trials, so it asks what distinguishes the best
// from the good.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hone/analysis/estimate.h"
#include "hone/study/history.h"

namespace hone {

struct PedAnovaOptions {
  double best_share = 0.1;  ///< of the trials; at least five (or all but one)
  double within = 1;        ///< of the trials, the best ones: those that count as all
  int resamples = 0;        ///< bootstrap; 0: no intervals and no correction of shares
};

struct PedAnovaEffect {
  std::string parameter;
  /// ≥ 0, of the densities as they are. Among the trials in which the parameter is active, times
  /// the share of the best in which it is.
  double divergence = 0;
  /// Of the sum over the parameters. With resamples: less what sampling adds by chance (as much as
  /// resampling adds to it once more), with the interval of that.
  Estimate share;
  Estimate where_active;  ///< divergence among the trials in which it is active, treated likewise
  double active = 1;      ///< share of the trials in which it is active
};

struct PedAnova {
  bool enough = false;                  ///< ten trials that say something
  std::int64_t trials = 0;              ///< that count as all
  std::int64_t best = 0;                ///< … and as the best
  std::vector<PedAnovaEffect> effects;  ///< of the searched parameters, in their order in rows
};

/// The densities are kernel estimates (Scott's rule) over the cells of a discrete parameter or 64
/// cells of a continuous one; of unordered choices frequencies. Pure: the generator comes from the
/// study's seed. O(trials · parameters · resamples).
PedAnova ped_anova(const History& history, const PedAnovaOptions& options = {});

}  // namespace hone
