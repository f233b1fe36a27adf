// What a new study takes from earlier ones: their trials, in the terms of its space, and of them
// the points that it begins with.
#pragma once

#include "hone/store/store.h"
#include "hone/study/study_spec.h"

namespace hone {

/// Fills `spec.warm_start` from the studies that it names. Sources: of each study up to 200 trials
/// (600 of all), those that are complete with a value and those whose configuration made the
/// program fail, with the parameters that both spaces have; a value that this space does not allow
/// leaves the trial out. Losses are those of the study's own first objective and direction. Points:
/// the portfolio of sampler/portfolio.h, up to three for samplers that learn from the sources
/// themselves (auto, gp, cmaes), up to five for others. Throws Error(not_found) with the studies
/// that there are.
void fill_warm_start(Store& store, StudySpec& spec);

}  // namespace hone
