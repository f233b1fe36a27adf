#include "hone/surrogate/parzen.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "hone/base/assert.h"
#include "hone/math/normal.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

/// Bandwidths below this are rounding: two observations at one point.
constexpr double kRounding = 1e-6;
/// Kernels are handled so many at a time; arrays are padded to a multiple of it.
constexpr std::size_t kLanes = 8;
/// Smallest logarithm of a factor. Sums of a few such keep four digits after the point in a float.
constexpr float kLeastLog = -60;
/// The logarithm of a weight of none.
constexpr float kNoWeight = -1e30F;
/// Draws outside of [0, 1] before the truncated law is inverted.
constexpr int kMaxRejections = 8;

/// Four floats at once, as every processor of the supported kinds has them: the result does not
/// depend on which one runs it.
using Floats [[gnu::vector_size(16)]] = float;
using Words [[gnu::vector_size(16)]] = std::uint32_t;
static_assert(kLanes == 2 * sizeof(Floats) / sizeof(float));

inline Floats load(const float* x) {
  Floats lanes;
  std::memcpy(&lanes, x, sizeof lanes);
  return lanes;
}
inline void store(Floats lanes, float* x) { std::memcpy(x, &lanes, sizeof lanes); }

/// e^x for x ≤ 0, relative error below 4e-7; e^−86 below that: a polynomial and a shift of exponent
/// bits.
inline Floats exp_negative(Floats x) {
  constexpr float kMagic = 12582912;  // 1.5·2^23: adding it rounds to an integer in the low bits
  const Floats least = {-86, -86, -86, -86};
  x = x < least ? least : x;
  const Floats shifted = x * 1.44269504F + kMagic;
  const Floats k = shifted - kMagic;
  // ln 2 in two parts, of which k·the first is exact; |r| ≤ ln 2 / 2.
  const Floats r = (x - k * 0.693359375F) + k * 2.12194440e-4F;
  // Taylor to r⁶/6!: the remainder is below 2e-7 of the result.
  Floats p = r * (1.0F / 720) + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  return std::bit_cast<Floats>(std::bit_cast<Words>(p) + (std::bit_cast<Words>(shifted) << 23));
}

/// `n` is a multiple of kLanes. The order of the sum is fixed.
double log_sum_exp(const float* x, std::size_t n) {
  Floats high = load(x);
  Floats low = load(x + 4);
  for (std::size_t i = kLanes; i < n; i += kLanes) {
    const Floats a = load(x + i);
    const Floats b = load(x + i + 4);
    high = high < a ? a : high;
    low = low < b ? b : low;
  }
  high = high < low ? low : high;
  const float top = std::max(std::max(high[0], high[1]), std::max(high[2], high[3]));
  Floats even = {};
  Floats odd = {};
  for (std::size_t i = 0; i < n; i += kLanes) {
    even += exp_negative(load(x + i) - top);
    odd += exp_negative(load(x + i + 4) - top);
  }
  even += odd;
  return static_cast<double>(top) +
         std::log(static_cast<double>((even[0] + even[1]) + (even[2] + even[3])));
}

/// to_k = from_k + sign·max(offset_k − ((x − mean_k)·inverse_k)², kLeastLog).
void add_normals(float x, float sign, std::size_t n, const float* mean, const float* inverse,
                 const float* offset, const float* from, float* to) {
  const Floats least = {kLeastLog, kLeastLog, kLeastLog, kLeastLog};
  for (std::size_t k = 0; k < n; k += 4) {
    const Floats z = (x - load(mean + k)) * load(inverse + k);
    const Floats log_p = load(offset + k) - z * z;
    store(load(from + k) + sign * (log_p < least ? least : log_p), to + k);
  }
}

std::size_t padded(std::size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

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
  if (is_fitted(rows, weights, options)) return;
  fit_weights(rows.size(), weights, options.prior_weight);
  bool prior_is_law = true;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    prior_is_law = prior_is_law && columns_[j].prior_spread <= 0;
    if (columns_[j].kind == ParzenColumn::Kind::continuous) {
      fit_continuous(j, rows, options);
    } else {
      fit_discrete(j, rows, options);
    }
  }
  constexpr double kSlack = 1e-3;
  least_ = prior_is_law ? static_cast<double>(log_weight_[rows.size()]) - kSlack
                        : -std::numeric_limits<double>::infinity();
}

/// Whether the last fit was the same; keeps what it compares with.
bool Parzen::is_fitted(std::span<const double* const> rows, std::span<const double> weights,
                       const ParzenOptions& options) {
  const std::size_t d = columns_.size();
  const std::size_t bytes = d * sizeof(double);
  bool same = fitted_ && options == options_ && rows_.size() == rows.size() * d &&
              std::equal(weights.begin(), weights.end(), weights_.begin(), weights_.end());
  // Bits, so that NaN equals itself.
  for (std::size_t k = 0; same && k < rows.size(); ++k) {
    same = bytes == 0 || std::memcmp(rows_.data() + k * d, rows[k], bytes) == 0;
  }
  if (same) return true;
  fitted_ = true;
  options_ = options;
  weights_.assign(weights.begin(), weights.end());
  rows_.clear();
  for (const double* row : rows) rows_.insert(rows_.end(), row, row + d);
  return false;
}

