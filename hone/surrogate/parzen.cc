#include "hone/surrogate/parzen.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/math/normal.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

/// Bandwidths below this are rounding: two observations at one point.
constexpr double kRounding = 1e-9;

/// e^x for x ≤ 0, relative error below 2e-8, 0 below −700. A polynomial and a shift of exponent
/// bits, which the compiler can do for several x at once; std::exp cannot be.
inline double exp_negative(double x) {
  constexpr double kMagic =
      6755399441055744.0;  // 1.5·2^52: adding it rounds to an integer in the low bits
  x = x < -700 ? -700 : x;
  const double shifted = x * M_LOG2E + kMagic;
  const double k = shifted - kMagic;
  const double r = x - k * M_LN2;  // |r| ≤ ln 2 / 2
  // Taylor to r⁸/8!: the remainder is below 2e-10 of the result.
  double p = 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(shifted) << 52;
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(p) + bits);
}

double log_sum_exp(const double* x, std::size_t n) {
  double tops[8] = {x[0], x[0], x[0], x[0], x[0], x[0], x[0], x[0]};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t l = 0; l < 8; ++l) tops[l] = tops[l] < x[i + l] ? x[i + l] : tops[l];
  }
  double top = *std::max_element(tops, tops + 8);
  for (; i < n; ++i) top = std::max(top, x[i]);
  if (!std::isfinite(top)) return top;
  // Eight partial sums: a fixed order that vectorises.
  double part[8] = {};
  for (i = 0; i + 8 <= n; i += 8) {
    for (std::size_t l = 0; l < 8; ++l) part[l] += exp_negative(x[i + l] - top);
  }
  double sum = 0;
  for (; i < n; ++i) sum += exp_negative(x[i] - top);
  for (const double p : part) sum += p;
  return top + std::log(sum);
}

/// sum_k += sign·(offset_k − ½((x − mean_k)·inverse_k)²).
void add_normals(double x, double sign, std::size_t n, const double* mean, const double* inverse,
                 const double* offset, double* __restrict sum) {
  for (std::size_t k = 0; k < n; ++k) {
    const double z = (x - mean[k]) * inverse[k];
    sum[k] += sign * (offset[k] - 0.5 * z * z);
  }
}

double scott_factor(std::size_t n, std::size_t d) {
  return std::pow(static_cast<double>(n), -1.0 / (static_cast<double>(d) + 4));
}

/// Half the width of [0, 1] where there are fewer than two observations.
double spread_of(std::span<const double> x) {
  constexpr double kUniformSd = 0.28867513459481287;
  if (x.size() < 2) return kUniformSd;
  return std::sqrt(variance(x));
}

double log_normaliser(double mean, double sd) {
  // Within six standard deviations of neither end the cut takes less than 1e-9.
  if (mean > 6 * sd && mean < 1 - 6 * sd) return 0;
  return normal_log_mass(-mean / sd, (1 - mean) / sd);
}

double bandwidth_floor(const ParzenColumn& column, const ParzenOptions& options) {
  return std::max({options.floor, column.resolution, kRounding});
}

/// The larger distance to the neighbours of each of the ascending values; the ends of the range are
/// neighbours only of a single one.
void neighbour_gaps(std::span<const double> sorted, std::vector<double>& gaps) {
  const std::size_t n = sorted.size();
  gaps.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double left = i > 0 ? sorted[i] - sorted[i - 1] : n == 1 ? sorted[i] : 0;
    const double right = i + 1 < n ? sorted[i + 1] - sorted[i] : n == 1 ? 1 - sorted[i] : 0;
    gaps[i] = std::max(left, right);
  }
}

}  // namespace

int ParzenColumn::cell_of(double u) const {
  const auto it = std::upper_bound(edges.begin() + 1, edges.end() - 1, u);
  return static_cast<int>(it - edges.begin()) - 1;
}

double ParzenColumn::middle(int cell) const {
  const auto c = static_cast<std::size_t>(cell);
  return edges[c] + (edges[c + 1] - edges[c]) / 2;
}

