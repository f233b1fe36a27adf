// What the trials of a study teach a sampler, in order from best to worst, kept up to date at the
// cost of what has changed. Rules: design rules, "States".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "hone/sampler/leading.h"
#include "hone/study/history.h"

namespace hone {

/// What a trial says about its configuration.
enum class Lesson {
  value,       ///< complete: its value
  partial,     ///< stopped or paused: its value at the fidelity it reached
  violates,    ///< complete or stopped, but a guard or constraint does not hold
  infeasible,  ///< failed in a way that is the configuration's doing, or no number came out
  pending,     ///< queued or running
  nothing,     ///< failed by accident, cancelled, or stopped before it said anything
};

/// A trial that teaches something. Ordered from best to worst: lesson, then for partial ones the
/// higher fidelity first, then the smaller loss (or violation), then the lower number.
struct Observed {
  Lesson lesson = Lesson::nothing;
  double reached = 0;  ///< of partial ones
  double loss =
      0;  ///< smaller is better; the sum of relative violations where the lesson is `violates`
  std::int64_t trial = -1;
};
bool better(const Observed& a, const Observed& b);

/// With several objectives a trial has a loss for each, and `loss` is the first. A pure function of
/// the history it was last updated with, whatever came before. Not thread-safe.
class Observations {
 public:
  /// Folds what changed since the last call: O(changes · log size). Starts over when it is another
  /// history or another spec.
  void update(const History& history);

  /// Trials with lesson value, partial or violates.
  std::int64_t ranked() const { return ranked_; }
  /// … with lesson value or partial.
  std::int64_t usable() const { return usable_; }
  /// The best `count` usable trials (fewer if there are fewer), best first. With several
  /// objectives: whole fronts, and of the last one those that add most to the hypervolume.
  std::vector<std::int64_t> best(std::int64_t count);
  /// Up to `count` trials that are not among the best `without`: all of them, or a sample that
  /// every trial enters by a hash of its number alone, so it does not depend on the order of
  /// events. Ascending hash.
  std::vector<std::int64_t> rest(std::int64_t without, std::int64_t count, bool with_infeasible);
  /// Queued and running trials, ascending.
  std::vector<std::int64_t> pending() const { return {pending_.begin(), pending_.end()}; }
  /// The lesson of a trial.
  Lesson lesson(std::int64_t trial) const { return of(trial).lesson; }
  int objectives() const { return objectives_; }
  /// Of a usable trial, one per objective.
  std::span<const double> losses(std::int64_t trial) const {
    const auto m = static_cast<std::size_t>(objectives_);
    return std::span(losses_).subspan(static_cast<std::size_t>(trial) * m, m);
  }
  /// The trials with lesson value, partial or violates as fronts, best first, until `enough` are
  /// among them: those with a value by non-domination, then those that were stopped, then those
  /// that break a guard, the least first (constrained domination: Deb 2000).
  std::vector<std::vector<std::int64_t>> fronts(std::int64_t enough) const;
  /// All of it.
  const Observed& of(std::int64_t trial) const { return of_[static_cast<std::size_t>(trial)]; }

 private:
  Observed judge(const Trial& trial, const History& history) const;
  std::vector<std::int64_t> best_of_fronts(std::int64_t count) const;
  void put(std::int64_t trial, const History& history);
  void remove(std::int64_t trial);
  void insert(const Observed& observed);
  void review_accidents(const History& history);
  void mark_success(std::int64_t trial, bool succeeded);
  std::span<const std::int64_t> leading(Leading& of, bool by_rank, std::size_t count);

  std::shared_ptr<const StudySpec> spec_;
  std::shared_ptr<const Proposal> first_;  // identity of the history
  std::size_t folded_ = 0;                 // entries of touched() seen
  std::vector<Observed> of_;               // by trial
  int objectives_ = 1;
  std::vector<double> losses_;  // by trial, all objectives; with one objective empty
  // All that teach something but pending ones, by rank and by the hash of their numbers.
  Leading by_rank_;
  Leading by_hash_;
  std::set<std::int64_t> pending_;
  std::int64_t ranked_ = 0;
  std::int64_t usable_ = 0;
  std::vector<bool> succeeded_;         // by trial: complete with a number
  std::int64_t earliest_success_ = -1;  // of them, the lowest number
  std::set<std::int64_t> accidents_;    // failed with exit_code or signal
  std::int64_t first_success_ = -1;     // for which accidents were judged last
  std::map<std::string, int> broken_;   // their last lines, of those before the first success
};

}  // namespace hone
