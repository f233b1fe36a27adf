#include "hone/sampler/mutation.h"

#include <algorithm>
#include <cmath>

#include "hone/space/encoding.h"
#include "hone/space/feasible_sampler.h"

namespace hone {
namespace {

double polynomial(double x, double eta, Rng& rng) {
  const double u = rng.uniform();
  const double power = 1 / (eta + 1);
  const double step = u < 0.5
                          ? std::pow(2 * u + (1 - 2 * u) * std::pow(1 - x, eta + 1), power) - 1
                          : 1 - std::pow(2 * (1 - u) + (2 * u - 1) * std::pow(x, eta + 1), power);
  return std::clamp(x + step, 0.0, 1.0);
}

}  // namespace

double mutated(const Domain& domain, double x, double eta, Rng& rng) {
  const double moved = snap(domain, polynomial(x, eta, rng));
  const bool up = rng.chance(0.5);
  if (!is_discrete(domain) || moved != x) return moved;
  const Cell cell = cell_of(domain, x);
  constexpr double kInside = 1e-9;
  if ((up || cell.low <= 0) && cell.high < 1) return snap(domain, cell.high + kInside);
  return cell.low > 0 ? snap(domain, cell.low - kInside) : x;
}

double other_category(const Domain& domain, double x, Rng& rng) {
  const int count = cell_count(domain);
  if (count < 2) return x;
  const int here = std::clamp(static_cast<int>(x * count), 0, count - 1);
  int there = static_cast<int>(rng.below(static_cast<std::uint64_t>(count - 1)));
  if (there >= here) ++there;
  return (there + 0.5) / count;
}

std::optional<Config> feasible_config(const SearchSpace& space, std::span<double> row, Rng& rng) {
  const FeasibleSampler& feasible = space.feasible_sampler();
  if (!feasible.is_unconstrained() && !feasible.is_feasible(row) &&
      !feasible.repair(row, Rng(rng.next_u64()))) {
    return std::nullopt;
  }
  return space.decode(row);
}

}  // namespace hone
