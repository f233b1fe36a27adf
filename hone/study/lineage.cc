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

/// Whether it goes on from another trial's checkpoint.
bool is_fork(const Trial& trial) {
  return trial.proposal->origin == TrialOrigin::fork && trial.proposal->parent;
}

/// The fidelity at which the fork took over from its parent, which itself began at `parent_began`.
double taken_over_at(const History& history, const Trial& fork, double parent_began) {
  const Trial& parent = history.trial(*fork.proposal->parent);
  if (fork.curve.empty()) return fork.proposal->parent_fidelity.value_or(0);
  const double first = fork.curve.front().fidelity;
  double at = parent_began;
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
  std::vector<const Trial*> way;  // from the trial back to the first
  for (const Trial* at = &history.trial(number);; at = &history.trial(*at->proposal->parent)) {
    way.push_back(at);
    if (!is_fork(*at)) break;
  }
  std::vector<double> began(way.size(), 0);
  for (std::size_t i = way.size() - 1; i-- > 0;)
    began[i] = taken_over_at(history, *way[i], began[i + 1]);
  std::vector<LineageStep> steps;
  std::optional<double> until;
  for (std::size_t i = 0; i < way.size(); ++i) {
    if (until && began[i] >= *until) continue;
    steps.push_back({way[i]->number(), began[i], until, way[i]->config()});
    until = began[i];
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace hone