void Parzen::fit(std::span<const double* const> rows, std::span<const double> weights,
                 const ParzenOptions& options) {
  HONE_ASSERT(weights.empty() || weights.size() == rows.size(), "one weight per row, or none");
  const std::size_t n = rows.size();
  count_ = static_cast<int>(n) + 1;
  log_weight_.resize(n + 1);
  cumulative_weight_.resize(n + 1);
  double total = 0;
  for (std::size_t k = 0; k <= n; ++k) {
    const double weight = k == n ? options.prior_weight : weights.empty() ? 1.0 : weights[k];
    log_weight_[k] = weight;
    total += weight;
    cumulative_weight_[k] = total;
  }
  for (std::size_t k = 0; k <= n; ++k) {
    log_weight_[k] = std::log(log_weight_[k] / total);
    cumulative_weight_[k] /= total;
  }
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    if (columns_[j].kind == ParzenColumn::Kind::continuous) {
      fit_continuous(j, rows, options);
    } else {
      fit_discrete(j, rows, options);
    }
  }
}

void Parzen::fit_continuous(std::size_t j, std::span<const double* const> rows,
                            const ParzenOptions& options) {
  const std::size_t n = rows.size();
  const ParzenColumn& column = columns_[j];
  Column& data = data_[j];
  data.mean.assign(n + 1, 0.5);
  data.inverse.assign(n + 1, 0);
  data.offset.assign(n + 1, 0);
  std::vector<std::pair<double, std::size_t>> sorted;
  for (std::size_t k = 0; k < n; ++k) {
    if (!std::isnan(rows[k][j])) sorted.emplace_back(rows[k][j], k);
  }
  const double floor = bandwidth_floor(column, options);
  double shared = 0;
  std::vector<double> gaps;
  if (options.bandwidth == Bandwidth::scott) {
    std::vector<double> x;
    for (const auto& [value, k] : sorted) x.push_back(value);
    shared = std::clamp(options.factor * spread_of(x) *
                            scott_factor(std::max<std::size_t>(1, x.size()), columns_.size()),
                        floor, std::max(floor, 1.0));
  } else {
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> x;
    for (const auto& [value, k] : sorted) x.push_back(value);
    neighbour_gaps(x, gaps);
  }
  double sum = 0;
  const auto set = [&](std::size_t k, double mean, double sd) {
    data.mean[k] = mean;
    data.inverse[k] = 1 / sd;
    data.offset[k] = -kLogSqrt2Pi - std::log(sd) - log_normaliser(mean, sd);
  };
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    double sd = shared;
    if (options.bandwidth == Bandwidth::gap) {
      sd = std::clamp(options.factor * gaps[i], floor, std::max(floor, 1.0));
    }
    set(sorted[i].second, sorted[i].first, sd);
    sum += sd;
  }
  data.scale = sorted.empty() ? 1 : sum / static_cast<double>(sorted.size());
  if (column.prior_spread > 0) set(n, column.prior_centre, column.prior_spread);
}

void Parzen::fit_discrete(std::size_t j, std::span<const double* const> rows,
                          const ParzenOptions& options) {
  const std::size_t n = rows.size();
  const ParzenColumn& column = columns_[j];
  Column& data = data_[j];
  const auto cells = static_cast<std::size_t>(column.cells());
  data.item.assign(n + 1, static_cast<int>(cells));
  data.item[n] = static_cast<int>(cells) + 1;
  std::vector<double> x;
  for (std::size_t k = 0; k < n; ++k) {
    if (std::isnan(rows[k][j])) continue;
    data.item[k] = column.cell_of(rows[k][j]);
    x.push_back(rows[k][j]);
  }
  const bool ordered = column.kind == ParzenColumn::Kind::ordered;
  const double h =
      std::max(spread_of(x) * scott_factor(std::max<std::size_t>(1, x.size()), columns_.size()),
               bandwidth_floor(column, options));
  const double smoothing = options.smoothing / (static_cast<double>(x.size()) + 1);
  data.scale = ordered ? h : 1;
  data.table.assign((cells + 2) * cells, 0);
  data.cumulative.assign((cells + 2) * cells, 0);
  for (std::size_t o = 0; o < cells + 2; ++o) {
    double* log_p = data.table.data() + o * cells;
    double* cumulative = data.cumulative.data() + o * cells;
    double total = 0;
    for (std::size_t c = 0; c < cells; ++c) {
      const double width = column.edges[c + 1] - column.edges[c];
      const double m = column.middle(static_cast<int>(c));
      double p = 1;  // relative to the law
      if (o < cells && ordered) {
        // In widths of its own cells a discrete law never gets narrower than its neighbours'
        // rounding: e^−300 counts as none.
        const double z = (m - column.middle(static_cast<int>(o))) / h;
        p = std::exp(std::max(-300.0, -0.5 * z * z));
      } else if (o < cells) {
        p = (c == o ? 1 : 0) + smoothing;
      } else if (o == cells + 1 && column.prior_spread > 0) {
        const double z = (m - column.prior_centre) / column.prior_spread;
        p = std::exp(-0.5 * z * z);
      }
      log_p[c] = p;
      total += p * width;
      cumulative[c] = total;
    }
    for (std::size_t c = 0; c < cells; ++c) {
      log_p[c] = std::log(log_p[c] / total);
      cumulative[c] /= total;
    }
  }
}

