// Why a configuration was proposed, in words, from what its sampler noted.
#pragma once

#include <string>

#include "hone/study/trial.h"

namespace hone::cli {

/// "gp: most expected improvement after 43 trials, near the best one"; an unknown rule by its name,
/// "" where nothing was noted.
std::string proposed_text(const Proposal& proposal);

}  // namespace hone::cli
