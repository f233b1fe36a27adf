#include "hone/analysis/ped_anova.h"

#include <algorithm>
#include <cmath>

#include "hone/analysis/ranking.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr std::size_t kLeastTrials = 10;
constexpr std::size_t kLeastBest = 5;
constexpr int kCells = 64;

/// Counts by cell become densities by cell: a normal kernel, renormalised within the unit interval.
std::vector<double> smoothed(const std::vector<double>& counts, double bandwidth) {
  const std::size_t cells = counts.size();
  const double width = 1.0 / static_cast<double>(cells);
  std::vector<double> density(cells, 0.0);
  double total = 0;
  for (std::size_t from = 0; from < cells; ++from) {
    if (counts[from] == 0) continue;
    std::vector<double> kernel(cells);
    double sum = 0;
    for (std::size_t to = 0; to < cells; ++to) {
      const double z = (static_cast<double>(to) - static_cast<double>(from)) * width / bandwidth;
      kernel[to] = std::exp(-0.5 * z * z);
      sum += kernel[to];
    }
    for (std::size_t to = 0; to < cells; ++to) density[to] += counts[from] * kernel[to] / sum;
    total += counts[from];
  }
  for (double& d : density) d /= total;
  return density;
}

double deviation(const std::vector<double>& x) {
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(x.size()));
}

/// `positions`: of the trials, best first; the first `best` are the best. Both densities have one
/// bandwidth, so their ratio is bounded by the ratio of the counts.
double divergence(const Domain& domain, const std::vector<double>& positions, std::size_t best) {
  const int own = cell_count(domain);
  const int cells = own > 0 && own <= kCells ? own : kCells;
  std::vector<double> all(static_cast<std::size_t>(cells), 0.0), top = all;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const double at = positions[i] * cells;
    const auto cell = static_cast<std::size_t>(std::clamp(at, 0.0, cells - 1.0));
    all[cell] += 1;
    if (i < best) top[cell] += 1;
  }
  double bandwidth = 1e-9;  // frequencies
  if (!is_categorical(domain)) {
    constexpr double kScott = 1.06;
    bandwidth = std::max(0.5 / cells,
                         kScott * deviation(positions) * std::pow(static_cast<double>(best), -0.2));
  }
  const auto p = smoothed(all, bandwidth);
  const auto q = smoothed(top, bandwidth);
  double sum = 0;
  for (std::size_t c = 0; c < p.size(); ++c) {
    if (p[c] > 0) sum += (q[c] - p[c]) * (q[c] - p[c]) / p[c];
  }
  return sum;
}

}  // namespace

std::vector<double> ped_anova(const History& history, const PedAnovaOptions& options) {
  const Ranking ranking = rank_trials(history);
  const std::size_t n = ranking.trials.size();
  if (n < kLeastTrials) return {};
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranking.scores[a] < ranking.scores[b];
  });
  const auto best_of = [&](std::size_t count) {
    const auto share =
        static_cast<std::size_t>(std::ceil(options.best_share * static_cast<double>(count)));
    return std::min(std::max(share, kLeastBest), count - 1);
  };
  const SearchSpace& space = history.spec().space;
  std::vector<double> found;
  for (std::size_t j = 0; j < static_cast<std::size_t>(space.dimension()); ++j) {
    std::vector<double> positions;
    std::size_t active_among_best = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double u = history.encoded(ranking.trials[order[i]])[j];
      if (std::isnan(u)) continue;
      positions.push_back(u);
      if (i < best_of(n)) ++active_among_best;
    }
    double value = 0;
    if (positions.size() >= kLeastTrials) {
      value = divergence(space.parameter(space.searched()[j]).domain, positions,
                         best_of(positions.size())) *
              static_cast<double>(active_among_best) / static_cast<double>(best_of(n));
    }
    found.push_back(value);
  }
  return found;
}

}  // namespace hone
