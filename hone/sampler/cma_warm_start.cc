#include "hone/sampler/cma_warm_start.h"

#include <algorithm>
#include <cmath>

#include "hone/space/encoding.h"

namespace hone {
namespace {

/// γ and α of the paper: the share of the trials that are good, and the width of the law around
/// each of them in ranges, which is also a floor.
constexpr double kGood = 0.1;
constexpr double kWidth = 0.1;
constexpr std::size_t kLeastTrials = 5;
constexpr std::size_t kLeastGood = 3;
/// Weight of the equal shares in the tables of categorical columns.
constexpr double kEqual = 0.5;

struct Good {
  std::vector<double> row;  // encoded, NaN where unknown
  double weight = 0;
};

void add_good(const SearchSpace& space, const WarmSource& source, std::vector<Good>& good) {
  std::vector<const WarmTrial*> order;
  for (const WarmTrial& trial : source.trials) {
    if (trial.loss) order.push_back(&trial);
  }
  if (order.size() < kLeastTrials) return;
  const auto share =
      static_cast<std::size_t>(std::ceil(kGood * static_cast<double>(source.trials.size())));
  const std::size_t count = std::min(order.size(), std::max(kLeastGood, share));
  std::stable_sort(order.begin(), order.end(),
                   [](const WarmTrial* a, const WarmTrial* b) { return *a->loss < *b->loss; });
  for (std::size_t i = 0; i < count; ++i) {
    Good one{std::vector<double>(static_cast<std::size_t>(space.dimension())),
             1 / static_cast<double>(count)};
    space.encode(order[i]->config, one.row);
    good.push_back(std::move(one));
  }
}

}  // namespace

std::optional<CmaStart> warm_cma_start(const SearchSpace& space,
                                       const std::vector<WarmSource>& sources,
                                       const CmaStart& plain) {
  std::vector<Good> good;
  for (const WarmSource& source : sources) add_good(space, source, good);
  if (good.empty()) return std::nullopt;
  double total = 0;
  for (const Good& one : good) total += one.weight;
  CmaStart start = plain;
  const std::size_t d = plain.mean.size();
  start.shares.resize(d);
  for (std::size_t j = 0; j < d; ++j) {
    const Domain& domain = space.parameter(space.searched()[j]).domain;
    const auto cells = is_categorical(domain) ? static_cast<std::size_t>(cell_count(domain)) : 0;
    double mean = 0;
    std::vector<double> shares(cells, 0.0);
    for (Good& one : good) {
      const double x = one.row[j];
      const double weight = one.weight / total;
      mean += weight * (std::isnan(x) ? plain.mean[j] : x);
      for (std::size_t k = 0; k < cells; ++k) {
        const double equal = 1 / static_cast<double>(cells);
        const bool here = std::floor(x * static_cast<double>(cells)) == static_cast<double>(k);
        shares[k] += weight * (std::isnan(x) ? equal : kEqual * equal + (here ? 1 - kEqual : 0));
      }
    }
    start.mean[j] = mean;
    start.shares[j] = std::move(shares);
  }
  start.covariance.assign(d * d, 0.0);
  for (const Good& one : good) {
    const double weight = one.weight / total;
    const auto off = [&](std::size_t j) {
      return (std::isnan(one.row[j]) ? plain.mean[j] : one.row[j]) - start.mean[j];
    };
    for (std::size_t j = 0; j < d; ++j) {
      for (std::size_t k = 0; k < d; ++k) start.covariance[j * d + k] += weight * off(j) * off(k);
      const double width =
          std::isnan(one.row[j]) ? plain.spread[j] : std::min(kWidth, plain.spread[j]);
      start.covariance[j * d + j] += weight * width * width;
    }
  }
  for (std::size_t j = 0; j < d; ++j) start.spread[j] = std::sqrt(start.covariance[j * d + j]);
  return start;
}

}  // namespace hone
