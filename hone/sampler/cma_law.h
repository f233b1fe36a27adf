// The search law of CMA-ES over the encoded unit cube: a normal law over the numeric columns and a
// table of probabilities per categorical column, moved by ranked members of a generation.
//   normal part: Hansen, The CMA Evolution Strategy: A Tutorial (arXiv 1604.00772), with active
//   (negative) weights;
//   discrete numeric columns: a margin of probability outside of the mean's cell (Hamano et al.
//   2022, arXiv 2205.13482), so that they do not freeze;
//   categorical columns: adaptive stochastic natural gradient with a margin (Akimoto et al. 2019,
//   arXiv 1905.09395; joined with CMA-ES by Hamano et al. 2024, arXiv 2405.09962);
//   members that the law did not draw, or drew long ago: steps of bounded length (Hansen 2011,
//   Injecting external solutions).
// A member is known by its configuration alone, which leaves open where in its cell a discrete
// value lay and where an inactive parameter was: these are drawn from the law given the rest of the
// member, which is how they were drawn in the first place. So nothing hidden has to be kept.
#pragma once

#include <span>
#include <vector>

#include "hone/base/rng.h"
#include "hone/space/encoding.h"

namespace hone {

/// Where the law starts.
struct CmaStart {
  std::vector<double> mean;    ///< one entry per column; of categorical ones unused
  std::vector<double> spread;  ///< standard deviations in unit-cube widths; likewise
  int population = 0;          ///< members of a generation, λ; at least 2
  /// Columns × columns, its diagonal the squares of `spread`; empty: nothing else.
  std::vector<double> covariance;
  /// Of every categorical column, the probabilities of its items; empty: equal ones.
  std::vector<std::vector<double>> shares;
};

/// A member of a generation that has ended. `row`: encoded, NaN where inactive; `draw` decides what
/// the row leaves open.
struct CmaMember {
  std::span<const double> row;
  Rng draw;
};

/// Holds buffers. Not thread-safe.
class CmaLaw {
 public:
  /// `domains`: one per column, searched ones; they must outlive the law.
  CmaLaw(std::vector<const Domain*> domains, const CmaStart& start);

  /// The population that suits a space of so many columns.
  static int default_population(int columns);

  /// Draws a row of the cube. Numeric columns are drawn anew while they lie outside, up to a limit,
  /// then clipped; categorical ones are in the middle of their cell. `u`: a point of (0, 1)^columns
  /// for the first attempt, or empty. Points of a low-discrepancy sequence spread a generation
  /// evenly over the law. `widen`, at least 1, multiplies the deviations and brings the tables
  /// nearer to equal shares, where the law has nothing new any more; what leaves the cube is then
  /// mirrored.
  void draw(Rng& rng, std::span<const double> u, double widen, std::span<double> row) const;
  /// Moves the law by a whole generation, best member first. Of as many as the population; fewer or
  /// more are no difficulty. O(λ·d² + d³).
  void update(std::span<const CmaMember> ranked);

  int population() const { return population_; }
  /// The largest standard deviation over the continuous columns; 0 where there are none.
  double width() const;
  /// Whether the normal part is too ill-conditioned to go on.
  bool is_degenerate() const { return degenerate_; }

 private:
  struct Numeric {
    std::size_t column = 0;
    const Domain* domain = nullptr;
    bool discrete = false;
  };
  struct Categorical {
    std::size_t column = 0;
    std::vector<double> probability;  // q
    std::vector<double> path;         // s of the natural gradient, in its Fisher coordinates
  };
  struct Order {  // of the numeric columns, for draws given a member
    std::vector<int> columns;
    std::vector<double> factor;  // Cholesky factor of C in that order, row by row
  };

  void set_weights();
  void decompose();
  bool factor(Order& order) const;
  std::vector<double> step_of(const CmaMember& member, Order& order) const;
  void update_normal(std::span<const CmaMember> ranked);
  void update_tables(std::span<const CmaMember> ranked);
  void keep_margin();
  double deviation(std::size_t j) const;

  int population_;
  std::vector<Numeric> numeric_;
  std::vector<Categorical> categorical_;

  // The tutorial's symbols; d numeric columns.
  std::vector<double> weights_;  // w, the first mu_ positive, summing to 1
  int mu_ = 0;
  double mu_eff_ = 1, c_sigma_ = 0, d_sigma_ = 1, c_c_ = 0, c_1_ = 0, c_mu_ = 0, chi_ = 1;
  std::vector<double> mean_;           // m
  double sigma_ = 1;                   // σ
  std::vector<double> covariance_;     // C, d×d, symmetric
  std::vector<double> p_sigma_, p_c_;  // evolution paths
  std::vector<double> basis_, roots_;  // C = B·D²·Bᵀ: B by columns, D
  std::vector<double> margin_scale_;   // A of Hamano et al.: scales draws of discrete columns
  std::int64_t generation_ = 0;
  std::int64_t decomposed_ = 0;  // generation of B and D
  bool degenerate_ = false;

  double trust_ = 1;   // Δ: the tables' step is δ = 1/Δ
  double weight_ = 0;  // γ
};

}  // namespace hone
