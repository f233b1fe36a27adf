#include "hone/analysis/ped_anova.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/analysis/cells.h"
#include "hone/analysis/ranking.h"
#include "hone/math/stats.h"

namespace hone {
namespace {

constexpr std::size_t kLeastTrials = 10;
constexpr std::size_t kLeastBest = 5;
constexpr double kNormal95 = 1.959964;
constexpr std::uint16_t kInactive = 0xffff;

double deviation(const std::vector<double>& x) {
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(x.size()));
}

/// One searched parameter: the cells of the trials (best first) and the smoothing between cells.
struct Column {
  std::vector<std::uint16_t> cell;  ///< by trial; kInactive where it is
  std::size_t cells = 0;
  /// Of all trials and of the best. Row: a count's cell; column: where it goes; empty: stays.
  std::vector<double> wide, narrow;
  std::size_t active = 0;  ///< trials
};

struct Divergence {
  double where_active = 0;
  double whole = 0;
};

class Analysis {
 public:
  Analysis(const History& history, const PedAnovaOptions& options) : options_(options) {
    const Ranking ranking = rank_trials(history);
    std::vector<std::size_t> order(ranking.trials.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return ranking.scores[a] < ranking.scores[b];
    });
    const auto part =
        static_cast<std::size_t>(std::ceil(options.within * static_cast<double>(order.size())));
    order.resize(std::min(order.size(), std::max(part, kLeastTrials)));
    n_ = order.size();
    if (n_ < kLeastTrials) return;
    const SearchSpace& space = history.spec().space;
    for (std::size_t j = 0; j < static_cast<std::size_t>(space.dimension()); ++j) {
      const CellColumn cells = cells_of(space.parameter(space.searched()[j]).domain);
      Column column;
      column.cells = cells.size();
      std::vector<double> positions;
      for (const std::size_t i : order) {
        const double u = history.encoded(ranking.trials[i])[j];
        column.cell.push_back(std::isnan(u) ? kInactive
                                            : static_cast<std::uint16_t>(cells.index(u)));
        if (!std::isnan(u)) positions.push_back(u);
      }
      column.active = positions.size();
      if (!cells.categorical && positions.size() >= kLeastTrials) {
        const double all = bandwidth_of(cells, positions);
        positions.resize(best_of(positions.size()));
        column.wide = kernel_of(cells, all);
        column.narrow = kernel_of(cells, std::min(all, bandwidth_of(cells, positions)));
      }
      columns_.push_back(std::move(column));
    }
  }

  std::size_t trials() const { return n_; }
  std::size_t best() const { return best_of(n_); }
  const std::vector<Column>& columns() const { return columns_; }

  /// `counts`: how often each trial is there.
  std::vector<Divergence> divergences(const std::vector<std::uint32_t>& counts) const {
    std::vector<Divergence> found;
    for (const Column& column : columns_) found.push_back(divergence(column, counts));
    return found;
  }

 private:
  std::size_t best_of(std::size_t count) const {
    const auto share =
        static_cast<std::size_t>(std::ceil(options_.best_share * static_cast<double>(count)));
    return std::min(std::max(share, kLeastBest), count - 1);
  }

  /// Scott's rule; not below half a cell.
  static double bandwidth_of(const CellColumn& cells, const std::vector<double>& positions) {
    constexpr double kScott = 1.06;
    return std::max(
        0.5 / static_cast<double>(cells.size()),
        kScott * deviation(positions) * std::pow(static_cast<double>(positions.size()), -0.2));
  }

  static std::vector<double> kernel_of(const CellColumn& cells, double bandwidth) {
    std::vector<double> kernel(cells.size() * cells.size());
    for (std::size_t from = 0; from < cells.size(); ++from) {
      double* row = kernel.data() + from * cells.size();
      double sum = 0;
      for (std::size_t to = 0; to < cells.size(); ++to) {
        const double z = (cells.at[to] - cells.at[from]) / bandwidth;
        row[to] = std::exp(-0.5 * z * z) * cells.mass[to];
        sum += row[to];
      }
      for (std::size_t to = 0; to < cells.size(); ++to) row[to] /= sum;
    }
    return kernel;
  }

  static std::vector<double> smoothed(const std::vector<double>& kernel,
                                      const std::vector<double>& counts) {
    if (kernel.empty()) return counts;
    std::vector<double> density(counts.size(), 0.0);
    for (std::size_t from = 0; from < counts.size(); ++from) {
      if (counts[from] == 0) continue;
      const double* row = kernel.data() + from * counts.size();
      for (std::size_t to = 0; to < counts.size(); ++to) density[to] += counts[from] * row[to];
    }
    return density;
  }

