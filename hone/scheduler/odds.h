// What early values have said about final ones in this study so far, and what that makes of a
// trial's chance.
//
// At each level of fidelity a trial has a rank among all that came so far; trials that were stopped
// before count as worse. Ranks become normal scores u, and so do the final values of completed
// trials, v. How far u tells v is their correlation over the completed trials. As bad starters are
// stopped these are a selection, which makes the correlation look smaller than it is; it is mended
// by the ratio of spreads (Thorndike 1949, case 2), and taken at its lower confidence bound
// (Fisher's z). Under a normal law of both, the chance that a trial ends among the best share q is
//   Φ((Φ⁻¹(q) − ρ·u)/√(1 − ρ²)).
// Where early values say little ρ is small, and nobody's chance is. A bad beginning surprises more
// often than a normal law allows: with a share of tail·(1 − ρ²) a trial's beginning says nothing,
// and its chance is q.
//
// Paused trials count as those stopped do. Who orders trials instead of giving them up wants ρ as
// it is expected: the mended one, weighed by the number of pairs (less where they are a narrow
// selection) against a prior, (share of the way)^decay.
//
// Many curves lie in a clump for a while, at what guessing gives, and ranks within it are noise. So
// a trial is ranked by its value less a band: the median size of its last few steps, which is the
// noise where the curve is level, and more where it falls fast.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hone/scheduler/rungs.h"

namespace hone {

struct OddsOptions {
  double chance = 0.01;  ///< stops below this chance
  double best = 0.03;    ///< of ending among the best so many, as a share of all
  double caution = 1;    ///< standard errors by which the correlation is taken lower
  double band = 1;       ///< others count as better from so many of the trial's own steps on
  double prior = 4;      ///< completed trials that what is expected beforehand counts as
  double tail = 0.4;     ///< share of trials of which early values say nothing, times 1 − ρ²
  double decay = 0.05;   ///< before any has completed, ρ is (fidelity / full fidelity)^decay
};

/// Not thread-safe.
class Odds {
 public:
  Odds(Rungs levels, OddsOptions options);

  /// Folds a change after the history has applied it.
  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history);

  struct Chance {
    int level = -1;         ///< −1: nothing to judge by
    std::int64_t rank = 0;  ///< among all that came so far
    std::int64_t of = 0;    ///< those stopped before included
    double chance = 1;
    double correlation = 0;  ///< between here and the end, at its lower bound
    bool is_nan = false;
  };
  /// By the highest level that the observation recorded.
  Chance chance(const Observation& observation, const History& history) const;
  /// Records the value at a level alone: of a training that was made for that level.
  void record_at(int level, const Observation& observation, const History& history);
  /// The correlation of the level with the end as it is expected to be: that over the completed
  /// trials, and the prior one.
  double expected_correlation(int level) const {
    return known_[static_cast<std::size_t>(level)].expected;
  }
  /// The normal score of a loss at a level; negative: better than the middle.
  double score_at(int level, double loss) const;
  /// Trials that completed with a value.
  std::int64_t completed() const { return static_cast<std::int64_t>(finals_.size()); }
  /// All that were recorded at the level, or paused or stopped before it.
  std::int64_t all_at(int level) const;
  /// The same as `chance`, of a loss at a level.
  Chance chance_at(int level, double loss) const;
  /// From how much better on others count as better than the trial: its step size.
  double band(const Trial& trial) const;
  /// Share of all trials that "among the best" means now, not above one half.
  double best_share(int level) const;
  const Rungs& levels() const { return levels_; }
  const OddsOptions& options() const { return options_; }

 private:
  /// ρ of a level is computed again when the trials there have grown by this share.
  static constexpr double kGrowth = 1.04;
  struct Known {
    double correlation = 0;  // lower bound
    double expected = 0;
    std::int64_t again_at = 0;  ///< completed trials and trials at the level, together
  };
  double prior(int k) const;
  void keep_up(int k);
  double score(double rank, double of) const;
  void correlate(int k);

  Rungs levels_;
  OddsOptions options_;
  std::vector<std::int64_t> stopped_below_;  // per level: stopped with this as the highest recorded
  std::unordered_map<std::int64_t, int> stopped_at_;  // by trial
  std::map<std::int64_t, double> finals_;             // of completed trials: loss, by number
  std::vector<Known> known_;                          // per level
};

}  // namespace hone
