// NSGA-II (Deb et al. 2002) over mixed and conditional spaces, for several objectives and many
// trials. Parents are the best of the record: by constrained non-domination, then by crowding
// distance. That is the original's elite of a generation and its parents, taken after every trial:
// no generation is waited for, and the population is a function of the trials that have ended.
//   Numbers: simulated binary crossover and polynomial mutation within bounds (Deb and Agrawal
//   1995) on the encoded scale; discrete ones move by a cell at least.
//   Choices: from either parent; mutation draws from their law.
//   A parameter that neither parent has is drawn from its law, and constraints are repaired.
// The defaults are bolder than the original's (η = 20, one mutation a child), which suit
// populations of hundreds: at 100 trials they reach a quarter more hypervolume (bench/fronts). No
// configuration comes twice: draws that are known mutate more and more.
//
// `nsga3` breeds in the same way, but chooses its parents along reference directions (niching.h:
// Deb and Jain 2014), and of two parents of a rank the one whose direction has fewer: with three
// objectives and more nearly all trials are on the first front, and crowding distances say little.
#include <algorithm>
#include <cmath>

#include "hone/math/niching.h"
#include "hone/math/pareto.h"
#include "hone/sampler/learning_sampler.h"
#include "hone/sampler/mutation.h"
#include "hone/sampler/registry.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

/// Losses beyond are moved there before they are scaled.
constexpr double kLargestLoss = 1e150;

struct Nsga2Options {
  int population = 0;
  int start_trials = 0;
  double crossover = 0.9;
  double crossover_eta = 5;
  double mutation = 2;
  double mutation_eta = 5;
  bool repeat = false;
};

OptionTable<Nsga2Options> breeding_options(const char* name, const char* help) {
  return OptionTable<Nsga2Options>(name, help)
      .integer("population", &Nsga2Options::population, 0, 100'000,
               "Parents; 0: a quarter of the trials, from 10 to 50")
      .integer("start_trials", &Nsga2Options::start_trials, 0, 1e6,
               "Trials of the start design; 0: 10, fewer in small spaces")
      .number("crossover", &Nsga2Options::crossover, 0, 1,
              "Share of the children that have two parents")
      .number("crossover_eta", &Nsga2Options::crossover_eta, 0, 1000,
              "How near children stay to their parents")
      .number("mutation", &Nsga2Options::mutation, 0, 1000,
              "Parameters of a child that mutate, in the mean")
      .number("mutation_eta", &Nsga2Options::mutation_eta, 0, 1000,
              "How small mutations of numbers are")
      .boolean("repeat", &Nsga2Options::repeat, "Configurations may come again");
}

const OptionTable<Nsga2Options>& nsga2_options() {
  static const OptionTable<Nsga2Options> table = breeding_options(
      "nsga2", "Genetic search for several objectives and many trials: breeds the front");
  return table;
}

const OptionTable<Nsga2Options>& nsga3_options() {
  static const OptionTable<Nsga2Options> table =
      breeding_options("nsga3",
                       "Genetic search for three objectives and more: keeps the front spread along "
                       "reference directions");
  return table;
}

struct Parent {
  std::int64_t trial = -1;
  int rank = 0;
  double crowding = 0;
};

/// Simulated binary crossover within [0, 1]: one of the two children of x and y.
double cross(double x, double y, double eta, Rng& rng) {
  const double u = rng.uniform();
  const bool upper = rng.chance(0.5);
  const double low = std::min(x, y);
  const double high = std::max(x, y);
  const double gap = high - low;
  if (gap < 1e-14) return x;
  const double beta = 1 + 2 * (upper ? 1 - high : low) / gap;
  const double alpha = 2 - std::pow(beta, -(eta + 1));
  const double spread = u <= 1 / alpha ? std::pow(u * alpha, 1 / (eta + 1))
                                       : std::pow(1 / (2 - u * alpha), 1 / (eta + 1));
  const double middle = low + high;
  return std::clamp(0.5 * (upper ? middle + spread * gap : middle - spread * gap), 0.0, 1.0);
}

class Nsga2 final : public LearningSampler {
 public:
  Nsga2(Nsga2Options options, bool niches) : options_(options), niches_(niches) {}

  std::string describe() const override { return name(); }

 private:
  const char* name() const { return niches_ ? "nsga3" : "nsga2"; }
  void prepare() override {
    begin(StartDesign::sobol, "nsga2 start", {options_.start_trials, 3, 5, 10});
  }
  void look(const History& /*history*/) override {
    niches_ ? choose_by_niches() : choose_by_crowding();
  }

  std::int64_t population() const {
    return options_.population > 0 ? options_.population
                                   : std::clamp<std::int64_t>(observations_.ranked() / 4, 10, 50);
  }