void Parzen::fit_weights(std::size_t n, std::span<const double> weights, double prior_weight) {
  count_ = static_cast<int>(n) + 1;
  log_weight_.assign(padded(n + 1), kNoWeight);
  cumulative_weight_.resize(n + 1);
  double total = 0;
  const auto weight_of = [&](std::size_t k) {
    return k == n ? prior_weight : weights.empty() ? 1.0 : weights[k];
  };
  for (std::size_t k = 0; k <= n; ++k) cumulative_weight_[k] = total += weight_of(k);
  const double log_one = std::log(1 / total);
  for (std::size_t k = 0; k <= n; ++k) {
    const double weight = weight_of(k);
    log_weight_[k] = static_cast<float>(weight == 1 ? log_one : std::log(weight / total));
    cumulative_weight_[k] /= total;
  }
}

/// By key, stable: a radix sort where there are many, which needs no comparisons that a processor
/// would have to guess.
void Parzen::Sorted::sort() {
  constexpr std::size_t kFew = 32;
  const std::size_t n = key.size();
  if (n <= kFew) {
    for (std::size_t i = 1; i < n; ++i) {
      const std::uint32_t moved_key = key[i];
      const std::uint32_t moved_kernel = kernel[i];
      std::size_t at = i;
      for (; at > 0 && key[at - 1] > moved_key; --at) {
        key[at] = key[at - 1];
        kernel[at] = kernel[at - 1];
      }
      key[at] = moved_key;
      kernel[at] = moved_kernel;
    }
    return;
  }
  constexpr int kPasses = 4;
  std::uint32_t starts[kPasses][256] = {};
  for (const std::uint32_t k : key) {
    for (int pass = 0; pass < kPasses; ++pass) ++starts[pass][(k >> (8 * pass)) & 255];
  }
  spare_key.resize(n);
  spare_kernel.resize(n);
  for (int pass = 0; pass < kPasses; ++pass) {
    std::uint32_t before = 0;
    for (std::uint32_t& start : starts[pass]) before += std::exchange(start, before);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t to = starts[pass][(key[i] >> (8 * pass)) & 255]++;
      spare_key[to] = key[i];
      spare_kernel[to] = kernel[i];
    }
    key.swap(spare_key);
    kernel.swap(spare_kernel);
  }
}

void Parzen::fit_continuous(std::size_t j, std::span<const double* const> rows,
                            const ParzenOptions& options) {
  const std::size_t n = rows.size();
  const ParzenColumn& column = columns_[j];
  Column& data = data_[j];
  data.mean.assign(log_weight_.size(), 0.5F);
  data.inverse.assign(log_weight_.size(), 0);
  data.offset.assign(log_weight_.size(), 0);
  Sorted& sorted = sorted_;
  sorted.key.clear();
  sorted.kernel.clear();
  sorted.x.clear();
  for (std::size_t k = 0; k < n; ++k) {
    const double x = rows[k][j];
    if (std::isnan(x)) continue;
    sorted.key.push_back(static_cast<std::uint32_t>(std::clamp(x, 0.0, 1.0) * 4294967295.0));
    sorted.kernel.push_back(static_cast<std::uint32_t>(k));
    sorted.x.push_back(x);
  }
  const double floor = bandwidth_floor(column, options);
  const double most = std::max(floor, 1.0);
  double shared = 0;
  if (options.bandwidth == Bandwidth::scott) {
    const std::size_t known = std::max<std::size_t>(1, sorted.x.size());
    shared = std::clamp(options.factor * spread_of(sorted.x) * scott_factor(known, columns_.size()),
                        floor, most);
  } else {
    sorted.sort();
    for (std::size_t i = 0; i < sorted.x.size(); ++i) sorted.x[i] = rows[sorted.kernel[i]][j];
    neighbour_gaps(sorted.x, sorted.gap);
  }
  const double log_floor = std::log(floor);
  double sum = 0;
  const auto set = [&](std::size_t k, double mean, double sd) {
    data.mean[k] = static_cast<float>(mean);
    data.inverse[k] = static_cast<float>(M_SQRT1_2 / sd);
    data.offset[k] = static_cast<float>(-kLogSqrt2Pi - (sd == floor ? log_floor : std::log(sd)) -
                                        log_normaliser(mean, sd));
  };
  for (std::size_t i = 0; i < sorted.x.size(); ++i) {
    double sd = shared;
    if (options.bandwidth == Bandwidth::gap) {
      sd = std::clamp(options.factor * sorted.gap[i], floor, most);
    }
    set(sorted.kernel[i], sorted.x[i], sd);
    sum += sd;
  }
  data.scale = sorted.x.empty() ? 1 : sum / static_cast<double>(sorted.x.size());
  if (column.prior_spread > 0) set(n, column.prior_centre, column.prior_spread);
}

