#include "hone/scheduler/population.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/text.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

/// A member whose trials failed so often one after the other is given up.
constexpr int kFailuresInARow = 3;
constexpr double kSlack = 1e-9;  // boundaries are multiples of a floating-point number

/// What a trial recorded at the end of an interval.
struct Score {
  std::int64_t trial = -1;
  double loss = NAN;
  std::int64_t seq = 0;
};

/// A comparison of a member with the others: against whom it loses, if it does.
struct Comparison {
  int interval = 0;  ///< at whose end they were compared
  std::int64_t rank = 0;
  std::int64_t of = 0;
  std::int64_t donor = -1;  ///< trial to go on from; −1: the member goes on itself
  double donor_loss = NAN;
};

struct Member {
  std::int64_t trial = -1;  ///< the newest of its lineage; −1: none yet
  int recorded = 0;         ///< highest interval whose end it has recorded
  bool reported = false;
  std::int64_t recorded_seq = 0;       ///< of the report that recorded it
  double last_loss = NAN;              ///< at that end
  std::optional<Comparison> replaced;  ///< what the verdict that ended it was based on
  int failures = 0;  ///< trials of the lineage before this one that failed one after the other
};

class Population final : public Scheduler {
 public:
  Population(std::string name, PopulationOptions options, double interval,
             std::unique_ptr<Explorer> explorer, const StudySpec& spec)
      : name_(std::move(name)),
        options_(std::move(options)),
        interval_(interval),
        end_(*spec.fidelity->max),
        unit_(spec.fidelity->name + (spec.fidelity->name.ends_with('s') ? "" : "s")),
        explorer_(std::move(explorer)),
        members_(static_cast<std::size_t>(options_.population)) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    if (const auto* added = std::get_if<TrialAdded>(&change.body)) {
      const Proposal& proposal = *added->proposal;
      const bool ours =
          proposal.origin == TrialOrigin::sampler || proposal.origin == TrialOrigin::fork;
      if (ours && proposal.bracket >= 0 && proposal.bracket < options_.population) {
        Member& member = members_[static_cast<std::size_t>(proposal.bracket)];
        Member fresh;
        fresh.trial = proposal.number;
        if (member.trial >= 0 && history.trial(member.trial).state == TrialState::failed)
          fresh.failures = member.failures + 1;
        member = fresh;
      }
    } else if (const auto* judged = std::get_if<Judged>(&change.body)) {
      Member* member = member_of(history.trial(judged->trial));
      if (member != nullptr && judged->rule == name_ && judged->verdict == Verdict::stop)
        member->replaced = compare(*member, judged->cause_seq, history);
    } else if (observation) {
      record(*observation, history);
    }
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const Trial& trial = history.trial(observation.trial);
    const Member* member = member_of(trial);
    if (member == nullptr || member->recorded_seq != observation.seq) return {};
    const std::string where = place_text(history.spec(), observation.fidelity);
    if (at_end(member->recorded)) return {};
    const Comparison compared = compare(*member, observation.seq, history);
    if (compared.donor >= 0) {
      return {Verdict::stop, fmt::format("{}: rank {} of {}, replaced by a fork of {}", where,
                                         compared.rank, compared.of, compared.donor)};
    }
    if (const auto waits_for = somebody_behind(*member, history)) {
      return {Verdict::pause, fmt::format("{}: waits for member {}", where, *waits_for)};
    }
    return {};
  }

  Launch next(const LaunchContext& context) const override {
    const History& history = context.history;
    for (const Member& member : members_) {
      if (auto fork = replacement(member, context)) return *fork;
    }
    if (context.may_add) {
      for (std::size_t m = 0; m < members_.size(); ++m) {
        if (members_[m].trial < 0) return LaunchNew{static_cast<int>(m), end_};
      }
    }
    const Member* next = nullptr;
    for (const Member& member : members_) {
      if (member.trial < 0 || history.trial(member.trial).state != TrialState::paused) continue;
      if (next == nullptr || member.recorded < next->recorded) next = &member;
    }
    if (next != nullptr) {
      return LaunchResume{
          next->trial, end_,
          fmt::format("member {}: goes on from interval {}", number_of(*next), next->recorded)};
    }
    if (history.counts().running + history.counts().queued > 0) return Wait{};
    return Done{fmt::format("the population of {} is at its end", members_.size())};
  }

  std::string describe() const override {
    return fmt::format("{}: {} members, compared every {} {}", name_, members_.size(),
                       format_number(interval_), unit_);
  }

 private:
  int number_of(const Member& member) const { return static_cast<int>(&member - members_.data()); }
  double boundary(int k) const { return interval_ * k; }
  int interval_at(double fidelity) const {
    return static_cast<int>(std::floor(fidelity / interval_ * (1 + kSlack)));
  }
  bool at_end(int k) const { return boundary(k) >= end_ * (1 - kSlack); }

  const Member* member_of(const Trial& trial) const {
    const int m = trial.proposal->bracket;
    if (m < 0 || m >= options_.population) return nullptr;
    const Member& member = members_[static_cast<std::size_t>(m)];
    return member.trial == trial.number() ? &member : nullptr;
  }
  Member* member_of(const Trial& trial) {
    return const_cast<Member*>(static_cast<const Population*>(this)->member_of(trial));
  }

  void record(const Observation& observation, const History& history) {
    const Trial& trial = history.trial(observation.trial);
    Member* member = member_of(trial);
    if (member == nullptr) return;
    const int k = interval_at(observation.fidelity);
    const double loss = rung_loss(history.spec(), observation.value);
    const bool on_boundary = boundary(k) >= observation.fidelity * (1 - kSlack);
    if (!member->reported && trial.proposal->parent) {
      // A fork begins somewhere on the way: what its parent recorded is not its own.
      member->recorded = on_boundary ? k - 1 : k;
      member->last_loss = parent_loss(trial, member->recorded);
    }
    member->reported = true;
    if (k <= member->recorded) return;
    if (k == member->recorded + 1 && std::isfinite(member->last_loss) && std::isfinite(loss))
      results_.push_back({trial.number(), k, member->last_loss, loss - member->last_loss});
    if (static_cast<int>(scores_.size()) <= k)
      scores_.resize(static_cast<std::size_t>(k) + 1, std::vector<Score>(members_.size()));
    const auto m = static_cast<std::size_t>(number_of(*member));
    for (int j = member->recorded + 1; j <= k; ++j)
      scores_[static_cast<std::size_t>(j)][m] = {trial.number(), loss, observation.seq};
    member->recorded = k;
    member->recorded_seq = observation.seq;
    member->last_loss = loss;
  }

  /// What the trial's parent had at the end of the interval; NaN where it recorded nothing.
  double parent_loss(const Trial& trial, int k) const {
    if (k < 1 || k >= static_cast<int>(scores_.size())) return NAN;
    for (const Score& score : scores_[static_cast<std::size_t>(k)]) {
      if (score.trial == *trial.proposal->parent) return score.loss;
    }
    return NAN;
  }

  /// The scores that had been recorded at the end of interval k when `seq` was, in order of rank.
  std::vector<Score> standing(int k, std::int64_t seq) const {
    std::vector<Score> scores;
    if (k < 1 || k >= static_cast<int>(scores_.size())) return scores;
    for (const Score& score : scores_[static_cast<std::size_t>(k)]) {
      if (score.trial >= 0 && score.seq <= seq) scores.push_back(score);
    }
    std::sort(scores.begin(), scores.end(), [](const Score& a, const Score& b) {
      return ranks_before({a.trial, a.loss, a.seq}, {b.trial, b.loss, b.seq});
    });
    return scores;
  }

  /// How many of n are the worst, and the best: at least one once all are there, rounded down while
  /// some are missing.
  std::size_t share_of(std::size_t n) const {
    const double share = static_cast<double>(n) * options_.quantile;
    if (n < members_.size()) return static_cast<std::size_t>(share + kSlack);
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(share - kSlack)), 1, n / 2);
  }

  /// At the latest interval that the member and at least half of the population have come to.
  Comparison compare(const Member& member, std::int64_t seq, const History& history) const {
    const auto quorum = std::max<std::size_t>(2, (members_.size() + 1) / 2);
    Comparison result;
    for (int k = member.recorded; k >= 1 && boundary(k) >= options_.burn_in; --k) {
      const std::vector<Score> scores = standing(k, seq);
      const auto own = std::find_if(scores.begin(), scores.end(), [&](const Score& score) {
        return score.trial == member.trial;
      });
      if (own == scores.end()) return result;
      const std::size_t n = scores.size();
      const std::size_t few = share_of(n);
      if (n < quorum || few == 0) continue;
      const auto place = static_cast<std::size_t>(own - scores.begin());
      result.interval = k;
      result.rank = static_cast<std::int64_t>(place) + 1;
      result.of = static_cast<std::int64_t>(n);
      if (place < n - few && !std::isnan(own->loss)) return result;
      const auto at = static_cast<std::uint64_t>(member.recorded);
      Rng rng = Rng(static_cast<std::uint64_t>(history.spec().seed))
                    .split("donor", static_cast<std::uint64_t>(member.trial))
                    .split("interval", at);
      const Score& donor = scores[rng.below(few)];
      const bool better = std::isnan(own->loss) ? !std::isnan(donor.loss) : donor.loss < own->loss;
      if (!better) return result;
      result.donor = donor.trial;
      result.donor_loss = donor.loss;
      return result;
    }
    return result;
  }

  /// A member that could go on and is behind, or has not begun: the others wait for it.
  std::optional<int> somebody_behind(const Member& member, const History& history) const {
    for (const Member& other : members_) {
      if (&other == &member) continue;
      const bool due = other.trial < 0
                           ? !full(history)
                           : other.recorded < member.recorded && goes_on(other, history);
      if (due) return number_of(other);
    }
    return std::nullopt;
  }

  /// Whether the member is to go on: itself, or a fork in its place.
  static bool goes_on(const Member& member, const History& history) {
    const TrialState state = history.trial(member.trial).state;
    return state == TrialState::paused || is_replaced(member, state);
  }

  /// Whether a fork is to take the member's place.
  static bool is_replaced(const Member& member, TrialState state) {
    if (member.failures >= kFailuresInARow) return false;
    return state == TrialState::failed || (member.replaced && state == TrialState::stopped);
  }

  /// Whether the budget leaves no room for members that have not begun.
  static bool full(const History& history) {
    const auto& budget = history.spec().budget.trials;
    return budget && history.counted() >= *budget;
  }

  /// The fork that takes the place of a member that was replaced, or that failed.
  std::optional<LaunchFork> replacement(const Member& member, const LaunchContext& context) const {
    const History& history = context.history;
    if (member.trial < 0) return std::nullopt;
    const Trial& trial = history.trial(member.trial);
    const bool failed = trial.state == TrialState::failed;
    const bool replaced = member.replaced && trial.state == TrialState::stopped;
    if (!is_replaced(member, trial.state)) return std::nullopt;
    Comparison chosen;
    if (replaced) chosen = *member.replaced;
    // A donor that has come to its end has nothing left to go on with.
    if (chosen.donor >= 0 && history.trial(chosen.donor).state == TrialState::complete)
      chosen.donor = -1;
    if (chosen.donor < 0) chosen = best_elsewhere(member, history);
    if (chosen.donor < 0) return std::nullopt;
    const Trial& donor = history.trial(chosen.donor);
    ExplorationContext view{history,           results_, chosen.donor, chosen.interval + 1,
                            chosen.donor_loss, {}};
    for (const Member& other : members_) {
      if (&other != &member && other.trial >= 0)
        view.running.push_back(&history.trial(other.trial).config());
    }
    Rng rng = context.rng;
    LaunchFork fork;
    fork.parent = chosen.donor;
    fork.config = explorer_->explore(view, rng);
    fork.info = Value::Map{};
    fork.info.set("rule", name_).set("member", static_cast<std::int64_t>(number_of(member)));
    fork.bracket = number_of(member);
    fork.fidelity_target = end_;
    const std::string why =
        failed ? fmt::format("trial {} failed", trial.number())
               : fmt::format("trial {} was rank {} of {}", trial.number(), chosen.rank, chosen.of);
    fork.reason = fmt::format("member {}: {}, goes on from trial {} at {}", number_of(member), why,
                              chosen.donor, place_text(history.spec(), donor.reached.value_or(0)));
    return fork;
  }

  /// The best trial of another member at the latest interval that at least two have come to.
  Comparison best_elsewhere(const Member& member, const History& history) const {
    Comparison result;
    for (int k = static_cast<int>(scores_.size()) - 1; k >= 1; --k) {
      for (const Score& score : standing(k, std::numeric_limits<std::int64_t>::max())) {
        if (score.trial == member.trial || std::isnan(score.loss)) continue;
        const TrialState state = history.trial(score.trial).state;
        if (state == TrialState::failed || state == TrialState::complete) continue;
        result.interval = k;
        result.donor = score.trial;
        result.donor_loss = score.loss;
        return result;
      }
    }
    return result;
  }

  std::string name_;
  PopulationOptions options_;
  double interval_;
  double end_;
  std::string unit_;
  std::unique_ptr<Explorer> explorer_;
  std::vector<Member> members_;
  std::vector<std::vector<Score>> scores_;  // per interval and member
  std::vector<IntervalResult> results_;
};

}  // namespace

