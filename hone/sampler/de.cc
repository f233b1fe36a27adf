// Differential evolution, rand/1/bin (Storn and Price 1997), over the encoded space, with a
// population per fidelity as in DEHB (Awad et al. 2021, arXiv 2105.09821). Under a scheduler that
// starts trials at several fidelities the parents of a new one come from the population of the next
// lower fidelity, where good configurations are cheaply known; without one it is plain
// differential evolution.
//
// A population has slots; a trial belongs to the slot of its number modulo their count, and
// competes with those before it there. A child replaces its slot's member where it is no worse, so
// the member of a slot at a fidelity is the best of its trials that have come so far: it follows
// from the history, in whatever order results arrive, and nobody waits for a generation. Trials
// that a scheduler lets go on join the populations of the fidelities that they come to.
#include <algorithm>
#include <cmath>
#include <set>

#include "hone/sampler/learning_sampler.h"
#include "hone/sampler/mutation.h"
#include "hone/sampler/registry.h"

namespace hone {
namespace {

struct DeOptions {
  int population = 20;
  double scale = 0.5;
  double crossover = 0.5;
  bool repeat = false;
};

const OptionTable<DeOptions>& de_options() {
  static const OptionTable<DeOptions> table =
      OptionTable<DeOptions>("de",
                             "Differential evolution; with `scheduler: dehb` at every fidelity")
          .integer("population", &DeOptions::population, 4, 10'000,
                   "Slots; as many trials are the start design")
          .number("scale", &DeOptions::scale, 0, 2,
                  "F: of the difference of two parents that is added to a third")
          .number("crossover", &DeOptions::crossover, 0, 1,
                  "CR: probability that a parameter comes from the mutant")
          .boolean("repeat", &DeOptions::repeat, "Configurations may come again");
  return table;
}

/// The newest trials that are looked at.
constexpr std::int64_t kTrials = 4096;
/// Fidelities are equal up to rounding.
constexpr double kSlack = 1e-9;

/// Members of the slots: trial numbers, −1 where there is none.
using Population = std::vector<std::int64_t>;

class De final : public LearningSampler {
 public:
  explicit De(DeOptions options) : options_(std::move(options)) {}

  std::string describe() const override { return "de"; }

