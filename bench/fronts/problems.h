// Problems with two objectives. Evaluations have no noise: what differs between runs is the search.
#pragma once

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
  std::function<std::vector<double>(const Config&)> values;
  /// In losses: best values, and values that are typical of random configurations (their median).
  /// Hypervolume is measured below `reference`, in shares of the box between the two.
  std::vector<double> ideal;
  std::vector<double> reference;

  /// Values turned so that smaller is better.
  std::vector<double> losses(const std::vector<double>& of) const;
};

/// ZDT1 over nine reals and an integer; models of three kinds with parameters of their own; pairs
/// of outputs of the surrogates in `data` (named in `skipped` where their files are absent).
std::vector<Problem> problems(const std::string& data, std::vector<std::string>& skipped);

}  // namespace hone::fronts