void check_mutate(const std::vector<std::string>& mutate, const StudySpec& spec,
                  std::vector<OptionProblem>& problems) {
  std::vector<std::string> names;
  for (const int index : spec.space.searched()) names.push_back(spec.space.parameter(index).name);
  for (const std::string& name : mutate) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const auto near = nearest_name(name, names);
    problems.push_back({"mutate", fmt::format("'{}' is no searched parameter. {}", name,
                                              near ? fmt::format("Did you mean '{}'?", *near)
                                                   : "Parameters: " + join(names, ", "))});
  }
}

std::unique_ptr<Scheduler> make_population(const std::string& name, PopulationOptions options,
                                           std::unique_ptr<Explorer> explorer,
                                           const StudySpec& spec,
                                           std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  if (!spec.fidelity || !spec.fidelity->max) {
    problems.push_back({"type", fmt::format("{} trains up to a fidelity, and the study declares "
                                            "none. Add for example fidelity: {{name: epoch, max: "
                                            "50}}",
                                            name)});
  }
  if (!spec.checkpoint) {
    problems.push_back(
        {"type",
         fmt::format("{} copies checkpoints from one trial to another: declare checkpoint", name)});
  }
  if (spec.replicates > 1) {
    problems.push_back(
        {"type", fmt::format("{} cannot copy the checkpoints of replicates: remove replicates, or "
                             "take the mean of several seeds in the program",
                             name)});
  }
  if (spec.confirm.top > 0) {
    problems.push_back(
        {"type", fmt::format("the trials of {} go on from each other's checkpoints, so "
                             "confirm cannot run one of them again: remove confirm, "
                             "and use hone replay",
                             name)});
  }
  check_mutate(options.mutate, spec, problems);
  constexpr double kIntervals = 20;
  const double end = spec.fidelity ? spec.fidelity->max.value_or(INFINITY) : INFINITY;
  const double interval = options.interval.value_or(end / kIntervals);
  if (options.interval && interval >= end) {
    problems.push_back({"interval", fmt::format("{} is not below full fidelity, {}: members would "
                                                "never be compared",
                                                format_number(interval), format_number(end))});
  }
  constexpr double kMostIntervals = 10'000;
  if (options.interval && std::isfinite(end) && end / interval > kMostIntervals) {
    problems.push_back(
        {"interval",
         fmt::format("{} makes {} intervals up to {}; at most {} are compared. Take {} "
                     "or more",
                     format_number(interval), format_number(end / interval, 3), format_number(end),
                     format_number(kMostIntervals), format_number(end / kMostIntervals))});
  }
  if (problems.size() != before) return nullptr;
  return std::make_unique<Population>(name, std::move(options), interval, std::move(explorer),
                                      spec);
}

}  // namespace hone
