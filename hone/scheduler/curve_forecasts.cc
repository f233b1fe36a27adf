#include "hone/scheduler/curve_forecasts.h"

#include <algorithm>
#include <cmath>

#include "hone/math/stats.h"

namespace hone {

namespace {

/// A forecast is taken to be this much wider than it claims, as if from so many completed trials.
constexpr double kWider = 2;
constexpr std::size_t kWiderCounts = 4;
/// Nine in ten of Student's law with four degrees of freedom are less than this from its middle.
constexpr double kNineInTen = 2.132;
/// No neighbour is further off than this, in spreads.
constexpr double kFarOff = 4;
/// The law of the ends is taken this much wider, since later trials may be better than all so far.
constexpr double kOpen = 1.5;
/// Points of a curve that are looked at: the newest.
constexpr std::size_t kPoints = 48;
/// Interquartile range of a normal law, in standard deviations.
constexpr double kQuartiles = 1.349;
constexpr std::size_t kNeighbours = 5;
/// Completed trials that are looked through for neighbours: the newest.
constexpr std::size_t kLookedThrough = 1024;
/// Completed trials before neighbours are listened to.
constexpr std::int64_t kSkilled = 8;

void insert_sorted(std::vector<double>& values, double value) {
  values.insert(std::upper_bound(values.begin(), values.end(), value), value);
}

}  // namespace

CurveForecasts::CurveForecasts(Rungs levels)
    : levels_(std::move(levels)), records_(static_cast<std::size_t>(levels_.size())) {
  for (Record& record : records_) record.sizes.assign(kWiderCounts, kWider * kNineInTen);
}

void CurveForecasts::observe(const Change& change, const std::optional<Observation>& observation,
                             const History& history) {
  if (observation) {
    const int before = levels_.highest(observation->trial);
    levels_.record(*observation, to_loss(history.spec().objective().goal, observation->value));
    if (levels_.highest(observation->trial) > before) forecast(*observation, history);
    return;
  }
  const auto number = trial_of(change.body);
  if (!number || std::holds_alternative<Reported>(change.body)) return;
  const Trial& trial = history.trial(*number);
  const auto value = trial.value();
  const bool complete = trial.state == TrialState::complete && value && std::isfinite(*value);
  if (complete == end_of_.contains(*number)) return;
  if (complete) {
    completed(*number, to_loss(history.spec().objective().goal, *value), history);
  } else {
    not_completed(*number);
  }
}

void CurveForecasts::completed(std::int64_t trial, double loss, const History& history) {
  end_of_.emplace(trial, loss);
  const End end{loss, trial};
  ends_.insert(std::upper_bound(ends_.begin(), ends_.end(), end,
                                [](const End& a, const End& b) {
                                  return a.loss != b.loss ? a.loss < b.loss : a.trial < b.trial;
                                }),
               end);
  const auto known = trials_.find(trial);
  if (known == trials_.end()) return;
  for (const Made& made : known->second.made) {
    if (made.is_nan) continue;
    const double error = (loss - made.raw.mean) / made.raw.sd;
    Record& record = records_[static_cast<std::size_t>(made.level)];
    insert_sorted(record.errors, error);
    insert_sorted(record.sizes, std::abs(error));
  }
  const Population all = population(0);
  if (known->second.by_neighbours) {
    const auto off = [&](double from) {
      return std::min(kFarOff, std::abs(loss - from) / all.spread);
    };
    skill_.by_middle += off(all.middle);
    skill_.by_neighbours += off(*known->second.by_neighbours);
    ++skill_.n;
  }
  // The shape of the whole curve.
  std::vector<CurveSample> samples;
  const double full = *history.spec().fidelity->max;
  for (const CurvePoint& point : history.trial(trial).curve) {
    const double x = point.fidelity / full;
    if (x > 0 && x <= 1 && std::isfinite(point.value) && (samples.empty() || x > samples.back().x))
      samples.push_back({x, to_loss(history.spec().objective().goal, point.value)});
  }
  if (samples.size() < 3) return;
  const CurveForecast fit = extrapolate(samples, {all.middle, all.spread, equal_shapes()});
  for (std::size_t s = 0; s < kCurveShapes; ++s) shape_sum_[s] += fit.shape[s];
}

/// A trial that is complete no more (its study goes on further) teaches nothing until it is again;
/// what it has taught about forecasts was true of the end that it had.
void CurveForecasts::not_completed(std::int64_t trial) {
  end_of_.erase(trial);
  std::erase_if(ends_, [&](const End& end) { return end.trial == trial; });
}

ShapeWeights CurveForecasts::shapes() const {
  ShapeWeights weights{};
  double total = 0;
  for (std::size_t s = 0; s < kCurveShapes; ++s) {
    weights[s] = 1 + shape_sum_[s];
    total += weights[s];
  }
  for (double& weight : weights) weight /= total;
  return weights;
}

/// Of the ends; before four have completed, of what was recorded at the level.
CurveForecasts::Population CurveForecasts::population(int level) const {
  constexpr std::size_t kEnough = 4;
  const bool by_ends = ends_.size() >= kEnough;
  const auto& entries = levels_.rung(level).entries();
  std::size_t n = by_ends ? ends_.size() : entries.size();
  if (!by_ends) {
    while (n > 0 && !std::isfinite(entries[n - 1].loss)) --n;
  }
  const auto at = [&](double q) {
    const auto i = static_cast<std::size_t>(q * static_cast<double>(n - 1));
    return by_ends ? ends_[i].loss : entries[i].loss;
  };
  Population result;
  if (n == 0) return result;
  result.middle = at(0.5);
  const double least = 1e-6 * std::abs(result.middle) + 1e-12;
  // Ends often lie in a clump, and the best far off it.
  result.spread = std::max({least, (at(0.75) - at(0.25)) / kQuartiles, (at(0.5) - at(0)) / 2});
  return result;
}

/// The median end of the nearest completed configurations, in the encoded space.
std::optional<double> CurveForecasts::neighbours(std::int64_t trial, const History& history) const {
  if (end_of_.size() < kNeighbours) return std::nullopt;
  const auto own = history.encoded(trial);
  struct Near {
    double distance;
    double loss;
  };
  std::vector<Near> near;
  std::size_t looked = 0;
  for (auto it = end_of_.rbegin(); it != end_of_.rend() && looked < kLookedThrough;
       ++it, ++looked) {
    const auto other = history.encoded(it->first);
    double distance = 0;
    for (std::size_t j = 0; j < own.size(); ++j) {
      const bool here = !std::isnan(own[j]);
      const bool there = !std::isnan(other[j]);
      const double off = here && there ? own[j] - other[j] : here == there ? 0 : 1;
      distance += off * off;
    }
    const auto place = std::upper_bound(near.begin(), near.end(), distance,
                                        [](double d, const Near& n) { return d < n.distance; });
    if (near.size() == kNeighbours && place == near.end()) continue;
    near.insert(place, {distance, it->second});
    if (near.size() > kNeighbours) near.pop_back();
  }
  std::vector<double> ends;
  for (const Near& n : near) ends.push_back(n.loss);
  return median(std::move(ends));
}

void CurveForecasts::forecast(const Observation& observation, const History& history) {
  OfTrial& own = trials_[observation.trial];
  if (own.made.empty()) own.by_neighbours = neighbours(observation.trial, history);
  Made made;
  made.seq = observation.seq;
  made.level = levels_.highest(observation.trial);
  made.is_nan = std::isnan(observation.value);
  const double full = *history.spec().fidelity->max;
  std::vector<CurveSample> samples;
  const auto& curve = history.trial(observation.trial).curve;
  for (std::size_t i = curve.size() - std::min(curve.size(), kPoints); i < curve.size(); ++i) {
    const double x = curve[i].fidelity / full;
    if (!(x > 0) || x > 1 || !std::isfinite(curve[i].value)) continue;
    if (!samples.empty() && x <= samples.back().x) continue;
    samples.push_back({x, to_loss(history.spec().objective().goal, curve[i].value)});
  }
  if (made.is_nan || samples.empty()) {
    made.is_nan = true;
    own.made.push_back(made);
    return;
  }
  const Population all = population(made.level);
  const CurveForecast fit = extrapolate(samples, {all.middle, all.spread, shapes()});
  made.raw = {fit.mean, fit.sd};
  const Record& record = records_[static_cast<std::size_t>(made.level)];
  const std::size_t n = record.errors.size();
  const double trust = static_cast<double>(n) / static_cast<double>(n + kWiderCounts);
  const double shift = n == 0 ? 0 : trust * record.errors[n / 2];
  const double scale = record.sizes[record.sizes.size() * 9 / 10] / kNineInTen;
  const double mean = fit.mean + shift * fit.sd;
  const double variance = scale * scale * fit.sd * fit.sd;
  // Joined with what is known without the curve: a product of two normal laws.
  double before = all.middle;
  double spread = kOpen * all.spread;
  if (own.by_neighbours && skill_.n >= kSkilled && skill_.by_neighbours < skill_.by_middle) {
    before = *own.by_neighbours;
    spread *= std::max(0.25, skill_.by_neighbours / skill_.by_middle);
  }
  const double weight = 1 / (1 + variance / (spread * spread));
  made.forecast.mean = weight * mean + (1 - weight) * before;
  made.forecast.sd = std::sqrt(weight * variance);
  own.made.push_back(made);
}

std::optional<CurveForecasts::Forecast> CurveForecasts::of(const Observation& observation) const {
  const auto known = trials_.find(observation.trial);
  if (known == trials_.end()) return std::nullopt;
  const Made& last = known->second.made.back();
  if (last.seq != observation.seq || last.is_nan) return std::nullopt;
  return last.forecast;
}

bool CurveForecasts::is_nan(const Observation& observation) const {
  const auto known = trials_.find(observation.trial);
  return known != trials_.end() && known->second.made.back().seq == observation.seq &&
         known->second.made.back().is_nan;
}

std::optional<CurveForecasts::End> CurveForecasts::best_end(std::size_t k) const {
  if (ends_.empty()) return std::nullopt;
  return ends_[std::min(k, ends_.size()) - 1];
}

}  // namespace hone
