// Percentile stopping: a trial is stopped when its best value so far is strictly worse than a
// percentile of the completed trials' values at the same fidelity. The median of them is Google
// Vizier's rule (Golovin et al. 2017, section 3.2), which Optuna's MedianPruner has too
// (`against: value`: their value at that point); against: running_mean takes the mean of their
// values up to there, as Vizier and Ray.
//
// By fidelity, never by time. A completed trial's value at a fidelity is its last one at or before
// it, which is the value itself where all report on the same grid; a trial whose curve ended
// earlier is not compared.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/scheduler/completed_curves.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct PercentileOptions {
  double percentile = 50;
  int startup_trials = 5;
  double warmup = 0;
  double interval = 1;
  int min_trials = 1;
  std::string against = "value";
};

using PercentileTable = OptionTable<PercentileOptions>;

PercentileTable with_common_rows(PercentileTable table) {
  return table
      .integer("startup_trials", &PercentileOptions::startup_trials, 0, 1e9,
               "Completed trials before anything is stopped")
      .number("warmup", &PercentileOptions::warmup, 0, 1e300,
              "Fidelity below which no trial is judged")
      .number("interval", &PercentileOptions::interval, 1e-300, 1e300,
              "Judges at the first report of every interval of fidelity after the warm-up")
      .integer("min_trials", &PercentileOptions::min_trials, 1, 1e9,
               "Completed trials that must have reached the fidelity")
      .text("against", &PercentileOptions::against, {"value", "running_mean"},
            "What of the completed trials is compared: their value at the fidelity, or the "
            "mean up to it");
}

const PercentileTable& median_options() {
  static const PercentileTable table = with_common_rows(PercentileTable(
      "median", "Stops trials whose best value is worse than the median at that fidelity"));
  return table;
}

const PercentileTable& percentile_options() {
  static const PercentileTable table = with_common_rows(
      PercentileTable("percentile",
                      "Stops trials whose best value is worse than a percentile at that fidelity")
          .number("percentile", &PercentileOptions::percentile, 0, 100,
                  "Goes on what is among the best so many per cent of the completed trials"));
  return table;
}

/// The q-quantile of ascending values, by linear interpolation.
double quantile_of(const std::vector<double>& values, double q) {
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  if (values[below] == values[above]) return values[below];  // infinite ones too
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

class Percentile final : public StoppingRule {
 public:
  Percentile(PercentileOptions options, std::string name)
      : options_(std::move(options)),
        rule_(name == "median" ? "median"
                               : fmt::format("percentile {}", format_number(options_.percentile))),
        name_(std::move(name)) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    completed_.observe(change, history);
    best_.observe(observation, history);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    if (completed_.size() < options_.startup_trials) return {};
    const Trial& trial = history.trial(observation.trial);
    if (!is_due(trial, observation, options_.warmup, options_.interval)) return {};
    const StudySpec& spec = history.spec();
    const std::string where = place_text(spec, observation.fidelity);
    const double best = best_.of(observation.trial).loss;
    if (std::isinf(best) && best > 0)
      return {Verdict::stop, fmt::format("{}: no value but NaN", where)};
    const auto& values = completed_.at(observation.fidelity, options_.against == "running_mean");
    if (static_cast<int>(values.size()) < options_.min_trials || values.empty()) return {};
    const double cutoff = quantile_of(values, options_.percentile / 100);
    if (!(best > cutoff)) return {};
    const double sign = spec.objective().goal == Goal::minimize ? 1 : -1;
    return {Verdict::stop, fmt::format("{}: best {} is worse than {}, the {} of {} trials", where,
                                       format_number(sign * best), format_number(sign * cutoff),
                                       rule_, values.size())};
  }

  std::string describe() const override {
    return fmt::format("{}: stops what is below the {} of completed trials, after the first {}",
                       name_, rule_, options_.startup_trials);
  }

 private:
  PercentileOptions options_;
  std::string rule_, name_;
  CompletedCurves completed_;
  BestSoFar best_;
};

}  // namespace

std::unique_ptr<Scheduler> make_median(const StudySpec& spec,
                                       std::vector<OptionProblem>& problems) {
  return std::make_unique<Percentile>(median_options().parse(spec.scheduler.options, problems),
                                      "median");
}
std::unique_ptr<Scheduler> make_percentile(const StudySpec& spec,
                                           std::vector<OptionProblem>& problems) {
  return std::make_unique<Percentile>(percentile_options().parse(spec.scheduler.options, problems),
                                      "percentile");
}

AlgorithmHelp median_help() { return median_options().help(); }
AlgorithmHelp percentile_help() { return percentile_options().help(); }

}  // namespace hone
