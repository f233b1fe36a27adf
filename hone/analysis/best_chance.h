// How sure the winner of a few noisy runs is. The trials' means are taken as normal with one
// variance for all, estimated from the spread within them; with the reference prior (p ∝ 1/σ²) the
// means have a joint t posterior (Gelman et al., Bayesian Data Analysis, 3.2), from which the
// chance to be the best is drawn with a fixed seed.
#pragma once

#include <optional>
#include <vector>

namespace hone {

/// `losses`: the values of each trial, smaller is better. The chance of each that its true mean is
/// the smallest; they sum to 1. Empty when no trial has two values, so that nothing is known of the
/// spread. Trials with a value that is no number have none. Error below 1 %.
std::vector<double> chance_of_best(const std::vector<std::vector<double>>& losses);

struct Interval {
  double low = 0;
  double high = 0;
};
/// Of the true mean of trial `which`, with the chance `within`; nullopt as above.
std::optional<Interval> mean_interval(const std::vector<std::vector<double>>& values,
                                      std::size_t which, double within = 0.95);

}  // namespace hone
