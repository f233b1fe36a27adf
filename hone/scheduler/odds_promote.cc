// Pauses trials at levels of fidelity and goes on with whichever promises most for its cost. How
// far early values tell final ones is learned from the study's completed trials (odds.h); from it
// follows an index for every trial (gittins.h). A free worker takes the paused trial of the highest
// index, or a new one where none is above that of a new one; a running trial that falls below a new
// one is paused, and may be taken up again: as more is known, or when nothing new may be started.
// Then all are gone on with whose chance of ending among the best is not small, the best first.
#include <fmt/core.h>

#include <cmath>
#include <set>
#include <vector>

#include "hone/base/text.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/gittins.h"
#include "hone/scheduler/odds_promote.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

constexpr double kSlack = 1e-9;  // targets and levels are equal up to rounding

class OddsPromote final : public Scheduler {
 public:
  OddsPromote(Odds odds, double aim, const StudySpec& spec)
      : odds_(std::move(odds)),
        aim_(aim),
        waiting_(static_cast<std::size_t>(levels().size())),
        resumes_(spec.checkpoint.has_value()),
        full_(*spec.fidelity->max) {
    weigh();
  }

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    const auto number = trial_of(change.body);
    const Trial* trial = number ? &history.trial(*number) : nullptr;
    if (trial != nullptr) {
      set_waiting(*trial, false);
      // Before it counts as paused: it counts at the level that it came to.
      if (const auto reached = levels().reached_target(*trial, change.seq))
        record(*reached, history);
    }
    if (resumes_ || !observation) odds_.observe(change, observation, history);
    if (!resumes_ && observation) record(*observation, history);
    if (trial != nullptr && trial->state == TrialState::paused) set_waiting(*trial, true);
    const std::int64_t all = odds_.all_at(0);
    if (all < again_at_ && odds_.completed() < again_completed_) return;
    again_at_ = grown(all);
    again_completed_ = grown(odds_.completed());
    weigh();
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const int k = levels().highest(observation.trial);
    if (k < 0) return {};
    const RungEntry* entry = levels().rung(k).find(observation.trial);
    if (entry == nullptr || entry->seq != observation.seq) return {};
    const std::string where = place_text(history.spec(), observation.fidelity);
    if (std::isnan(entry->loss)) return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
    const Trial& trial = history.trial(observation.trial);
    const Odds::Chance chance = odds_.chance(observation, history);
    const std::int64_t of = odds_.all_at(k);
    const std::string rank =
        fmt::format("{}: rank {} of {}", where, levels().rung(k).rank(entry->loss), of);
    if (trial.fidelity_target && *trial.fidelity_target < full_ * (1 - kSlack)) {
      if (levels().rung(k).level() < *trial.fidelity_target * (1 - kSlack)) return {};
      return {Verdict::pause, rank};
    }
    if (!resumes_) return {};
    const auto& trials = history.spec().budget.trials;
    if (trials && history.counted() >= *trials) {
      if (chance.chance >= odds_.options().chance) return {};
      return {Verdict::stop, fmt::format("{}, {}", rank, chance_text(chance.chance))};
    }
    const double index = index_.of(k, odds_.score_at(k, entry->loss)).rate;
    if (index >= index_.fresh().rate) return {};
    return {Verdict::pause, fmt::format("{}, promises {} of a new trial", rank,
                                        percent(index / index_.fresh().rate))};
  }

  Launch next(const LaunchContext& context) const override {
    const RungEntry* best = nullptr;
    int level = -1;
    GittinsIndex::Index highest = index_.fresh();
    if (!context.may_add) highest = {-1, levels().size()};
    for (int k = levels().size() - 1; k >= 0; --k) {
      const RungEntry* first =
          context.may_add ? first_at(k) : first_with_chance(k, context.history);
      if (first == nullptr) continue;
      const GittinsIndex::Index index = index_.of(k, odds_.score_at(k, first->loss));
      if (index.rate < highest.rate || (index.rate == highest.rate && best != nullptr)) continue;
      highest = index;
      best = first;
      level = k;
    }
    if (best != nullptr) {
      return LaunchResume{
          best->trial, target_at(highest.to),
          fmt::format("{}: rank {} of {}, promises most",
                      place_text(context.history.spec(), levels().rung(level).level()),
                      levels().rung(level).rank(best->loss), odds_.all_at(level))};
    }
    if (context.may_add) {
      const StudySpec& spec = context.history.spec();
      const bool whole = resumes_ || (spec.run_default_first && context.history.size() == 0);
      return LaunchNew{0, whole ? full_ : target_at(highest.to)};
    }
    if (context.history.counts().running + context.history.counts().queued > 0) return Wait{};
    return Done{"every trial of the budget was started, and no paused one has a chance"};
  }

  std::string describe() const override {
    return "odds, promoting: goes on with what promises most for its cost";
  }

 private:
  static std::int64_t grown(std::int64_t n) {
    constexpr double kGrowth = 1.04;
    return std::max(n + 1, static_cast<std::int64_t>(static_cast<double>(n) * kGrowth));
  }
  static std::string percent(double share) { return format_number(100 * share, 2) + " %"; }
  std::string chance_text(double chance) const {
    return fmt::format("chance of ending among the best {} is {}", percent(odds_.options().best),
                       percent(chance));
  }
  const Rungs& levels() const { return odds_.levels(); }

  /// The program of a trial with a checkpoint is asked for the whole way and paused on it.
  double target_at(int k) const {
    return resumes_ || k >= levels().size() ? full_ : levels().rung(k).level();
  }

  /// Of a training that was asked to go to a level and starts again after it: only what such
  /// trainings reach there is compared, since their schedules end there.
  void record(const Observation& observation, const History& history) {
    const auto& target = history.trial(observation.trial).fidelity_target;
    if (!target || *target >= full_ * (1 - kSlack)) return;
    const int k = levels().at(*target * (1 + kSlack));
    if (k >= 0 && observation.fidelity >= levels().rung(k).level() * (1 - kSlack))
      odds_.record_at(k, observation, history);
  }

  /// The best that is paused at the level; null when there is none.
  const RungEntry* first_at(int k) const {
    const auto& waiting = waiting_[static_cast<std::size_t>(k)];
    if (waiting.empty() || std::isnan(waiting.begin()->loss)) return nullptr;
    return &*waiting.begin();
  }
  /// The best of these that has a chance.
  const RungEntry* first_with_chance(int k, const History& history) const {
    constexpr int kLooks = 256;
    int looks = 0;
    for (const RungEntry& entry : waiting_[static_cast<std::size_t>(k)]) {
      if (std::isnan(entry.loss) || ++looks > kLooks) break;
      const double band = odds_.band(history.trial(entry.trial));
      if (odds_.chance_at(k, entry.loss - band).chance >= odds_.options().chance) return &entry;
    }
    return nullptr;
  }

  void set_waiting(const Trial& trial, bool waits) {
    const int k = levels().highest(trial.number());
    if (k < 0) return;
    auto& waiting = waiting_[static_cast<std::size_t>(k)];
    const RungEntry& entry = *levels().rung(k).find(trial.number());
    if (waits) {
      waiting.insert(entry);
    } else {
      waiting.erase(entry);
    }
  }

  void weigh() {
    GittinsProblem problem;
    for (int k = 0; k < levels().size(); ++k) {
      problem.level.push_back(levels().rung(k).level() / full_);
      problem.correlation.push_back(odds_.expected_correlation(k));
    }
    problem.starts_again = !resumes_;
    // As long as few have come, "among the best" is the best of these.
    constexpr double kMost = 0.1;
    problem.best =
        std::clamp(1 / static_cast<double>(odds_.all_at(0) + 1), aim_, std::max(aim_, kMost));
    index_ = GittinsIndex(problem);
  }

  Odds odds_;
  double aim_;
  std::vector<std::set<RungEntry, ByRank>> waiting_;  // per level: paused, highest level recorded
  GittinsIndex index_;
  bool resumes_;  // from a checkpoint; else a trial that goes on starts again
  double full_;
  std::int64_t again_at_ = 0;
  std::int64_t again_completed_ = 0;
};

}  // namespace

std::unique_ptr<Scheduler> make_odds_promote(Odds odds, double aim, const StudySpec& spec) {
  return std::make_unique<OddsPromote>(std::move(odds), aim, spec);
}

}  // namespace hone
