// Rungs of successive halving (Jamieson and Talwalkar 2016; asynchronous: Li et al. 2020, arXiv
// 1810.05934): the fidelities r·η^k at which trials are compared, and what each of them recorded
// there, in commit order. A trial records at a rung once, with its first observation at or after
// it; what it says later (a repeated report, a new attempt, a curve that was started again) changes
// nothing, since decisions have been made from the record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hone/study/history.h"

namespace hone {

/// What a trial recorded at a rung.
struct RungEntry {
  std::int64_t trial = -1;
  double loss = 0;       ///< smaller is better; NaN is worse than everything
  std::int64_t seq = 0;  ///< of the observation that recorded it
};

/// Order of entries: loss, NaN last; equal losses by trial number, so that nothing depends on the
/// order of arrival.
bool ranks_before(const RungEntry& a, const RungEntry& b);
/// The same for ordered containers.
struct ByRank {
  bool operator()(const RungEntry& a, const RungEntry& b) const { return ranks_before(a, b); }
};

/// One rung: entries in order of rank. Not thread-safe.
class Rung {
 public:
  explicit Rung(double level) : level_(level) {}
  double level() const { return level_; }
  std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
  /// False (and nothing changes) when the trial has recorded here before. O(size) moves.
  bool record(const RungEntry& entry);
  /// Null pointer when the trial recorded nothing here.
  const RungEntry* find(std::int64_t trial) const;
  /// The first in order of rank; null when there is none.
  const RungEntry* best() const { return entries_.empty() ? nullptr : &entries_.front(); }
  /// In order of rank.
  const std::vector<RungEntry>& entries() const { return entries_; }
  /// 1 + the number of entries with a strictly smaller loss: ties share the better rank.
  std::int64_t rank(double loss) const;

 private:
  double level_;
  std::vector<RungEntry> entries_;                  // by ranks_before
  std::unordered_map<std::int64_t, RungEntry> of_;  // by trial; looked up only, never walked
};

/// The rungs of one bracket, from low to high. Not thread-safe.
class Rungs {
 public:
  /// Levels first·eta^k below `max` (none: as many as are reached, at most kMaxRungs). first > 0,
  /// eta > 1.
  Rungs(double first, double eta, std::optional<double> max);

  static constexpr int kMaxRungs = 64;

  double eta() const { return eta_; }
  int size() const { return static_cast<int>(rungs_.size()); }
  const Rung& rung(int k) const { return rungs_[static_cast<std::size_t>(k)]; }
  /// The fidelity after rung k: the next level, or full fidelity; nullopt where that has no limit.
  std::optional<double> level_after(int k) const;
  /// Highest rung whose level is at or below `fidelity`, or −1.
  int at(double fidelity) const;
  /// Records the observation at every rung up to its fidelity that the trial has not recorded at.
  void record(const Observation& observation, double loss);
  /// Records at rung k alone, where the trial recorded nothing at it or above it.
  void record_at(int k, const Observation& observation, double loss);
  /// Highest rung that the trial recorded at, or −1.
  int highest(std::int64_t trial) const;
  /// A program that was asked to go up to a rung and ended by itself has gone so far, whatever it
  /// reported last (epochs counted from zero, or an evaluation that is due every so many steps
  /// only): what is to be recorded of a paused trial with the commit `seq`, if anything.
  std::optional<Observation> reached_target(const Trial& trial, std::int64_t seq) const;
  /// How many of the n entries of rung k go on: ⌊n/η⌋, at least one.
  std::int64_t keeps(int k) const;
  /// "1, 3, 9 epochs".
  std::string levels_text(const std::string& unit) const;

 private:
  double eta_;
  std::optional<double> max_;
  std::vector<Rung> rungs_;
  std::unordered_map<std::int64_t, int> highest_;
};

}  // namespace hone
