// Population-based training with random exploration: the options and the explorer.
#include "hone/scheduler/exploration.h"
#include "hone/scheduler/population.h"
#include "hone/scheduler/registry.h"

namespace hone {
namespace {

struct PbtOptions : PopulationOptions {
  double resample = 0.25;
  double factor = 1.2;
};

const OptionTable<PbtOptions>& pbt_options() {
  static const OptionTable<PbtOptions> table = [] {
    OptionTable<PbtOptions> rows(
        "pbt",
        "Population-based training: members that lag copy the checkpoint of "
        "one that leads and go on with changed values");
    add_population_rows(rows)
        .number("resample", &PbtOptions::resample, 0, 1,
                "Probability of drawing a value anew instead of changing it by the factor")
        .number("factor", &PbtOptions::factor, 1.0001, 1000,
                "Values are multiplied or divided by it");
    return rows;
  }();
  return table;
}

class RandomExplorer final : public Explorer {
 public:
  explicit RandomExplorer(ExplorationOptions options) : options_(std::move(options)) {}
  Config explore(const ExplorationContext& context, Rng& rng) const override {
    return explored(context.history.spec().space, context.history.trial(context.donor).config(),
                    options_, rng);
  }

 private:
  ExplorationOptions options_;
};

}  // namespace

std::unique_ptr<Scheduler> make_pbt(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const PbtOptions options = pbt_options().parse(spec.scheduler.options, problems);
  if (problems.size() != before) return nullptr;
  return make_population("pbt", options,
                         std::make_unique<RandomExplorer>(
                             ExplorationOptions{options.resample, options.factor, options.mutate}),
                         spec, problems);
}

AlgorithmHelp pbt_help() { return pbt_options().help(); }

}  // namespace hone
