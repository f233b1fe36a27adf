// PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv 2304.10255): how much the density of the best
// trials along one parameter differs from that of all trials, by the Pearson divergence
// ∫ (p_best/p_all − 1)² p_all. It asks what distinguishes the best from the others, and is right
// where the configurations do not depend on results (random, grid, sobol); where a sampler has
// learnt, most trials are near the best and little distinguishes them (importance.h is for that).
#pragma once

#include <vector>

#include "hone/study/history.h"

namespace hone {

struct PedAnovaOptions {
  double best_share = 0.1;  ///< of the trials; at least five (or all but one)
};

/// One divergence ≥ 0 per searched parameter; empty where fewer than ten trials say something. The
/// densities are kernel estimates (Scott's rule) over the cells of a discrete parameter or 64 cells
/// of a continuous one; of unordered choices frequencies. A conditional parameter is looked at
/// among the trials in which it is active, and weighed by how many of the best it is active in.
/// Pure.
std::vector<double> ped_anova(const History& history, const PedAnovaOptions& options = {});

}  // namespace hone
