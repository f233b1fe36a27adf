// Parzen density over a mixed, conditional space: p(x) = Σ_k w_k Π_j p_kj(x_j), a mixture of
// products with one kernel per observation and one for the prior (Bergstra et al. 2011;
// multivariate as in Falkner et al. 2018). Rows are encoded: a number in [0, 1] per column, NaN
// where a parameter is inactive.
//
// Every factor is a density relative to the law of the parameter (uniform in the encoded space), so
// a factor of 1 says nothing:
//   continuous   a normal law around the observation, cut to [0, 1];
//   ordered      the same over the cells of a discrete parameter: ∝ exp(−(m_c − m_o)²/2h²) at cell
//   middles m; unordered    1 + a at the observed item, a elsewhere, over their sum (Aitchison and
//   Aitken); inactive     1 where the observation has no value there: what it says about its
//   parents decides, and the value is drawn from the law.
// So trials of all branches of a conditional space are one model, and no branch needs observations
// of its own before it can be proposed.
//
// Bandwidth: `gap` takes the larger distance to the neighbours along the coordinate (HyperOpt and
// Optuna), `scott` one for all kernels of a column, c·s·n^(−1/(d+4)) with the spread s of the
// observations. Ordered columns always take the latter. There is no floor but the caller's and
// rounding. The prior kernel keeps every point possible.
//
// Flat arrays by column, kernels innermost: a density costs one pass of n·d multiply-adds and n
// exponentials.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hone/base/rng.h"

namespace hone {

/// How a column behaves.
struct ParzenColumn {
  enum class Kind { continuous, ordered, unordered };
  Kind kind = Kind::continuous;
  std::vector<double> edges;  ///< ordered, unordered: the C + 1 edges of the cells in [0, 1]
  double prior_centre = 0.5;  ///< the prior kernel: normal with this centre and spread …
  double prior_spread = 0;    ///< … 0: the law itself
  double resolution = 0;  ///< of a discrete column that is treated as continuous: half a cell, the
                          ///< smallest bandwidth

  int cells() const { return edges.empty() ? 0 : static_cast<int>(edges.size()) - 1; }
  int cell_of(double u) const;
  double middle(int cell) const;
};

enum class Bandwidth { gap, scott };

struct ParzenOptions {
  Bandwidth bandwidth = Bandwidth::scott;
  double factor = 1;        ///< multiplies every bandwidth
  double floor = 0;         ///< smallest bandwidth; 0: none but rounding
  double prior_weight = 1;  ///< of the prior kernel; observations have weight 1
  double smoothing = 1;     ///< a = smoothing/(n + 1) of unordered columns
};

/// Rebuilt for every suggestion; holds its arrays, so that rebuilding allocates nothing. Not
/// thread-safe.
class Parzen {
 public:
  explicit Parzen(std::vector<ParzenColumn> columns)
      : columns_(std::move(columns)), data_(columns_.size()) {}

  /// `rows` point to encoded rows; `weights` is empty (all 1) or one per row.
  void fit(std::span<const double* const> rows, std::span<const double> weights,
           const ParzenOptions& options);

  int dimension() const { return static_cast<int>(columns_.size()); }
  const ParzenColumn& column(int j) const { return columns_[static_cast<std::size_t>(j)]; }
  /// Kernels with the prior's.
  int kernels() const { return count_; }

  /// ln p(row) relative to the space's law.
  double log_density(std::span<const double> row) const;

  /// Sums of ln w_k + Σ_j ln p_kj(x_j), one per kernel: what a search along one coordinate starts
  /// from.
  struct Terms {
    std::vector<double> sums;
  };
  void terms(std::span<const double> row, Terms& terms) const;
  double log_density(const Terms& terms) const;
  /// Takes column j at x out of the terms (sign −1) or puts it in (sign 1); NaN: inactive.
  void change(Terms& terms, int j, double x, double sign) const;
  /// ln p of the row whose terms lack column j, with that column at x.
  double log_density_with(const Terms& without, int j, double x) const;

  /// ln of the mixture's marginal density in one column, relative to the law.
  double log_marginal(int j, double x) const;
  /// A draw from the mixture: every column filled, inactive or not, discrete ones at cell middles.
  void draw(Rng& rng, std::span<double> row) const;
  /// A draw from the marginal of one column.
  double draw_marginal(Rng& rng, int j) const;
  /// The bandwidth of column j, averaged over the kernels (for the steps of a local search); 1 with
  /// no observations.
  double scale(int j) const { return data_[static_cast<std::size_t>(j)].scale; }

 private:
  struct Column {
    std::vector<double> mean, inverse,
        offset;             // continuous: ln p = offset − ½((x − mean)·inverse)²
    std::vector<int> item;  // discrete: cell of the observation; C: inactive; C + 1: the prior's
    std::vector<double> table;       // (C + 2) × C: ln p(cell | item) relative to the law
    std::vector<double> cumulative;  // (C + 2) × C: P(cell ≤ c | item), for draws
    double scale = 1;
  };
  void fit_continuous(std::size_t j, std::span<const double* const> rows,
                      const ParzenOptions& options);
  void fit_discrete(std::size_t j, std::span<const double* const> rows,
                    const ParzenOptions& options);
  void add_column(std::size_t j, double x, double sign, std::vector<double>& sums) const;
  double draw_kernel(Rng& rng, std::size_t j, std::size_t kernel) const;
  std::size_t draw_index(Rng& rng) const;

  std::vector<ParzenColumn> columns_;
  std::vector<Column> data_;
  std::vector<double> log_weight_;
  std::vector<double> cumulative_weight_;
  int count_ = 0;
  mutable std::vector<double> scratch_;
};

}  // namespace hone
