// Bayesian optimisation with a Gaussian process (gp_model.h): the model of few, dear trials.
//
// The first trials are the defaults (else the middle of the space) and scrambled Sobol points. Then
// every suggestion fits the process to the trials, and searches the point of highest log expected
// improvement (acquisition_search.h). The losses go through a power law that is learned with the
// process and through half-ranks in turn, which helps more than either (and makes batches diverse).
// From 20 trials on a quadratic trend is learned beside the process (gaussian_process.h).
// Pending trials are believed to come out as expected. Every other suggestion stays in a box around
// the best trial (trust region: Eriksson et al. 2019, arXiv 1910.01739). A small share of the
// suggestions explores.
// With 2 to 4 objectives each has its own process, and the expected improvement is that of the
// front's hypervolume (hypervolume_improvement.h); the members of the front have the box in turn.
// Where the budget limits time or cost the improvement is divided by the expected cost (gp_cost.h).
// Where that is asked for, what may still be gained is bounded (gp_regret.h).
//
// The parameters of the processes are stored with each suggestion and start the next fit, so a
// fresh sampler continues exactly as the old one would have.
#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "hone/sampler/gp_model.h"
#include "hone/sampler/gp_regret.h"
#include "hone/sampler/learning_sampler.h"
#include "hone/sampler/registry.h"

