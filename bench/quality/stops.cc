#include "bench/quality/stops.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "bench/quality/study_loop.h"
#include "hone/math/stats.h"
#include "hone/tuner/settle.h"

namespace hone::quality {
namespace {

using Rule = std::optional<StudyEnd> (*)(const History&);
constexpr std::array<std::pair<const char*, Rule>, 2> kRules = {
    {{"patience", best_stands}, {"regret", regret_is_small}}};

/// Regret after each trial, and after how many each rule would have ended (all: never).
struct Run {
  std::vector<double> regrets;
  std::array<std::size_t, kRules.size()> ended{};
};

Run run(const Problem& problem, AlgorithmSpec sampler, std::int64_t seed, std::size_t trials) {
  sampler.options.set("stop_by_regret", true);
  Loop loop(problem, sampler, seed);
  Run result;
  std::vector<Step> steps;
  for (std::size_t t = 0; t < trials; ++t) {
    const auto config = loop.suggest();
    if (!config) break;
    const auto value = problem.evaluate(*config, noise_seed(seed, static_cast<std::int64_t>(t)));
    loop.add(*config, loop.last_info(), value);
    steps.push_back({value.value_or(NAN), problem.truth(*config)});
    for (std::size_t r = 0; r < kRules.size(); ++r) {
      if (result.ended[r] == 0 && kRules[r].second(loop.history())) result.ended[r] = t + 1;
    }
  }
  result.regrets = regrets(problem, steps);
  for (std::size_t& at : result.ended) at = at == 0 ? steps.size() : at;
  return result;
}

}  // namespace

int measure_stops(const std::vector<Problem>& problems, const StopOptions& options) {
  fmt::print(
      "trials and regret where a rule ends a study of {} trials; mean of {} seeds from {}\n"
      "| problem | all: regret |",
      options.trials, options.seeds, options.first_seed);
  for (const auto& [name, rule] : kRules) fmt::print(" {}: trials, regret, lost |", name);
  fmt::print("\n|---|---|---|---|\n");
  std::array<std::vector<double>, kRules.size()> trials;
  std::array<std::vector<double>, kRules.size()> lost;
  std::vector<double> whole;
  for (const Problem& problem : problems) {
    const auto& wanted = options.problems;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), problem.name) == wanted.end())
      continue;
    double end = 0;
    std::array<double, kRules.size()> at{};
    std::array<double, kRules.size()> regret{};
    const auto n = static_cast<double>(options.seeds);
    for (std::int64_t s = 0; s < options.seeds; ++s) {
      const Run result = run(problem, options.sampler, options.first_seed + s, options.trials);
      if (result.regrets.empty()) continue;
      end += result.regrets.back() / n;
      for (std::size_t r = 0; r < kRules.size(); ++r) {
        at[r] += static_cast<double>(result.ended[r]) / n;
        regret[r] += result.regrets[result.ended[r] - 1] / n;
      }
    }
    fmt::print("| {} | {:.4f} |", problem.name, end);
    whole.push_back(end);
    for (std::size_t r = 0; r < kRules.size(); ++r) {
      fmt::print(" {:.0f}, {:.4f}, {:+.4f} |", at[r], regret[r], regret[r] - end);
      trials[r].push_back(at[r]);
      lost[r].push_back(regret[r] - end);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
  if (whole.empty()) return 0;
  fmt::print("| mean | {:.4f} |", mean(whole));
  for (std::size_t r = 0; r < kRules.size(); ++r) {
    fmt::print(" {:.0f}, {:.4f}, {:+.4f} ± {:.4f} |", mean(trials[r]), mean(whole) + mean(lost[r]),
               mean(lost[r]), std::sqrt(variance(lost[r]) / static_cast<double>(lost[r].size())));
  }
  fmt::print("\n");
  return 0;
}

}  // namespace hone::quality
