#include "hone/scheduler/odds.h"

#include <algorithm>
#include <cmath>

#include "hone/math/normal.h"
#include "hone/math/stats.h"

namespace hone {

namespace {

/// No correlation is taken to be nearer to 1.
constexpr double kAtMost = 0.999;
constexpr std::size_t kPairsAtLeast = 4;

}  // namespace

Odds::Odds(Rungs levels, OddsOptions options)
    : levels_(std::move(levels)),
      options_(options),
      stopped_below_(static_cast<std::size_t>(levels_.size())),
      known_(static_cast<std::size_t>(levels_.size())) {
  for (int k = 0; k < levels_.size(); ++k) known_[static_cast<std::size_t>(k)].expected = prior(k);
}

double Odds::prior(int k) const {
  const double full = *levels_.level_after(levels_.size() - 1);
  return std::min(kAtMost, std::pow(levels_.rung(k).level() / full, options_.decay));
}

void Odds::observe(const Change& change, const std::optional<Observation>& observation,
                   const History& history) {
  if (observation) {
    const Goal goal = history.spec().objective().goal;
    const double loss = goal == Goal::minimize ? observation->value : -observation->value;
    const int before = levels_.highest(observation->trial);
    levels_.record(*observation, loss);
    for (int k = before + 1; k <= levels_.highest(observation->trial); ++k) keep_up(k);
    return;
  }
  const auto number = trial_of(change.body);
  if (!number || std::holds_alternative<Reported>(change.body)) return;
  const Trial& trial = history.trial(*number);
  const auto known = stopped_at_.find(*number);
  const bool stopped = trial.state == TrialState::stopped || trial.state == TrialState::failed ||
                       trial.state == TrialState::paused;
  if (stopped != (known != stopped_at_.end())) {
    const int level = stopped ? levels_.highest(*number) : known->second;
    if (level >= 0) stopped_below_[static_cast<std::size_t>(level)] += stopped ? 1 : -1;
    if (stopped) {
      stopped_at_.emplace(*number, level);
    } else {
      stopped_at_.erase(known);
    }
  }
  finals_.erase(*number);
  const auto value = trial.value();
  if (trial.state == TrialState::complete && value && !std::isnan(*value))
    finals_.emplace(*number, to_loss(history.spec().objective().goal, *value));
}

void Odds::record_at(int level, const Observation& observation, const History& history) {
  levels_.record_at(level, observation,
                    to_loss(history.spec().objective().goal, observation.value));
  keep_up(level);
}

void Odds::keep_up(int k) {
  Known& known = known_[static_cast<std::size_t>(k)];
  const std::int64_t size = all_at(k) + completed();
  if (size < known.again_at) return;
  correlate(k);
  known.again_at =
      std::max(size + 1, static_cast<std::int64_t>(static_cast<double>(size) * kGrowth));
}

/// Those recorded there, and those that were stopped before and would be worse.
std::int64_t Odds::all_at(int k) const {
  std::int64_t all = levels_.rung(k).size();
  for (int j = 0; j < k; ++j) all += stopped_below_[static_cast<std::size_t>(j)];
  return all;
}

double Odds::score(double rank, double of) const { return normal_quantile((rank - 0.5) / of); }

void Odds::correlate(int k) {
  Known& known = known_[static_cast<std::size_t>(k)];
  known.correlation = 0;
  known.expected = prior(k);
  struct Pair {
    double u, final;
  };
  std::vector<Pair> pairs;
  const auto all = static_cast<double>(all_at(k));
  for (const auto& [trial, loss] : finals_) {
    const RungEntry* entry = levels_.rung(k).find(trial);
    if (entry == nullptr || std::isnan(entry->loss)) continue;
    pairs.push_back({score(static_cast<double>(levels_.rung(k).rank(entry->loss)), all), loss});
  }
  const std::size_t n = pairs.size();
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.final < b.final; });
  double mean_u = 0;
  for (const Pair& pair : pairs) mean_u += pair.u / static_cast<double>(n);
  double uu = 0;
  double vv = 0;
  double uv = 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t j = i;  // equal finals share their mean rank
    while (j < n && pairs[j].final == pairs[i].final) ++j;
    const double v = score(static_cast<double>(i + j + 1) / 2, static_cast<double>(n));
    for (; i < j; ++i) {
      const double u = pairs[i].u - mean_u;
      uu += u * u;
      vv += v * v;
      uv += u * v;
    }
  }
  if (n < 2 || !(uu > 0) || !(vv > 0)) return;
  const double observed = uv / std::sqrt(uu * vv);
  // Mended for the selection: all trials' scores have unit spread.
  const double spread = std::sqrt(uu / static_cast<double>(n - 1));
  const double ratio = std::max(1.0, 1 / spread);
  const double mended =
      observed * ratio / std::sqrt(1 - observed * observed + observed * observed * ratio * ratio);
  const double z = std::atanh(std::clamp(mended, -kAtMost, kAtMost));
  // A narrow selection says less than its number.
  const double weight = static_cast<double>(n) * std::min(1.0, spread * spread);
  known.expected =
      std::tanh((weight * z + options_.prior * std::atanh(prior(k))) / (weight + options_.prior));
  if (n < kPairsAtLeast) return;
  known.correlation =
      std::max(0.0, std::tanh(z - options_.caution / std::sqrt(static_cast<double>(n) - 3)));
}

namespace {

/// The median size of the last steps of a curve.
double step_size(const std::vector<CurvePoint>& curve) {
  constexpr std::size_t kSteps = 5;
  std::vector<double> steps;
  for (std::size_t i = curve.size(); i > 1 && steps.size() < kSteps; --i) {
    const double step = std::abs(curve[i - 1].value - curve[i - 2].value);
    if (std::isfinite(step)) steps.push_back(step);
  }
  return steps.empty() ? 0 : median(std::move(steps));
}

}  // namespace

Odds::Chance Odds::chance(const Observation& observation, const History& history) const {
  Chance result;
  const int k = levels_.highest(observation.trial);
  if (k < 0) return result;
  const RungEntry* entry = levels_.rung(k).find(observation.trial);
  if (entry == nullptr || entry->seq != observation.seq) return result;
  result = chance_at(k, entry->loss - band(history.trial(observation.trial)));
  result.is_nan = std::isnan(entry->loss);
  return result;
}

Odds::Chance Odds::chance_at(int k, double loss) const {
  Chance result;
  result.level = k;
  result.of = all_at(k);
  result.rank = levels_.rung(k).rank(loss);
  result.correlation = known_[static_cast<std::size_t>(k)].correlation;
  const double rho = result.correlation;
  if (!(rho > 0) || result.rank == 1) return result;
  const double u = score(static_cast<double>(result.rank), static_cast<double>(result.of));
  const double best = best_share(k);
  const double surprise = options_.tail * (1 - rho * rho);
  result.chance =
      (1 - surprise) * normal_cdf((normal_quantile(best) - rho * u) / std::sqrt(1 - rho * rho)) +
      surprise * best;
  return result;
}

double Odds::band(const Trial& trial) const { return options_.band * step_size(trial.curve); }

double Odds::score_at(int level, double loss) const {
  return score(static_cast<double>(levels_.rung(level).rank(loss)),
               static_cast<double>(all_at(level)));
}

double Odds::best_share(int level) const {
  return std::min(0.5, std::max(options_.best, 1.5 / static_cast<double>(all_at(level) + 1)));
}

}  // namespace hone
