// The detectors by name. Internal to hone/detector.
#pragma once

#include <string>
#include <vector>

#include "hone/detector/detector.h"

namespace hone {

/// From "off", "warn" or "stop", which the options' table has checked.
DetectorAction detector_action(const std::string& word);
inline const std::vector<std::string>& detector_action_words() {
  static const std::vector<std::string> words = {"off", "warn", "stop"};
  return words;
}
inline constexpr const char* kActionHelp = "What is done about it";

DetectorPlan plan_nan(const StudySpec& spec, const Value& options,
                      std::vector<OptionProblem>& problems);
DetectorPlan plan_divergence(const StudySpec& spec, const Value& options,
                             std::vector<OptionProblem>& problems);
DetectorPlan plan_plateau(const StudySpec& spec, const Value& options,
                          std::vector<OptionProblem>& problems);
DetectorPlan plan_overfitting(const StudySpec& spec, const Value& options,
                              std::vector<OptionProblem>& problems);
DetectorPlan plan_missing_metric(const StudySpec& spec, const Value& options,
                                 std::vector<OptionProblem>& problems);

AlgorithmHelp nan_help();
AlgorithmHelp divergence_help();
AlgorithmHelp plateau_help();
AlgorithmHelp overfitting_help();
AlgorithmHelp missing_metric_help();

}  // namespace hone
