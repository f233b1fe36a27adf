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
#include <fmt/core.h>

#include <cmath>
#include <set>
#include <vector>

#include "hone/scheduler/asha.h"

namespace hone {
namespace {

constexpr double kSlack = 1e-9;  // targets and levels are equal up to rounding

struct ByRank {
  bool operator()(const RungEntry& a, const RungEntry& b) const { return ranks_before(a, b); }
};

class AshaPromote final : public Scheduler {
 public:
  AshaPromote(Rungs rungs, const StudySpec& spec)
      : rungs_(std::move(rungs)),
        waiting_(static_cast<std::size_t>(rungs_.size())),
        description_(describe_rungs("asha, promoting", rungs_, spec)) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    const auto trial = trial_of(change.body);
    if (trial) set_waiting(*trial, false);
    if (observation) rungs_.record(*observation, rung_loss(history.spec(), observation->value));
    if (trial && history.trial(*trial).state == TrialState::paused) {
      record_target(history.trial(*trial), change.seq, history.spec());
      set_waiting(*trial, true);
    }
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const int k = rungs_.at(observation.fidelity);
    if (k < 0) return {};
    const auto& target = history.trial(observation.trial).fidelity_target;
    if (target && *target > rungs_.rung(k).level() * (1 + kSlack)) return {};
    const RungEntry* entry = rungs_.rung(k).find(observation.trial);
    if (entry == nullptr) return {};
    if (std::isnan(entry->loss))
      return {Verdict::stop, fmt::format("rung {}: the value is NaN", k)};
    return {Verdict::pause, fmt::format("rung {}: rank {} of {}", k,
                                        rungs_.rung(k).rank(entry->loss), rungs_.rung(k).size())};
  }

  Launch next(const LaunchContext& context) const override {
    const History& history = context.history;
    for (int k = rungs_.size() - 1; k >= 0; --k) {
      const auto& waiting = waiting_[static_cast<std::size_t>(k)];
      if (waiting.empty()) continue;
      const RungEntry& best = *waiting.begin();
      if (std::isnan(best.loss)) continue;
      const std::int64_t rank = rungs_.rung(k).rank(best.loss);
      const std::int64_t n = rungs_.rung(k).size();
      const bool full = static_cast<double>(n) >= rungs_.eta() * (1 - kSlack);
      if (!full && (context.may_add || history.counts().running + history.counts().queued > 0))
        continue;
      if (rank > rungs_.keeps(k)) continue;
      return LaunchResume{best.trial, rungs_.level_after(k),
                          fmt::format("rung {}: rank {} of {}, promoted", k, rank, n)};
    }
    if (context.may_add) return LaunchNew{0, first_target(history)};
    if (history.counts().running + history.counts().queued > 0) return Wait{};
    return Done{"every trial of the budget was started and nothing is left to promote"};
  }

  std::string describe() const override { return description_; }

 private:
  /// A program that was asked to go up to a rung and ended by itself has gone so far, whatever it
  /// reported last: epochs counted from zero, or an evaluation that is due every so many steps
  /// only.
  void record_target(const Trial& trial, std::int64_t seq, const StudySpec& spec) {
    if (!trial.fidelity_target || trial.curve.empty()) return;
    const int k = rungs_.at(*trial.fidelity_target * (1 + kSlack));
    if (k <= rungs_.highest(trial.number())) return;
    Observation last;
    last.trial = trial.number();
    last.fidelity = rungs_.rung(k).level();
    last.value = trial.curve.back().value;
    last.seq = seq;
    rungs_.record(last, rung_loss(spec, last.value));
  }

  /// Puts the trial into, or takes it out of, the set of its rung's paused trials.
  void set_waiting(std::int64_t trial, bool waits) {
    const int k = rungs_.highest(trial);
    if (k < 0) return;
    auto& waiting = waiting_[static_cast<std::size_t>(k)];
    const RungEntry& entry = *rungs_.rung(k).find(trial);
    if (waits) {
      waiting.insert(entry);
    } else {
      waiting.erase(entry);
    }
  }

  /// The default configuration comes first and runs to full fidelity; everything else starts at the
  /// lowest rung.
  std::optional<double> first_target(const History& history) const {
    const StudySpec& spec = history.spec();
    if (spec.run_default_first && history.size() == 0) return spec.fidelity->max;
    return rungs_.rung(0).level();
  }

  Rungs rungs_;
  std::vector<std::set<RungEntry, ByRank>>
      waiting_;  // per rung: paused there, highest rung recorded
  std::string description_;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha_promote(Rungs rungs, const StudySpec& spec) {
  return std::make_unique<AshaPromote>(std::move(rungs), spec);
}

}  // namespace hone