  /// Of the front that is too large those along directions that have few; behind them trials that
  /// were stopped or break a guard, in their order.
  void choose_by_niches() {
    const auto size = static_cast<std::size_t>(population());
    const int m = observations_.objectives();
    parents_.clear();
    std::vector<std::int64_t> trials;
    std::vector<int> ranks;
    std::vector<double> losses;
    std::size_t certain = 0;
    std::vector<Parent> behind;
    int rank = 0;
    for (const auto& front : observations_.fronts(static_cast<std::int64_t>(size))) {
      const bool value = observations_.lesson(front.front()) == Lesson::value && m > 1;
      if (value && trials.size() + front.size() <= size) certain = trials.size() + front.size();
      for (const std::int64_t trial : front) {
        if (!value) {
          behind.push_back({trial, rank, 0});
          continue;
        }
        trials.push_back(trial);
        ranks.push_back(rank);
        for (const double loss : observations_.losses(trial))
          losses.push_back(std::clamp(loss, -kLargestLoss, kLargestLoss));
      }
      ++rank;
    }
    const std::vector<double> directions =
        m > 1 ? reference_directions(m, size) : std::vector<double>{};
    const Niched niched = pick_by_niches({losses, m}, certain, size, directions);
    for (std::size_t i = 0; i < niched.picked.size(); ++i) {
      const std::size_t at = niched.picked[i];
      parents_.push_back({trials[at], ranks[at], -static_cast<double>(niched.crowd[i])});
    }
    for (const Parent& parent : behind) {
      if (parents_.size() < size) parents_.push_back(parent);
    }
  }

  void choose_by_crowding() {
    const std::int64_t population = this->population();
    parents_.clear();
    int rank = 0;
    for (const auto& front : observations_.fronts(population)) {
      std::vector<double> points;
      std::vector<std::size_t> all(front.size());
      for (std::size_t i = 0; i < front.size(); ++i) {
        all[i] = i;
        const bool several =
            observations_.objectives() > 1 && observations_.lesson(front[i]) != Lesson::violates;
        if (several) {
          const auto losses = observations_.losses(front[i]);
          points.insert(points.end(), losses.begin(), losses.end());
        } else {
          points.resize(points.size() + static_cast<std::size_t>(observations_.objectives()));
        }
      }
      const auto crowding = crowding_distances({points, observations_.objectives()}, all);
      std::stable_sort(all.begin(), all.end(),
                       [&](std::size_t a, std::size_t b) { return crowding[a] > crowding[b]; });
      for (const std::size_t i : all) {
        if (static_cast<std::int64_t>(parents_.size()) < population)
          parents_.push_back({front[i], rank, crowding[i]});
      }
      ++rank;
    }
  }

  const Parent& tournament(Rng& rng) const {
    const Parent& a = parents_[rng.below(parents_.size())];
    const Parent& b = parents_[rng.below(parents_.size())];
    if (a.rank != b.rank) return a.rank < b.rank ? a : b;
    return a.crowding >= b.crowding ? a : b;
  }

  std::optional<Config> breed(const History& history, int attempt, Rng& rng,
                              Suggestion& suggestion) const {
    const Parent& one = tournament(rng);
    const Parent* other = &one;
    for (int i = 0; i < 4 && other->trial == one.trial; ++i) other = &tournament(rng);
    const bool crosses = rng.uniform() < options_.crossover;
    const auto a = history.encoded(one.trial);
    const auto b = history.encoded(crosses ? other->trial : one.trial);
    const auto d = static_cast<double>(std::max<std::size_t>(1, a.size()));
    const double rate = options_.mutation * (1 + attempt) / d;
    std::vector<double> row(a.size());
    for (std::size_t j = 0; j < row.size(); ++j) {
      const Parameter& parameter = space().parameter(space().searched()[j]);
      const bool mutates = rng.uniform() < rate;
      const double fresh = law_position(parameter, rng.uniform_open(), true);
      const double x = std::isnan(a[j]) ? b[j] : a[j];
      const double y = std::isnan(b[j]) ? a[j] : b[j];
      if (std::isnan(x)) {
        row[j] = fresh;
        continue;
      }
      const bool mixes = crosses && rng.chance(0.5);
      if (is_categorical(parameter.domain)) {
        row[j] = mutates ? fresh : (mixes ? y : x);
        continue;
      }
      const double child = mixes ? cross(x, y, options_.crossover_eta, rng) : x;
      row[j] = snap(parameter.domain, child);
      if (mutates) row[j] = mutated(parameter.domain, row[j], options_.mutation_eta, rng);
    }
    auto child_config = feasible_config(space(), row, rng);
    if (!child_config) return std::nullopt;
    Value::List trials{Value(one.trial)};
    if (crosses && other->trial != one.trial) trials.emplace_back(other->trial);
    suggestion.info.set("parents", Value(std::move(trials)));
    return child_config;
  }

  std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                   const Chosen& chosen, Suggestion& suggestion) override {
    Rng rng = sampler_rng(spec(), number);
    if (observations_.ranked() < start_trials_ || parents_.empty())
      return take_start(number, chosen, rng, false, options_.repeat, suggestion);
    int attempt = 0;
    const auto draw = [&] { return breed(history, attempt++, rng, suggestion); };
    suggestion.info.set("rule", name());
    return take_draw(space(), chosen, rng, options_.repeat, draw, suggestion);
  }

  Nsga2Options options_;
  bool niches_ = false;
  std::vector<Parent> parents_;  // best first
};

}  // namespace

std::unique_ptr<Sampler> make_nsga2(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Nsga2>(nsga2_options().parse(spec.sampler.options, problems), false);
}

std::unique_ptr<Sampler> make_nsga3(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Nsga2>(nsga3_options().parse(spec.sampler.options, problems), true);
}

AlgorithmHelp nsga2_help() { return nsga2_options().help(); }
AlgorithmHelp nsga3_help() { return nsga3_options().help(); }

}  // namespace hone
