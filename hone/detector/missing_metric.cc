// The objective came regularly and comes no more, although the program goes on: another declared
// metric has advanced several times as far as it ever did between two reports of the objective.
// Distances are measured on the other metric's own axis, so that it does not matter what it counts.
// Silence by the clock is limits.silence.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/detector/registry.h"

namespace hone {
namespace {

struct MissingOptions {
  std::string action = "warn";
  double intervals = 4;
};

const OptionTable<MissingOptions>& missing_options() {
  static const OptionTable<MissingOptions> table =
      OptionTable<MissingOptions>("missing_metric",
                                  "The objective comes no more, while other declared metrics do")
          .text("action", &MissingOptions::action, detector_action_words(), kActionHelp)
          .number("intervals", &MissingOptions::intervals, 1, 1e9,
                  "Of the longest distance between two of its reports so far");
  return table;
}

class MissingMetric final : public Detector {
 public:
  MissingMetric(CurveFacts facts, std::vector<std::string> names, double intervals)
      : facts_(std::move(facts)),
        names_(std::move(names)),
        patience_(intervals),
        clocks_(names_.size()) {}

  std::optional<Finding> read(const Reading& reading, std::span<const CurvePoint> curve) override {
    if (reading.metric == 0) {
      for (Clock& clock : clocks_) objective_came(clock);
      return std::nullopt;
    }
    const auto m = static_cast<std::size_t>(reading.metric);
    if (m >= clocks_.size() || !std::isfinite(reading.fidelity) || curve.empty())
      return std::nullopt;
    Clock& clock = clocks_[m];
    ++clock.readings;
    clock.newest = clock.newest ? std::max(*clock.newest, reading.fidelity) : reading.fidelity;
    const bool is_regular = clock.intervals >= kIntervals && clock.longest > 0;
    if (!is_regular || clock.readings < kReadings) return std::nullopt;
    if (!(*clock.newest - *clock.at_last > patience_ * clock.longest)) return std::nullopt;
    return Finding{fmt::format(
        "{} has not come since {} {}, while {} has reached {}: it used to come at least every {}",
        facts_.metric, facts_.fidelity, format_number(curve.back().fidelity), names_[m],
        format_number(*clock.newest), format_number(clock.longest))};
  }

 private:
  static constexpr int kIntervals = 2;  ///< that make it regular
  static constexpr int kReadings = 3;   ///< of the other metric since

  /// Of one of the other metrics: how far it goes between two reports of the objective.
  struct Clock {
    std::optional<double> newest;
    std::optional<double> at_last;  ///< where it was when the objective came last
    double longest = 0;
    int intervals = 0;
    int readings = 0;
  };

  static void objective_came(Clock& clock) {
    if (!clock.newest) return;
    if (clock.at_last && clock.readings > 0) {
      clock.longest = std::max(clock.longest, *clock.newest - *clock.at_last);
      ++clock.intervals;
    }
    clock.at_last = clock.newest;
    clock.readings = 0;
  }

  CurveFacts facts_;
  std::vector<std::string> names_;
  double patience_;
  std::vector<Clock> clocks_;
};

}  // namespace

DetectorPlan plan_missing_metric(const StudySpec& spec, const Value& options,
                                 std::vector<OptionProblem>& problems) {
  const MissingOptions parsed = missing_options().parse(options, problems);
  std::vector<std::string> names;
  for (const Metric& metric : spec.metrics) names.push_back(metric.name);
  return {"missing_metric", detector_action(parsed.action),
          [facts = CurveFacts(spec), names, intervals = parsed.intervals](std::optional<double>) {
            return std::make_unique<MissingMetric>(facts, names, intervals);
          }};
}

AlgorithmHelp missing_metric_help() { return missing_options().help(); }

}  // namespace hone
