// Configurations that no trial has tried. In a continuous space a draw is new by itself; in a
// finite one samplers draw again, and when that keeps failing count the space, so that a small
// space is covered without repetition and its end is noticed.
#pragma once

#include <functional>
#include <optional>
#include <unordered_set>
#include <variant>
#include <vector>

#include "hone/base/rng.h"
#include "hone/sampler/sampler.h"

namespace hone {

/// Keys of configurations that a batch has chosen already, beside those in the history.
class Chosen {
 public:
  explicit Chosen(const History& history) : history_(history) {}
  /// Whether the history or the batch has it.
  bool has(const Config& config) const;
  void add(const Config& config);

 private:
  struct KeyHash {
    std::size_t operator()(const Hash128& key) const;
  };
  const History& history_;
  std::unordered_set<Hash128, KeyHash> batch_;
};

/// Asks `propose` for `count` suggestions, one after the other, each aware of those before it:
/// their configurations are in `chosen`, their encoded rows in `batch`, which is emptied first. A
/// space that is used up ends the batch; Exhausted where that is its first.
SuggestResult suggest_in_turn(
    const SuggestContext& context, int count, std::vector<std::vector<double>>& batch,
    const std::function<std::optional<Exhausted>(std::int64_t number, const Chosen& chosen,
                                                 Suggestion& suggestion)>& propose);

/// Spaces of up to so many configurations are counted when draws keep hitting known ones.
constexpr std::uint64_t kMaxCounted = 65'536;
/// Draws before counting.
constexpr int kMaxRedraws = 128;

/// A configuration from `draw` that is new. In a space whose configurations are (nearly) all tried:
/// one of the remaining ones, each with equal probability, else Exhausted. In a larger space where
/// `draw` gives nothing new in kMaxRedraws tries: its last draw, a repetition. `draw` may return
/// nullopt (no feasible point found).
std::variant<Config, Exhausted> draw_unseen(const SearchSpace& space, const Chosen& chosen,
                                            Rng& rng,
                                            const std::function<std::optional<Config>()>& draw);

/// Puts such a configuration into `suggestion`; with `repeat` the next draw, new or not. Exhausted
/// where there is none.
std::optional<Exhausted> take_draw(const SearchSpace& space, const Chosen& chosen, Rng& rng,
                                   bool repeat, const std::function<std::optional<Config>()>& draw,
                                   Suggestion& suggestion);

}  // namespace hone
