// Plays studies for tests of samplers: spaces of every kind, and histories with values, ties, NaN,
// failed, stopped, paused and running trials, without processes or a store.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hone/sampler/sampler.h"

namespace hone::contract {

struct NamedSpace {
  std::string name;
  SearchSpace space;
};

inline Parameter make_parameter(std::string name, Domain domain) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.domain = std::move(domain);
  return parameter;
}

inline Choice make_choice(const std::vector<Value>& values, bool ordered,
                          std::vector<double> weights = {}) {
  Choice choice;
  for (const Value& value : values) choice.items.push_back({value, value.dump()});
  choice.ordered = ordered;
  choice.weights = std::move(weights);
  return choice;
}

inline Real make_real(Law law, double low, double high) {
  Real real;
  real.law = law;
  real.low = low;
  real.high = high;
  return real;
}

inline Expression make_expression(const std::string& text) {
  auto expression = Expression::parse(text);
  EXPECT_TRUE(std::holds_alternative<Expression>(expression)) << text;
  return std::get<Expression>(std::move(expression));
}

inline SearchSpace make_space(std::vector<Parameter> parameters,
                              const std::vector<std::string>& constraints = {}) {
  std::vector<Constraint> parsed;
  for (const std::string& text : constraints) parsed.push_back({make_expression(text)});
  auto built = SearchSpace::create(std::move(parameters), std::move(parsed));
  for (const SpaceProblem& problem : built.problems)
    EXPECT_TRUE(problem.warning) << problem.message;
  return *built.space;
}

/// One of each kind.
inline SearchSpace mixed_space() {
  Parameter rate = make_parameter("rate", make_real(Law::log_uniform, 1e-5, 1));
  rate.prior = Prior{Value(1e-3), 0.2};
  Real stepped = make_real(Law::uniform, 0, 1);
  stepped.quantum = Quantum{0.05, true};
  Real normal;
  normal.law = Law::normal;
  normal.low = -INFINITY;
  normal.high = INFINITY;
  return make_space({rate, make_parameter("layers", Integer{1, 12, Law::uniform, 1}),
                     make_parameter("width", Integer{8, 1024, Law::log_uniform, 1}),
                     make_parameter("stepped", stepped), make_parameter("normal", normal),
                     make_parameter("size", make_choice({16, 32, 64, 128}, true)),
                     make_parameter("kind", make_choice({"a", "b", Value(), true, 2.5}, false,
                                                        {0.4, 0.3, 0.1, 0.1, 0.1})),
                     make_parameter("fixed", Fixed{Value(7), "7"})});
}

inline SearchSpace conditional_space() {
  Parameter momentum = make_parameter("momentum", make_real(Law::uniform, 0, 1));
  momentum.conditions = {{"optimizer", {Value("sgd")}, std::nullopt}};
  Parameter nesterov = make_parameter("nesterov", make_choice({true, false}, false));
  nesterov.conditions = {{"optimizer", {Value("sgd")}, std::nullopt}};
  Parameter beta = make_parameter("beta", make_real(Law::logit_uniform, 0.5, 0.999));
  beta.conditions = {{"optimizer", {Value("adam"), Value("lamb")}, std::nullopt}};
  Parameter decay = make_parameter("decay", make_real(Law::log_uniform, 1e-6, 1e-1));
  decay.conditions = {{"nesterov", {Value(true)}, std::nullopt}};
  return make_space(
      {make_parameter("optimizer", make_choice({"sgd", "adam", "lamb"}, false)), momentum, nesterov,
       beta, decay, make_parameter("lr", make_real(Law::log_uniform, 1e-5, 1)),
       make_parameter("step", Derived{make_expression("lr / (1.01 - momentum)"), true})});
}

inline SearchSpace constrained_space() {
  return make_space({make_parameter("batch", Integer{1, 64, Law::log_uniform, 1}),
                     make_parameter("accumulation", make_choice({1, 2, 4, 8}, true)),
                     make_parameter("low", make_real(Law::uniform, 0, 1)),
                     make_parameter("high", make_real(Law::uniform, 0, 1))},
                    {"batch * accumulation <= 64", "low + 0.1 < high"});
}

