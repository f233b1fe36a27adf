// Tree-structured Parzen estimator (Bergstra et al. 2011; what matters in it: Watanabe 2023, arXiv
// 2304.11127). One density of the best trials, one of the rest, and the point where the first
// exceeds the second most. Against the usual implementation:
//   one multivariate model over all branches of a conditional space (parzen.h);
//   a floor of the bandwidths that shrinks with every trial, so that refinement does not stop at a
//   hundredth of the range;
//   two densities of good trials, of the best and of twice as many, against one of the others;
//   draws that lie between two, and a search along the coordinates from the best (tpe_search.h);
//   a Sobol start; ordered choices with their distance; no configuration twice;
//   failed trials that are their configuration's doing, and running ones, count among the rest;
//   at most `good_cap` good trials and a sample of `bad_cap` others, so the cost of a suggestion
//   does not grow with the study.
// Every ingredient has a switch. With several objectives the good trials are those of the first
// fronts, and of the front that is cut those that add most to the hypervolume (Ozaki et al. 2022,
// MOTPE; the subset as in Optuna).
#include <fmt/core.h>

#include <cmath>

#include "hone/sampler/learning_sampler.h"
#include "hone/sampler/registry.h"
#include "hone/sampler/tpe_search.h"

namespace hone {
namespace {

struct TpeOptions {
  std::string start = "sobol";
  int start_trials = 0;
  double good_share = 0.1;
  int good_cap = 25;
  int good_levels = 2;
  int bad_cap = 256;
  int candidates = 32;
  double recombined = 0.7;
  int refine = 4;
  bool multivariate = true;
  std::string bandwidth = "gap";
  double bandwidth_factor = 1;
  double bandwidth_bad = 0;
  double bandwidth_floor = 1;
  double prior_weight = 1;
  double smoothing = 1;
  bool ordered = true;
  bool failures = true;
  bool pending = true;
  bool repeat = false;
};

const OptionTable<TpeOptions>& tpe_options() {
  static const OptionTable<TpeOptions> table =
      OptionTable<TpeOptions>(
          "tpe",
          "Tree-structured Parzen estimator: looks where good trials are denser than the others")
          .text("start", &TpeOptions::start, {"sobol", "random"}, "Design of the first trials")
          .integer("start_trials", &TpeOptions::start_trials, 0, 1e6,
                   "Trials of the start design; 0: 10, fewer in small spaces")
          .number("good_share", &TpeOptions::good_share, 1e-3, 0.9,
                  "Share of the trials that count as good")
          .integer("good_cap", &TpeOptions::good_cap, 1, 1000, "Most good trials")
          .integer("good_levels", &TpeOptions::good_levels, 1, 4,
                   "Densities of good trials, each of twice as many as the one before")
          .integer("bad_cap", &TpeOptions::bad_cap, 16, 100'000,
                   "Size of the sample of the other trials")
          .integer("candidates", &TpeOptions::candidates, 1, 100'000,
                   "Draws from the density of good trials")
          .number("recombined", &TpeOptions::recombined, 0, 1,
                  "Share of the draws that lie between two")
          .integer("refine", &TpeOptions::refine, 0, 100,
                   "Rounds of search along the coordinates; 0: none")
          .boolean("multivariate", &TpeOptions::multivariate,
                   "One density over all parameters; false: one for each")
          .text(
              "bandwidth", &TpeOptions::bandwidth, {"scott", "gap"},
              "Width of kernels: from the spread of the trials, or from the gap to the neighbours")
          .number("bandwidth_factor", &TpeOptions::bandwidth_factor, 0.01, 100,
                  "Multiplies every bandwidth")
          .number(
              "bandwidth_bad", &TpeOptions::bandwidth_bad, 0, 100,
              "Multiplies the bandwidths of the other trials once more; 0: 0.7, and 2 with several "
              "objectives")
          .number("bandwidth_floor", &TpeOptions::bandwidth_floor, 0, 100,
                  "Smallest bandwidth, in ranges per trial that counts; 0: none")
          .number("prior_weight", &TpeOptions::prior_weight, 1e-6, 1000,
                  "Weight of the prior against one trial")
          .number("smoothing", &TpeOptions::smoothing, 1e-6, 1000,
                  "Weight of the other items of an unordered choice")
          .boolean("ordered", &TpeOptions::ordered,
                   "Neighbouring values of ordered choices and integers are alike")
          .boolean("failures", &TpeOptions::failures, "Avoid where trials failed")
          .boolean("pending", &TpeOptions::pending, "Avoid where trials are running")
          .boolean("repeat", &TpeOptions::repeat, "Configurations may come again");
  return table;
}

/// n, beyond 128 in steps of a 64th to a 128th of it: floors that depend on it, and with them whole
/// densities, then rarely change with a trial.
double in_steps(double n) {
  const double step = std::exp2(std::max(0.0, std::floor(std::log2(std::max(n, 1.0))) - 6));
  return std::floor(n / step) * step;
}

class Tpe final : public LearningSampler {
 public:
  explicit Tpe(TpeOptions options) : options_(std::move(options)) {}

