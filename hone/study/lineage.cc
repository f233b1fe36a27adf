#include "hone/study/lineage.h"

#include <algorithm>

namespace hone {
namespace {

/// The longest way between two reports of the trial; 0 of fewer than two.
double longest_stride(const Trial& trial) {
  double longest = 0;
  for (std::size_t i = 1; i < trial.curve.size(); ++i) {
    longest = std::max(longest, trial.curve[i].fidelity - trial.curve[i - 1].fidelity);
  }
  return longest;
}

/// The fidelity at which the fork took over from its parent.
double taken_over_at(const History& history, const Trial& fork) {
  const Trial& parent = history.trial(*fork.proposal->parent);
  if (fork.curve.empty()) return fork.proposal->parent_fidelity.value_or(0);
  const double first = fork.curve.front().fidelity;
  const bool forked = parent.proposal->origin == TrialOrigin::fork && parent.proposal->parent;
  double at = forked ? taken_over_at(history, parent) : 0;
  const auto reach = [&](double fidelity) {
    if (fidelity < first) at = std::max(at, fidelity);
  };
  for (const CurvePoint& point : parent.curve) reach(point.fidelity);
  // What the parent's program did between a verdict and its end is in its checkpoint too.
  for (const RunId run : history.runs_of(parent.number())) {
    for (const History::SeriesPoint& point : history.series(run)) {
      if (point.late && point.metric == 0) reach(point.fidelity);
    }
  }
  // A program that was ended between its checkpoint and its report left a checkpoint that is ahead.
  const double stride = std::max(longest_stride(fork), longest_stride(parent));
  return stride > 0 ? std::max(at, first - stride) : at;
}

}  // namespace

bool hands_checkpoints_on(const StudySpec& spec) {
  const std::string& scheduler = spec.scheduler.name;
  return scheduler == "pbt" || scheduler == "pb2" || scheduler == "replay";
}

std::vector<LineageStep> lineage(const History& history, std::int64_t number) {
  std::vector<LineageStep> steps;
  std::optional<double> until;
  for (std::optional<std::int64_t> at = number; at;) {
    const Trial& trial = history.trial(*at);
    const bool forked = trial.proposal->origin == TrialOrigin::fork && trial.proposal->parent;
    const double from = forked ? taken_over_at(history, trial) : 0;
    if (!until || from < *until) {
      steps.push_back({trial.number(), from, until, trial.config()});
      until = from;
    }
    at = forked ? trial.proposal->parent : std::nullopt;
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace hone
