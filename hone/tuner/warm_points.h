// What a new study takes from earlier ones: their best configurations, in the terms of its space.
#pragma once

#include "hone/store/store.h"
#include "hone/study/study_spec.h"

namespace hone {

/// Up to five points from the studies that `spec.warm_start` names: of each in turn the best trial
/// that has a place in the space (parameters that the earlier study did not have take their
/// defaults; a value out of bounds leaves the trial out) and differs from those taken. Trials are
/// compared within their own study, by its first objective and direction. Throws Error(not_found)
/// with the studies that there are.
std::vector<WarmPoint> find_warm_points(Store& store, const StudySpec& spec);

}  // namespace hone
