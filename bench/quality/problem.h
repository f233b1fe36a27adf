// Problems on which samplers are compared: a search space, what an evaluation returns (with its
// noise) and the noise-free truth that regret is computed from. Evaluations are functions of
// (configuration, noise seed), so every sampler, also one in another program, sees the same noise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hone/space/search_space.h"
#include "hone/study/objective.h"

namespace hone::quality {

struct Problem {
  std::string name;
  std::string family;  ///< synthetic, tabular, surrogate, conditional, turned, failing, constrained
  SearchSpace space;
  Goal goal = Goal::minimize;
  int trials = 60;     ///< budget for a full run
  double optimum = 0;  ///< best truth
  double typical = 0;  ///< median truth of random configurations
  /// What a trial reports; nullopt: the program fails (diverges).
  std::function<std::optional<double>(const Config&, std::uint64_t noise_seed)> evaluate;
  std::function<double(const Config&)> truth;

  /// 0 at the optimum, 1 at a typical random configuration; clipped to [0, 1].
  double regret(double truth_value) const;
};

/// Noise seed of a trial: the same for every sampler.
std::uint64_t noise_seed(std::int64_t run_seed, std::int64_t trial);

// Builders of spaces.
Parameter real(std::string name, double low, double high, Law law = Law::uniform);
Parameter integer(std::string name, std::int64_t low, std::int64_t high, Law law = Law::uniform);
Parameter choice(std::string name, std::vector<Value> values, bool ordered);
Parameter when(Parameter parameter, std::string parent, std::vector<Value> any_of);
SearchSpace space_of(std::vector<Parameter> parameters);
/// The median truth of 4 001 random configurations.
double typical_truth(const Problem& problem);

std::vector<Problem> synthetic_problems();
/// Problems read from `data`; those whose files are absent are named in `skipped`.
std::vector<Problem> tabular_problems(const std::string& data, std::vector<std::string>& skipped);
std::vector<Problem> yahpo_problems(const std::string& data, std::vector<std::string>& skipped);
std::vector<Problem> boosted_problems(const std::string& data, std::vector<std::string>& skipped);
/// Turned, failing and conditional ones; some are made of `known` ones.
std::vector<Problem> harder_problems(const std::vector<Problem>& known);
/// Constraints that are known before a trial runs, kept by one configuration in 10⁵.
std::vector<Problem> constrained_problems();
/// Two outputs of one surrogate.
struct OutputPair {
  std::string name;
  SearchSpace space;
  std::vector<Goal> goals;
  std::function<std::vector<double>(const Config&)> values;
};
std::vector<OutputPair> yahpo_pairs(const std::string& data, std::vector<std::string>& skipped);
/// As yahpo_problems: what each configuration took to train, in seconds, by the problem's name.
std::vector<std::pair<std::string, std::function<double(const Config&)>>> yahpo_seconds(
    const std::string& data);
/// One surrogate at several sizes of its training data.
struct SizedSurrogate {
  std::string name;
  SearchSpace space;
  Goal goal = Goal::minimize;
  std::vector<std::function<double(const Config&)>> at;  ///< one for each size
};
/// `sizes`: shares of the data, from 0.03 to 1.
std::vector<SizedSurrogate> yahpo_sizes(const std::string& data, const std::vector<double>& sizes,
                                        std::vector<std::string>& skipped);
/// All of them, `typical` filled in.
std::vector<Problem> all_problems(const std::string& data, std::vector<std::string>& skipped);

}  // namespace hone::quality