namespace hone {
namespace {

struct GpOptions {
  int start_trials = 0;
  std::string output = "both";
  int spread = 400;
  int near = 60;
  int refined = 4;
  int rounds = 2;
  double explore = 0.03;
  bool trust_region = true;
  bool failures = true;
  bool pending = true;
  bool fidelity = true;
  bool trend = true;
  int points = 400;
  int fit_points = 256;
  double beliefs = 10;
  bool stop_by_regret = false;
  bool cost_aware = false;
  double cost_exponent = 1;
};

const OptionTable<GpOptions>& gp_options() {
  static const OptionTable<GpOptions> table =
      OptionTable<GpOptions>(
          "gp",
          "Bayesian optimisation with a Gaussian process for each of 1 to 4 objectives: fewest "
          "trials, some milliseconds each")
          .integer("start_trials", &GpOptions::start_trials, 0, 1e6,
                   "Trials of the start design; 0: one more than parameters, 4 to 10")
          .text("output", &GpOptions::output, {"both", "learned", "power", "half_rank", "none"},
                "Transform of the losses; learned: the power law under which the process explains "
                "them best; power: the one that makes them most normal; both: learned for two "
                "suggestions, half_rank for the next two")
          .integer("spread", &GpOptions::spread, 1, 1e6, "Points over the space that are looked at")
          .integer("near", &GpOptions::near, 0, 1e6, "Points around each of the five best trials")
          .integer("refined", &GpOptions::refined, 0, 1000, "Points that are refined")
          .integer("rounds", &GpOptions::rounds, 0, 100,
                   "Rounds of refinement: gradients, then discrete values")
          .number("explore", &GpOptions::explore, 0, 1,
                  "Share of the suggestions that go where the model knows least")
          .boolean("trust_region", &GpOptions::trust_region,
                   "Every other suggestion within a box around the best trial (one of the front in "
                   "turn), which shrinks while nothing improves")
          .boolean("failures", &GpOptions::failures, "Avoid where trials failed")
          .boolean("pending", &GpOptions::pending, "Expect running trials to come out as predicted")
          .boolean("fidelity", &GpOptions::fidelity, "Learn from trials that were stopped early")
          .boolean("trend", &GpOptions::trend,
                   "Learn a quadratic trend beside the process, from 20 trials on")
          .integer("points", &GpOptions::points, 20, 5000, "Trials that the model takes, at most")
          .integer("fit_points", &GpOptions::fit_points, 20, 5000,
                   "Trials that its parameters are fitted to, at most")
          .number("beliefs", &GpOptions::beliefs, 0, 1e6,
                  "Strength of priors: they weigh as much as so many trials")
          .boolean("stop_by_regret", &GpOptions::stop_by_regret,
                   "Ends the study when what may still be gained is bounded below the noise of a "
                   "trial: what budget: {no_improvement: regret} sets")
          .boolean(
              "cost_aware", &GpOptions::cost_aware,
              "Prefer what is cheaper of what promises as much: in time, or by the metric with "
              "role: cost. True unless said otherwise where the budget limits time or cost")
          .number("cost_exponent", &GpOptions::cost_exponent, 0, 2,
                  "With cost_aware: the improvement is divided by this power of the expected cost, "
                  "which falls to 0 as the budget is used up");
  return table;
}

/// Trials up to which every suggestion fits the parameters anew.
constexpr std::int64_t kFitAlways = 300;
/// Earlier studies with less weight are not named with a suggestion.
constexpr double kToldWeight = 0.05;
/// Where stored parameters are looked for, behind the newest trial.
constexpr std::int64_t kLookBack = 200;

/// Puts the losses on the front, where no member is as good in every objective. Whether they push a
/// member off it: with more than two objectives nearly every trial is on the front somewhere.
bool pushes(std::vector<std::span<const double>>& front, std::span<const double> losses) {
  const auto covers = [](std::span<const double> a, std::span<const double> b) {
    return std::equal(a.begin(), a.end(), b.begin(), std::less_equal<>());
  };
  for (const auto& member : front) {
    if (covers(member, losses)) return false;
  }
  const auto gone =
      std::erase_if(front, [&](const auto& member) { return covers(losses, member); });
  front.push_back(losses);
  return gone > 0;
}

/// With one objective a list of numbers, with several a list of such lists.
std::vector<GpFit> read_fits(const Value& theta, std::size_t objectives) {
  std::vector<GpFit> fits;
  const auto add = [&](const Value& list) {
    GpFit fit;
    if (!list.is_list()) return false;
    for (const Value& x : list.as_list()) {
      if (!x.is_number()) return false;
      fit.parameters.push_back(x.as_number());
    }
    fits.push_back(std::move(fit));
    return true;
  };
  bool whole = true;
  if (objectives == 1) {
    whole = add(theta);
  } else {
    for (const Value& list : theta.as_list()) whole = whole && add(list);
  }
  return whole && fits.size() == objectives ? fits : std::vector<GpFit>{};
}

bool read_exponents(const Value* exponent, std::vector<GpFit>& fits) {
  if (exponent == nullptr) return false;
  if (fits.size() == 1 && exponent->is_number()) {
    fits[0].exponent = exponent->as_number();
    return true;
  }
  if (!exponent->is_list() || exponent->as_list().size() != fits.size()) return false;
  for (std::size_t k = 0; k < fits.size(); ++k) {
    const Value& x = exponent->as_list()[k];
    if (!x.is_number()) return false;
    fits[k].exponent = x.as_number();
  }
  return true;
}

class Gp final : public LearningSampler {
 public:
  explicit Gp(GpOptions options) : options_(std::move(options)) {}

  std::string describe() const override { return "gp"; }

 private:
  void prepare() override {
    model_.emplace(space());
    has_sources_ = !spec().warm_start.sources.empty() && spec().objective_count() == 1;
    if (has_sources_) model_->learn_from(spec().warm_start.sources);
    search_.emplace(space());
    begin(StartDesign::sobol, "gp start", {options_.start_trials, 1, 4, 10});
  }
  void look(const History& /*history*/) override { fits_.clear(); }

  /// The parameters stored with the newest trial that has some, one fit an objective; none: none.
  std::vector<GpFit> stored(const History& history) const {
    std::vector<GpFit> fits;
    for (std::int64_t i = history.size() - 1; i >= 0 && i >= history.size() - kLookBack; --i) {
      const Value& info = history.trial(i).proposal->info;
      const Value* theta = info.find("theta");
      if (theta == nullptr || !theta->is_list()) continue;
      if (fits.empty()) {
        fits = read_fits(*theta, static_cast<std::size_t>(observations_.objectives()));
        if (fits.empty() || !learns()) return fits;
      }
      if (read_exponents(info.find("exponent"), fits)) return fits;
    }
    return fits;
  }