void Parzen::fit_discrete(std::size_t j, std::span<const double* const> rows,
                          const ParzenOptions& options) {
  const std::size_t n = rows.size();
  const ParzenColumn& column = columns_[j];
  Column& data = data_[j];
  const auto cells = static_cast<std::size_t>(column.cells());
  data.item.assign(log_weight_.size(), static_cast<std::uint32_t>(cells));
  data.item[n] = static_cast<std::uint32_t>(cells) + 1;
  std::vector<double> x;
  for (std::size_t k = 0; k < n; ++k) {
    if (std::isnan(rows[k][j])) continue;
    data.item[k] = static_cast<std::uint32_t>(column.cell_of(rows[k][j]));
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
  std::vector<double> relative;
  for (std::size_t o = 0; o < cells + 2; ++o) {
    const auto log_p = [&](std::size_t c) -> float& { return data.table[c * (cells + 2) + o]; };
    relative.clear();
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
      relative.push_back(p);
      total += p * width;
      cumulative[c] = total;
    }
    for (std::size_t c = 0; c < cells; ++c) {
      log_p(c) = std::max(kLeastLog, static_cast<float>(std::log(relative[c] / total)));
      cumulative[c] /= total;
    }
  }
}

void Parzen::add_column(std::size_t j, double x, float sign, const std::vector<float>& from,
                        std::vector<float>& to) const {
  const std::size_t n = from.size();
  to.resize(n);
  const Column& data = data_[j];
  if (std::isnan(x)) {
    if (&from != &to) to = from;
  } else if (columns_[j].kind == ParzenColumn::Kind::continuous) {
    add_normals(static_cast<float>(x), sign, n, data.mean.data(), data.inverse.data(),
                data.offset.data(), from.data(), to.data());
  } else {
    const auto items = static_cast<std::size_t>(columns_[j].cells()) + 2;
    const float* table =
        data.table.data() + static_cast<std::size_t>(columns_[j].cell_of(x)) * items;
    for (std::size_t k = 0; k < n; ++k) to[k] = from[k] + sign * table[data.item[k]];
  }
}

void Parzen::terms(std::span<const double> row, Terms& terms) const {
  terms.sums = log_weight_;
  for (std::size_t j = 0; j < columns_.size(); ++j)
    add_column(j, row[j], 1, terms.sums, terms.sums);
}

double Parzen::log_density(const Terms& terms) const {
  return log_sum_exp(terms.sums.data(), terms.sums.size());
}

double Parzen::log_density(std::span<const double> row) const {
  scratch_ = log_weight_;
  for (std::size_t j = 0; j < columns_.size(); ++j) add_column(j, row[j], 1, scratch_, scratch_);
  return log_sum_exp(scratch_.data(), scratch_.size());
}

void Parzen::lift(Terms& terms, int j, double x) const {
  add_column(static_cast<std::size_t>(j), x, -1, terms.sums, terms.without);
}

double Parzen::log_density_with(Terms& terms, int j, double x) const {
  add_column(static_cast<std::size_t>(j), x, 1, terms.without, terms.tried);
  return log_sum_exp(terms.tried.data(), terms.tried.size());
}

double Parzen::log_marginal(int j, double x) const {
  add_column(static_cast<std::size_t>(j), x, 1, log_weight_, scratch_);
  return log_sum_exp(scratch_.data(), scratch_.size());
}

std::size_t Parzen::draw_index(Rng& rng) const {
  const auto it =
      std::upper_bound(cumulative_weight_.begin(), cumulative_weight_.end() - 1, rng.uniform());
  return static_cast<std::size_t>(it - cumulative_weight_.begin());
}

double Parzen::draw_kernel(Rng& rng, std::size_t j, std::size_t kernel) const {
  const Column& data = data_[j];
  if (columns_[j].kind == ParzenColumn::Kind::continuous) {
    if (data.inverse[kernel] == 0) return rng.uniform_open();
    const auto mean = static_cast<double>(data.mean[kernel]);
    const double sd = M_SQRT1_2 / static_cast<double>(data.inverse[kernel]);
    for (int i = 0; i < kMaxRejections; ++i) {
      const double x = mean + sd * normal_quantile(rng.uniform_open());
      if (x >= 0 && x <= 1) return x;
    }
    return TruncatedNormal{mean, sd, 0, 1}.quantile(rng.uniform_open());
  }
  const double p = rng.uniform_open();
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
