// Every trial runs to a small constant fidelity and pauses there; the best few of a round go on to
// the end. The baseline that early stopping has to beat: it matches halving, Hyperband and curve
// extrapolation on the standard tables (Egele et al. 2024, arXiv 2404.04111).
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <vector>

#include "hone/base/text.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/registry.h"

namespace hone {
namespace {

struct IEpochOptions {
  std::optional<double> at;
  int keep = 3;
  std::optional<double> round;
};

const OptionTable<IEpochOptions>& i_epoch_options() {
  static const OptionTable<IEpochOptions> table =
      OptionTable<IEpochOptions>("i_epoch",
                                 "Runs every trial to a small fixed fidelity and only the best few "
                                 "to the end; pauses and promotes")
          .number("at", &IEpochOptions::at, 1e-300, 1e300,
                  "The fidelity at which all are compared; default: fidelity.min")
          .integer("keep", &IEpochOptions::keep, 1, 1e6, "So many of a round go on to the end")
          .number("round", &IEpochOptions::round, 1, 1e9,
                  "Trials of a round; default: the budget of trials, or 50 where there is none");
  return table;
}

class IEpoch final : public Scheduler {
 public:
  IEpoch(double level, std::int64_t keep, std::int64_t round, const StudySpec& spec)
      : rung_(level), keep_(keep), round_(round), unit_(spec.fidelity->name) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    if (observation && observation->fidelity >= level())
      record(observation->trial, observation->value, observation->seq, history);
    if (const auto* added = std::get_if<TrialAdded>(&change.body)) {
      if (added->proposal->origin == TrialOrigin::default_config) return;
      if (rounds_.empty() || is_full(rounds_.back())) rounds_.emplace_back();
      rounds_.back().push_back(added->proposal->number);
      round_of_[added->proposal->number] = rounds_.size() - 1;
    }
    const auto number = trial_of(change.body);
    if (!number || std::holds_alternative<Reported>(change.body)) return;
    const Trial& trial = history.trial(*number);
    // A program that was asked to go so far and ended by itself has, whatever it reported last.
    if (trial.state == TrialState::paused && !trial.curve.empty())
      record(*number, trial.curve.back().value, change.seq, history);
    const auto round = round_of_.find(*number);
    if (round != round_of_.end()) refresh(round->second, history);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const Trial& trial = history.trial(observation.trial);
    const RungEntry* entry = rung_.find(observation.trial);
    if (entry == nullptr || observation.fidelity < level()) return {};
    if (trial.fidelity_target && *trial.fidelity_target > level() / kSlack) return {};
    if (std::isnan(entry->loss))
      return {Verdict::stop, fmt::format("{}: the value is NaN", place())};
    return {Verdict::pause,
            fmt::format("{}: rank {} of {}", place(), rung_.rank(entry->loss), rung_.size())};
  }

  Launch next(const LaunchContext& context) const override {
    const History& history = context.history;
    const bool idle = history.counts().running + history.counts().queued == 0;
    for (const std::size_t id : open_) {
      const Round& round = rounds_[id];
      if (!is_full(round) && context.may_add) continue;
      if (const auto resume = promotion(round, history)) return *resume;
    }
    if (context.may_add) {
      const bool whole = history.spec().run_default_first && history.size() == 0;
      return LaunchNew{0, whole ? history.spec().fidelity->max : rung_.level()};
    }
    if (!idle) return Wait{};
    return Done{"every trial of the budget was started and the best were run to the end"};
  }

  std::string describe() const override {
    return fmt::format("i_epoch: compares all at {}, runs the best {} of {} to the end", place(),
                       keep_, round_);
  }

 private:
  static constexpr double kSlack = 1 - 1e-9;
  using Round = std::vector<std::int64_t>;  // its members

  /// What counts as having come so far.
  double level() const { return rung_.level() * kSlack; }
  std::string place() const { return fmt::format("{} {}", unit_, format_number(rung_.level())); }
  void record(std::int64_t trial, double value, std::int64_t seq, const History& history) {
    rung_.record({trial, rung_loss(history.spec(), value), seq});
  }

  bool is_full(const Round& round) const {
    return static_cast<std::int64_t>(round.size()) >= round_;
  }

  /// A full round of which nobody is on the way and nobody is to go on need not be looked at, until
  /// one of its members changes.
  void refresh(std::size_t id, const History& history) {
    const Round& round = rounds_[id];
    const bool moves = std::any_of(round.begin(), round.end(), [&](std::int64_t number) {
      const TrialState state = history.trial(number).state;
      return state == TrialState::running || state == TrialState::queued;
    });
    if (!is_full(round) || moves || promotion(round, history)) {
      open_.insert(id);
    } else {
      open_.erase(id);
    }
  }

  /// The next of the round's best that has not gone on, once all have been compared. A member that
  /// failed on its way to the end leaves its place to the next.
  std::optional<LaunchResume> promotion(const Round& round, const History& history) const {
    std::vector<RungEntry> entries;
    for (const std::int64_t number : round) {
      const TrialState state = history.trial(number).state;
      const RungEntry* entry = rung_.find(number);
      if (entry == nullptr && !is_ended(state)) return std::nullopt;
      const bool in_play = state == TrialState::paused || state == TrialState::running ||
                           state == TrialState::queued || state == TrialState::complete;
      if (entry != nullptr && in_play && !std::isnan(entry->loss)) entries.push_back(*entry);
    }
    std::sort(entries.begin(), entries.end(), ranks_before);
    const std::size_t n = std::min(entries.size(), static_cast<std::size_t>(keep_));
    for (std::size_t i = 0; i < n; ++i) {
      if (history.trial(entries[i].trial).state != TrialState::paused) continue;
      return LaunchResume{
          entries[i].trial, history.spec().fidelity->max,
          fmt::format("{}: rank {} of {}, to the end", place(), i + 1, round.size())};
    }
    return std::nullopt;
  }

  Rung rung_;
  std::int64_t keep_, round_;
  std::string unit_;
  std::vector<Round> rounds_;
  std::unordered_map<std::int64_t, std::size_t> round_of_;  // by trial; looked up only
  std::set<std::size_t> open_;                              // rounds that may still want something
};

}  // namespace

std::unique_ptr<Scheduler> make_i_epoch(const StudySpec& spec,
                                        std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const IEpochOptions options = i_epoch_options().parse(spec.scheduler.options, problems);
  const auto level = first_rung("i_epoch", options.at, spec, problems);
  check_promotion("type", spec, problems);
  if (problems.size() != before) return nullptr;
  constexpr double kRound = 50;
  const double round = options.round.value_or(
      spec.budget.trials ? static_cast<double>(*spec.budget.trials) : kRound);
  return std::make_unique<IEpoch>(*level, options.keep, static_cast<std::int64_t>(round), spec);
}

AlgorithmHelp i_epoch_help() { return i_epoch_options().help(); }

}  // namespace hone
