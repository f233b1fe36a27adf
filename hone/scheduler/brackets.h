// The brackets of Hyperband (Li et al. 2018, arXiv 1603.06560): halving with several first rungs,
// as a hedge against curves that cross late. Bracket b begins at first·η^b; the last one has no
// rung. Trials are dealt out in proportion to what Hyperband starts in each, so that all brackets
// spend about the same. One bracket is plain successive halving.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hone/scheduler/rungs.h"

namespace hone {

/// Not thread-safe.
class Brackets {
 public:
  /// `count` ≥ 1 brackets; more than there are levels are left out.
  Brackets(double first, double eta, std::optional<double> max, int count);

  int count() const { return static_cast<int>(rungs_.size()); }
  const Rungs& rungs(int bracket) const { return rungs_[static_cast<std::size_t>(bracket)]; }
  /// That of the trial; trials of an older rule count as members of the last one.
  int of(const Trial& trial) const;
  /// Counts new trials. The default configuration and those of users are in no bracket's share.
  void observe(const Change& change);
  /// Records the observation in the trial's bracket.
  void record(const Observation& observation, const Trial& trial, double loss);
  /// As `Rungs::reached_target`, of the trial's bracket.
  std::optional<Observation> reached_target(const Trial& trial, std::int64_t seq) const {
    return rungs(of(trial)).reached_target(trial, seq);
  }
  /// How far a new trial of the bracket runs at first: to its lowest rung; the default
  /// configuration, which comes first, and trials of a bracket without rungs to the end.
  std::optional<double> first_target(int bracket, const History& history) const;
  /// The bracket that is furthest behind its share.
  int next() const;
  /// How many trials Hyperband starts in the bracket for every one of the last.
  std::int64_t share(int bracket) const { return shares_[static_cast<std::size_t>(bracket)]; }
  /// "rung 2", or "bracket 1, rung 2" where there are several.
  std::string rung_text(int bracket, int rung) const;
  /// "rungs at 1, 3, 9 epochs, keeps 1 in 3", "3 brackets, rungs at …".
  std::string text(const std::string& unit) const;

 private:
  std::vector<Rungs> rungs_;
  std::vector<std::int64_t> shares_;
  std::vector<std::int64_t> started_;
};

}  // namespace hone
