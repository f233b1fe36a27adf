#include "hone/analysis/replicates.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/space/student.h"
#include "hone/study/replicates.h"

namespace hone {

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  spread.count = static_cast<int>(values.size());
  for (const double v : values) spread.mean += v;
  spread.mean /= static_cast<double>(values.size());
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double v : values) squares += (v - spread.mean) * (v - spread.mean);
  spread.sd = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return spread;
}

namespace {

/// By replicate: those of which a run has finished.
std::map<int, double> finished_values(const History& history, std::int64_t trial, int metric,
                                      RunPurpose purpose) {
  const auto taken = replicate_values(history, trial, metric, purpose);
  std::map<int, double> values;
  for (const RunId id : history.runs_of(trial)) {
    const Run* run = history.run(id);
    if (run->plan.purpose != purpose || run->state != RunState::ended) continue;
    if (run->end.outcome != RunOutcome::finished) continue;
    const auto found = taken.find(run->plan.replicate);
    if (found != taken.end()) values[found->first] = found->second.value;
  }
  return values;
}

}  // namespace

std::vector<double> confirmed_values(const History& history, std::int64_t trial) {
  std::vector<double> values;
  for (const auto& [seed, value] : finished_values(history, trial, 0, RunPurpose::confirm))
    values.push_back(value);
  return values;
}

std::vector<SeedValues> seed_values(const History& history, int metric) {
  std::vector<SeedValues> found;
  for (const Trial& trial : history.trials()) {
    SeedValues one;
    one.trial = trial.number();
    for (const RunPurpose purpose : {RunPurpose::search, RunPurpose::confirm}) {
      for (const auto& [seed, value] : finished_values(history, one.trial, metric, purpose)) {
        if (std::isfinite(value)) one.values.push_back(value);
      }
    }
    if (one.values.size() < 2) continue;
    const Spread spread = spread_of(one.values);
    one.mean = spread.mean;
    one.sd = *spread.sd;
    constexpr double kWithin = 0.95;
    const double half =
        student_within(kWithin, spread.count - 1) * one.sd / std::sqrt(spread.count);
    one.interval = {one.mean, one.mean - half, one.mean + half};
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace hone