/// 2·3 + 2 = 8 configurations where `b` counts only with `a` = 1, times 3 for `c`.
inline SearchSpace small_space() {
  Parameter b = make_parameter("b", Integer{1, 3, Law::uniform, 1});
  b.conditions = {{"a", {Value(1)}, std::nullopt}};
  return make_space({make_parameter("a", make_choice({0, 1, 2}, true)), b,
                     make_parameter("c", make_choice({"x", "y", "z"}, false))});
}
constexpr std::size_t kSmallSpaceSize = 15;  // (1 + 3 + 1)·3

inline SearchSpace wide_space() {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 60; ++i) {
    parameters.push_back(make_parameter("x" + std::to_string(i), make_real(Law::uniform, -1, 1)));
  }
  return make_space(std::move(parameters));
}

inline std::vector<NamedSpace> contract_spaces() {
  return {{"mixed", mixed_space()},
          {"conditional", conditional_space()},
          {"constrained", constrained_space()},
          {"small", small_space()},
          {"wide", wide_space()},
          {"single", make_space({make_parameter("x", make_real(Law::uniform, 0, 1)),
                                 make_parameter("one", make_choice({"only"}, false))})}};
}

/// What happens to the trials of a played study.
struct Fate {
  double nan = 0;
  double failed = 0;
  double stopped = 0;
  double paused = 0;
  double left_running = 0;
  static Fate rough() { return {0.05, 0.1, 0.15, 0.05, 0.05}; }
};

inline StudySpec sampler_spec(const SearchSpace& space, const AlgorithmSpec& sampler,
                              std::int64_t seed = 1, Goal goal = Goal::minimize) {
  StudySpec spec;
  spec.space = space;
  Metric metric;
  metric.name = "loss";
  metric.goal = goal;
  spec.metrics = {metric};
  spec.sampler = sampler;
  spec.fidelity = Fidelity{"epoch", 1, 9.0};
  spec.seed = seed;
  spec.run_default_first = false;
  return spec;
}

/// Further objectives up to `count`, of the first one's goal.
inline void add_objectives(StudySpec& spec, int count) {
  while (spec.objective_count() < count) {
    Metric metric = spec.metrics.front();
    metric.name += std::to_string(spec.objective_count() + 1);
    spec.metrics.push_back(metric);
  }
}

/// Two earlier studies, with a failed trial; the second knows half of the parameters.
inline void add_sources(StudySpec& spec) {
  Rng rng(77);
  std::vector<double> row(static_cast<std::size_t>(spec.space.dimension()));
  for (const char* name : {"whole", "half"}) {
    WarmSource source{name, {}};
    for (int i = 0; i < 12; ++i) {
      const auto config = spec.space.sample(rng);
      if (!config) continue;
      WarmTrial trial{*config, std::nullopt, i};
      spec.space.encode(*config, row);
      double loss = 0;
      for (std::size_t j = 0; j < row.size(); ++j) {
        if (!std::isnan(row[j])) loss += (row[j] - 0.3) * (row[j] - 0.3);
        const std::string& parameter = spec.space.parameter(spec.space.searched()[j]).name;
        if (j % 2 == 1 && name == std::string_view("half")) trial.config.erase(parameter);
      }
      if (i != 5) trial.loss = loss;
      source.trials.push_back(std::move(trial));
    }
    spec.warm_start.studies.push_back(name);
    spec.warm_start.sources.push_back(std::move(source));
  }
}

/// Null where the sampler cannot search the space.
inline std::unique_ptr<Sampler> try_make(const StudySpec& spec) {
  std::vector<OptionProblem> problems;
  return make_sampler(spec, problems);
}

/// A history and the means to extend it.
class Player {
 public:
  explicit Player(StudySpec spec) : history_(std::make_shared<const StudySpec>(std::move(spec))) {}

  const History& history() const { return history_; }
  const SearchSpace& space() const { return history_.spec().space; }
  void set_spec(StudySpec spec) {
    history_.set_spec(std::make_shared<const StudySpec>(std::move(spec)));
  }

  SuggestResult ask(Sampler& sampler, int count = 1) const { return ask(sampler, history_, count); }
  static SuggestResult ask(Sampler& sampler, const History& history, int count) {
    return sampler.suggest(
        {history, history.size(), sampler_rng(history.spec(), history.size()), std::nullopt, 0},
        count);
  }

