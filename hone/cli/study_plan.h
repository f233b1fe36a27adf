// What a study would do, without doing it: how large its space is, what its budget covers, and how
// its first trials would be started.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hone/study/study_spec.h"

namespace hone::cli {

/// "1080 configurations; 60 trials cover 5.6 % of them", "2 continuous parameters; …".
std::string space_and_budget(const StudySpec& spec);

/// A trial as it would be started.
struct PlannedTrial {
  std::int64_t number = 0;
  bool defaults = false;  ///< the configuration of all defaults
  Config config;
  std::vector<std::string> argv;
  /// Files that it would be given, with the values set in them: (path, "optimizer.lr: 0.003").
  std::vector<std::pair<std::string, std::vector<std::string>>> files;
};

/// The first `count` trials (fewer where the space has no more), as an untouched study with the
/// spec's seed would begin. Throws Error(invalid_input) where a placeholder has no value.
std::vector<PlannedTrial> plan_trials(
    const StudySpec& spec, int count,
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const std::string& interpreter);

}  // namespace hone::cli
