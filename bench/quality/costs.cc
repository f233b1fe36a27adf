#include "bench/quality/costs.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "bench/quality/study_loop.h"
#include "hone/base/error.h"
#include "hone/math/stats.h"

namespace hone::quality {
namespace {

/// The dearest configuration costs so many times the cheapest where the cost is a law.
constexpr double kRange = 30;
/// Trials of one study at most: a sampler that finds what costs nothing ends here.
constexpr std::size_t kMostTrials = 150;
constexpr std::array<double, 3> kMarks = {0.25, 0.5, 1.0};

/// Which part of the space is dear.
enum class CostLaw { apart, good, bad };

/// `apart`: a slope along a direction of its own, which the objective knows nothing of; `good`,
/// `bad`: the better (worse) a configuration, the dearer.
std::function<double(const Config&)> law_of(const Problem& problem, CostLaw law) {
  const SearchSpace space = problem.space;
  if (law != CostLaw::apart) {
    return [problem, law](const Config& config) {
      const double regret = problem.regret(problem.truth(config));
      return std::pow(kRange, law == CostLaw::good ? 1 - regret : regret);
    };
  }
  // Every other column counts, the first of them most; the sign by turns.
  return [space](const Config& config) {
    std::vector<double> row(static_cast<std::size_t>(space.dimension()));
    space.encode(config, row);
    double sum = 0;
    double weights = 0;
    double weight = 1;
    for (std::size_t j = 0; j < row.size(); j += 2, weight *= 0.6) {
      const double x = std::isnan(row[j]) ? 0.5 : row[j];
      sum += weight * (j / 2 % 2 == 0 ? x : 1 - x);
      weights += weight;
    }
    return std::pow(kRange, sum / weights);
  };
}

double number(const Config& config, const char* name) { return config.get(name)->as_number(); }

/// What a network's training takes by its size, as its operations go.
double operations(double layers, double width, double batch) {
  return (0.2 + layers * width * width) * (0.3 + 8 / batch);
}

/// Regret at each mark of the time.
std::array<double, kMarks.size()> run(const CostTask& task, const AlgorithmSpec& sampler,
                                      std::int64_t seed, double limit_s) {
  Budget budget;
  budget.time_us = std::llround(limit_s * 1e6);
  Loop loop(task.problem, sampler, seed, {}, budget);
  std::array<double, kMarks.size()> regrets;
  regrets.fill(1);
  double best = NAN;
  double spent_s = 0;
  for (std::size_t t = 0; t < kMostTrials && spent_s < limit_s; ++t) {
    const auto config = loop.suggest();
    if (!config) break;
    const double seconds = task.seconds(*config);
    spent_s += seconds;
    const auto value =
        task.problem.evaluate(*config, noise_seed(seed, static_cast<std::int64_t>(t)));
    loop.end(loop.begin(*config, loop.last_info()), value, std::llround(seconds * 1e6));
    if (!value || !is_better(task.problem.goal, *value, best)) continue;
    best = *value;
    for (std::size_t m = 0; m < kMarks.size(); ++m) {
      if (spent_s <= kMarks[m] * limit_s)
        regrets[m] = task.problem.regret(task.problem.truth(*config));
    }
  }
  return regrets;
}

double mean_seconds(const CostTask& task) {
  constexpr int kDraws = 2000;
  Rng rng(77);
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) sum += task.seconds(*task.problem.space.sample(rng));
  return sum / kDraws;
}

}  // namespace

