// The curve does not get better any more: the best level of its newer part is not better than that
// of its older part by more than its noise and a small share of all that it has gained.
//
// Schedules of the learning rate bring much of the gain late, and some losses stay at the level of
// chance for a long while before they fall. So nothing is said before half of the run (where its
// end is known), and the newer part is a large share of the curve.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"
#include "hone/detector/levels.h"
#include "hone/detector/registry.h"

namespace hone {
namespace {

struct PlateauOptions {
  std::string action = "warn";
  int patience = 20;
  double share = 0.5;
  double min_gain = 0.01;
};

const OptionTable<PlateauOptions>& plateau_options() {
  static const OptionTable<PlateauOptions> table =
      OptionTable<PlateauOptions>("plateau", "The objective has stopped improving")
          .text("action", &PlateauOptions::action, detector_action_words(), kActionHelp)
          .integer("patience", &PlateauOptions::patience, 3, 1e9,
                   "Reports without improvement, at least")
          .number("share", &PlateauOptions::share, 0.1, 0.9,
                  "Of the reports so far that brought no improvement")
          .number("min_gain", &PlateauOptions::min_gain, 0, 1,
                  "What counts as improvement, as a share of all that the curve has gained");
  return table;
}

class Plateau final : public Detector {
 public:
  Plateau(CurveFacts facts, const PlateauOptions& options)
      : facts_(std::move(facts)), options_(options) {}

  std::optional<Finding> read(const Reading& reading, std::span<const CurvePoint> curve) override {
    if (reading.metric != 0 || curve.size() < check_at_) return std::nullopt;
    check_at_ = next_check(curve.size());
    const std::size_t n = curve.size();
    const auto window =
        std::max(static_cast<std::size_t>(options_.patience),
                 static_cast<std::size_t>(std::ceil(options_.share * static_cast<double>(n))));
    if (n < window + kOlder) return std::nullopt;
    if (const auto expected = facts_.expected_reports(curve);
        expected && static_cast<double>(n) < *expected / 2)
      return std::nullopt;
    return judge(curve, window);
  }

 private:
  static constexpr std::size_t kOlder = 3;    ///< reports before the newer part
  static constexpr std::size_t kLevels = 40;  ///< of the whole curve
  static constexpr double kNoises =
      2;  ///< the best of some twenty levels lies as far off by chance

  std::optional<Finding> judge(std::span<const CurvePoint> curve, std::size_t window) const {
    const auto levels = levels_of(curve, facts_.goal, kLevels);
    const auto newer =
        std::clamp<std::size_t>(levels.size() * window / curve.size(), 1, levels.size() - 1);
    const std::span all(levels);
    const double best_before = lowest_of(all.first(levels.size() - newer));
    const double best_since = lowest_of(all.last(newer));
    const double first = facts_.goal == Goal::minimize ? curve.front().value : -curve.front().value;
    if (!std::isfinite(best_before) || !std::isfinite(best_since)) return std::nullopt;
    const double gained = std::isfinite(first) ? std::max(0.0, first - best_before) : 0.0;
    const double least = std::max(options_.min_gain * gained, kNoises * noise_of(all.last(newer)));
    if (best_before - best_since > least) return std::nullopt;
    const bool has_learned = gained > kNoises * noise_of(all);
    if (!has_learned && !is_late(curve)) return std::nullopt;
    const CurvePoint& since = curve[curve.size() - window];
    return Finding{fmt::format("{} has not improved since {} {} ({} reports): {} now",
                               facts_.metric, facts_.fidelity, format_number(since.fidelity),
                               window, format_number(curve.back().value))};
  }

  /// Past three quarters of the run, or of four times the patience where no end is known.
  bool is_late(std::span<const CurvePoint> curve) const {
    const double whole = facts_.expected_reports(curve).value_or(4.0 * options_.patience);
    return static_cast<double>(curve.size()) >= 0.75 * whole;
  }

  CurveFacts facts_;
  PlateauOptions options_;
  std::size_t check_at_ = 0;
};

}  // namespace

DetectorPlan plan_plateau(const StudySpec& spec, const Value& options,
                          std::vector<OptionProblem>& problems) {
  const PlateauOptions parsed = plateau_options().parse(options, problems);
  return {"plateau", detector_action(parsed.action),
          [facts = CurveFacts(spec), parsed](std::optional<double> end) {
            return std::make_unique<Plateau>(facts.with_end(end), parsed);
          }};
}

AlgorithmHelp plateau_help() { return plateau_options().help(); }

}  // namespace hone
