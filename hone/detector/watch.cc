#include "hone/detector/watch.h"

#include <algorithm>
#include <cmath>

namespace hone {

Watch::Watch(const StudySpec& spec, std::vector<OptionProblem>& problems)
    : plans_(plan_detectors(spec, problems)) {}

Watch::Watched Watch::begin() const {
  Watched watched;
  for (const DetectorPlan& plan : plans_) watched.detectors.push_back(plan.make(usual_end_));
  return watched;
}

/// Where a parameter sets the length of training, the longest run counts: detectors that know of a
/// longer run than there is are only more patient.
void Watch::learn_length(const Trial& trial) {
  if (trial.reached && std::isfinite(*trial.reached))
    usual_end_ = std::max(usual_end_.value_or(*trial.reached), *trial.reached);
}

std::vector<Alarm> Watch::observe(const Change& change,
                                  const std::optional<Observation>& observation,
                                  const History& history) {
  if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    trials_.erase(moved->trial);
    if (moved->state == TrialState::complete) learn_length(history.trial(moved->trial));
  }
  const auto* reported = std::get_if<Reported>(&change.body);
  if (reported == nullptr || reported->late || plans_.empty()) return {};
  const Report& report = reported->report;
  const Run* run = history.run(report.run);
  if (run == nullptr || run->plan.purpose != RunPurpose::search) return {};
  // The objective is the mean over the replicates, once all have come as far; of the other metrics
  // the first replicate's are read.
  if (report.metric == 0 ? !observation : run->plan.replicate != 0) return {};

  const std::span<const CurvePoint> curve(history.trial(report.trial).curve);
  auto at = trials_.find(report.trial);
  if (at == trials_.end()) at = trials_.emplace(report.trial, begin()).first;
  Watched& watched = at->second;
  Reading reading{report.metric, report.fidelity, report.value};
  if (observation) {
    reading.fidelity = observation->fidelity;
    reading.value = observation->value;
    // A run that went back to a checkpoint, or to the start, has cut the curve: what is left of it
    // is read anew.
    if (curve.size() != watched.points + 1) {
      watched = begin();
      for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
        for (const auto& detector : watched.detectors)
          (void)detector->read({0, curve[i].fidelity, curve[i].value}, curve.first(i + 1));
      }
    }
    watched.points = curve.size();
  }
  std::vector<Alarm> alarms;
  for (std::size_t d = 0; d < plans_.size(); ++d) {
    if (auto finding = watched.detectors[d]->read(reading, curve))
      alarms.push_back({plans_[d].name, plans_[d].action, *std::move(finding)});
  }
  std::stable_sort(alarms.begin(), alarms.end(), [](const Alarm& a, const Alarm& b) {
    return a.action == DetectorAction::stop && b.action != DetectorAction::stop;
  });
  return alarms;
}

}  // namespace hone
