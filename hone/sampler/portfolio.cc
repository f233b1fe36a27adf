#include "hone/sampler/portfolio.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/sampler/source_models.h"

namespace hone {
namespace {

/// Points nearer to each other than this, in the mean over the parameters, say the same.
constexpr double kApart = 0.05;
/// Of each source, the best so many trials may become points.
constexpr std::size_t kCandidates = 10;

double distance(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    if (std::isnan(x[j]) != std::isnan(y[j])) sum += 1;
    if (!std::isnan(x[j]) && !std::isnan(y[j])) sum += std::abs(x[j] - y[j]);
  }
  return x.empty() ? 0 : sum / static_cast<double>(x.size());
}

std::vector<double> encoded(const SearchSpace& space, const Config& config) {
  std::vector<double> row(static_cast<std::size_t>(space.dimension()));
  space.encode(config, row);
  return row;
}

/// The configuration in the space, or nullopt where it has no place there.
std::optional<Config> completed(const SearchSpace& space, const Config& usual,
                                const Config& earlier) {
  Config config;
  for (const int i : space.searched()) {
    const std::string& name = space.parameter(i).name;
    const Value* value = earlier.get(name);
    if (value == nullptr) value = usual.get(name);
    if (value != nullptr) config.set(name, *value);
  }
  config = space.complete(std::move(config));
  if (!space.is_feasible(config)) return std::nullopt;
  return config;
}

struct Candidate {
  WarmPoint point;
  std::vector<double> means;  // what each model expects
  std::size_t rank = 0;       // within its source
};

std::vector<Candidate> find_candidates(const SearchSpace& space,
                                       const std::vector<WarmSource>& sources,
                                       const SourceModels& models) {
  std::vector<Candidate> candidates;
  const Config usual = space.default_config();
  for (const WarmSource& source : sources) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < source.trials.size(); ++i) {
      if (source.trials[i].loss) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return *source.trials[a].loss < *source.trials[b].loss;
    });
    std::size_t rank = 0;
    for (const std::size_t i : order) {
      if (rank == kCandidates) break;
      auto config = completed(space, usual, source.trials[i].config);
      if (!config) continue;
      const std::vector<double> row = encoded(space, *config);
      Candidate candidate{{}, {}, rank++};
      candidate.point = {*std::move(config),
                         fmt::format("{}, trial {}", source.study, source.trials[i].number)};
      for (std::size_t m = 0; m < models.size(); ++m)
        candidate.means.push_back(models.predict(m, row).mean);
      candidates.push_back(std::move(candidate));
    }
  }
  return candidates;
}

}  // namespace

bool stands_apart(const SearchSpace& space, const std::vector<WarmPoint>& points,
                  const Config& config) {
  const std::vector<double> row = encoded(space, config);
  return std::all_of(points.begin(), points.end(), [&](const WarmPoint& point) {
    return distance(encoded(space, point.config), row) > kApart;
  });
}

std::vector<WarmPoint> choose_portfolio(const SearchSpace& space,
                                        const std::vector<WarmSource>& sources, std::size_t count) {
  const SourceModels models(space, sources);
  const std::vector<Candidate> candidates = find_candidates(space, sources, models);
  std::vector<WarmPoint> points;
  std::vector<double> best(models.size(), INFINITY);
  while (points.size() < count) {
    // The least sum over the sources of the best that they are given; where that is equal, what was
    // better in its own study.
    const Candidate* chosen = nullptr;
    double least = INFINITY;
    for (const Candidate& candidate : candidates) {
      if (!stands_apart(space, points, candidate.point.config)) continue;
      double sum = 1e-9 * static_cast<double>(candidate.rank);
      for (std::size_t m = 0; m < best.size(); ++m) sum += std::min(best[m], candidate.means[m]);
      if (sum < least) {
        least = sum;
        chosen = &candidate;
      }
    }
    if (chosen == nullptr) break;
    for (std::size_t m = 0; m < best.size(); ++m) best[m] = std::min(best[m], chosen->means[m]);
    points.push_back(chosen->point);
  }
  return points;
}

}  // namespace hone
