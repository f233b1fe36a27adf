// What the algorithms that a study names find wrong with it: for the reader of study files, which
// knows none of them (LoadOptions::check_sampler, check_scheduler).
#pragma once

#include <vector>

#include "hone/base/options.h"
#include "hone/study/study_spec.h"

namespace hone {

/// What `make_sampler` and `make_scheduler` would refuse; empty: nothing. Pure.
std::vector<OptionProblem> sampler_problems(const StudySpec& spec);
std::vector<OptionProblem> scheduler_problems(const StudySpec& spec);

}  // namespace hone
