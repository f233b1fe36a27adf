// The curve has left its range for good. What is beyond its range: worse than the first value by as
// much as the first value is (for losses above zero: beyond twice the value at step 0, which on
// published fine-tuning curves is where runs never come back), or by as much as the curve had
// gained, whichever is more. Where the sign of the first value says nothing about the scale
// (maximised, or not above zero) the line also stays off the noise, and the curve must have gained
// something before.
//
// Two things tell a spike or a warm-up hump from divergence: how long it lasts, in reports and as a
// share of the run; and whether it is coming down: the logarithm of the excess is followed by a
// line, and where that meets the range within twice the patience, the trial goes on.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "hone/base/text.h"
#include "hone/detector/registry.h"

namespace hone {
namespace {

struct DivergenceOptions {
  std::string action = "stop";
  double factor = 2;
  int patience = 3;
  double share = 0.1;
  double recovery = 2;
};

const OptionTable<DivergenceOptions>& divergence_options() {
  static const OptionTable<DivergenceOptions> table =
      OptionTable<DivergenceOptions>("divergence",
                                     "The objective has left its range and is not on its way back")
          .text("action", &DivergenceOptions::action, detector_action_words(), kActionHelp)
          .number("factor", &DivergenceOptions::factor, 1.01, 1e12,
                  "Beyond so many times the first value (losses above zero)")
          .integer("patience", &DivergenceOptions::patience, 1, 1e9,
                   "Reports in a row that must lie beyond, at least")
          .number("share", &DivergenceOptions::share, 0, 1,
                  "Of the run's reports that must lie beyond, in a row")
          .number("recovery", &DivergenceOptions::recovery, 0, 1e9,
                  "A descent that will be back in range within so many times the reports above "
                  "goes on");
  return table;
}

/// Noise of the newest values: from second differences, which a trend does not enter, by
/// their median.
class Noise {
 public:
  void add(double x) {
    const double bend = (x - one_before_) - (one_before_ - two_before_);
    if (seen_ >= 2 && std::isfinite(bend)) bends_[count_++ % bends_.size()] = std::abs(bend);
    two_before_ = one_before_;
    one_before_ = x;
    ++seen_;
  }
  bool is_known() const { return count_ >= 6; }
  /// Standard deviation of a value.
  double deviation() const {
    const std::size_t n = std::min(count_, bends_.size());
    if (n == 0) return 0;
    auto sorted = bends_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(n / 2);
    std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(n));
    return *middle * 1.4826 / std::sqrt(6.0);  // a bend has 1 + 4 + 1 times a value's variance
  }

 private:
  std::array<double, 16> bends_{};
  std::size_t count_ = 0;
  std::size_t seen_ = 0;
  double one_before_ = 0;
  double two_before_ = 0;
};

class Divergence final : public Detector {
 public:
  Divergence(CurveFacts facts, const DivergenceOptions& options)
      : facts_(std::move(facts)), options_(options) {}

  std::optional<Finding> read(const Reading& reading, std::span<const CurvePoint> curve) override {
    if (reading.metric != 0) return std::nullopt;
    const double x = loss(reading.value);
    if (beyond_ < kNoiseMoves) noise_.add(x);
    if (!first_) {
      if (std::isfinite(x)) first_ = best_ = x;
      return std::nullopt;
    }
    const double limit = line();
    if (x <= limit) {
      beyond_ = 0;
      best_ = std::min(best_, x);
      return std::nullopt;
    }
    ++beyond_;
    const std::size_t wanted = patience(curve);
    if (beyond_ < wanted || comes_back(curve, wanted, limit)) return std::nullopt;
    return Finding{reason(reading.value, limit), FailKind::diverged};
  }

 private:
  double loss(double value) const { return facts_.goal == Goal::minimize ? value : -value; }
  /// So many values beyond the line still count as the curve's noise; what stays out there has a
  /// noise of its own.
  static constexpr std::size_t kNoiseMoves = 4;
  static constexpr int kOpenPatience = 10;

  bool has_scale() const { return facts_.goal == Goal::minimize && *first_ > 0 && best_ > 0; }

  /// What lies above is out of range.
  double line() const {
    constexpr double kNoises = 10;  // far outside of what noise does
    const double gained = *first_ - best_;
    double off = std::max((options_.factor - 1) * std::abs(*first_), gained);
    if (!has_scale()) {
      const double noise = kNoises * noise_.deviation();
      if (!noise_.is_known() || !(gained > noise)) return std::numeric_limits<double>::infinity();
      off = std::max(off, noise);
    }
    return *first_ + off;
  }

  std::size_t patience(std::span<const CurvePoint> curve) const {
    const auto expected = facts_.expected_reports(curve);
    const double reports = options_.share * expected.value_or(static_cast<double>(curve.size()));
    // Where no end is known, these may be the first moments of a long run.
    const int least = expected ? options_.patience : std::max(options_.patience, kOpenPatience);
    return std::max(static_cast<std::size_t>(least), static_cast<std::size_t>(std::floor(reports)));
  }

  /// Whether the last `count` values, followed by a line in the logarithm of their excess, are back
  /// in range within twice as many reports.
  bool comes_back(std::span<const CurvePoint> curve, std::size_t count, double limit) const {
    constexpr std::size_t kSamples = 32;
    count = std::min(count, curve.size());
    const std::size_t samples = std::min(count, kSamples);
    if (samples < 3) return false;
    const auto tail = curve.last(count);
    const double unit = std::log(limit - *first_);
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (std::size_t k = 0; k < samples; ++k) {
      const std::size_t i = count - 1 - k * (count - 1) / (samples - 1);
      const double x = -static_cast<double>(count - 1 - i);  // 0: now
      const double y = std::log(loss(tail[i].value) - *first_) - unit;
      if (!std::isfinite(y)) return false;
      sx += x;
      sy += y;
      sxx += x * x;
      sxy += x * y;
    }
    const auto n = static_cast<double>(samples);
    const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    const double now = (sy - slope * sx) / n;
    return slope < 0 && now < -slope * options_.recovery * static_cast<double>(count);
  }

  std::string reason(double value, double limit) const {
    const double shown = facts_.goal == Goal::minimize ? limit : -limit;
    const double times = options_.factor * *first_;
    const bool is_factor = has_scale() && std::abs(limit - times) <= 1e-9 * times;
    const std::string line =
        is_factor ? fmt::format("{} times its first value ({})", format_number(options_.factor),
                                format_number(facts_.goal == Goal::minimize ? *first_ : -*first_))
                  : fmt::format("{} (it began at {})", format_number(shown),
                                format_number(facts_.goal == Goal::minimize ? *first_ : -*first_));
    return fmt::format("{} is {}, beyond {} for {} reports, and not on its way back", facts_.metric,
                       format_number(value), line, beyond_);
  }

  CurveFacts facts_;
  DivergenceOptions options_;
  std::optional<double> first_;  // losses from here on
  double best_ = 0;
  Noise noise_;
  std::size_t beyond_ = 0;  // in a row
};

}  // namespace

DetectorPlan plan_divergence(const StudySpec& spec, const Value& options,
                             std::vector<OptionProblem>& problems) {
  const DivergenceOptions parsed = divergence_options().parse(options, problems);
  return {"divergence", detector_action(parsed.action),
          [facts = CurveFacts(spec), parsed](std::optional<double> end) {
            return std::make_unique<Divergence>(facts.with_end(end), parsed);
          }};
}

AlgorithmHelp divergence_help() { return divergence_options().help(); }

}  // namespace hone
