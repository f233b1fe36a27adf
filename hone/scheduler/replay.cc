// Trains a schedule of configurations anew: what population-based training found, without the
// population. Every step is a trial that stops at its end; the next one goes on from its checkpoint
// with its own configuration.
#include <fmt/core.h>

#include <cmath>
#include <vector>

#include "hone/base/text.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct ReplayOptions {
  Value schedule = Value::List{};
  int repeats = 1;
};

const OptionTable<ReplayOptions>& replay_options() {
  static const OptionTable<ReplayOptions> table =
      OptionTable<ReplayOptions>("replay",
                                 "Trains a schedule of configurations, one after the other; `hone "
                                 "replay` makes such a study from a trial")
          .list("schedule", &ReplayOptions::schedule,
                "Its steps: {from: FIDELITY, config: {NAME: VALUE}}, the first from 0")
          .integer("repeats", &ReplayOptions::repeats, 1, 10'000,
                   "Fresh runs of the schedule, each with a seed of its own");
  return table;
}

struct Step {
  double from = 0;
  double until = 0;
  Config config;
};

class Replay final : public Scheduler {
 public:
  Replay(std::vector<Step> steps, int repeats)
      : steps_(std::move(steps)), chains_(static_cast<std::size_t>(repeats)) {}

  void observe(const Change& change, const std::optional<Observation>&, const History&) override {
    const auto* added = std::get_if<TrialAdded>(&change.body);
    if (added == nullptr || added->proposal->info.string_or("rule", "") != "replay") return;
    const auto chain = static_cast<std::size_t>(added->proposal->bracket);
    if (chain >= chains_.size()) return;
    chains_[chain] = {added->proposal->number,
                      static_cast<std::size_t>(added->proposal->info.int_or("step", 0))};
  }

  Decision judge(const Observation& observation, const History& history) const override {
    for (const Chain& chain : chains_) {
      if (chain.trial != observation.trial || chain.step + 1 >= steps_.size()) continue;
      const double until = steps_[chain.step].until;
      if (observation.fidelity < until * (1 - kSlack)) return {};
      return {Verdict::stop, fmt::format("{}: step {} of {} ends, the next goes on",
                                         place_text(history.spec(), observation.fidelity),
                                         chain.step + 1, steps_.size())};
    }
    return {};
  }

  Launch next(const LaunchContext& context) const override {
    const History& history = context.history;
    for (std::size_t c = 0; c < chains_.size(); ++c) {
      const Chain& chain = chains_[c];
      if (chain.trial < 0) return launch(c, 0, -1);
      const TrialState state = history.trial(chain.trial).state;
      const bool goes_on =
          chain.step + 1 < steps_.size() && state == TrialState::stopped &&
          history.trial(chain.trial).reached.value_or(0) >= steps_[chain.step].until * (1 - kSlack);
      if (goes_on) return launch(c, chain.step + 1, chain.trial);
    }
    if (history.counts().running + history.counts().queued > 0) return Wait{};
    return Done{
        fmt::format("the schedule was replayed {}",
                    chains_.size() == 1 ? "once" : fmt::format("{} times", chains_.size()))};
  }

  std::string describe() const override {
    return fmt::format("replay: a schedule of {} configurations", steps_.size());
  }

 private:
  static constexpr double kSlack = 1e-9;
  struct Chain {
    std::int64_t trial = -1;
    std::size_t step = 0;
  };

  LaunchFork launch(std::size_t chain, std::size_t step, std::int64_t parent) const {
    LaunchFork fork;
    fork.parent = parent;
    fork.config = steps_[step].config;
    fork.info = Value::Map{};
    fork.info.set("rule", "replay")
        .set("step", static_cast<std::int64_t>(step))
        .set("repeat", static_cast<std::int64_t>(chain));
    fork.bracket = static_cast<int>(chain);
    fork.fidelity_target = steps_.back().until;
    fork.reason = fmt::format("step {} of {}", step + 1, steps_.size());
    return fork;
  }

  std::vector<Step> steps_;
  std::vector<Chain> chains_;
};

std::vector<Step> read_steps(const Value& schedule, const StudySpec& spec,
                             std::vector<OptionProblem>& problems) {
  std::vector<Step> steps;
  const auto wrong = [&](const std::string& what) {
    problems.push_back({"schedule", fmt::format("step {} {}", steps.size() + 1, what)});
    return std::vector<Step>{};
  };
  for (const Value& item : schedule.as_list()) {
    const Value* from = item.is_map() ? item.find("from") : nullptr;
    const Value* given = item.is_map() ? item.find("config") : nullptr;
    const auto config = given == nullptr ? std::nullopt : Config::from_value(*given);
    if (from == nullptr || !from->is_number() || !config)
      return wrong("is not {from: FIDELITY, config: {NAME: VALUE}}");
    Step step;
    step.from = from->as_number();
    step.config = spec.space.complete(*config);
    const auto faults = spec.space.violations(step.config);
    if (!faults.empty()) return wrong("is no configuration of the space: " + faults.front());
    if (steps.empty() ? step.from != 0 : !(step.from > steps.back().from))
      return wrong(steps.empty() ? "must begin at 0" : "must begin after the one before it");
    if (!steps.empty()) steps.back().until = step.from;
    steps.push_back(std::move(step));
  }
  if (steps.empty()) return wrong("is missing: a schedule has one step at the least");
  steps.back().until = *spec.fidelity->max;
  if (!(steps.back().from < steps.back().until)) return wrong("begins beyond full fidelity");
  return steps;
}

}  // namespace

std::unique_ptr<Scheduler> make_replay(const StudySpec& spec,
                                       std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const ReplayOptions options = replay_options().parse(spec.scheduler.options, problems);
  if (!spec.fidelity || !spec.fidelity->max)
    problems.push_back({"type", "replay needs to know the end of the way: give fidelity.max"});
  const bool goes_on = options.schedule.as_list().size() > 1;
  if (goes_on && !spec.checkpoint)
    problems.push_back({"type", "replay goes on from checkpoints: declare checkpoint"});
  if (problems.size() != before) return nullptr;
  std::vector<Step> steps = read_steps(options.schedule, spec, problems);
  if (problems.size() != before) return nullptr;
  return std::make_unique<Replay>(std::move(steps), options.repeats);
}

AlgorithmHelp replay_help() { return replay_options().help(); }

}  // namespace hone