std::vector<CostTask> cost_tasks(const std::vector<Problem>& problems, const std::string& data,
                                 std::vector<std::string>& skipped) {
  std::map<std::string, const Problem*> by_name;
  for (const Problem& problem : problems) by_name[problem.name] = &problem;
  std::vector<CostTask> tasks;
  const auto add = [&](const std::string& name, const std::string& problem,
                       std::function<double(const Config&)> seconds, bool recorded) {
    const auto found = by_name.find(problem);
    if (found == by_name.end()) {
      skipped.push_back(name);
    } else {
      tasks.push_back({name, *found->second, std::move(seconds), recorded});
    }
  };
  for (auto& [name, seconds] : yahpo_seconds(data)) add(name, name, seconds, true);
  add(
      "training6", "training6",
      [](const Config& c) { return operations(number(c, "layers"), 1, number(c, "batch")); },
      false);
  for (const char* table : {"kc1", "phoneme", "vehicle"}) {
    add(
        table, table,
        [](const Config& c) {
          return operations(number(c, "depth"), number(c, "width") / 256, number(c, "batch_size"));
        },
        false);
  }
  for (const char* name : {"hartmann6", "levy6", "rosenbrock4", "mixed8", "sphere5_noisy",
                           "learners9", "ackley5_turned"}) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) continue;
    const Problem& problem = *found->second;
    add(std::string(name) + "/apart", name, law_of(problem, CostLaw::apart), false);
    add(std::string(name) + "/good", name, law_of(problem, CostLaw::good), false);
    add(std::string(name) + "/bad", name, law_of(problem, CostLaw::bad), false);
  }
  return tasks;
}

int measure_costs(const std::vector<CostTask>& tasks, const CostOptions& options) {
  const std::size_t methods = options.samplers.size();
  std::map<std::string, std::vector<std::array<double, kMarks.size()>>> means;
  fmt::print(
      "regret after a quarter, half and all of the time of {} random configurations; mean of "
      "{} seeds from {}\n| task | cost |",
      options.trials, options.seeds, options.first_seed);
  for (const std::string& method : options.methods) fmt::print(" {} |", method);
  fmt::print("\n|---|---|");
  for (std::size_t m = 0; m < methods; ++m) fmt::print("---|");
  fmt::print("\n");
  // Differences to the first method at the end, by task: their mean over tasks has an error.
  std::vector<std::vector<double>> differences(methods);
  std::vector<std::array<double, kMarks.size()>> sums(methods);
  std::vector<std::array<int, 2>> sides(methods);
  double count = 0;
  for (const CostTask& task : tasks) {
    if (!options.tasks.empty() &&
        std::find(options.tasks.begin(), options.tasks.end(), task.name) == options.tasks.end())
      continue;
    const double limit_s = options.trials * mean_seconds(task);
    fmt::print("| {} | {} |", task.name, task.recorded ? "recorded" : "law");
    std::vector<double> ends(methods);
    for (std::size_t m = 0; m < methods; ++m) {
      std::array<double, kMarks.size()> mean{};
      for (std::int64_t s = 0; s < options.seeds; ++s) {
        const auto regrets = run(task, options.samplers[m], options.first_seed + s, limit_s);
        for (std::size_t k = 0; k < kMarks.size(); ++k)
          mean[k] += regrets[k] / static_cast<double>(options.seeds);
      }
      fmt::print(" {:.4f} {:.4f} {:.4f} |", mean[0], mean[1], mean[2]);
      std::fflush(stdout);
      for (std::size_t k = 0; k < kMarks.size(); ++k) sums[m][k] += mean[k];
      ends[m] = mean.back();
      differences[m].push_back(ends[m] - ends[0]);
      sides[m][0] += ends[m] < ends[0] ? 1 : 0;
      sides[m][1] += ends[m] > ends[0] ? 1 : 0;
    }
    ++count;
    fmt::print("\n");
  }
  if (count == 0) throw Error(ErrorCode::invalid_input, "no task has one of these names");
  fmt::print("| mean | |");
  for (const auto& sum : sums)
    fmt::print(" {:.4f} {:.4f} {:.4f} |", sum[0] / count, sum[1] / count, sum[2] / count);
  fmt::print("\n");
  for (std::size_t m = 1; m < methods; ++m) {
    fmt::print(
        "{} against {}: {:+.4f} ± {:.4f} (standard error over tasks), better in {}, worse in "
        "{} of {}\n",
        options.methods[m], options.methods[0], mean(differences[m]),
        std::sqrt(variance(differences[m]) / count), sides[m][0], sides[m][1], count);
  }
  return 0;
}

}  // namespace hone::quality