  std::string describe() const override { return "tpe"; }

 private:
  void prepare() override {
    const auto columns = parzen_columns(space(), options_.ordered);
    densities_.emplace(TpeDensities{
        std::vector<Parzen>(static_cast<std::size_t>(options_.good_levels), Parzen(columns)),
        Parzen(columns)});
    search_.emplace(space(), columns);
    begin(options_.start == "sobol" ? StartDesign::sobol : StartDesign::random, "tpe start",
          {options_.start_trials, 3, 5, 10});
  }

  std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                   const Chosen& chosen, Suggestion& suggestion) override {
    Rng rng = sampler_rng(spec(), number);
    if (observations_.ranked() < start_trials_ || observations_.usable() == 0)
      return take_start(number, chosen, rng, false, options_.repeat, suggestion);
    const auto n_good = static_cast<std::int64_t>(std::min<double>(
        std::ceil(options_.good_share * static_cast<double>(observations_.ranked())),
        options_.good_cap));
    fit(history, n_good);
    std::optional<double> score;
    int attempt = 0;
    const auto draw = [&]() -> std::optional<Config> {
      const auto found = search_->run(*densities_, search_options(attempt++), rng);
      for (const TpeCandidate& candidate : found) {
        Config config = space().decode(candidate.row);
        score = candidate.score;
        if (options_.repeat || !chosen.has(config)) return config;
      }
      if (!found.empty()) return space().decode(found.front().row);
      return space().sample(rng);
    };
    if (auto none = take_draw(space(), chosen, rng, options_.repeat, draw, suggestion)) return none;
    suggestion.info.set("rule", "tpe").set("good", n_good).set("of", observations_.ranked());
    if (score) suggestion.info.set("score", *score);
    return std::nullopt;
  }

  /// Where all that a search found was tried already, the next one is less choosy: half the draws,
  /// down to one, which also bounds its cost.
  TpeSearchOptions search_options(int attempt) const {
    TpeSearchOptions search;
    search.candidates = std::max(1, options_.candidates >> std::min(attempt, 30));
    search.rounds = attempt == 0 ? options_.refine : 0;
    search.recombined = options_.recombined;
    search.multivariate = options_.multivariate;
    return search;
  }

  /// Floors: one observation in n of a range covers 1/n of it, so kernels are no narrower. The good
  /// ones are counted without their cap: the floor goes on shrinking where their number does not.
  void fit(const History& history, std::int64_t n_good) {
    const double n = in_steps(static_cast<double>(observations_.ranked()));
    ParzenOptions parzen;
    parzen.bandwidth = options_.bandwidth == "scott" ? Bandwidth::scott : Bandwidth::gap;
    parzen.factor = options_.bandwidth_factor;
    parzen.floor = options_.bandwidth_floor / (options_.good_share * n + 2);
    parzen.prior_weight = options_.prior_weight;
    parzen.smoothing = options_.smoothing;
    for (std::size_t level = 0; level < densities_->good.size(); ++level) {
      rows_.clear();
      for (const std::int64_t trial : observations_.best(n_good << level))
        rows_.push_back(history.encoded(trial).data());
      densities_->good[level].fit(rows_, {}, parzen);
    }
    rows_.clear();
    for (const std::int64_t trial :
         observations_.rest(n_good, options_.bad_cap, options_.failures)) {
      rows_.push_back(history.encoded(trial).data());
    }
    if (options_.pending) {
      for (const std::int64_t trial : observations_.pending())
        rows_.push_back(history.encoded(trial).data());
      for (const auto& row : batch()) rows_.push_back(row.data());
    }
    parzen.floor = options_.bandwidth_floor / (n + 2);
    // Many of the others are near the front, which narrow kernels would keep the search from.
    const double usual = observations_.objectives() > 1 ? 2 : 0.7;
    parzen.factor *= options_.bandwidth_bad > 0 ? options_.bandwidth_bad : usual;
    densities_->bad.fit(rows_, {}, parzen);
  }

  TpeOptions options_;
  std::optional<TpeDensities> densities_;
  std::optional<TpeSearch> search_;
  std::vector<const double*> rows_;
};

}  // namespace

std::unique_ptr<Sampler> make_tpe(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Tpe>(tpe_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp tpe_help() { return tpe_options().help(); }

}  // namespace hone
