// The best configurations of earlier studies (StudySpec::warm_start) come first, then another
// sampler takes over: a zero-shot portfolio. It costs little where the earlier studies mislead: as
// soon as two of their points are worse than what this study had before them, the rest is left out.
#pragma once

#include <memory>

#include "hone/sampler/sampler.h"

namespace hone {

/// `inner` itself where the spec has no points.
std::unique_ptr<Sampler> make_warm_start(const StudySpec& spec, std::unique_ptr<Sampler> inner);

}  // namespace hone
