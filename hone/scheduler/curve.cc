// Stops a trial whose learning curve leaves it little chance of ending better than the best
// (curve_forecasts.h), as freeze-thaw search does with a kernel (Swersky et al. 2014, arXiv
// 1406.3896) and Domhan et al. 2015 do with chains of samples; here every fit is closed.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/scheduler/asha.h"
#include "hone/scheduler/curve_forecasts.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct CurveOptions {
  double chance = 0.01;
  double best = 0.02;
  std::optional<double> min;
  double spacing = 1.5;
};

const OptionTable<CurveOptions>& curve_options() {
  static const OptionTable<CurveOptions> table =
      OptionTable<CurveOptions>(
          "curve",
          "Stops trials whose learning curve, continued to the end, has little chance of being "
          "better than the best")
          .number("chance", &CurveOptions::chance, 0, 1, "Stops below this chance")
          .number("best", &CurveOptions::best, 0, 0.5,
                  "Compares with the last of the best so many, as a share of all trials; 0: with "
                  "the best")
          .number("min", &CurveOptions::min, 1e-300, 1e300,
                  "Fidelity of the first comparison; default: fidelity.min")
          .number("spacing", &CurveOptions::spacing, 1.05, 100,
                  "Comparisons are this factor apart");
  return table;
}

class Curve final : public StoppingRule {
 public:
  Curve(CurveForecasts forecasts, CurveOptions options)
      : forecasts_(std::move(forecasts)), options_(std::move(options)) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    forecasts_.observe(change, observation, history);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const std::string where = place_text(history.spec(), observation.fidelity);
    if (forecasts_.is_nan(observation))
      return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
    const auto forecast = forecasts_.of(observation);
    const auto rank = std::max(1.0, options_.best * static_cast<double>(history.size()));
    const auto rival = forecasts_.best_end(static_cast<std::size_t>(rank));
    if (!forecast || !rival) return {};
    const double chance = student4_cdf((rival->loss - forecast->mean) / forecast->sd);
    if (chance >= options_.chance) return {};
    const Goal goal = history.spec().objective().goal;
    return {
        Verdict::stop,
        fmt::format("{}: expected to end at {}, chance {} % of beating {} (trial {})", where,
                    format_number(to_loss(goal, forecast->mean), 4), format_number(100 * chance, 2),
                    format_number(to_loss(goal, rival->loss), 4), rival->trial)};
  }

  std::string describe() const override {
    return fmt::format("curve: stops what has less than {} % chance of beating the best",
                       format_number(100 * options_.chance, 2));
  }

 private:
  CurveForecasts forecasts_;
  CurveOptions options_;
};

}  // namespace

std::unique_ptr<Scheduler> make_curve(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const CurveOptions options = curve_options().parse(spec.scheduler.options, problems);
  const auto first = first_rung("curve", options.min, spec, problems);
  if (spec.fidelity && !spec.fidelity->max)
    problems.push_back({"type", "curve needs to know the end of a training: give fidelity.max"});
  if (problems.size() != before) return nullptr;
  return std::make_unique<Curve>(CurveForecasts(Rungs(*first, options.spacing, spec.fidelity->max)),
                                 options);
}

AlgorithmHelp curve_help() { return curve_options().help(); }

}  // namespace hone
