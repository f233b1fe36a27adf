#include "bench/quality/transfer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>

#include "bench/quality/study_loop.h"
#include "bench/quality/transfer_tasks.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/math/stats.h"
#include "hone/sampler/portfolio.h"

namespace hone::quality {
namespace {

constexpr std::array<std::size_t, 5> kMarks = {3, 5, 10, 20, 60};
constexpr std::int64_t kSourceSeeds = 5000;
/// The trial whose median regret without sources is to be reached: so many of those that there are.
constexpr double kLevelAt = 2.0 / 3;

/// One study: the regret of its incumbent after each trial, and its trials as a source.
struct Run {
  std::vector<double> regrets;
  std::vector<WarmTrial> trials;
};

Run run(const Task& task, const AlgorithmSpec& sampler, std::int64_t seed, std::size_t trials,
        const WarmStart& warm) {
  Run result;
  Loop loop(task.problem, sampler, seed, warm);
  const Evaluator evaluate = task.begin();
  double best = NAN;
  double regret = 1;
  for (std::size_t t = 0; t < trials; ++t) {
    // As in any study: the defaults first.
    const bool first = t == 0;
    const std::optional<Config> config =
        first ? task.problem.space.default_config() : loop.suggest();
    if (!config) break;
    auto outcome = evaluate(*config, noise_seed(seed, static_cast<std::int64_t>(t)));
    if (!outcome) break;
    const std::int64_t trial =
        loop.begin(outcome->config, first ? Value{Value::Map{}} : loop.last_info(),
                   first ? TrialOrigin::default_config : TrialOrigin::sampler);
    loop.end(trial, outcome->value);
    if (outcome->value && is_better(task.problem.goal, *outcome->value, best)) {
      best = *outcome->value;
      regret = outcome->regret;
    }
    result.regrets.push_back(regret);
    WarmTrial told{outcome->config, {}, static_cast<std::int64_t>(t)};
    if (outcome->value) told.loss = to_loss(task.problem.goal, *outcome->value);
    result.trials.push_back(std::move(told));
  }
  result.regrets.resize(trials, regret);  // a table that is used up
  return result;
}

void damage(std::vector<WarmTrial>& trials, Damage kind, Rng rng) {
  if (kind == Damage::negated) {
    for (WarmTrial& trial : trials) {
      if (trial.loss) trial.loss = -*trial.loss;
    }
  } else if (kind == Damage::shuffled) {
    for (std::size_t i = trials.size(); i > 1; --i)
      std::swap(trials[i - 1].loss, trials[rng.below(i)].loss);
  }
}

/// The best configurations of each source in turn, up to five that differ: what `warm_start` was
/// before it had a model.
std::vector<WarmPoint> replayed(const SearchSpace& space, const std::vector<WarmSource>& sources) {
  std::vector<std::vector<WarmTrial>> left;
  for (const WarmSource& source : sources) {
    left.push_back(source.trials);
    std::erase_if(left.back(), [](const WarmTrial& trial) { return !trial.loss; });
    std::stable_sort(left.back().begin(), left.back().end(),
                     [](const WarmTrial& a, const WarmTrial& b) { return *a.loss > *b.loss; });
  }
  std::vector<WarmPoint> points;
  const Config usual = space.default_config();
  for (bool any = true; any && points.size() < 5;) {
    any = false;
    for (std::size_t s = 0; s < sources.size() && points.size() < 5; ++s) {
      while (!left[s].empty()) {
        Config config = usual;
        for (const int i : space.searched()) config.erase(space.parameter(i).name);
        for (const int i : space.searched()) {
          const std::string& name = space.parameter(i).name;
          const Value* value = left[s].back().config.get(name);
          if (value == nullptr) value = usual.get(name);
          if (value != nullptr) config.set(name, *value);
        }
        config = space.complete(std::move(config));
        left[s].pop_back();
        if (!space.is_feasible(config) || !stands_apart(space, points, config)) continue;
        points.push_back({config, sources[s].study});
        any = true;
        break;
      }
    }
  }
  return points;
}

std::string key(const Pair& pair) {
  if (pair.sources.size() != 1 || !pair.relation.ends_with("single"))
    return pair.target.problem.name;
  return pair.target.problem.name + " from " + pair.sources.front().problem.name;
}

double at(std::vector<double> values, double q) { return quantile(std::move(values), q); }

class Measurement {
 public:
  Measurement(const TransferOptions& options) : options_(options) {}

