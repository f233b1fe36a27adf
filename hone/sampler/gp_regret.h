// How much better than the best trial the optimum may still be, by the process: the smallest upper
// confidence bound of a trial minus the smallest lower confidence bound anywhere (Makarova et al.
// 2022, arXiv 2104.08166, eq. 3). Below the noise of a trial's value, further search would look for
// differences that nobody can see: the study may end (tuner/settle).
//
// Bounds are mean ± √β·σ, β = 2·ln(d·n²·π²/(6δ))/5 for n trials of d parameters and δ = 0.1: the
// paper's, with its factor of a fifth. They are taken from the process in the terms of the losses'
// power law, and told in the user's units. The noise is that of replicates, where there are some,
// else what the process finds.
#pragma once

#include <cstdint>
#include <optional>

#include "hone/sampler/acquisition_search.h"
#include "hone/sampler/gp_model.h"
#include "hone/study/history.h"

namespace hone {

struct RegretBound {
  double bound = 0;         ///< in the units of the objective, ≥ 0; may be infinite
  double noise = 0;         ///< standard deviation of a trial's value, in the same
  bool replicated = false;  ///< the noise is that of replicates
};

/// Nullopt where the model cannot tell: fewer than 20 trials that reached the full fidelity,
/// several objectives, earlier studies that shape the prior, or a transform that cannot be undone
/// (half-ranks). `model` has been built from the history; `draw`, `options`, `rng`: for the search
/// of the lower bound.
std::optional<RegretBound> regret_bound(
    const GpModel& model, const History& history, const AcquisitionSearch& search,
    const std::function<std::optional<std::vector<double>>(int)>& draw,
    const AcquisitionSearchOptions& options, Rng rng);

}  // namespace hone
