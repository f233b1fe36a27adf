#include "bench/detectors/recorded.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace hone::detectors {
namespace {

constexpr double kInTime = 0.1;     ///< of the run's length after the onset
constexpr double kVisible = 0.001;  ///< of the value: less is no improvement to anybody
constexpr double kProvedBy =
    0.05;  ///< of the whole gain: so much improvement proves a plateau wrong

/// The values of a metric that were evaluated. A gap in the middle of a curve was not; values that
/// are missing up to the end had diverged in TaskSet, and were not evaluated elsewhere.
Curve curve_of(const fidelity::RecordedRun& run, const fidelity::Series& series,
               bool missing_end_diverged) {
  Curve curve{series.name, series.goal, {}, {}};
  std::size_t end = series.values.size();
  while (end > 0 && !std::isfinite(series.values[end - 1])) --end;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (!std::isfinite(series.values[i]) && (i < end || !missing_end_diverged)) continue;
    curve.steps.push_back(run.steps[i]);
    curve.values.push_back(series.values[i]);
  }
  return curve;
}

double loss(const Curve& curve, std::size_t i) { return to_loss(curve.goal, curve.values[i]); }

/// The lowest median of three neighbours in [from, to): a single lucky value proves nothing.
double best_level(const Curve& curve, std::size_t from, std::size_t to) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = from; i + 2 < to; ++i) {
    std::array<double, 3> three = {loss(curve, i), loss(curve, i + 1), loss(curve, i + 2)};
    std::sort(three.begin(), three.end());
    best = std::min(best, three[1]);
  }
  return best;
}

void count_warning(const Curve& curve, const Alarms& alarms, const char* name, bool good,
                   double proved_by, Tally::Warned& warned) {
  const auto it = alarms.find(name);
  if (it == alarms.end()) return;
  ++warned.all;
  if (!good) return;
  ++warned.good;
  const double before = best_level(curve, 0, it->second + 1);
  const double after = best_level(curve, it->second + 1, curve.values.size());
  if (after < before - std::max(proved_by, kVisible * std::abs(before))) ++warned.wrong;
}

}  // namespace

void Tally::add(const Tally& other) {
  for (auto [mine, theirs] :
       {std::pair(&runs, other.runs), std::pair(&good, other.good),
        std::pair(&good_stopped, other.good_stopped), std::pair(&recovered, other.recovered),
        std::pair(&healthy, other.healthy), std::pair(&healthy_stopped, other.healthy_stopped),
        std::pair(&diverged, other.diverged), std::pair(&caught, other.caught),
        std::pair(&caught_late, other.caught_late), std::pair(&plateau.good, other.plateau.good),
        std::pair(&plateau.wrong, other.plateau.wrong), std::pair(&plateau.all, other.plateau.all),
        std::pair(&overfitting.good, other.overfitting.good),
        std::pair(&overfitting.wrong, other.overfitting.wrong),
        std::pair(&overfitting.all, other.overfitting.all)})
    *mine += theirs;
  delays.insert(delays.end(), other.delays.begin(), other.delays.end());
}

Tally tally(const fidelity::CurveSet& set, const std::string& metric, const Asked& asked) {
  constexpr std::size_t kShortest = 5;
  Tally tally;
  tally.name = set.name + (metric.empty() ? "" : "." + metric);
  std::vector<Curve> curves;
  for (const fidelity::RecordedRun& run : set.runs) {
    const fidelity::Series* series = metric.empty() ? &run.objective() : run.metric(metric);
    if (series == nullptr) continue;
    Curve curve = curve_of(run, *series, set.family == "taskset");
    if (curve.values.size() >= kShortest) curves.push_back(std::move(curve));
  }
  tally.runs = curves.size();
  // The better half by the final value; what ends in no number is worst.
  std::vector<std::size_t> order(curves.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto final_loss = [&](std::size_t i) {
    return loss(curves[i], curves[i].values.size() - 1);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return final_loss(a) < final_loss(b); });
  std::vector<bool> is_good(curves.size(), false);
  for (std::size_t k = 0; k < order.size() / 2; ++k) is_good[order[k]] = true;
  std::vector<double> gains;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    if (is_good[i]) gains.push_back(loss(curves[i], 0) - final_loss(i));
  }
  std::sort(gains.begin(), gains.end());
  const double proved_by = gains.empty() ? 0 : kProvedBy * std::max(0.0, gains[gains.size() / 2]);

  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Curve& curve = curves[i];
    const bool good = is_good[i] && std::isfinite(curve.values.back());
    const auto onset = onset_of_divergence(curve);
    const Alarms alarms = watch(curve, asked.known_end, asked.settings);
    const auto stop = stopped_at(alarms);
    if (good) {
      ++tally.good;
      if (stop) {
        ++tally.good_stopped;
        tally.false_alarms.push_back(
            fmt::format("{} run {} at point {} of {}", tally.name, i, *stop, curve.values.size()));
      }
    }
    count_warning(curve, alarms, "plateau", good, proved_by, tally.plateau);
    count_warning(curve, alarms, "overfitting", good, proved_by, tally.overfitting);
    if (!onset) {
      ++tally.healthy;
      if (stop) ++tally.healthy_stopped;
      const bool beyond = curve.goal == Goal::minimize && curve.values.front() > 0 &&
                          std::any_of(curve.values.begin(), curve.values.end(),
                                      [&](double x) { return x > 2 * curve.values.front(); });
      if (beyond) ++tally.recovered;
      continue;
    }
    ++tally.diverged;
    if (!stop) continue;
    const double delay = *stop <= *onset ? 0.0
                                         : static_cast<double>(*stop - *onset) /
                                               static_cast<double>(curve.values.size());
    tally.delays.push_back(delay);
    ++(delay <= kInTime ? tally.caught : tally.caught_late);
  }
  return tally;
}

std::string tally_header() {
  return fmt::format(
      "{:<28} {:>5} {:>5} | {:>7} {:<21} | {:>5} {:>7} | {:>5} {:<21} {:>5} {:>5} {:>6} {:>6} | "
      "{:>15} | "
      "{:>15}",
      "curves", "runs", "good", "stopped", "% of the good", "spike", "stopped", "div.",
      "% caught in time", "late", "never", "delay", "90 %", "plateau", "overfitting");
}

std::string tally_row(const Tally& t) {
  std::vector<double> delays = t.delays;
  std::sort(delays.begin(), delays.end());
  const auto at = [&](double share) {
    if (delays.empty()) return std::string("-");
    const auto i = static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1));
    return fmt::format("{:.1f} %", 100 * delays[i]);
  };
  const auto warned = [](const Tally::Warned& w) {
    return fmt::format("{}/{}/{}", w.wrong, w.good, w.all);
  };
  return fmt::format(
      "{:<28} {:>5} {:>5} | {:>7} {:<21} | {:>5} {:>7} | {:>5} {:<21} {:>5} {:>5} {:>6} {:>6} | "
      "{:>15} | "
      "{:>15}",
      t.name, t.runs, t.good, t.good_stopped, share_text(t.good_stopped, t.good), t.recovered,
      t.healthy_stopped, t.diverged, share_text(t.caught, t.diverged), t.caught_late,
      t.diverged - t.caught - t.caught_late, at(0.5), at(0.9), warned(t.plateau),
      warned(t.overfitting));
}

}  // namespace hone::detectors
