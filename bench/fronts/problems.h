// Problems with several objectives, some with noise or guards. Noise is a function of the run's
// seed and the trial's number, so every sampler, also one in another program, sees the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hone/space/search_space.h"
#include "hone/study/objective.h"

namespace hone::fronts {

struct Problem {
  std::string name;
  SearchSpace space;
  std::vector<Goal> goals;
  /// Of the objectives, without noise.
  std::function<std::vector<double>(const Config&)> values;
  std::vector<double> noise = {};  ///< standard deviation of what a trial reports; none: no noise
  int guards = 0;                  ///< how many must be 0 at most
  std::function<std::vector<double>(const Config&)> guard_values = {};
  /// In losses: best values, and values that are typical of random configurations (their median).
  /// Hypervolume is measured below `reference`, in shares of the box between the two.
  std::vector<double> ideal;
  std::vector<double> reference;

  /// What a trial reports of its objectives.
  std::vector<double> reported(const Config& config, std::int64_t seed, std::int64_t trial) const;
  /// What counts: losses without noise; those of `reference` where a guard does not hold.
  std::vector<double> counted(const Config& config) const;
  bool is_feasible(const Config& config) const;
  /// Values turned so that smaller is better.
  std::vector<double> losses(const std::vector<double>& of) const;
};

/// ZDT1 over nine reals and an integer; models of three kinds with parameters of their own; DTLZ2
/// with three objectives; Kursawe's function with noise; a brake with five guards; pairs of outputs
/// of the surrogates in `data` (named in `skipped` where their files are absent).
std::vector<Problem> problems(const std::string& data, std::vector<std::string>& skipped);
/// DTLZ2 with three and five objectives.
std::vector<Problem> problems_of_many();

}  // namespace hone::fronts
