#include "hone/analysis/bounds.h"

#include <algorithm>
#include <cmath>

#include "hone/analysis/ranking.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr double kAtBound = 0.02;  ///< of the encoded range
constexpr double kNearBound = 0.1;
constexpr std::size_t kBest = 5;  ///< trials that are asked …
constexpr int kAgree = 3;         ///< … and how many must lie near the same bound
constexpr int kLeastCells = 3;

/// Whether the range could go on beyond this end.
bool could_move(const Domain& domain, bool upper) {
  if (const auto* real = std::get_if<Real>(&domain)) {
    switch (real->law) {
      case Law::uniform:
      case Law::log_uniform:
        return upper ? real->high != 1 : real->low != 0;
      case Law::logit_uniform:
      case Law::normal:
      case Law::log_normal:
      case Law::beta:
        return false;
    }
  }
  if (const auto* integer = std::get_if<Integer>(&domain))
    return upper || (integer->low != 0 && integer->low != 1);
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    const Value& end = upper ? choice->items.back().value : choice->items.front().value;
    return choice->ordered && end.is_number() && (upper || end.as_number() != 0);
  }
  return false;
}

bool is_at(const Domain& domain, double u, bool upper, double reach = kAtBound) {
  if (!is_discrete(domain)) return upper ? u >= 1 - reach : u <= reach;
  if (cell_count(domain) < kLeastCells) return false;
  const Cell cell = cell_of(domain, u);
  constexpr double kRounding = 1e-9;
  return upper ? cell.high >= 1 - kRounding : cell.low <= kRounding;
}

bool best_agree(const History& history, const std::vector<std::int64_t>& best, std::size_t column,
                const Domain& domain, bool upper) {
  int near = 0;
  for (const std::int64_t trial : best) {
    const double u = history.encoded(trial)[column];
    if (std::isnan(u)) continue;
    const bool is_near = upper ? u >= 1 - kNearBound : u <= kNearBound;
    if (is_near || is_at(domain, u, upper)) ++near;
  }
  return near >= kAgree;
}

std::vector<std::int64_t> best_trials(const History& history) {
  const Ranking ranking = rank_trials(history);
  std::vector<std::size_t> order(ranking.trials.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranking.scores[a] < ranking.scores[b];
  });
  std::vector<std::int64_t> best;
  for (std::size_t i = 0; i < std::min(kBest, order.size()); ++i)
    best.push_back(ranking.trials[order[i]]);
  return best;
}

}  // namespace

std::vector<AtBound> best_at_bounds(const History& history, std::int64_t best,
                                    const Importance& importance, double reach) {
  const SearchSpace& space = history.spec().space;
  const std::vector<std::int64_t> leaders = best_trials(history);
  std::vector<std::pair<int, AtBound>> found;
  for (std::size_t j = 0; j < static_cast<std::size_t>(space.dimension()); ++j) {
    const Parameter& parameter = space.parameter(space.searched()[j]);
    const double u = history.encoded(best)[j];
    if (std::isnan(u)) continue;
    const auto effect =
        std::find_if(importance.effects.begin(), importance.effects.end(),
                     [&](const Effect& one) { return one.parameter == parameter.name; });
    const bool matters = effect != importance.effects.end() && effect->p <= kSignificance;
    for (const bool upper : {false, true}) {
      if (!could_move(parameter.domain, upper) ||
          !is_at(parameter.domain, u, upper, std::max(reach, kAtBound)))
        continue;
      if (!matters && !best_agree(history, leaders, j, parameter.domain, upper)) continue;
      found.push_back({space.searched()[j],
                       {parameter.name, upper, is_at(parameter.domain, u, upper),
                        *history.trial(best).config().get(parameter.name),
                        decode(parameter.domain, upper ? 1 : 0)}});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<AtBound> bounds;
  for (auto& [index, bound] : found) bounds.push_back(std::move(bound));
  return bounds;
}

}  // namespace hone
