// Stops a trial whose value leaves a range that the user gives.
#include <fmt/core.h>

#include <cmath>

#include "hone/base/text.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct ThresholdOptions {
  std::optional<double> lower;
  std::optional<double> upper;
  double warmup = 0;
  double interval = 1;
};

const OptionTable<ThresholdOptions>& threshold_options() {
  static const OptionTable<ThresholdOptions> table =
      OptionTable<ThresholdOptions>("threshold", "Stops trials whose value leaves a range")
          .number("lower", &ThresholdOptions::lower, -1e300, 1e300,
                  "Stops below it (in the metric's own units, whatever the goal)")
          .number("upper", &ThresholdOptions::upper, -1e300, 1e300, "Stops above it")
          .number("warmup", &ThresholdOptions::warmup, 0, 1e300,
                  "Fidelity below which no trial is judged")
          .number("interval", &ThresholdOptions::interval, 1e-300, 1e300,
                  "Judges at the first report of every interval of fidelity after the warm-up");
  return table;
}

class Threshold final : public StoppingRule {
 public:
  explicit Threshold(ThresholdOptions options) : options_(options) {}

  Decision judge(const Observation& observation, const History& history) const override {
    const Trial& trial = history.trial(observation.trial);
    if (!is_due(trial, observation, options_.warmup, options_.interval)) return {};
    const std::string where = place_text(history.spec(), observation.fidelity);
    const double value = observation.value;
    if (std::isnan(value)) return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
    if (options_.lower && value < *options_.lower) {
      return {Verdict::stop, fmt::format("{}: {} is below {}", where, format_number(value),
                                         format_number(*options_.lower))};
    }
    if (options_.upper && value > *options_.upper) {
      return {Verdict::stop, fmt::format("{}: {} is above {}", where, format_number(value),
                                         format_number(*options_.upper))};
    }
    return {};
  }

  std::string describe() const override {
    std::string range;
    if (options_.lower) range += "below " + format_number(*options_.lower);
    if (options_.upper)
      range += (range.empty() ? "above " : " and above ") + format_number(*options_.upper);
    return "threshold: stops " + range;
  }

 private:
  ThresholdOptions options_;
};

}  // namespace

std::unique_ptr<Scheduler> make_threshold(const StudySpec& spec,
                                          std::vector<OptionProblem>& problems) {
  const ThresholdOptions options = threshold_options().parse(spec.scheduler.options, problems);
  if (!options.lower && !options.upper && problems.empty()) {
    problems.push_back({"type", "threshold needs a range: give lower, upper or both"});
  } else if (options.lower && options.upper && *options.lower > *options.upper) {
    problems.push_back(
        {"lower", fmt::format("lower, {}, is above upper, {}: every value is outside",
                              format_number(*options.lower), format_number(*options.upper))});
  }
  return std::make_unique<Threshold>(options);
}

AlgorithmHelp threshold_help() { return threshold_options().help(); }

}  // namespace hone
