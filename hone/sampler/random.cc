// Independent draws from the prior, restricted to what the constraints allow. In a finite space
// without repetition, unless asked for: then the law is the prior restricted to what has not been
// tried.
#include <variant>

#include "hone/sampler/registry.h"
#include "hone/sampler/unseen.h"

namespace hone {
namespace {

struct RandomOptions {
  bool repeat = false;
};

const OptionTable<RandomOptions>& random_options() {
  static const OptionTable<RandomOptions> table =
      OptionTable<RandomOptions>("random", "Independent draws from the prior")
          .boolean("repeat", &RandomOptions::repeat,
                   "Configurations of a finite space may come again");
  return table;
}

class Random final : public Sampler {
 public:
  explicit Random(RandomOptions options) : options_(options) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    const StudySpec& spec = context.history.spec();
    Chosen chosen(context.history);
    std::vector<Suggestion> suggestions;
    for (int i = 0; i < count; ++i) {
      // A generator per trial number: a batch gives what single calls would.
      Rng rng = sampler_rng(spec, context.first_trial + i);
      const auto draw = [&] { return spec.space.sample(rng); };
      std::optional<Config> config;
      if (options_.repeat) {
        config = draw();
        if (!config) return Exhausted{"no configuration that satisfies the constraints was found"};
      } else {
        auto drawn = draw_unseen(spec.space, chosen, rng, draw);
        if (auto* exhausted = std::get_if<Exhausted>(&drawn)) {
          if (suggestions.empty()) return std::move(*exhausted);
          break;
        }
        config = std::get<Config>(std::move(drawn));
        chosen.add(*config);
      }
      Suggestion suggestion{*std::move(config)};
      suggestion.info.set("rule", "random");
      suggestions.push_back(std::move(suggestion));
    }
    return suggestions;
  }

  std::string describe() const override { return "random"; }
  bool looks_at_results() const override { return false; }

 private:
  RandomOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make_random(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Random>(random_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp random_help() { return random_options().help(); }

}  // namespace hone
