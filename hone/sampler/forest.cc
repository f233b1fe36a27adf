// Bayesian optimisation with a regression forest (Hutter, Hoos and Leyton-Brown 2011, "Sequential
// model-based optimization for general algorithm configuration"; SMAC3): for spaces of many
// categories and branches, where a tree splits the space as its conditions do.
//
// The first trials are the defaults (else the middle of the space) and scrambled Sobol points. Then
// every suggestion grows a forest of the transformed losses (forest_model.h) and takes the point of
// highest log expected improvement among points over the space, around the best trials, and, some
// rounds long, around the best of those. Some suggestions are drawn from the space's law. Pending
// trials are believed to come out as expected.
//
// It differs from SMAC in its trees (random thresholds instead of the best: they disagree between
// trials, which is what there is of uncertainty), in the search, and in a forest of where programs
// fail instead of a worst value for those that did. Nothing survives a suggestion.
#include "hone/surrogate/forest.h"

#include <algorithm>

#include "hone/sampler/forest_model.h"
#include "hone/sampler/learning_sampler.h"
#include "hone/sampler/registry.h"

namespace hone {
namespace {

struct ForestSamplerOptions {
  int start_trials = 0;
  int trees = 32;
  int thresholds = 4;
  int smallest_leaf = 1;
  bool bootstrap = true;
  double inherited = 3;
  std::string output = "half_rank";
  int spread = 400;
  int near = 60;
  int rounds = 3;
  double random = 0.02;
  double apart = 0.1;
  bool failures = true;
  bool pending = true;
  bool fidelity = true;
  int points = 500;
};

const OptionTable<ForestSamplerOptions>& forest_sampler_options() {
  static const OptionTable<ForestSamplerOptions> table =
      OptionTable<ForestSamplerOptions>(
          "forest",
          "Bayesian optimisation with a regression forest: for many categories and branches")
          .integer("start_trials", &ForestSamplerOptions::start_trials, 0, 1e6,
                   "Trials of the start design; 0: one more than parameters, 4 to 10")
          .integer("trees", &ForestSamplerOptions::trees, 1, 1000,
                   "Trees, whose mean is the prediction")
          .integer("thresholds", &ForestSamplerOptions::thresholds, 1, 1000,
                   "Thresholds of every number that a split chooses from")
          .integer("smallest_leaf", &ForestSamplerOptions::smallest_leaf, 1, 1000,
                   "Trials in a leaf, at least")
          .boolean("bootstrap", &ForestSamplerOptions::bootstrap,
                   "Every tree has its own draw of the trials")
          .number(
              "inherited", &ForestSamplerOptions::inherited, 0, 1000,
              "The variance of a part of the space counts that of the part around it as much as "
              "so many trials")
          .text("output", &ForestSamplerOptions::output, {"both", "power", "half_rank", "none"},
                "Transform of the losses; both: in turn")
          .integer("spread", &ForestSamplerOptions::spread, 1, 1e6,
                   "Points over the space that are looked at")
          .integer("near", &ForestSamplerOptions::near, 0, 1e6,
                   "Points around each of the five best trials, and of the best points found")
          .integer("rounds", &ForestSamplerOptions::rounds, 0, 100,
                   "Rounds of search around the best points found")
          .number("random", &ForestSamplerOptions::random, 0, 1,
                  "Share of the suggestions that are drawn from the space's law")
          .number("apart", &ForestSamplerOptions::apart, 0, 1,
                  "Points nearer to a trial than this share of every range promise less")
          .boolean("failures", &ForestSamplerOptions::failures, "Avoid where trials failed")
          .boolean("pending", &ForestSamplerOptions::pending,
                   "Expect running trials to come out as predicted")
          .boolean("fidelity", &ForestSamplerOptions::fidelity,
                   "Learn from trials that were stopped early")
          .integer("points", &ForestSamplerOptions::points, 20, 10'000,
                   "Trials that the model takes, at most");
  return table;
}

/// Candidates around which a further round looks.
constexpr std::size_t kClimbers = 5;

class Forest final : public LearningSampler {
 public:
  explicit Forest(ForestSamplerOptions options) : options_(std::move(options)) {}

  std::string describe() const override { return "forest"; }

 private:
  void prepare() override {
    model_.emplace(space());
    search_.emplace(space());
    begin(StartDesign::sobol, "forest start", {options_.start_trials, 1, 4, 10});
  }

  void fit(const History& history, std::int64_t number, Rng rng) {
    ForestModelOptions model;
    model.forest.trees = options_.trees;
    model.forest.thresholds = options_.thresholds;
    model.forest.smallest_leaf = options_.smallest_leaf;
    model.forest.bootstrap = options_.bootstrap;
    model.forest.inherited = options_.inherited;
    model.apart = options_.apart;
    model.points = options_.points;
    model.failures = options_.failures;
    model.fidelity = options_.fidelity;
    const bool power =
        options_.output == "power" || (options_.output == "both" && number / 2 % 2 == 0);
    model.transform = options_.output == "none" ? OutputTransform::none
                      : power                   ? OutputTransform::power
                                                : OutputTransform::half_rank;
    std::vector<double> pending;
    if (options_.pending) pending = pending_rows(history);
    model_->build(history, observations_, model, pending, rng);
  }

  /// The most promising points, best first; each round looks around those of the round before.
  std::vector<AcquisitionCandidate> search(std::int64_t number, Rng rng) const {
    const auto draw = [&](int i) { return spread_point(number, i); };
    AcquisitionSearchOptions search;
    search.spread = options_.spread;
    search.near = options_.near;
    search.refined = static_cast<int>(kClimbers);
    search.rounds = 2;
    search.evaluations = 1;
    auto found = search_->run(*model_, model_->incumbents(), draw, search, Rng(rng.next_u64()));
    search.spread = 0;
    for (int round = 0; round < options_.rounds && !found.empty(); ++round) {
      std::vector<std::vector<double>> from;
      for (std::size_t i = 0; i < std::min(kClimbers, found.size()); ++i)
        from.push_back(found[i].row);
      auto further = search_->run(*model_, from, draw, search, Rng(rng.next_u64()));
      if (further.empty() || !(further.front().value > found.front().value)) break;
      found.insert(found.begin(), further.begin(), further.end());
      std::stable_sort(found.begin(), found.end(),
                       [](const auto& a, const auto& b) { return a.value > b.value; });
    }
    return found;
  }

  std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                   const Chosen& chosen, Suggestion& suggestion) override {
    Rng rng = sampler_rng(spec(), number);
    const bool starting = observations_.ranked() < start_trials_ || observations_.usable() == 0;
    if (starting) return take_start(number, chosen, rng, true, false, suggestion);
    std::vector<AcquisitionCandidate> found;
    if (!rng.chance(options_.random)) {
      fit(history, number, rng.split("forest"));
      found = search(number, rng.split("search"));
    }
    if (auto none = take_found(found, chosen, rng, suggestion)) return none;
    suggestion.info.set("rule", found.empty() ? "random" : "forest");
    if (!found.empty()) suggestion.info.set("of", observations_.ranked());
    return std::nullopt;
  }

  ForestSamplerOptions options_;
  std::optional<ForestModel> model_;
  std::optional<AcquisitionSearch> search_;
};

}  // namespace

std::unique_ptr<Sampler> make_forest(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Forest>(forest_sampler_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp forest_help() { return forest_sampler_options().help(); }

}  // namespace hone