 private:
  void prepare() override {
    begin(StartDesign::sobol, "de start", {options_.population, 0, 4, 10'000});
  }

  void look(const History& history) override {
    own_ = population(history, fidelity_target());
    parents_ = own_;
    if (const auto below = next_below(history)) {
      const Population lower = population(history, below);
      if (members(lower).size() >= kParents) parents_ = lower;
      for (std::size_t slot = 0; slot < own_.size(); ++slot)
        if (own_[slot] < 0) own_[slot] = lower[slot];
    }
  }

  static std::int64_t first_looked_at(const History& history) {
    return std::max<std::int64_t>(0, history.size() - kTrials);
  }

  /// The loss that the trial had when it came to the fidelity; none: to the end. NaN: it did not.
  double loss_at(const Trial& trial, const std::optional<double>& fidelity) const {
    const Goal goal = spec().objective().goal;
    if (observations_.lesson(trial.number()) > Lesson::partial) return NAN;
    if (!fidelity) {
      const auto value = trial.value();
      return trial.state == TrialState::complete && value ? to_loss(goal, *value) : NAN;
    }
    const bool came = trial.reached.value_or(0) >= *fidelity * (1 - kSlack) ||
                      trial.state == TrialState::complete ||
                      (trial.state == TrialState::paused &&
                       trial.fidelity_target.value_or(0) >= *fidelity * (1 - kSlack));
    if (!came) return NAN;
    for (auto point = trial.curve.rbegin(); point != trial.curve.rend(); ++point) {
      if (point->fidelity <= *fidelity * (1 + kSlack)) return to_loss(goal, point->value);
    }
    return NAN;
  }

  Population population(const History& history, const std::optional<double>& fidelity) const {
    const auto slots = static_cast<std::size_t>(options_.population);
    Population members(slots, -1);
    std::vector<double> losses(slots, INFINITY);
    for (std::int64_t i = first_looked_at(history); i < history.size(); ++i) {
      const double loss = loss_at(history.trial(i), fidelity);
      const auto slot = static_cast<std::size_t>(i) % slots;
      if (std::isnan(loss) || loss > losses[slot]) continue;
      losses[slot] = loss;
      members[slot] = i;
    }
    return members;
  }

  /// The highest fidelity below that of what is being proposed at which trials were started.
  std::optional<double> next_below(const History& history) const {
    if (!spec().fidelity) return std::nullopt;
    const double own = fidelity_target().value_or(spec().fidelity->max.value_or(INFINITY));
    std::optional<double> below;
    for (std::int64_t i = first_looked_at(history); i < history.size(); ++i) {
      const auto& target = history.trial(i).proposal->fidelity_target;
      if (target && *target < own * (1 - kSlack) && (!below || *target > *below)) below = target;
    }
    return below;
  }

  static std::vector<std::int64_t> members(const Population& population) {
    std::vector<std::int64_t> members;
    for (const std::int64_t trial : population)
      if (trial >= 0) members.push_back(trial);
    return members;
  }

  /// An encoded row with a value for every parameter: what is inactive is drawn.
  std::vector<double> row_of(const History& history, std::int64_t trial, Rng& rng) const {
    const auto encoded = history.encoded(trial);
    std::vector<double> row(encoded.begin(), encoded.end());
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (!std::isnan(row[j])) continue;
      row[j] = law_position(space().parameter(space().searched()[j]), rng.uniform_open(), true);
    }
    return row;
  }

  std::optional<Config> breed(const History& history, std::int64_t target,
                              std::vector<std::int64_t> parents, Rng& rng) const {
    for (std::size_t i = 0; i < kParents; ++i)  // three that differ, in the order of the draws
      std::swap(parents[i], parents[i + rng.below(parents.size() - i)]);
    std::vector<double> row = row_of(history, target, rng);
    const std::vector<double> a = row_of(history, parents[0], rng);
    const std::vector<double> b = row_of(history, parents[1], rng);
    const std::vector<double> c = row_of(history, parents[2], rng);
    const std::size_t always = row.empty() ? 0 : rng.below(row.size());
    for (std::size_t j = 0; j < row.size(); ++j) {
      const bool crosses = rng.chance(options_.crossover) || j == always;
      if (!crosses) continue;
      row[j] = a[j] + options_.scale * (b[j] - c[j]);
      // As DEHB does: outside of the space anything is as good.
      if (row[j] < 0 || row[j] > 1) row[j] = rng.uniform();
    }
    return feasible_config(space(), row, rng);
  }

  std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                   const Chosen& chosen, Suggestion& suggestion) override {
    Rng rng = sampler_rng(spec(), number);
    const auto slot = static_cast<std::size_t>(number) % own_.size();
    const std::int64_t target = own_[slot];
    const std::vector<std::int64_t> parents = members(parents_);
    if (number < options_.population || target < 0 || parents.size() < kParents)
      return take_start(number, chosen, rng, false, options_.repeat, suggestion);
    const auto draw = [&] { return breed(history, target, parents, rng); };
    suggestion.info.set("rule", "de");
    suggestion.info.set("parent", target);
    return take_draw(space(), chosen, rng, options_.repeat, draw, suggestion);
  }

  static constexpr std::size_t kParents = 3;

  DeOptions options_;
  Population own_;      // at the fidelity of what is being proposed, or the next lower one
  Population parents_;  // that the parents are drawn from
};

}  // namespace

std::unique_ptr<Sampler> make_de(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<De>(de_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp de_help() { return de_options().help(); }

}  // namespace hone
