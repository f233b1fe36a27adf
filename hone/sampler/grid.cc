// Every combination of a finite space once, in order: the first parameter of the file turns
// slowest, as itertools.product does it in W&B sweeps, except that parents of conditions come
// before their children. The next point is the first one that no trial has, so nothing is kept but
// a position that can be found again; configurations that were run for another reason are not run
// twice.
#include <fmt/core.h>

#include "hone/sampler/grid_points.h"
#include "hone/sampler/registry.h"
#include "hone/sampler/unseen.h"

namespace hone {
namespace {

/// Points skipped in one call (tried before, or against a constraint) before the search gives up.
constexpr std::int64_t kMaxSkipped = 20'000'000;

struct GridOptions {
  int points = 0;
};

const OptionTable<GridOptions>& grid_options() {
  static const OptionTable<GridOptions> table =
      OptionTable<GridOptions>("grid", "Every combination once, in order")
          .integer("points", &GridOptions::points, 0, 10'000,
                   "Values of a continuous parameter, evenly spaced in its law; 0: continuous "
                   "parameters are an error");
  return table;
}

class Grid final : public Sampler {
 public:
  explicit Grid(GridRules rules) : rules_(rules) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    const History& history = context.history;
    const SearchSpace& space = history.spec().space;
    if (spec_ != history.spec_ptr() || history.size() < known_size_ ||
        first_ != identity(history)) {
      spec_ = history.spec_ptr();
      first_ = identity(history);
      std::vector<std::string> problems;
      known_.emplace(space, rules_, problems);
    }
    known_size_ = history.size();
    const Chosen chosen(history);
    const auto is_new = [&](const Config& config) {
      return !chosen.has(config) && space.is_feasible(config);
    };
    std::int64_t skipped = 0;
    while (!known_->ended() && !is_new(known_->config()) && ++skipped < kMaxSkipped)
      known_->advance();
    std::vector<Suggestion> suggestions;
    GridPoints at = *known_;
    for (; !at.ended() && static_cast<int>(suggestions.size()) < count && skipped < kMaxSkipped;
         at.advance()) {
      Config config = at.config();
      if (!is_new(config)) {
        ++skipped;
        continue;
      }
      Suggestion suggestion{std::move(config)};
      suggestion.info.set("rule", "grid");
      suggestions.push_back(std::move(suggestion));
    }
    if (!suggestions.empty()) return suggestions;
    if (at.ended()) return Exhausted{"every point of the grid was tried"};
    return Exhausted{fmt::format("{} points of the grid in a row break a constraint", skipped)};
  }

  std::string describe() const override { return "grid"; }
  bool looks_at_results() const override { return false; }

 private:
  static std::shared_ptr<const Proposal> identity(const History& history) {
    return history.size() > 0 ? history.trial(0).proposal : nullptr;
  }

  GridRules rules_;
  std::shared_ptr<const StudySpec> spec_;
  std::shared_ptr<const Proposal> first_;
  std::int64_t known_size_ = 0;
  std::optional<GridPoints>
      known_;  // every point before it is in the history or against a constraint, for good
};

}  // namespace

std::unique_ptr<Sampler> make_grid(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const GridOptions options = grid_options().parse(spec.sampler.options, problems);
  const GridRules rules{options.points, spec.from_sweep_file};
  std::vector<std::string> faults;
  const GridPoints probe(spec.space, rules, faults);
  for (const std::string& fault : faults) problems.push_back({"type", fault});
  return std::make_unique<Grid>(rules);
}

AlgorithmHelp grid_help() { return grid_options().help(); }

}  // namespace hone
