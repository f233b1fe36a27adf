// Hyperband as published (Li et al. 2018, algorithm 1): a bracket starts its n trials, waits until
// every one of them has come to the first rung, lets the best ⌊n/η⌋ go on to the next, waits for
// these, and so on. While a bracket waits the next one begins, so that no worker idles.
//
// Which trials make up a bracket follows from the record: the k-th trial that was launched into
// bracket b belongs to its round ⌊k/n⌋. A trial that failed, or was stopped by something else, is
// no longer waited for; it takes its place with it. Rounds that are not full when nothing new may
// be started go on with what they have.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <vector>

#include "hone/scheduler/asha.h"

namespace hone {
namespace {

class HyperbandRounds final : public Scheduler {
 public:
  HyperbandRounds(Brackets brackets, const StudySpec& spec, const std::string& name)
      : brackets_(std::move(brackets)),
        filling_(static_cast<std::size_t>(brackets_.count()), -1),
        description_(fmt::format("{}: {}", name, brackets_.text(spec.fidelity->name))) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    if (const auto* added = std::get_if<TrialAdded>(&change.body)) join(*added->proposal);
    if (observation) {
      brackets_.record(*observation, history.trial(observation->trial),
                       rung_loss(history.spec(), observation->value));
    }
    const auto trial = trial_of(change.body);
    if (!trial || std::holds_alternative<Reported>(change.body)) return;
    const auto round = round_of_.find(*trial);
    if (round == round_of_.end()) return;
    if (const auto reached = brackets_.reached_target(history.trial(*trial), change.seq)) {
      brackets_.record(*reached, history.trial(*trial), rung_loss(history.spec(), reached->value));
    }
    refresh(round->second, history);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    if (!round_of_.contains(observation.trial)) return {};  // a user's: nobody waits for it
    const Trial& trial = history.trial(observation.trial);
    const int bracket = brackets_.of(trial);
    const Rungs& rungs = brackets_.rungs(bracket);
    const int k = rungs.at(observation.fidelity);
    if (k < 0 || (trial.fidelity_target && *trial.fidelity_target > rungs.rung(k).level() * kSlack))
      return {};
    const RungEntry* entry = rungs.rung(k).find(observation.trial);
    if (entry == nullptr) return {};
    const std::string where = brackets_.rung_text(bracket, k);
    if (std::isnan(entry->loss)) return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
    return {Verdict::pause, fmt::format("{}: waits for its bracket", where)};
  }

  Launch next(const LaunchContext& context) const override {
    const bool idle = context.history.counts().running + context.history.counts().queued == 0;
    for (const std::size_t id : open_) {
      const Round& round = rounds_[id];
      const bool full =
          round.members.size() >= size_of(round.bracket) || (!context.may_add && idle);
      if (!full) continue;
      if (const auto resume = promotion(round, context.history)) return *resume;
    }
    if (context.may_add) {
      const int bracket = next_bracket();
      return LaunchNew{bracket, brackets_.first_target(bracket, context.history)};
    }
    if (!idle) return Wait{};
    return Done{"every trial of the budget was started and every bracket is at its end"};
  }

  std::string describe() const override { return description_; }

 private:
  static constexpr double kSlack = 1 + 1e-9;  // targets and levels are equal up to rounding
  struct Round {
    int bracket = 0;
    std::vector<std::int64_t> members;
  };

  std::size_t size_of(int bracket) const {
    return static_cast<std::size_t>(brackets_.share(bracket));
  }

  void join(const Proposal& proposal) {
    if (proposal.origin != TrialOrigin::sampler) return;
    const int bracket = std::clamp(proposal.bracket, 0, brackets_.count() - 1);
    auto& filling = filling_[static_cast<std::size_t>(bracket)];
    if (filling < 0) {
      filling = static_cast<std::int64_t>(rounds_.size());
      rounds_.push_back({bracket, {}});
      open_.insert(rounds_.size() - 1);
      ++begun_;
    }
    Round& round = rounds_[static_cast<std::size_t>(filling)];
    round.members.push_back(proposal.number);
    round_of_[proposal.number] = static_cast<std::size_t>(filling);
    if (round.members.size() >= size_of(bracket)) filling = -1;
  }

  /// The bracket whose round is not full yet, else the next one in turn.
  int next_bracket() const {
    for (int b = 0; b < brackets_.count(); ++b) {
      if (filling_[static_cast<std::size_t>(b)] >= 0) return b;
    }
    return static_cast<int>(begun_ % brackets_.count());
  }

  /// A full round of which nobody is on the way and nobody is to be promoted need not be looked at,
  /// until one of its members changes.
  void refresh(std::size_t id, const History& history) {
    const Round& round = rounds_[id];
    const bool moves =
        std::any_of(round.members.begin(), round.members.end(), [&](std::int64_t number) {
          const TrialState state = history.trial(number).state;
          return state == TrialState::running || state == TrialState::queued;
        });
    const bool fills = round.members.size() < size_of(round.bracket);
    if (fills || moves || promotion(round, history)) {
      open_.insert(id);
    } else {
      open_.erase(id);
    }
  }

  /// The best paused member of the lowest rung at which nobody is waited for any more.
  std::optional<LaunchResume> promotion(const Round& round, const History& history) const {
    const Rungs& rungs = brackets_.rungs(round.bracket);
    std::vector<RungEntry> here;
    std::size_t quota = round.members.size();
    for (int k = 0; k < rungs.size(); ++k) {
      here.clear();
      for (const std::int64_t number : round.members) {
        const RungEntry* entry = rungs.rung(k).find(number);
        if (entry != nullptr) {
          here.push_back(*entry);
        } else if (k == 0 && !is_ended(history.trial(number).state)) {
          return std::nullopt;  // still on its way to the first rung
        }
      }
      if (k > 0 && here.size() < quota) {
        // Some of those that were promoted are on their way, or ended there.
        for (const std::int64_t number : round.members) {
          const TrialState state = history.trial(number).state;
          const bool moves = state == TrialState::running || state == TrialState::queued;
          if (moves && rungs.highest(number) < k) return std::nullopt;
        }
      }
      if (here.empty()) return std::nullopt;
      std::sort(here.begin(), here.end(), ranks_before);
      quota = std::max<std::size_t>(
          1, static_cast<std::size_t>(std::floor(static_cast<double>(here.size()) / rungs.eta())));
      for (std::size_t i = 0; i < std::min(quota, here.size()); ++i) {
        const Trial& trial = history.trial(here[i].trial);
        if (trial.state != TrialState::paused || rungs.highest(here[i].trial) != k) continue;
        if (std::isnan(here[i].loss)) continue;
        return LaunchResume{here[i].trial, rungs.level_after(k),
                            fmt::format("{}: rank {} of {}, promoted",
                                        brackets_.rung_text(round.bracket, k), i + 1, here.size())};
      }
    }
    return std::nullopt;
  }

  Brackets brackets_;
  std::vector<Round> rounds_;
  std::vector<std::int64_t> filling_;  // per bracket: the round that takes members, or −1
  std::unordered_map<std::int64_t, std::size_t> round_of_;  // looked up only
  std::set<std::size_t> open_;
  std::int64_t begun_ = 0;
  std::string description_;
};

}  // namespace

std::unique_ptr<Scheduler> make_hyperband_rounds(Brackets brackets, const StudySpec& spec,
                                                 const std::string& name) {
  return std::make_unique<HyperbandRounds>(std::move(brackets), spec, name);
}

}  // namespace hone
