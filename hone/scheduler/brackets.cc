#include "hone/scheduler/brackets.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/text.h"

namespace hone {

Brackets::Brackets(double first, double eta, std::optional<double> max, int count) {
  const Rungs whole(first, eta, max);
  const int most = max ? whole.size() + 1 : Rungs::kMaxRungs;
  count = std::clamp(count, 1, most);
  double level = first;
  for (int b = 0; b < count; ++b, level *= eta) rungs_.emplace_back(level, eta, max);
  started_.resize(rungs_.size());
  for (int b = 0; b < count; ++b) {
    // Li et al., algorithm 1: n = ⌈(s_max + 1)/(s + 1)·η^s⌉, s counted from the last bracket.
    const int s = count - 1 - b;
    shares_.push_back(static_cast<std::int64_t>(
        std::ceil(static_cast<double>(count) / (s + 1) * std::pow(eta, s))));
  }
}

int Brackets::of(const Trial& trial) const {
  return std::clamp(trial.proposal->bracket, 0, count() - 1);
}

void Brackets::observe(const Change& change) {
  const auto* added = std::get_if<TrialAdded>(&change.body);
  if (added == nullptr || added->proposal->origin != TrialOrigin::sampler) return;
  ++started_[static_cast<std::size_t>(std::clamp(added->proposal->bracket, 0, count() - 1))];
}

void Brackets::record(const Observation& observation, const Trial& trial, double loss) {
  rungs_[static_cast<std::size_t>(of(trial))].record(observation, loss);
}

std::optional<double> Brackets::first_target(int bracket, const History& history) const {
  const StudySpec& spec = history.spec();
  const bool whole = (spec.run_default_first && history.size() == 0) || rungs(bracket).size() == 0;
  return whole ? spec.fidelity->max : rungs(bracket).rung(0).level();
}

int Brackets::next() const {
  int next = 0;
  for (int b = 1; b < count(); ++b) {
    const auto i = static_cast<std::size_t>(b);
    const auto n = static_cast<std::size_t>(next);
    if ((started_[i] + 1) * shares_[n] < (started_[n] + 1) * shares_[i]) next = b;
  }
  return next;
}

std::string Brackets::rung_text(int bracket, int rung) const {
  if (count() == 1) return fmt::format("rung {}", rung);
  return fmt::format("bracket {}, rung {}", bracket, rung);
}

std::string Brackets::text(const std::string& unit) const {
  const std::string brackets = count() == 1 ? "" : fmt::format("{} brackets, ", count());
  return fmt::format("{}rungs at {}, keeps 1 in {}", brackets, rungs_.front().levels_text(unit),
                     format_number(rungs_.front().eta()));
}

}  // namespace hone
