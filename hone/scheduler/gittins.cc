#include "hone/scheduler/gittins.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/base/rng.h"
#include "hone/math/normal.h"

namespace hone {

namespace {

/// Scores lie on a grid from −kEdge to kEdge; between its points V is linear, beyond constant.
constexpr double kEdge = 4;
constexpr int kPoints = 65;
constexpr double kStep = 2 * kEdge / (kPoints - 1);
/// Prices fall from 1/(the smallest cost) by this factor.
constexpr int kPrices = 48;
constexpr double kPriceRatio = 0.78;
/// No step between levels is taken to lose less than this.
constexpr double kAtMost = 0.9995;

/// Gauss–Hermite rule of seven points for the standard normal law (Abramowitz and Stegun, table
/// 25.10, x·√2 and w/√π).
constexpr std::array<double, 7> kNodes = {
    -3.7504397177257424, -2.3667594107345413, -1.1544053947399682, 0,
    1.1544053947399682,  2.3667594107345413,  3.7504397177257424};
constexpr std::array<double, 7> kWeights = {
    0.00054826885597221792, 0.030757123967586497, 0.24012317860501271,   0.45714285714285714,
    0.24012317860501271,    0.030757123967586497, 0.00054826885597221792};

using Values = std::array<double, kPoints>;

double grid(int i) { return -kEdge + kStep * i; }

double at(const Values& values, double u) {
  const double x = std::clamp((u + kEdge) / kStep, 0.0, static_cast<double>(kPoints - 1));
  const int i = std::min(static_cast<int>(x), kPoints - 2);
  const double share = x - i;
  const auto j = static_cast<std::size_t>(i);
  return values[j] + share * (values[j + 1] - values[j]);
}

/// E[values(r·u + √(1 − r²)·ε)].
double expected(const Values& values, double r, double u) {
  const double spread = std::sqrt(1 - r * r);
  double sum = 0;
  for (std::size_t i = 0; i < kNodes.size(); ++i)
    sum += kWeights[i] * at(values, r * u + spread * kNodes[i]);
  return sum;
}

/// The u at which a falling `values` passes 0; −∞ or +∞ where it does not.
double zero_of(const Values& values) {
  if (values.front() <= 0) return -INFINITY;
  for (int i = 1; i < kPoints; ++i) {
    const auto j = static_cast<std::size_t>(i);
    if (values[j] > 0) continue;
    return grid(i - 1) + kStep * values[j - 1] / (values[j - 1] - values[j]);
  }
  return INFINITY;
}

/// The chain with its costs.
class Chain {
 public:
  explicit Chain(const GittinsProblem& problem)
      : levels_(static_cast<int>(problem.level.size())),
        share_(problem.level),
        rho_(problem.correlation),
        starts_again_(problem.starts_again),
        z_(normal_quantile(problem.best)) {
    share_.push_back(1);
    // A level never says less than the one before.
    for (std::size_t k = 0; k < rho_.size(); ++k)
      rho_[k] = std::clamp(k > 0 ? std::max(rho_[k], rho_[k - 1]) : rho_[k], 1e-3, kAtMost);
  }

  int levels() const { return levels_; }
  double cost(int from, int to) const {
    const double begun = from < 0 || starts_again_ ? 0 : share_[at_(from)];
    return share_[at_(to)] - begun;
  }
  /// The farthest level that can be gone to without looking at those in between.
  int farthest(int from) const { return starts_again_ ? levels_ : from + 1; }
  /// E[V_to] from a score at a level (−1: not begun).
  double worth(int from, int to, double u, const std::vector<Values>& value) const {
    const double rho = from < 0 ? 0 : rho_[at_(from)];
    if (to == levels_) return normal_cdf((z_ - rho * u) / std::sqrt(1 - rho * rho));
    return expected(value[at_(to)], std::min(kAtMost, rho / rho_[at_(to)]), u);
  }

 private:
  static std::size_t at_(int k) { return static_cast<std::size_t>(k); }
  int levels_;
  std::vector<double> share_;
  std::vector<double> rho_;
  bool starts_again_;
  double z_;
};

}  // namespace

GittinsIndex::GittinsIndex(const GittinsProblem& problem) {
  const int levels = static_cast<int>(problem.level.size());
  HONE_ASSERT(levels > 0 && problem.correlation.size() == problem.level.size(),
              "a problem has a level, and every level its correlation");
  const Chain chain(problem);
  double least = chain.cost(levels - 1, levels);
  for (int k = 0; k < levels; ++k) least = std::min(least, chain.cost(k, k + 1));
  boundaries_.resize(problem.level.size());
  std::vector<Values> value(problem.level.size());
  double price = 1 / least;
  Index before{-INFINITY, 0};  // what a fresh trial is worth at the last price
  for (int p = 0; p < kPrices; ++p, price *= kPriceRatio) {
    prices_.push_back(price);
    for (int k = levels - 1; k >= 0; --k) {
      Values& now = value[static_cast<std::size_t>(k)];
      std::array<int, kPoints> to{};
      for (int i = 0; i < kPoints; ++i) {
        const auto g = static_cast<std::size_t>(i);
        now[g] = -INFINITY;
        for (int j = k + 1; j <= chain.farthest(k); ++j) {
          const double worth = chain.worth(k, j, grid(i), value) - price * chain.cost(k, j);
          if (!(worth > now[g])) continue;
          now[g] = worth;
          to[g] = j;
        }
      }
      Boundary& boundary = boundaries_[static_cast<std::size_t>(k)];
      const double zero = zero_of(now);
      const double place = std::clamp((zero + kEdge) / kStep, 0.0, kPoints - 1.0);
      boundary.score.push_back(zero);
      boundary.to.push_back(to[static_cast<std::size_t>(place)]);
      for (double& v : now) v = std::max(v, 0.0);
    }
    Index now{-INFINITY, 0};
    for (int j = 0; j <= chain.farthest(-1); ++j) {
      const double worth = chain.worth(-1, j, 0, value) - price * chain.cost(-1, j);
      if (worth > now.rate) now = {worth, j};
    }
    if (now.rate > 0 && fresh_.rate == 0) {
      // Linear in λ between the two prices.
      const double share = p == 0 ? 0 : now.rate / (now.rate - before.rate);
      const double higher = p == 0 ? price : prices_[prices_.size() - 2];
      fresh_ = {price + share * (higher - price), now.to};
    }
    before = now;
  }
}

GittinsIndex::Index GittinsIndex::of(int level, double score) const {
  const Boundary& boundary = boundaries_[static_cast<std::size_t>(level)];
  // Boundaries rise as prices fall.
  const auto it = std::partition_point(boundary.score.begin(), boundary.score.end(),
                                       [&](double u) { return u < score; });
  if (it == boundary.score.begin()) return {prices_.front(), boundary.to.front()};
  if (it == boundary.score.end()) return {0, boundary.to.back()};
  const auto i = static_cast<std::size_t>(it - boundary.score.begin());
  const double low = boundary.score[i - 1];
  const double high = boundary.score[i];
  if (!std::isfinite(low) || !std::isfinite(high)) return {prices_[i], boundary.to[i]};
  const double share = high > low ? (score - low) / (high - low) : 1;
  return {prices_[i - 1] + share * (prices_[i] - prices_[i - 1]), boundary.to[i]};
}

}  // namespace hone
