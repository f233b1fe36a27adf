// First points of a study from earlier ones: a zero-shot portfolio. Chosen greedily so that for
// every earlier study one of them is good, by the models of all of them (Wistuba, Schilling and
// Schmidt-Thieme 2015, "Sequential model-free hyperparameter tuning").
#pragma once

#include <vector>

#include "hone/space/search_space.h"
#include "hone/study/study_spec.h"

namespace hone {

/// Whether a configuration differs from all points, by more than a twentieth of the range in the
/// mean over the parameters.
bool stands_apart(const SearchSpace& space, const std::vector<WarmPoint>& points,
                  const Config& config);

/// Up to `count` points, best first, out of the best trials of each source: those that have a place
/// in the space, where parameters that the source did not have take their defaults. A source is a
/// voice, whatever the number of its trials.
std::vector<WarmPoint> choose_portfolio(const SearchSpace& space,
                                        const std::vector<WarmSource>& sources,
                                        std::size_t count = 5);

}  // namespace hone
