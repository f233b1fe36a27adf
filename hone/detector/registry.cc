#include "hone/detector/registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hone/base/text.h"

namespace hone {
namespace {

struct Entry {
  const char* name;
  DetectorPlan (*plan)(const StudySpec&, const Value&, std::vector<OptionProblem>&);
  AlgorithmHelp (*help)();
};

// In the order in which their verdicts count.
constexpr std::array<Entry, 5> kDetectors = {{
    {"nan", plan_nan, nan_help},
    {"divergence", plan_divergence, divergence_help},
    {"overfitting", plan_overfitting, overfitting_help},
    {"plateau", plan_plateau, plateau_help},
    {"missing_metric", plan_missing_metric, missing_metric_help},
}};

bool is_known(const std::string& name) {
  return std::any_of(kDetectors.begin(), kDetectors.end(),
                     [&](const Entry& entry) { return name == entry.name; });
}

}  // namespace

DetectorAction detector_action(const std::string& word) {
  return word == "stop"   ? DetectorAction::stop
         : word == "warn" ? DetectorAction::warn
                          : DetectorAction::off;
}

std::vector<DetectorPlan> plan_detectors(const StudySpec& spec,
                                         std::vector<OptionProblem>& problems) {
  static const Value kNone{Value::Map{}};
  for (const AlgorithmSpec& setting : spec.detectors) {
    if (!is_known(setting.name))
      problems.push_back({setting.name, fmt::format("unknown detector '{}'", setting.name), true});
  }
  std::vector<DetectorPlan> plans;
  for (const Entry& entry : kDetectors) {
    const auto setting = std::find_if(spec.detectors.begin(), spec.detectors.end(),
                                      [&](const AlgorithmSpec& s) { return s.name == entry.name; });
    const Value& options = setting == spec.detectors.end() ? kNone : setting->options;
    DetectorPlan plan = entry.plan(spec, options, problems);
    plan.name = entry.name;
    if (plan.action != DetectorAction::off) plans.push_back(std::move(plan));
  }
  return plans;
}

std::vector<AlgorithmHelp> detector_help() {
  std::vector<AlgorithmHelp> help;
  for (const Entry& entry : kDetectors) help.push_back(entry.help());
  return help;
}

CurveFacts::CurveFacts(const StudySpec& spec)
    : goal(spec.objective().goal), metric(spec.objective().name) {
  if (!spec.fidelity) return;
  fidelity = spec.fidelity->name;
  end = spec.fidelity->max;
}

CurveFacts CurveFacts::with_end(std::optional<double> usual_end) const {
  CurveFacts facts = *this;
  if (!facts.end) facts.end = usual_end;
  return facts;
}

std::optional<double> CurveFacts::expected_reports(std::span<const CurvePoint> curve) const {
  if (!end || curve.size() < 2) return std::nullopt;
  const auto n = static_cast<double>(curve.size());
  const double apart = (curve.back().fidelity - curve.front().fidelity) / (n - 1);
  if (!(apart > 0) || !std::isfinite(apart)) return std::nullopt;
  return n + std::max(0.0, (*end - curve.back().fidelity) / apart);
}

}  // namespace hone