  void add(const Pair& pair) {
    const std::size_t level_at =
        static_cast<std::size_t>(std::lround(kLevelAt * static_cast<double>(options_.trials)));
    std::vector<double> there;
    for (std::int64_t s = 0; s < options_.seeds; ++s)
      there.push_back(reference(pair.target, options_.first_seed + s).regrets[level_at - 1]);
    const double level = median(there);
    std::string line = fmt::format("| {} |", key(pair));
    for (std::size_t m = 0; m < options_.methods.size(); ++m) {
      std::map<std::size_t, double> means;
      std::vector<double> reached;
      for (std::int64_t s = 0; s < options_.seeds; ++s) {
        const std::int64_t seed = options_.first_seed + s;
        const std::string& method = options_.methods[m];
        const Run& result =
            method == "none" ? reference(pair.target, seed) : with(pair, method, seed);
        for (const std::size_t mark : kMarks) {
          if (mark <= result.regrets.size())
            means[mark] += result.regrets[mark - 1] / static_cast<double>(options_.seeds);
        }
        const auto first = std::find_if(result.regrets.begin(), result.regrets.end(),
                                        [&](double r) { return r <= level; });
        reached.push_back(static_cast<double>(first - result.regrets.begin() + 1));
      }
      for (const auto& [mark, mean] : means) {
        line += fmt::format(" {:.4f} |", mean);
        sums_[pair.relation][m][mark] += mean;
      }
      line += fmt::format(" {:.0f} ({:.0f} to {:.0f}) |", median(reached), at(reached, 0.25),
                          at(reached, 0.75));
      reached_[pair.relation][m].push_back(median(reached));
    }
    ++counts_[pair.relation];
    lines_[pair.relation].push_back(line);
    fmt::print(stderr, "{} {}\n", pair.relation, line);
  }

  void print() const {
    for (const auto& [relation, lines] : lines_) {
      fmt::print("\n{}\n\n| target |", relation);
      std::string rule = "|---|";
      for (const std::string& method : options_.methods) {
        for (const std::size_t mark : kMarks) {
          if (mark > options_.trials) continue;
          fmt::print(" {} {} |", method, mark);
          rule += "---|";
        }
        fmt::print(" {}: trials |", method);
        rule += "---|";
      }
      fmt::print("\n{}\n", rule);
      for (const std::string& line : lines) fmt::print("{}\n", line);
      fmt::print("| mean |");
      const auto count = static_cast<double>(counts_.at(relation));
      for (std::size_t m = 0; m < options_.methods.size(); ++m) {
        for (const auto& [mark, sum] : sums_.at(relation).at(m))
          fmt::print(" {:.4f} |", sum / count);
        const auto& reached = reached_.at(relation).at(m);
        fmt::print(" {:.1f} |", std::accumulate(reached.begin(), reached.end(), 0.0) / count);
      }
      fmt::print("\n");
    }
  }

 private:
  const Run& reference(const Task& task, std::int64_t seed) {
    Run& result = without_[task.problem.name][seed];
    if (result.regrets.empty()) result = run(task, options_.sampler, seed, options_.trials, {});
    return result;
  }
  const std::vector<WarmTrial>& source(const Task& task, std::int64_t seed) {
    auto& trials = sources_[task.problem.name][seed];
    if (trials.empty())
      trials = run(task, {"auto", Value::Map{}}, seed, options_.source_trials, {}).trials;
    return trials;
  }
  Run with(const Pair& pair, const std::string& method, std::int64_t seed) {
    WarmStart warm;
    for (const Task& task : pair.sources) {
      const std::int64_t own = kSourceSeeds + seed;
      WarmSource from{task.problem.name, source(task, own)};
      damage(from.trials, pair.damage,
             Rng(static_cast<std::uint64_t>(own)).split("shuffle " + from.study));
      warm.studies.push_back(from.study);
      warm.sources.push_back(std::move(from));
    }
    const SearchSpace& space = pair.target.problem.space;
    if (method == "replay") {
      warm.points = replayed(space, warm.sources);
    } else if (method != "model") {
      warm.points = choose_portfolio(space, warm.sources, options_.points);
    }
    if (method == "replay" || method == "portfolio") warm.sources.clear();
    return run(pair.target, options_.sampler, seed, options_.trials, warm);
  }

  TransferOptions options_;
  std::map<std::string, std::map<std::int64_t, Run>> without_;
  std::map<std::string, std::map<std::int64_t, std::vector<WarmTrial>>> sources_;
  std::map<std::string, std::vector<std::string>> lines_;
  std::map<std::string, std::map<std::size_t, std::map<std::size_t, double>>> sums_;
  std::map<std::string, std::map<std::size_t, std::vector<double>>> reached_;
  std::map<std::string, int> counts_;
};

bool wanted(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

int measure_transfer(const std::vector<Problem>& problems, const TransferOptions& options) {
  for (const std::string& method : options.methods) {
    if (!wanted({"none", "replay", "portfolio", "model", "transfer"}, method))
      throw Error(ErrorCode::invalid_input,
                  method + " is no method: none, replay, portfolio, model, transfer");
  }
  std::vector<Pair> pairs = shifted_pairs(problems);
  for (auto* more : {&boosting_pairs, &finetune_pairs}) {
    for (Pair& pair : (*more)(options.data)) pairs.push_back(std::move(pair));
  }
  Measurement measurement(options);
  for (const Pair& pair : pairs) {
    if (wanted(options.relations, pair.relation) &&
        wanted(options.targets, pair.target.problem.name))
      measurement.add(pair);
  }
  measurement.print();
  return 0;
}

}  // namespace hone::quality
