#include "hone/scheduler/rungs.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/assert.h"
#include "hone/base/text.h"

namespace hone {
namespace {

/// Levels are products of floating-point numbers: 0.1·3² must count as reached at 0.9.
constexpr double kSlack = 1e-9;

bool loss_less(double a, double b) {
  if (std::isnan(a)) return false;
  return std::isnan(b) || a < b;
}

}  // namespace

bool ranks_before(const RungEntry& a, const RungEntry& b) {
  if (loss_less(a.loss, b.loss)) return true;
  if (loss_less(b.loss, a.loss)) return false;
  return a.trial < b.trial;
}

bool Rung::record(const RungEntry& entry) {
  if (!of_.emplace(entry.trial, entry).second) return false;
  entries_.insert(std::upper_bound(entries_.begin(), entries_.end(), entry, ranks_before), entry);
  return true;
}

const RungEntry* Rung::find(std::int64_t trial) const {
  const auto it = of_.find(trial);
  return it == of_.end() ? nullptr : &it->second;
}

std::int64_t Rung::rank(double loss) const {
  const auto it = std::partition_point(entries_.begin(), entries_.end(),
                                       [&](const RungEntry& e) { return loss_less(e.loss, loss); });
  return 1 + (it - entries_.begin());
}

Rungs::Rungs(double first, double eta, std::optional<double> max) : eta_(eta), max_(max) {
  HONE_ASSERT(first > 0 && eta > 1, "options are checked before rungs are made");
  double level = first;
  for (int k = 0; k < kMaxRungs && std::isfinite(level); ++k) {
    if (max_ && level >= *max_ * (1 - kSlack)) break;
    rungs_.emplace_back(level);
    level *= eta;
  }
}

std::optional<Observation> Rungs::reached_target(const Trial& trial, std::int64_t seq) const {
  const auto& target = trial.fidelity_target;
  if (trial.state != TrialState::paused || !target || trial.curve.empty()) return std::nullopt;
  if (max_ && *target >= *max_ * (1 - kSlack)) return std::nullopt;
  const int k = at(*target * (1 + kSlack));
  if (k <= highest(trial.number())) return std::nullopt;
  Observation last;
  last.trial = trial.number();
  last.fidelity = rung(k).level();
  last.value = trial.curve.back().value;
  last.seq = seq;
  return last;
}

std::optional<double> Rungs::level_after(int k) const {
  if (k + 1 < size()) return rung(k + 1).level();
  return max_;
}

int Rungs::at(double fidelity) const {
  int k = -1;
  while (k + 1 < size() && rung(k + 1).level() * (1 - kSlack) <= fidelity) ++k;
  return k;
}

void Rungs::record(const Observation& observation, double loss) {
  const int top = at(observation.fidelity);
  auto& highest = highest_.try_emplace(observation.trial, -1).first->second;
  for (int k = highest + 1; k <= top; ++k) {
    rungs_[static_cast<std::size_t>(k)].record({observation.trial, loss, observation.seq});
  }
  highest = std::max(highest, top);
}

void Rungs::record_at(int k, const Observation& observation, double loss) {
  auto& highest = highest_.try_emplace(observation.trial, -1).first->second;
  if (k <= highest) return;
  rungs_[static_cast<std::size_t>(k)].record({observation.trial, loss, observation.seq});
  highest = k;
}

int Rungs::highest(std::int64_t trial) const {
  const auto it = highest_.find(trial);
  return it == highest_.end() ? -1 : it->second;
}

std::int64_t Rungs::keeps(int k) const {
  const double share = static_cast<double>(rung(k).size()) / eta_;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::floor(share + kSlack)));
}

std::string Rungs::levels_text(const std::string& unit) const {
  constexpr int kShown = 5;
  std::vector<std::string> levels;
  for (int k = 0; k < std::min(size(), kShown); ++k)
    levels.push_back(format_number(rung(k).level(), 6));
  if (size() > kShown) levels.emplace_back("…");
  const bool one = levels.size() == 1 && levels.front() == "1";
  return fmt::format("{} {}{}", join(levels, ", "), unit, one || unit.ends_with('s') ? "" : "s");
}

}  // namespace hone
