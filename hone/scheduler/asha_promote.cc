// The promotion variant of asynchronous successive halving (Li et al. 2020, algorithm 2): every
// trial pauses at its rung; a free worker resumes the best paused trial that is among the best
// ⌊n/η⌋ of the n recorded at its rung, highest rung first, and starts a new trial at the lowest
// rung when there is none.
//
// Facts decide: which trial is paused is read from the history, and how far a trial may run is its
// committed fidelity target; a program that ends by itself has reached its target. So a default
// configuration or a trial of an older rule, whose target
// is beyond the rung, runs through. Once nothing new may be started the best trial of every rung of
// fewer than η is promoted too ("at least one"): the budget is spent, and otherwise a short study
// would end without any trial at full fidelity. Ties share the better rank; the lower number is
// promoted first. NaN is never promoted.
//
// PASHA (Bohdal et al. 2023, arXiv 2207.06940) promotes no further than its cap
// (progressive_cap.h), and at the end the best of what was left there to full fidelity.
#include <fmt/core.h>

#include <cmath>
#include <set>
#include <vector>

#include "hone/scheduler/asha.h"
#include "hone/scheduler/progressive_cap.h"

namespace hone {
namespace {

constexpr double kSlack = 1e-9;  // targets and levels are equal up to rounding

class AshaPromote final : public Scheduler {
 public:
  AshaPromote(Brackets brackets, const StudySpec& spec, const std::string& name, bool progressive)
      : brackets_(std::move(brackets)),
        description_(fmt::format("{}: {}", name, brackets_.text(spec.fidelity->name))) {
    for (int b = 0; b < brackets_.count(); ++b)
      waiting_.emplace_back(static_cast<std::size_t>(brackets_.rungs(b).size()));
    if (progressive) cap_.emplace();
  }

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    brackets_.observe(change);
    const auto trial = trial_of(change.body);
    if (trial) set_waiting(history.trial(*trial), false);
    if (observation) record(*observation, history);
    if (trial && history.trial(*trial).state == TrialState::paused) {
      const auto reached = brackets_.reached_target(history.trial(*trial), change.seq);
      if (reached) record(*reached, history);
      set_waiting(history.trial(*trial), true);
    }
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const Trial& trial = history.trial(observation.trial);
    const int bracket = brackets_.of(trial);
    const Rungs& rungs = brackets_.rungs(bracket);
    const int k = rungs.at(observation.fidelity);
    if (k < 0) return {};
    const auto& target = trial.fidelity_target;
    if (target && *target > rungs.rung(k).level() * (1 + kSlack)) return {};
    const RungEntry* entry = rungs.rung(k).find(observation.trial);
    if (entry == nullptr) return {};
    const std::string where = brackets_.rung_text(bracket, k);
    if (std::isnan(entry->loss)) return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
    return {Verdict::pause, fmt::format("{}: rank {} of {}", where, rungs.rung(k).rank(entry->loss),
                                        rungs.rung(k).size())};
  }

  Launch next(const LaunchContext& context) const override {
    const History& history = context.history;
    const bool idle = history.counts().running + history.counts().queued == 0;
    const bool over = !context.may_add && idle;
    if (const auto resume = promotion(over)) return *resume;
    if (context.may_add) {
      const int bracket = brackets_.next();
      return LaunchNew{bracket, brackets_.first_target(bracket, history)};
    }
    if (!idle) return Wait{};
    if (cap_) {
      if (const auto resume = best_at_cap(history)) return *resume;
    }
    return Done{"every trial of the budget was started and nothing is left to promote"};
  }

  std::string describe() const override { return description_; }

 private:
  void record(const Observation& observation, const History& history) {
    const Trial& trial = history.trial(observation.trial);
    brackets_.record(observation, trial, rung_loss(history.spec(), observation.value));
    if (cap_) cap_->observe(brackets_.rungs(0), history);
  }

  /// Puts the trial into, or takes it out of, the set of its rung's paused trials.
  void set_waiting(const Trial& trial, bool waits) {
    const int bracket = brackets_.of(trial);
    const int k = brackets_.rungs(bracket).highest(trial.number());
    if (k < 0) return;
    auto& waiting = waiting_[static_cast<std::size_t>(bracket)][static_cast<std::size_t>(k)];
    const RungEntry& entry = *brackets_.rungs(bracket).rung(k).find(trial.number());
    if (waits) {
      waiting.insert(entry);
    } else {
      waiting.erase(entry);
    }
  }

  /// The paused trial that goes on: of the highest rung, in the first bracket that has one. `over`:
  /// nothing new comes and nothing runs.
  std::optional<LaunchResume> promotion(bool over) const {
    for (int k = brackets_.rungs(0).size() - 1; k >= 0; --k) {
      for (int b = 0; b < brackets_.count(); ++b) {
        const Rungs& rungs = brackets_.rungs(b);
        if (k >= rungs.size() || (cap_ && k >= cap_->top())) continue;
        const auto& waiting = waiting_[static_cast<std::size_t>(b)][static_cast<std::size_t>(k)];
        if (waiting.empty() || std::isnan(waiting.begin()->loss)) continue;
        const RungEntry& best = *waiting.begin();
        const std::int64_t rank = rungs.rung(k).rank(best.loss);
        const std::int64_t n = rungs.rung(k).size();
        const bool full = static_cast<double>(n) >= rungs.eta() * (1 - kSlack);
        if ((!full && !over) || rank > rungs.keeps(k)) continue;
        return LaunchResume{
            best.trial, rungs.level_after(k),
            fmt::format("{}: rank {} of {}, promoted", brackets_.rung_text(b, k), rank, n)};
      }
    }
    return std::nullopt;
  }

  /// Nothing was promoted to the end: the best of those that came furthest is, so that the study
  /// ends with a trial at full fidelity.
  std::optional<LaunchResume> best_at_cap(const History& history) const {
    const Rungs& rungs = brackets_.rungs(0);
    for (int k = rungs.size() - 1; k >= 0; --k) {
      for (const RungEntry& entry : rungs.rung(k).entries()) {
        const Trial& trial = history.trial(entry.trial);
        if (trial.proposal->origin == TrialOrigin::default_config) continue;
        if (trial.state == TrialState::complete) return std::nullopt;
        if (trial.state != TrialState::paused || std::isnan(entry.loss)) continue;
        return LaunchResume{entry.trial, history.spec().fidelity->max,
                            fmt::format("{}: the best of {}, to the end", brackets_.rung_text(0, k),
                                        rungs.rung(k).size())};
      }
    }
    return std::nullopt;
  }

  Brackets brackets_;
  std::optional<ProgressiveCap> cap_;
  std::vector<std::vector<std::set<RungEntry, ByRank>>>
      waiting_;  // per bracket and rung: paused there, highest rung recorded
  std::string description_;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha_promote(Brackets brackets, const StudySpec& spec,
                                             const std::string& name) {
  return std::make_unique<AshaPromote>(std::move(brackets), spec, name, false);
}

std::unique_ptr<Scheduler> make_asha_progressive(Brackets brackets, const StudySpec& spec) {
  return std::make_unique<AshaPromote>(std::move(brackets), spec, "pasha", true);
}

}  // namespace hone
