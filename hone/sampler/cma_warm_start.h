// Where CMA-ES starts when earlier studies are known (Nomura et al. 2021, Warm starting CMA-ES for
// hyperparameter optimization, arXiv 2012.06932): the normal law nearest to a mixture of narrow
// ones around the best tenth of their trials. Beyond the paper: several sources, which count alike;
// columns that a source does not know, which keep the plain start; categorical columns.
#pragma once

#include <optional>
#include <vector>

#include "hone/sampler/cma_law.h"
#include "hone/space/search_space.h"
#include "hone/study/study_spec.h"

namespace hone {

/// `plain`: the start without sources; its population stays. nullopt where no source has trials
/// enough.
std::optional<CmaStart> warm_cma_start(const SearchSpace& space,
                                       const std::vector<WarmSource>& sources,
                                       const CmaStart& plain);

}  // namespace hone
