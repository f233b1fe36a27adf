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
    // A generator per trial number: a batch gives what single calls would.
    return suggest_in_turn(context, count, batch_,
                           [&](std::int64_t number, const Chosen& chosen, Suggestion& suggestion) {
                             Rng rng = sampler_rng(spec, number);
                             suggestion.info.set("rule", "random");
                             const auto draw = [&] { return spec.space.sample(rng); };
                             return take_draw(spec.space, chosen, rng, options_.repeat, draw,
                                              suggestion);
                           });
  }

  std::string describe() const override { return "random"; }
  bool looks_at_results() const override { return false; }

 private:
  RandomOptions options_;
  std::vector<std::vector<double>> batch_;
};

}  // namespace

std::unique_ptr<Sampler> make_random(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Random>(random_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp random_help() { return random_options().help(); }

}  // namespace hone