  /// The density of all is never narrower than that of the best, so their ratio is bounded.
  Divergence divergence(const Column& column, const std::vector<std::uint32_t>& counts) const {
    if (column.active < kLeastTrials) return {};
    std::vector<std::uint32_t> here(column.cells, 0);
    const bool conditional = column.active < n_;
    for (std::size_t i = 0; i < n_; ++i) {
      if (conditional && column.cell[i] == kInactive) continue;
      here[column.cell[i]] += counts[i];
    }
    const std::vector<double> all(here.begin(), here.end());
    double total = 0;
    for (const double count : all) total += count;
    if (total < 2) return {};
    const auto wanted = static_cast<double>(best_of(static_cast<std::size_t>(total)));
    std::vector<double> top(column.cells, 0.0);
    double taken = 0, best_seen = 0, best_active = 0;
    const auto best = static_cast<double>(best_of(n_));
    for (std::size_t i = 0; i < n_ && (taken < wanted || best_seen < best); ++i) {
      const bool active = column.cell[i] != kInactive;
      const double count = counts[i];
      if (best_seen < best) {
        const double part = std::min(count, best - best_seen);
        best_seen += part;
        if (active) best_active += part;
      }
      if (!active || taken >= wanted) continue;
      const double part = std::min(count, wanted - taken);
      top[column.cell[i]] += part;
      taken += part;
    }
    const auto p = smoothed(column.wide, all);
    const auto q = smoothed(column.narrow, top);
    double sum = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      if (!(p[c] > 0)) continue;
      const double excess = q[c] / taken - p[c] / total;
      sum += excess * excess / (p[c] / total);
    }
    return {sum, sum * best_active / best_seen};
  }

  const PedAnovaOptions& options_;
  std::size_t n_ = 0;
  std::vector<Column> columns_;
};

/// `plain` less what resampling adds to it, with the spread over the resamples, from 0 up.
Estimate corrected(double plain, const std::vector<double>& resampled) {
  if (resampled.size() < 2) return {plain, plain, plain};
  const double value = 2 * plain - mean(resampled);
  const double half = kNormal95 * std::sqrt(variance(resampled));
  return {std::max(0.0, value), std::max(0.0, value - half), std::max(0.0, value + half)};
}

/// Of `total`, the sum of the parts; the spread is that of part − share·(sum of the parts).
Estimate share_of(double part, double total, const std::vector<double>& parts,
                  const std::vector<double>& totals) {
  const double share = part / total;
  if (parts.size() < 2) return {share, share, share};
  std::vector<double> rest;
  for (std::size_t b = 0; b < parts.size(); ++b) rest.push_back(parts[b] - share * totals[b]);
  const double half = kNormal95 * std::sqrt(variance(rest)) / total;
  return {share, std::max(0.0, share - half), std::min(1.0, share + half)};
}

}  // namespace

PedAnova ped_anova(const History& history, const PedAnovaOptions& options) {
  PedAnova result;
  const Analysis analysis(history, options);
  result.trials = static_cast<std::int64_t>(analysis.trials());
  if (analysis.trials() < kLeastTrials) return result;
  result.enough = true;
  result.best = static_cast<std::int64_t>(analysis.best());
  const std::size_t n = analysis.trials();
  const std::size_t d = analysis.columns().size();
  std::vector<std::uint32_t> counts(n, 1);
  const auto plain = analysis.divergences(counts);
  std::vector<std::vector<double>> whole(d), where_active(d);
  std::vector<double> totals;
  Rng rng = Rng(static_cast<std::uint64_t>(history.spec().seed)).split("ped-anova");
  for (int b = 0; b < options.resamples; ++b) {
    std::fill(counts.begin(), counts.end(), 0U);
    for (std::size_t i = 0; i < n; ++i) ++counts[rng.below(n)];
    const auto found = analysis.divergences(counts);
    totals.push_back(0);
    for (std::size_t j = 0; j < d; ++j) {
      whole[j].push_back(found[j].whole);
      where_active[j].push_back(found[j].where_active);
      totals.back() += found[j].whole;
    }
  }
  double total = 0;
  std::vector<double> figures;
  for (std::size_t j = 0; j < d; ++j) {
    figures.push_back(corrected(plain[j].whole, whole[j]).value);
    total += figures.back();
  }
  const SearchSpace& space = history.spec().space;
  for (std::size_t j = 0; j < d; ++j) {
    PedAnovaEffect effect;
    effect.parameter = space.parameter(space.searched()[j]).name;
    effect.divergence = plain[j].whole;
    if (total > 0) effect.share = share_of(figures[j], total, whole[j], totals);
    effect.where_active = corrected(plain[j].where_active, where_active[j]);
    effect.active = static_cast<double>(analysis.columns()[j].active) / static_cast<double>(n);
    result.effects.push_back(std::move(effect));
  }
  return result;
}

}  // namespace hone
