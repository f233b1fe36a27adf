#include "hone/analysis/best_chance.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "hone/base/rng.h"
#include "hone/math/stats.h"
#include "hone/space/student.h"

namespace hone {
namespace {

constexpr int kDraws = 20'000;     ///< a standard error of 0.35 % at the most
constexpr int kManyDegrees = 200;  ///< beyond, the variance counts as known
constexpr std::uint64_t kSeed = 0xBE57;

bool is_usable(const std::vector<double>& values) {
  return !values.empty() &&
         std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

struct Spread {
  double variance = 0;
  int df = 0;
};

Spread pooled(const std::vector<std::vector<double>>& all) {
  Spread spread;
  double squares = 0;
  for (const auto& values : all) {
    if (!is_usable(values) || values.size() < 2) continue;
    const int df = static_cast<int>(values.size()) - 1;
    squares += variance(values) * df;
    spread.df += df;
  }
  if (spread.df > 0) spread.variance = squares / spread.df;
  return spread;
}

/// χ² with df degrees of freedom.
double draw_chi_square(Rng& rng, int df) {
  double sum = 0;
  for (int i = 0; i < df; ++i) {
    const double z = rng.normal();
    sum += z * z;
  }
  return sum;
}

}  // namespace

std::vector<double> chance_of_best(const std::vector<std::vector<double>>& losses) {
  const Spread spread = pooled(losses);
  if (spread.df == 0) return {};
  std::vector<double> chances(losses.size(), 0);
  const double nowhere = std::numeric_limits<double>::infinity();
  Rng rng = Rng(kSeed).split("best");
  for (int draw = 0; draw < kDraws; ++draw) {
    double variance = spread.variance;
    if (spread.df <= kManyDegrees) variance *= spread.df / draw_chi_square(rng, spread.df);
    double least = nowhere;
    std::vector<std::size_t> best;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      if (!is_usable(losses[i])) continue;
      const double sd = std::sqrt(variance / static_cast<double>(losses[i].size()));
      const double x = mean(losses[i]) + sd * rng.normal();
      if (x < least) best.clear();
      if (x <= least) best.push_back(i);
      least = std::min(least, x);
    }
    for (const std::size_t i : best)
      chances[i] += 1.0 / (kDraws * static_cast<double>(best.size()));
  }
  return chances;
}

std::optional<Interval> mean_interval(const std::vector<std::vector<double>>& values,
                                      std::size_t which, double within) {
  const Spread spread = pooled(values);
  if (spread.df == 0 || !is_usable(values[which])) return std::nullopt;
  const double half = student_within(within, spread.df) *
                      std::sqrt(spread.variance / static_cast<double>(values[which].size()));
  const double middle = mean(values[which]);
  return Interval{middle - half, middle + half};
}

}  // namespace hone
