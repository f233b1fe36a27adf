// Which training to go on with, where each may be paused after a part of its way and how far early
// values tell final ones is known: the one with the largest Gittins index (Gittins 1979), here the
// largest rate of successes per unit of compute that going on with it, and pausing again wherever
// that is better, can have.
//
// A trial at level k has a normal score u (negative: better than the middle). Scores are taken as a
// Gaussian Markov chain over the levels, with unit spread at each and correlation ρ_k between level
// k and the end; a success is a final score below Φ⁻¹(q). With a price λ on compute,
//   V_k(u) = max(0, max_j E[V_j(u')] − λ·c_kj),  u' ~ N(r·u, 1 − r²),  r = ρ_k/ρ_j,  j > k,
//   E[V_K] = Φ((Φ⁻¹(q) − ρ_k·u)/√(1 − ρ_k²)),
// and the index of (k, u) is the λ at which V_k(u) leaves 0. It falls in u, so for each λ of a
// ladder there is one u per level at which it is met; in between it is interpolated, which is good
// to about a tenth. A trial that is not begun has the index at which the best of E[V_j(u)] − λ·f_j
// leaves 0.
//
// A trial that goes on from where it was pays for the way between the levels, c_kj = f_j − f_k, and
// passes every level; one that starts again pays for the whole of it, c_kj = f_j, and may leave
// levels out.
#pragma once

#include <vector>

namespace hone {

/// What the index follows from. K ≥ 1 levels.
struct GittinsProblem {
  std::vector<double> level;        ///< f_k, shares of a full training, rising, in (0, 1)
  std::vector<double> correlation;  ///< ρ_k with the end
  double best = 0.03;               ///< q: share of all trials that counts as success
  bool starts_again = false;        ///< trials that are paused lose what they have done
};

/// A value type; empty until it is made from a problem.
class GittinsIndex {
 public:
  GittinsIndex() = default;
  /// About a millisecond for 10 levels.
  explicit GittinsIndex(const GittinsProblem& problem);

  struct Index {
    double rate = 0;  ///< successes per full training
    int to = 0;       ///< the level to go to next; K: the end
  };
  /// Of a trial at a level with a score. O(log n).
  Index of(int level, double score) const;
  /// Of a trial that is not begun.
  const Index& fresh() const { return fresh_; }

 private:
  /// Where the index of a level is one of the prices.
  struct Boundary {
    std::vector<double> score;  // rising
    std::vector<int> to;
  };
  std::vector<double> prices_;  // λ, falling
  std::vector<Boundary> boundaries_;
  Index fresh_;
};

}  // namespace hone