  /// Every other suggestion, so that studies which mislead cost little.
  bool listens(std::int64_t number) const { return has_sources_ && number % 2 == 0; }
  bool learns() const { return options_.output == "both" || options_.output == "learned"; }
  void choose_transform(std::int64_t number, GpModelOptions& model) const {
    // Ranks are unlike what earlier studies expect.
    model.learn_transform =
        learns() && (options_.output == "learned" || number / 2 % 2 == 0 || listens(number));
    model.transform = options_.output == "none"    ? OutputTransform::none
                      : options_.output == "power" ? OutputTransform::power
                                                   : OutputTransform::half_rank;
  }

  /// Half the side of the box around the best trial: halved after every d trials without
  /// improvement (at least 4), doubled after three in a row that improve; 1: no box.
  double radius(const History& history, std::int64_t number) const {
    if (!options_.trust_region || number % 2 == 0) return 1;
    const int d = space().dimension();
    const int patience = std::max(4, d);
    double side = 0.8;
    int failures = 0;
    int successes = 0;
    double best = INFINITY;
    std::vector<std::span<const double>> front;
    for (std::int64_t i = 0; i < history.size(); ++i) {
      if (observations_.lesson(i) != Lesson::value) continue;
      const double loss = to_loss(spec().objective().goal, history.trial(i).value().value_or(NAN));
      const bool improved = observations_.objectives() > 1 ? pushes(front, observations_.losses(i))
                                                           : loss < best - 1e-3 * std::abs(best);
      successes = improved ? successes + 1 : 0;
      failures = improved ? 0 : failures + 1;
      if (loss < best) best = loss;
      if (successes >= 3) {
        side = std::min(1.6, 2 * side);
        successes = 0;
      }
      if (failures >= patience) {
        side /= 2;
        failures = 0;
        if (side < 1.0 / 128) side = 0.8;
      }
    }
    return side / 2;
  }

  /// Fits the model for the trial `number`, with the parameters of the one before it in the batch.
  void fit(const History& history, std::int64_t number) {
    const std::vector<GpFit> before = fits_.empty() ? stored(history) : fits_;
    const std::int64_t n = observations_.ranked();
    const bool due = n <= kFitAlways || number % std::max<std::int64_t>(1, n / 20) == 0;
    const bool first = fits_.empty();
    const bool restart = std::has_single_bit(static_cast<std::uint64_t>(n)) || n % 10 == 0;
    GpModelOptions model;
    choose_transform(number, model);
    learned_ = model.learn_transform;
    model.points = options_.points;
    model.fit_points = options_.fit_points;
    model.failures = options_.failures;
    model.fidelity = options_.fidelity;
    model.trend = options_.trend;
    model.beliefs = options_.beliefs;
    model.listen = listens(number);
    if (learns_cost(spec())) model.cost = options_.cost_exponent * (1 - used_share(history));
    model_->build(history, observations_, model, before, restart, due && first);
    fits_ = model_->fitted();
    for (std::size_t k = 0; k < fits_.size() && !learned_; ++k)
      fits_[k].exponent = k < before.size() ? before[k].exponent : 1;  // for the next that learns
    if (options_.pending) {
      const std::vector<double> rows = pending_rows(history);
      const auto d = static_cast<std::size_t>(space().dimension());
      for (std::size_t at = 0; at < rows.size(); at += d)
        model_->believe(std::span(rows).subspan(at, d));
    }
  }

