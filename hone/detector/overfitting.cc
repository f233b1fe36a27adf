// The objective gets worse while training goes on: for `patience` levels of the curve in a row it
// is worse than its best by more than its noise and 2 % of the best, and a declared metric of the
// training has fallen on since. Without such a metric the objective alone must say it: twice as
// long and by twice as much.
//
// A level is one report of a short curve, and the median of 1/40 of a long one.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "hone/base/text.h"
#include "hone/detector/levels.h"
#include "hone/detector/registry.h"
#include "hone/detector/train_metric.h"

namespace hone {
namespace {

struct OverfittingOptions {
  std::string action = "warn";
  int patience = 5;
  double rise = 0.02;
  std::string train;
};

const OptionTable<OverfittingOptions>& overfitting_options() {
  static const OptionTable<OverfittingOptions> table =
      OptionTable<OverfittingOptions>(
          "overfitting", "The objective gets worse while the training's own metric gets better")
          .text("action", &OverfittingOptions::action, detector_action_words(), kActionHelp)
          .integer("patience", &OverfittingOptions::patience, 1, 20,
                   "Evaluations in a row that are worse than the best (of a long curve: fortieths "
                   "of it)")
          .number("rise", &OverfittingOptions::rise, 0, 10, "By how much, as a share of the best")
          .text("train", &OverfittingOptions::train, {},
                "A declared metric of the training; else found by its name (train_loss beside "
                "val_loss)");
  return table;
}

class Overfitting final : public Detector {
 public:
  Overfitting(CurveFacts facts, const OverfittingOptions& options, int train, Goal train_goal)
      : facts_(std::move(facts)), options_(options), train_(train), train_goal_(train_goal) {}

  std::optional<Finding> read(const Reading& reading, std::span<const CurvePoint> curve) override {
    if (train_ > 0 && reading.metric == train_ && std::isfinite(reading.value)) {
      sum_ += train_goal_ == Goal::minimize ? reading.value : -reading.value;
      ++count_;
    }
    if (reading.metric != 0) return std::nullopt;
    if (train_ > 0) {
      // One value of the training for each of the objective: the mean since the one before.
      train_values_.resize(curve.size(), std::numeric_limits<double>::quiet_NaN());
      if (count_ > 0) train_values_.back() = sum_ / count_;
      sum_ = count_ = 0;
    }
    if (curve.size() < check_at_) return std::nullopt;
    check_at_ = next_check(curve.size());
    return judge(curve);
  }

 private:
  static constexpr std::size_t kLevels = 40;
  static constexpr double kNoises = 4;

  std::optional<Finding> judge(std::span<const CurvePoint> curve) const {
    const std::size_t alone = train_ > 0 ? 1 : 2;
    const auto patience = alone * static_cast<std::size_t>(options_.patience);
    const auto levels = levels_of(curve, facts_.goal, kLevels);
    if (levels.size() < patience + 2) return std::nullopt;
    const std::span all(levels);
    std::size_t at = 0;
    const double best = lowest_of(all, &at);
    if (!std::isfinite(best) || at + patience >= levels.size() || at == 0) return std::nullopt;
    const double least = static_cast<double>(alone) *
                         std::max(options_.rise * std::abs(best), kNoises * noise_of(all));
    const auto tail = all.last(patience);
    if (!std::all_of(tail.begin(), tail.end(), [&](double x) { return x > best + least; }))
      return std::nullopt;
    if (train_ > 0 && !train_falls(curve.size(), at, patience)) return std::nullopt;
    const std::size_t stretch = (curve.size() + kLevels - 1) / kLevels;
    const std::size_t best_end = curve.size() - (levels.size() - 1 - at) * stretch - 1;
    return Finding{fmt::format("{} gets worse since {} {}: {} there, {} now{}", facts_.metric,
                               facts_.fidelity, format_number(curve[best_end].fidelity),
                               format_number(sign() * best), format_number(sign() * levels.back()),
                               train_ > 0 ? ", while training goes on" : "")};
  }

  double sign() const { return facts_.goal == Goal::minimize ? 1 : -1; }

  /// The training's metric is better over the last levels than where the objective was best.
  bool train_falls(std::size_t count, std::size_t at, std::size_t patience) const {
    const auto levels = levels_of(count, kLevels, [&](std::size_t i) { return train_values_[i]; });
    const double now = lowest_of(std::span(levels).last(patience));
    return std::isfinite(levels[at]) && now < levels[at];
  }

  CurveFacts facts_;
  OverfittingOptions options_;
  int train_;  // index of the metric; 0: none
  Goal train_goal_;
  std::vector<double> train_values_;
  double sum_ = 0;
  double count_ = 0;
  std::size_t check_at_ = 0;
};

}  // namespace

DetectorPlan plan_overfitting(const StudySpec& spec, const Value& options,
                              std::vector<OptionProblem>& problems) {
  const OverfittingOptions parsed = overfitting_options().parse(options, problems);
  int train = train_metric_of(spec);
  if (!parsed.train.empty()) {
    train = spec.metric_index(parsed.train);
    if (train <= 0)
      problems.push_back(
          {"train", fmt::format("overfitting: '{}' is no declared metric beside the objective",
                                parsed.train)});
  }
  const Goal goal = train > 0 ? spec.metrics[static_cast<std::size_t>(train)].goal : Goal::minimize;
  return {"overfitting", detector_action(parsed.action),
          [facts = CurveFacts(spec), parsed, train, goal](std::optional<double> end) {
            return std::make_unique<Overfitting>(facts.with_end(end), parsed, train, goal);
          }};
}

AlgorithmHelp overfitting_help() { return overfitting_options().help(); }

}  // namespace hone
