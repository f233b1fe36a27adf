// Sobol points with Owen scrambling in the law of the space: covers it more evenly than random
// draws, and any number of points can be drawn ahead. Point k of the sequence belongs to trial k.
// In a finite space a point that was tried gives way to the next ones.
#include "hone/math/sobol.h"

#include "hone/sampler/registry.h"
#include "hone/sampler/start.h"
#include "hone/sampler/unseen.h"

namespace hone {
namespace {

struct SobolOptions {
  bool repeat = false;
};

const OptionTable<SobolOptions>& sobol_options() {
  static const OptionTable<SobolOptions> table =
      OptionTable<SobolOptions>("sobol", "Low-discrepancy points: even coverage of the space")
          .boolean("repeat", &SobolOptions::repeat,
                   "Configurations of a finite space may come again");
  return table;
}

class SobolSampler final : public Sampler {
 public:
  explicit SobolSampler(SobolOptions options) : options_(options) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    const StudySpec& spec = context.history.spec();
    if (spec_ != context.history.spec_ptr()) {
      spec_ = context.history.spec_ptr();
      const Rng rng = Rng(static_cast<std::uint64_t>(spec.seed)).split("sobol");
      start_.emplace(spec.space, StartDesign::sobol, false, rng);
    }
    return suggest_in_turn(
        context, count, batch_,
        [&](std::int64_t number, const Chosen& chosen, Suggestion& suggestion) {
          Rng rng = sampler_rng(spec, number);
          int attempt = 0;
          suggestion.info.set("rule", "sobol");
          const auto draw = [&] { return start_->config(number, attempt++, rng); };
          return take_draw(spec.space, chosen, rng, options_.repeat, draw, suggestion);
        });
  }

  std::string describe() const override { return "sobol"; }
  bool looks_at_results() const override { return false; }

 private:
  SobolOptions options_;
  std::vector<std::vector<double>> batch_;
  std::shared_ptr<const StudySpec> spec_;
  std::optional<Start> start_;
};

}  // namespace

std::unique_ptr<Sampler> make_sobol(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<SobolSampler>(sobol_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp sobol_help() { return sobol_options().help(); }

}  // namespace hone
