// Median stopping (Golovin et al. 2017, section 3.2): a trial is stopped when its best value so far
// is strictly worse than the median of the completed trials' values at the same fidelity. As
// Optuna's MedianPruner (`against: value`: their value at that point), or as Google Vizier and Ray
// (`against: running_mean`: the mean of their values up to there).
//
// By fidelity, never by time. A completed trial's value at a fidelity is its last one at or before
// it, which is the value itself where all report on the same grid; a trial whose curve ended
// earlier is not compared.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/base/text.h"
#include "hone/scheduler/registry.h"

namespace hone {
namespace {

struct MedianOptions {
  int startup_trials = 5;
  double warmup = 0;
  double interval = 1;
  int min_trials = 1;
  std::string against = "value";
};

const OptionTable<MedianOptions>& median_options() {
  static const OptionTable<MedianOptions> table =
      OptionTable<MedianOptions>(
          "median", "Stops trials whose best value is worse than the median at that fidelity")
          .integer("startup_trials", &MedianOptions::startup_trials, 0, 1e9,
                   "Completed trials before anything is stopped")
          .number("warmup", &MedianOptions::warmup, 0, 1e300,
                  "Fidelity below which no trial is judged")
          .number("interval", &MedianOptions::interval, 1e-300, 1e300,
                  "Judges at the first report of every interval of fidelity after the warm-up")
          .integer("min_trials", &MedianOptions::min_trials, 1, 1e9,
                   "Completed trials that must have reached the fidelity")
          .text("against", &MedianOptions::against, {"value", "running_mean"},
                "What of the completed trials is compared: their value at the fidelity, or the "
                "mean up to it");
  return table;
}

/// The mean of the two middle values where their number is even. `values` (not empty, no NaN) is
/// reordered.
double median_of(std::vector<double>& values) {
  const std::size_t n = values.size();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (n % 2 == 1) return *middle;
  const double below = *std::max_element(values.begin(), middle);
  return below + (*middle - below) / 2;
}

class Median final : public Scheduler {
 public:
  explicit Median(MedianOptions options) : options_(std::move(options)) {}

  void observe(const Change& change, const std::optional<Observation>&,
               const History& history) override {
    if (std::holds_alternative<Reported>(change.body)) return;
    const auto number = trial_of(change.body);
    if (!number) return;
    const Trial& trial = history.trial(*number);
    if (trial.state == TrialState::complete) {
      completed_.try_emplace(*number, curve_of(trial, history.spec().objective().goal));
    } else {
      completed_.erase(*number);
    }
  }

  Decision judge(const Observation& observation, const History& history) const override {
    if (static_cast<int>(completed_.size()) < options_.startup_trials) return {};
    const Trial& trial = history.trial(observation.trial);
    if (!is_due(trial, observation)) return {};
    const StudySpec& spec = history.spec();
    const Goal goal = spec.objective().goal;
    double best = NAN;
    for (const CurvePoint& point : trial.curve) {
      if (is_better(goal, point.value, best)) best = point.value;
    }
    const std::string where = fmt::format("{} {}", spec.fidelity ? spec.fidelity->name : "step",
                                          format_number(observation.fidelity));
    if (std::isnan(best)) return {Verdict::stop, fmt::format("{}: no value but NaN", where)};
    std::vector<double> values;
    for (const auto& [number, curve] : completed_) {
      if (const auto loss = curve.at(observation.fidelity, options_.against == "running_mean")) {
        values.push_back(*loss);
      }
    }
    if (static_cast<int>(values.size()) < options_.min_trials) return {};
    const std::size_t n = values.size();
    const double median = median_of(values);
    if (!(to_loss(goal, best) > median)) return {};
    const double shown = goal == Goal::minimize ? median : -median;
    return {Verdict::stop, fmt::format("{}: best {} is worse than {}, the median of {} trials",
                                       where, format_number(best), format_number(shown), n)};
  }

  Launch next(const LaunchContext& context) const override {
    if (!context.may_add) return Done{"every trial of the budget was started"};
    const auto& fidelity = context.history.spec().fidelity;
    return LaunchNew{0, fidelity ? fidelity->max : std::nullopt};
  }

  std::string describe() const override {
    return fmt::format("median: stops below the median of completed trials, after the first {}",
                       options_.startup_trials);
  }

 private:
  /// A completed trial's losses by rising fidelity.
  struct Curve {
    std::vector<double> fidelity;
    std::vector<double> loss;  ///< may be NaN
    std::vector<double> mean;  ///< of the losses up to there that are no NaN
    /// Nullopt where the curve begins later, ended before, or is NaN.
    std::optional<double> at(double f, bool running_mean) const {
      const auto it = std::upper_bound(fidelity.begin(), fidelity.end(), f);
      if (it == fidelity.begin() || fidelity.back() < f) return std::nullopt;
      const auto i = static_cast<std::size_t>(it - fidelity.begin() - 1);
      const double x = running_mean ? mean[i] : loss[i];
      return std::isnan(x) ? std::nullopt : std::optional<double>(x);
    }
  };

  static Curve curve_of(const Trial& trial, Goal goal) {
    std::vector<CurvePoint> points = trial.curve;
    std::stable_sort(points.begin(), points.end(), [](const CurvePoint& a, const CurvePoint& b) {
      return a.fidelity < b.fidelity;
    });
    Curve curve;
    double sum = 0;
    int count = 0;
    for (const CurvePoint& point : points) {
      const double loss = goal == Goal::minimize ? point.value : -point.value;
      if (!std::isnan(loss)) {
        sum += loss;
        ++count;
      }
      curve.fidelity.push_back(point.fidelity);
      curve.loss.push_back(loss);
      curve.mean.push_back(count == 0 ? NAN : sum / count);
    }
    return curve;
  }

  /// Past the warm-up, and the first report of its interval.
  bool is_due(const Trial& trial, const Observation& observation) const {
    if (observation.fidelity < options_.warmup) return false;
    const double begin =
        options_.warmup + options_.interval * std::floor((observation.fidelity - options_.warmup) /
                                                         options_.interval);
    return std::none_of(trial.curve.begin(), trial.curve.end(), [&](const CurvePoint& point) {
      return point.seq < observation.seq && point.fidelity >= begin;
    });
  }

  MedianOptions options_;
  std::map<std::int64_t, Curve> completed_;  // by trial number: a fixed order
};

}  // namespace

std::unique_ptr<Scheduler> make_median(const StudySpec& spec,
                                       std::vector<OptionProblem>& problems) {
  MedianOptions options = median_options().parse(spec.scheduler.options, problems);
  return std::make_unique<Median>(std::move(options));
}

AlgorithmHelp median_help() { return median_options().help(); }

}  // namespace hone