  std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                   const Chosen& chosen, Suggestion& suggestion) override {
    Rng rng = sampler_rng(spec(), number);
    bool starting = observations_.ranked() < start_trials_ || observations_.usable() == 0;
    // Earlier studies that fit the first trials take the place of the start design.
    const bool informed = starting && listens(number) && observations_.usable() > 0;
    if (informed) {
      fit(history, number);
      starting = model_->transfer() == nullptr;
    }
    if (starting) return take_start(number, chosen, rng, true, false, suggestion);
    if (!informed) fit(history, number);
    const bool exploring = rng.chance(options_.explore);
    model_->explore(exploring);
    const double box = exploring ? 1 : radius(history, number);
    AcquisitionSearchOptions search;
    search.spread = options_.spread;
    search.near = exploring ? 0 : options_.near;
    search.refined = options_.refined;
    search.rounds = options_.rounds;
    search.radius = box;
    const auto draw = [&](int i) { return spread_point(number, i); };
    const auto found =
        search_->run(*model_, model_->incumbents(number / 2), draw, search, Rng(rng.next_u64()));
    if (auto none = take_found(found, chosen, rng, suggestion)) return none;
    note_cost(suggestion);
    if (options_.stop_by_regret) note_regret(history, number, search, suggestion.info);
    if (found.empty()) {
      suggestion.info.set("rule", "random");
    } else {
      describe_in(suggestion.info, exploring, box);
    }
    return std::nullopt;
  }

  /// What the configuration is expected to cost, where that counted.
  void note_cost(Suggestion& suggestion) const {
    std::vector<double> row(static_cast<std::size_t>(space().dimension()));
    space().encode(suggestion.config, row);
    const auto cost = model_->expected_cost(row);
    if (!cost || !std::isfinite(*cost)) return;
    if (learns_time(spec())) {
      suggestion.info.set("expected_s", *cost / 1e6);
    } else {
      suggestion.info.set("expected_cost", *cost);
    }
  }

  /// What tuner/settle ends the study by. The model knows pending trials with the values that it
  /// expects of them, which leaves upper bounds as they are.
  void note_regret(const History& history, std::int64_t number, AcquisitionSearchOptions search,
                   Value& info) const {
    search.radius = 1;
    const auto draw = [&](int i) { return spread_point(number, i); };
    const auto bound = regret_bound(*model_, history, *search_, draw, search,
                                    sampler_rng(spec(), number).split("regret"));
    if (!bound || !std::isfinite(bound->bound)) return;
    Value told{Value::Map{}};
    told.set("bound", bound->bound).set("noise", bound->noise);
    if (bound->replicated) told.set("replicated", true);
    info.set("regret", std::move(told));
  }

  void describe_in(Value& info, bool exploring, double box) const {
    info.set("rule", exploring ? "explore" : "gp");
    if (box < 1) info.set("box", 2 * box);
    if (options_.output == "both") info.set("output", learned_ ? "power" : "half_rank");
    Value::List theta;
    Value::List exponents;
    for (const GpFit& fit : fits_) {
      Value::List parameters;
      for (const double x : fit.parameters) parameters.push_back(std::round(x * 1e4) / 1e4);
      theta.emplace_back(std::move(parameters));
      exponents.emplace_back(fit.exponent);
    }
    if (const Transfer* transfer = model_->transfer()) {
      info.set("trust", transfer->trust());
      Value sources{Value::Map{}};
      for (std::size_t k = 0; k < transfer->weights().size(); ++k) {
        const double weight = std::round(transfer->weights()[k] * 100) / 100;
        if (weight >= kToldWeight) sources.set(transfer->study(k), weight);
      }
      info.set("sources", std::move(sources));
    }
    const bool one = fits_.size() == 1;
    if (learned_) info.set("exponent", one ? exponents[0] : Value(std::move(exponents)));
    info.set("of", observations_.ranked());
    info.set("theta", one ? theta[0] : Value(std::move(theta)));
  }

  GpOptions options_;
  std::optional<GpModel> model_;
  std::optional<AcquisitionSearch> search_;
  bool has_sources_ = false;
  std::vector<GpFit> fits_;  // of the suggestion before in this batch, one an objective
  bool learned_ = false;     // the transform of the losses, of that fit
};

}  // namespace

std::unique_ptr<Sampler> make_gp(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Gp>(gp_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp gp_help() { return gp_options().help(); }

}  // namespace hone
