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
// Flat float arrays by column, kernels innermost, eight at a time: a density costs one pass of n·d
// multiply-adds and n exponentials. ln p comes out within 1e-4 of exact arithmetic; a factor below
// e^−60 counts as e^−60, which the prior kernel outweighs.
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
  friend bool operator==(const ParzenOptions&, const ParzenOptions&) = default;
  Bandwidth bandwidth = Bandwidth::scott;
  double factor = 1;        ///< multiplies every bandwidth
  double floor = 0;         ///< smallest bandwidth; 0: none but rounding
  double prior_weight = 1;  ///< of the prior kernel; observations have weight 1
  double smoothing = 1;     ///< a = smoothing/(n + 1) of unordered columns
};

/// Fitted for every suggestion; holds its arrays, so that this allocates nothing, and does nothing
/// where rows, weights and options are those of the last fit. Not thread-safe.
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
    std::vector<float> sums, without, tried;
  };
  void terms(std::span<const double> row, Terms& terms) const;
  double log_density(const Terms& terms) const;
  /// Takes column j, which is at x, out of the terms: for `log_density_with`, until `move`.
  void lift(Terms& terms, int j, double x) const;
  /// ln p of the row whose column j was lifted, with that column at x; NaN: inactive.
  double log_density_with(Terms& terms, int j, double x) const;
  /// The terms are those of the row with which log_density_with was asked last.
  static void move(Terms& terms) { terms.sums.swap(terms.tried); }

  /// What ln p is nowhere below: the prior kernel's part, where that is the law itself.
  double least_log_density() const { return least_; }

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
    // continuous: ln p = offset − ((x − mean)·inverse)²
    std::vector<float> mean, inverse, offset;
    std::vector<std::uint32_t> item;  // discrete: cell of the observation; C: inactive; C + 1: the
                                      // prior's
    std::vector<float> table;         // C × (C + 2): ln p(cell | item) relative to the law
    std::vector<double> cumulative;   // (C + 2) × C: P(cell ≤ c | item), for draws
    double scale = 1;
  };
  /// Keys of one column in ascending order, with the kernels they belong to.
  struct Sorted {
    std::vector<std::uint32_t> key, kernel, spare_key, spare_kernel;
    std::vector<double> x, gap;
    void sort();
  };
  bool is_fitted(std::span<const double* const> rows, std::span<const double> weights,
                 const ParzenOptions& options);
  void fit_weights(std::size_t n, std::span<const double> weights, double prior_weight);
  void fit_continuous(std::size_t j, std::span<const double* const> rows,
                      const ParzenOptions& options);
  void fit_discrete(std::size_t j, std::span<const double* const> rows,
                    const ParzenOptions& options);
  void add_column(std::size_t j, double x, float sign, const std::vector<float>& from,
                  std::vector<float>& to) const;
  double draw_kernel(Rng& rng, std::size_t j, std::size_t kernel) const;
  std::size_t draw_index(Rng& rng) const;

  std::vector<ParzenColumn> columns_;
  std::vector<Column> data_;
  std::vector<float> log_weight_;  // padded to whole vectors with kernels of no weight
  std::vector<double> cumulative_weight_;
  int count_ = 0;
  double least_ = 0;
  mutable std::vector<float> scratch_;
  Sorted sorted_;
  bool fitted_ = false;
  ParzenOptions options_;
  std::vector<double> rows_, weights_;  // of the last fit
};

}  // namespace hone
