// The level of a curve over its stretches, robust against single values: what plateau and
// overfitting compare. Internal to hone/detector.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "hone/study/objective.h"
#include "hone/study/trial.h"

namespace hone {

/// Medians of at most `most` stretches of equal length that cover the newest of `count` values (the
/// oldest few are left out where they do not fill one). Up to kSamples values of a stretch, evenly
/// apart, are looked at; those that are not finite do not count, and a stretch of nothing else is
/// NaN. O(most), whatever `count` is.
std::vector<double> levels_of(std::size_t count, std::size_t most,
                              const std::function<double(std::size_t)>& at);
/// Of the objective, turned so that smaller is better.
std::vector<double> levels_of(std::span<const CurvePoint> curve, Goal goal, std::size_t most);

/// Standard deviation of the levels around a smooth curve: from second differences, which a trend
/// does not enter, by their median, which single jumps do not enter. 0 for fewer than 3 levels.
double noise_of(std::span<const double> levels);

/// Of the finite levels; +∞ where there is none. `where`, if given, is its index.
double lowest_of(std::span<const double> levels, std::size_t* where = nullptr);

/// When a check whose cost is that of levels_of is due again: after every report of a short curve,
/// after 1/16 more of a long one.
std::size_t next_check(std::size_t count);

}  // namespace hone