void Parzen::add_column(std::size_t j, double x, double sign, std::vector<double>& sums) const {
  if (std::isnan(x)) return;
  const Column& data = data_[j];
  const auto n = static_cast<std::size_t>(count_);
  double* sum = sums.data();
  if (columns_[j].kind == ParzenColumn::Kind::continuous) {
    add_normals(x, sign, n, data.mean.data(), data.inverse.data(), data.offset.data(), sum);
    return;
  }
  const auto cells = static_cast<std::size_t>(columns_[j].cells());
  const double* table = data.table.data() + columns_[j].cell_of(x);
  for (std::size_t k = 0; k < n; ++k)
    sum[k] += sign * table[static_cast<std::size_t>(data.item[k]) * cells];
}

void Parzen::terms(std::span<const double> row, Terms& terms) const {
  terms.sums = log_weight_;
  for (std::size_t j = 0; j < columns_.size(); ++j) add_column(j, row[j], 1, terms.sums);
}

double Parzen::log_density(const Terms& terms) const {
  return log_sum_exp(terms.sums.data(), terms.sums.size());
}

double Parzen::log_density(std::span<const double> row) const {
  scratch_ = log_weight_;
  for (std::size_t j = 0; j < columns_.size(); ++j) add_column(j, row[j], 1, scratch_);
  return log_sum_exp(scratch_.data(), scratch_.size());
}

void Parzen::change(Terms& terms, int j, double x, double sign) const {
  add_column(static_cast<std::size_t>(j), x, sign, terms.sums);
}

double Parzen::log_density_with(const Terms& without, int j, double x) const {
  scratch_ = without.sums;
  add_column(static_cast<std::size_t>(j), x, 1, scratch_);
  return log_sum_exp(scratch_.data(), scratch_.size());
}

double Parzen::log_marginal(int j, double x) const {
  scratch_ = log_weight_;
  add_column(static_cast<std::size_t>(j), x, 1, scratch_);
  return log_sum_exp(scratch_.data(), scratch_.size());
}

std::size_t Parzen::draw_index(Rng& rng) const {
  const auto it =
      std::upper_bound(cumulative_weight_.begin(), cumulative_weight_.end() - 1, rng.uniform());
  return static_cast<std::size_t>(it - cumulative_weight_.begin());
}

double Parzen::draw_kernel(Rng& rng, std::size_t j, std::size_t kernel) const {
  const double p = rng.uniform_open();
  const Column& data = data_[j];
  if (columns_[j].kind == ParzenColumn::Kind::continuous) {
    if (data.inverse[kernel] == 0) return p;
    return TruncatedNormal{data.mean[kernel], 1 / data.inverse[kernel], 0, 1}.quantile(p);
  }
  const auto cells = static_cast<std::size_t>(columns_[j].cells());
  const double* cumulative =
      data.cumulative.data() + static_cast<std::size_t>(data.item[kernel]) * cells;
  const auto cell = std::upper_bound(cumulative, cumulative + cells - 1, p) - cumulative;
  return columns_[j].middle(static_cast<int>(cell));
}

void Parzen::draw(Rng& rng, std::span<double> row) const {
  const std::size_t kernel = draw_index(rng);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = draw_kernel(rng, j, kernel);
}

double Parzen::draw_marginal(Rng& rng, int j) const {
  const std::size_t kernel = draw_index(rng);
  return draw_kernel(rng, static_cast<std::size_t>(j), kernel);
}

}  // namespace hone
