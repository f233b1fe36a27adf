// A trial run again: what its surroundings have in common with those of its record, and how its
// values compare. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hone/analysis/replicates.h"
#include "hone/base/value.h"
#include "hone/study/history.h"

namespace hone::cli {

/// Something that was otherwise when the run was recorded. "" : it was not there.
struct Difference {
  std::string what;  ///< "commit", "package torch", "variable OMP_NUM_THREADS"
  std::string recorded;
  std::string now;
};
/// Between two records of `collect_environment`: code, hone, Python and its packages, machine,
/// GPUs, variables, in this order. What one of them does not know is no difference.
std::vector<Difference> differences(const Value& recorded, const Value& now);
/// A line for each, packages and variables after `shown` of them counted only.
std::vector<std::string> difference_lines(const std::vector<Difference>& found,
                                          std::size_t shown = 12);
Value differences_json(const std::vector<Difference>& found);

/// Whether the code of the record is what lies in the folder now: commit and uncommitted changes.
bool is_same_code(const Value& recorded, const Value& now);

/// How a value compares with the recorded one.
struct Comparison {
  std::string metric;
  std::optional<double> recorded;
  std::optional<double> now;
  std::optional<Spread> replicates;  ///< of the recorded trial's runs, where there are several
  /// The first place at which the objective's curves differ; none: they are equal as far as both
  /// go.
  std::optional<double> part_at;
  bool has_curves = false;
};
Comparison compare_runs(const History& recorded, RunId run, const History& now, RunId again);
/// One or two sentences.
std::string comparison_text(const Comparison& comparison, const std::string& axis);
Value comparison_json(const Comparison& comparison);

}  // namespace hone::cli