  /// A smooth function of the encoded configuration with few distinct values; each objective has
  /// its own best place.
  double value(const Config& config, int objective = 0) const {
    std::vector<double> row(static_cast<std::size_t>(space().dimension()));
    space().encode(config, row);
    double sum = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (!std::isnan(row[j])) sum += std::pow(row[j] - 0.3 - 0.2 * objective, 2);
    }
    const double rounded = std::round(sum * 200) / 200;
    return history_.spec().objective().goal == Goal::minimize ? rounded : -rounded;
  }

  /// Adds a trial and lets fate decide; what happens depends on (seed, number) alone.
  void add(const Config& config, const Fate& fate = {}) { add(config, fate, value(config)); }
  void add(const Config& config, const Fate& fate, double value) {
    std::vector<double> values = {value};
    for (int m = 1; m < history_.spec().objective_count(); ++m)
      values.push_back(this->value(config, m));
    add(config, values, fate);
  }
  /// One that a sampler made, with what it noted.
  void add_suggestion(const Suggestion& suggestion, double value) {
    add(suggestion.config, std::vector{value}, {}, suggestion.info);
  }
  /// With a value for every objective.
  void add(const Config& config, std::vector<double> values, const Fate& fate = {},
           Value info = Value::Map{}) {
    auto proposal = std::make_shared<Proposal>();
    const std::int64_t number = history_.size();
    proposal->number = number;
    proposal->config = config;
    proposal->info = std::move(info);
    commit(TrialAdded{std::move(proposal)});
    RunPlan plan;
    plan.trial = number;
    const RunId run{number + 1};
    commit(RunQueued{run, plan});
    commit(RunClaimed{run, number, 1, WorkerId{1}});
    double u = Rng(77).split("fate", static_cast<std::uint64_t>(number)).uniform();
    const auto happens = [&](double p) {
      u -= p;
      return u < 0;
    };
    RunEnd end;
    TrialMoved moved;
    moved.trial = number;
    if (happens(fate.left_running)) return;
    if (happens(fate.failed)) {
      end.outcome = RunOutcome::failed;
      constexpr FailKind kKinds[] = {FailKind::out_of_memory, FailKind::exit_code,
                                     FailKind::diverged, FailKind::lost};
      moved.state = TrialState::failed;
      moved.fail_kind = end.fail_kind = kKinds[number % 4];
      end.detail = number % 8 < 4 ? "Traceback: no module" : "killed";
    } else {
      if (happens(fate.nan)) values[0] = NAN;
      const bool stopped = happens(fate.stopped);
      const bool paused = !stopped && happens(fate.paused);
      const double fidelity = stopped || paused ? static_cast<double>(1 + number % 3) : 9;
      commit(Reported{{run, number, 0, fidelity, 0, values[0], 1000}});
      end.outcome = stopped  ? RunOutcome::stopped
                    : paused ? RunOutcome::paused
                             : RunOutcome::finished;
      moved.state = stopped  ? TrialState::stopped
                    : paused ? TrialState::paused
                             : TrialState::complete;
      for (std::size_t m = 0; m < values.size(); ++m) {
        Result result;
        result.metric = static_cast<int>(m);
        result.value = values[m];
        moved.results.push_back(result);
      }
    }
    commit(RunEnded{run, number, end});
    commit(moved);
  }

  void commit(ChangeBody body) { history_.apply({history_.version() + 1, 0, std::move(body)}); }

 private:
  History history_;
};

/// The best loss of a study by this sampler.
template <class Loss>
double best_of(const SearchSpace& space, const AlgorithmSpec& sampler, const Loss& loss, int trials,
               std::int64_t seed) {
  Player player(sampler_spec(space, sampler, seed));
  const auto made = try_make(player.history().spec());
  double best = HUGE_VAL;
  for (int k = 0; k < trials; ++k) {
    const auto result = player.ask(*made);
    const Config& config = std::get<std::vector<Suggestion>>(result).front().config;
    best = std::min(best, loss(config));
    player.add(config, {}, loss(config));
  }
  return best;
}

/// "{"x":1} {"rule":…}" of every suggestion, or the reason of the end.
inline std::string text_of(const SuggestResult& result) {
  if (const auto* exhausted = std::get_if<Exhausted>(&result))
    return "exhausted: " + exhausted->reason;
  std::string text;
  for (const Suggestion& s : std::get<std::vector<Suggestion>>(result)) {
    text += s.config.canonical() + " " + s.info.canonical() + "\n";
  }
  return text;
}

inline const std::vector<Suggestion>* suggestions(const SuggestResult& result) {
  return std::get_if<std::vector<Suggestion>>(&result);
}

}  // namespace hone::contract
