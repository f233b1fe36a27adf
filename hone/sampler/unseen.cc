#include "hone/sampler/unseen.h"

#include <fmt/core.h>

#include <cstring>

#include "hone/sampler/grid_points.h"

namespace hone {
namespace {

const char* const kNoneFound = "no configuration that satisfies the constraints was found";

}  // namespace

std::size_t Chosen::KeyHash::operator()(const Hash128& key) const {
  std::size_t word = 0;
  std::memcpy(&word, key.data(), sizeof word);
  return word;
}

bool Chosen::has(const Config& config) const {
  const Hash128 key = config.key();
  return history_.find_config(key) >= 0 || batch_.contains(key);
}

void Chosen::add(const Config& config) { batch_.insert(config.key()); }

SuggestResult suggest_in_turn(
    const SuggestContext& context, int count, std::vector<std::vector<double>>& batch,
    const std::function<std::optional<Exhausted>(std::int64_t number, const Chosen& chosen,
                                                 Suggestion& suggestion)>& propose) {
  const SearchSpace& space = context.history.spec().space;
  Chosen chosen(context.history);
  batch.clear();
  std::vector<Suggestion> suggestions;
  for (int i = 0; i < count; ++i) {
    Suggestion suggestion;
    if (const auto why = propose(context.first_trial + i, chosen, suggestion)) {
      if (suggestions.empty()) return *why;
      break;
    }
    chosen.add(suggestion.config);
    batch.emplace_back(static_cast<std::size_t>(space.dimension()));
    space.encode(suggestion.config, batch.back());
    suggestions.push_back(std::move(suggestion));
  }
  return suggestions;
}

std::variant<Config, Exhausted> draw_unseen(const SearchSpace& space, const Chosen& chosen,
                                            Rng& rng,
                                            const std::function<std::optional<Config>()>& draw) {
  std::optional<Config> last;
  for (int i = 0; i < kMaxRedraws; ++i) {
    std::optional<Config> config = draw();
    if (!config) continue;
    if (!chosen.has(*config)) return *std::move(config);
    last = std::move(config);
  }
  const auto cardinality = space.cardinality();
  if (cardinality && *cardinality <= kMaxCounted) {
    // Reservoir of one: every remaining configuration with equal probability, without holding them.
    std::vector<std::string> problems;
    GridPoints points(space, GridRules{}, problems);
    std::optional<Config> pick;
    std::uint64_t remaining = 0;
    for (; !points.ended(); points.advance()) {
      Config config = points.config();
      if (chosen.has(config) || !space.is_feasible(config)) continue;
      if (rng.below(++remaining) == 0) pick = std::move(config);
    }
    if (pick) return *std::move(pick);
    if (problems.empty()) {
      return Exhausted{
          space.constraints().empty()
              ? fmt::format("all {} configurations of the space were tried", *cardinality)
              : "every configuration that the constraints allow was tried"};
    }
  }
  if (last) return *std::move(last);
  return Exhausted{kNoneFound};
}

std::optional<Exhausted> take_draw(const SearchSpace& space, const Chosen& chosen, Rng& rng,
                                   bool repeat, const std::function<std::optional<Config>()>& draw,
                                   Suggestion& suggestion) {
  if (repeat) {
    auto config = draw();
    if (!config) return Exhausted{kNoneFound};
    suggestion.config = *std::move(config);
    return std::nullopt;
  }
  auto drawn = draw_unseen(space, chosen, rng, draw);
  if (auto* exhausted = std::get_if<Exhausted>(&drawn)) return std::move(*exhausted);
  suggestion.config = std::get<Config>(std::move(drawn));
  return std::nullopt;
}

}  // namespace hone
