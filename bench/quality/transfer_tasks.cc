#include "bench/quality/transfer_tasks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/space/encoding.h"

namespace hone::quality {
namespace {

constexpr std::array kTargets = {"branin2",  "hartmann6", "levy6",     "ackley8",
                                 "sphere10", "mixed8",    "training6", "learners9"};

Task task_of(const Problem& problem) {
  return {problem, [problem] {
            return [problem](const Config& config, std::uint64_t seed) -> std::optional<Outcome> {
              return Outcome{config, problem.evaluate(config, seed),
                             problem.regret(problem.truth(config))};
            };
          }};
}

/// The same with every numeric parameter moved by `amount` of its range, up or down, the values
/// scaled and made noisy.
Problem shifted(const Problem& problem, double amount) {
  Problem p = problem;
  Rng rng = Rng(271).split(problem.name);
  std::vector<double> by;
  for (const int i : problem.space.searched()) {
    const bool moves = !is_categorical(problem.space.parameter(i).domain);
    by.push_back(rng.chance(0.5) ? amount : -amount);
    if (!moves) by.back() = 0;
  }
  const auto move = [space = problem.space, by](const Config& config) {
    std::vector<double> row(by.size());
    space.encode(config, row);
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (!std::isnan(row[j])) row[j] = std::clamp(row[j] + by[j], 0.0, 1.0);
    }
    return space.decode(row);
  };
  p.truth = [truth = problem.truth, move](const Config& config) {
    return 10 + 3 * truth(move(config));
  };
  const double noise = 0.06 * std::abs(problem.typical - problem.optimum);
  p.evaluate = [evaluate = problem.evaluate, move, noise](
                   const Config& config, std::uint64_t seed) -> std::optional<double> {
    const auto value = evaluate(move(config), seed);
    if (!value) return value;
    return 10 + 3 * *value + noise * Rng(seed).split("noise").normal();
  };
  return p;
}

/// The last real parameter without conditions is held at the middle of its range, and the other
/// reals keep the middle four fifths of theirs.
Problem narrowed(const Problem& problem) {
  Problem p = problem;
  const Config middle = problem.space.default_config();
  std::vector<Parameter> parameters(problem.space.parameters().begin(),
                                    problem.space.parameters().end());
  const auto last =
      std::find_if(parameters.rbegin(), parameters.rend(), [](const Parameter& parameter) {
        return std::holds_alternative<Real>(parameter.domain) && parameter.conditions.empty();
      });
  if (last == parameters.rend()) return p;
  const std::string dropped = last->name;
  std::erase_if(parameters, [&](const Parameter& q) { return q.name == dropped; });
  for (Parameter& parameter : parameters) {
    auto* real = std::get_if<Real>(&parameter.domain);
    if (real == nullptr) continue;
    const Domain whole = parameter.domain;
    real->low = decode(whole, 0.1).as_number();
    real->high = decode(whole, 0.9).as_number();
  }
  p.space = space_of(std::move(parameters));
  const auto fill = [dropped, value = *middle.get(dropped)](Config config) {
    config.set(dropped, value);
    return config;
  };
  p.truth = [truth = problem.truth, fill](const Config& c) { return truth(fill(c)); };
  p.evaluate = [evaluate = problem.evaluate, fill](const Config& c, std::uint64_t seed) {
    return evaluate(fill(c), seed);
  };
  return p;
}

}  // namespace

std::vector<Pair> shifted_pairs(const std::vector<Problem>& problems) {
  std::vector<Pair> pairs;
  for (const char* name : kTargets) {
    const auto it = std::find_if(problems.begin(), problems.end(),
                                 [&](const Problem& p) { return p.name == name; });
    HONE_ASSERT(it != problems.end(), "the synthetic problems are always there");
    const Task target = task_of(*it);
    const auto source = [](Problem p, const char* kind) {
      p.name += std::string(", ") + kind;
      return task_of(p);
    };
    const Task near = source(shifted(*it, 0.05), "near");
    pairs.push_back({"near", target, {near}});
    pairs.push_back({"far", target, {source(shifted(*it, 0.2), "far")}});
    pairs.push_back({"overlapping", target, {source(narrowed(shifted(*it, 0.05)), "narrow")}});
    pairs.push_back({"negated", target, {near}, Damage::negated});
    pairs.push_back({"shuffled", target, {near}, Damage::shuffled});
  }
  return pairs;
}

}  // namespace hone::quality
