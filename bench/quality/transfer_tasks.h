// Pairs of studies for transfer: a target and earlier studies of related problems. Some sources are
// made to mislead afterwards: their losses negated, or dealt out anew.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/quality/problem.h"

namespace hone::quality {

/// What a trial did: the configuration that was evaluated (a table answers with its nearest row),
/// what it reported (nullopt: it failed), and its true regret, from 0 to 1.
struct Outcome {
  Config config;
  std::optional<double> value;
  double regret = 1;
};
/// Evaluates the trials of one study; nullopt: nothing is left.
using Evaluator = std::function<std::optional<Outcome>(const Config& proposed, std::uint64_t seed)>;

struct Task {
  Problem problem;                   ///< its name, space and goal
  std::function<Evaluator()> begin;  ///< for a new study
};

enum class Damage { none, negated, shuffled };

struct Pair {
  std::string relation;  ///< pairs of a relation share a table
  Task target;
  std::vector<Task> sources;
  Damage damage = Damage::none;
};

/// Synthetic targets of `problems`. Sources: the same function with every number shifted by 5 %
/// (near) or 20 % (far) of its range, scaled, with noise; one that lacks a parameter and has
/// narrower ranges (overlapping); the near one negated or shuffled.
std::vector<Pair> shifted_pairs(const std::vector<Problem>& problems);
/// The XGBoost tables of five data sets: each with all the others, with each other, and with all
/// others negated or shuffled. Empty where `data` has no such file.
std::vector<Pair> boosting_pairs(const std::string& data);
/// Fine-tuning sweeps of 17 language models: each with all the others.
std::vector<Pair> finetune_pairs(const std::string& data);

}  // namespace hone::quality
