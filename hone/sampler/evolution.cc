// Regularised evolution (Real et al. 2019, arXiv 1802.01548) and local search (White et al. 2021,
// arXiv 2005.02960) in turn, for spaces of many choices: architectures, compiler flags, pipelines.
//   Evolution: of the newest trials (age, not value, decides who stays, so a lucky noisy value does
//   not live for ever) some are drawn; a child of the best of them differs in one parameter.
//   Local search: a neighbour of the best trial that was not tried; when all were, of the next
//   best.
// A parameter that the change switches on is drawn from its law. No configuration comes twice:
// draws that are known go to the next parent, then change more parameters. No model:
// in 10 dimensions a suggestion takes about 15 µs after 100 trials as after 100 000.
#include <algorithm>
#include <cmath>

#include "hone/sampler/learning_sampler.h"
#include "hone/sampler/mutation.h"
#include "hone/sampler/registry.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

struct EvolutionOptions {
  int population = 50;
  int sample = 10;
  double local = 0.5;
  int start_trials = 0;
  double mutation_eta = 5;
  bool repeat = false;
};

const OptionTable<EvolutionOptions>& evolution_options() {
  static const OptionTable<EvolutionOptions> table =
      OptionTable<EvolutionOptions>(
          "evolution",
          "Regularised evolution and local search: for architectures and other spaces of choices")
          .integer("population", &EvolutionOptions::population, 1, 100'000,
                   "The newest so many trials may become parents")
          .integer("sample", &EvolutionOptions::sample, 1, 100'000,
                   "Trials drawn from them; the best is the parent")
          .number("local", &EvolutionOptions::local, 0, 1,
                  "Share of the suggestions that are neighbours of the best trials")
          .integer("start_trials", &EvolutionOptions::start_trials, 0, 1e6,
                   "Trials of the start design; 0: three more than parameters, 5 to 20")
          .number("mutation_eta", &EvolutionOptions::mutation_eta, 0, 1000,
                  "How small changes of numbers are")
          .boolean("repeat", &EvolutionOptions::repeat, "Configurations may come again");
  return table;
}

/// Known draws after which the next parent is taken, and one more parameter is changed.
constexpr int kPatience = 8;
/// Best trials whose neighbours are looked at.
constexpr std::int64_t kPeaks = 4;
/// Trials without a value that are passed over, at most, per place in the population.
constexpr std::int64_t kPassed = 20;

class Evolution final : public LearningSampler {
 public:
  explicit Evolution(EvolutionOptions options) : options_(std::move(options)) {}

  std::string describe() const override { return "evolution"; }

 private:
  void prepare() override {
    begin(StartDesign::sobol, "evolution start", {options_.start_trials, 3, 5, 20});
  }

  void look(const History& history) override {
    population_.clear();
    const auto enough = static_cast<std::size_t>(options_.population);
    const std::int64_t last =
        std::max<std::int64_t>(0, history.size() - kPassed * options_.population);
    for (std::int64_t i = history.size() - 1; i >= last && population_.size() < enough; --i) {
      if (observations_.lesson(i) <= Lesson::partial) population_.push_back(i);
    }
    peaks_ = observations_.best(kPeaks);
  }

  std::int64_t tournament(Rng& rng) const {
    std::int64_t best = population_[rng.below(population_.size())];
    for (int i = 1; i < options_.sample; ++i) {
      const std::int64_t other = population_[rng.below(population_.size())];
      if (better(observations_.of(other), observations_.of(best))) best = other;
    }
    return best;
  }

  std::optional<Config> breed(const History& history, bool local, int attempt, Rng& rng,
                              Suggestion& suggestion) const {
    const auto turn = static_cast<std::size_t>(attempt / kPatience);
    const std::int64_t parent = local ? peaks_[turn % peaks_.size()] : tournament(rng);
    const auto encoded = history.encoded(parent);
    std::vector<double> row(encoded.begin(), encoded.end());
    std::vector<std::size_t> active;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const Parameter& parameter = space().parameter(space().searched()[j]);
      if (!std::isnan(row[j])) {
        active.push_back(j);
      } else {
        row[j] = law_position(parameter, rng.uniform_open(), true);
      }
    }
    const std::size_t changes = 1 + turn / (local ? peaks_.size() : 1);
    for (std::size_t k = 0; k < changes && !active.empty(); ++k) {
      const std::size_t j = active[rng.below(active.size())];
      const Domain& domain = space().parameter(space().searched()[j]).domain;
      row[j] = is_categorical(domain) ? other_category(domain, row[j], rng)
                                      : mutated(domain, row[j], options_.mutation_eta, rng);
    }
    suggestion.info.set("parent", parent);
    return feasible_config(space(), row, rng);
  }

  std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                   const Chosen& chosen, Suggestion& suggestion) override {
    Rng rng = sampler_rng(spec(), number);
    if (observations_.usable() < start_trials_ || population_.empty())
      return take_start(number, chosen, rng, false, options_.repeat, suggestion);
    const bool local = rng.chance(options_.local);
    int attempt = 0;
    const auto draw = [&] { return breed(history, local, attempt++, rng, suggestion); };
    suggestion.info.set("rule", local ? "local" : "evolution");
    return take_draw(space(), chosen, rng, options_.repeat, draw, suggestion);
  }

  EvolutionOptions options_;
  std::vector<std::int64_t> population_;  // newest first
  std::vector<std::int64_t> peaks_;       // best first
};

}  // namespace

std::unique_ptr<Sampler> make_evolution(const StudySpec& spec,
                                        std::vector<OptionProblem>& problems) {
  return std::make_unique<Evolution>(evolution_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp evolution_help() { return evolution_options().help(); }

}  // namespace hone
