#include "hone/analysis/study_views.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "hone/space/encoding.h"

namespace hone {
namespace {

constexpr double kSecond_us = 1e6;

/// Searched parameters as columns of encoded rows, in the order of the study file.
std::vector<std::size_t> columns_in_file_order(const SearchSpace& space) {
  std::vector<std::size_t> columns(static_cast<std::size_t>(space.dimension()));
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  std::stable_sort(columns.begin(), columns.end(), [&](std::size_t a, std::size_t b) {
    return space.searched()[a] < space.searched()[b];
  });
  return columns;
}

/// The value of a complete trial that keeps the guards, else nullopt.
std::optional<double> usable_value(const History& history, const Trial& trial, int metric) {
  if (trial.state != TrialState::complete || !history.satisfies_guards(trial)) return std::nullopt;
  const auto value = trial.value_of(metric);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

double step_for(double range, std::size_t most) {
  const double rough = range / static_cast<double>(most);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

/// Round values from `low` to `high`, both finite; one where nothing lies between them.
std::vector<double> round_values(double low, double high, bool logarithmic, std::size_t most) {
  constexpr double kAlike = 1e-12;  // of the larger one: doubles hold few values in between
  std::vector<double> values;
  if (!(high - low > kAlike * std::max(std::abs(low), std::abs(high)))) return {low};
  constexpr double kDecade = 10;
  if (logarithmic && high / low > kDecade * kDecade) {
    const double first = std::ceil(std::log10(low) - 1e-9);
    const double last = std::floor(std::log10(high) + 1e-9);
    const double step = std::ceil((last - first + 1) / static_cast<double>(most));
    for (double e = first; e <= last; e += step) values.push_back(std::pow(10.0, e));
    return values;
  }
  if (logarithmic) {
    for (double decade = std::pow(10.0, std::floor(std::log10(low))); decade <= high;
         decade *= kDecade) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double v = factor * decade;
        if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)) values.push_back(v);
      }
    }
    while (values.size() > most) {  // every second one
      std::vector<double> fewer;
      for (std::size_t i = 0; i < values.size(); i += 2) fewer.push_back(values[i]);
      values = std::move(fewer);
    }
    if (values.size() >= 2) return values;
    values.clear();
  }
  const double step = step_for(high - low, most);
  const double first = std::ceil(low / step - 1e-9);
  for (std::size_t i = 0; i <= most; ++i) {
    const double value = (first + static_cast<double>(i)) * step + 0.0;
    if (value > high + 1e-9 * step) break;
    values.push_back(value);
  }
  return values;
}

}  // namespace

Progress find_progress(const History& history, int metric) {
  std::vector<const Trial*> ended;
  for (const Trial& trial : history.trials()) {
    if (usable_value(history, trial, metric)) ended.push_back(&trial);
  }
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Trial* a, const Trial* b) { return a->ended_us < b->ended_us; });
  const Goal goal = history.spec().metrics[static_cast<std::size_t>(metric)].goal;
  Progress progress;
  double busy_s = 0;
  for (const Trial* trial : ended) {
    busy_s += static_cast<double>(trial->busy_us) / kSecond_us;
    const auto elapsed = static_cast<double>(trial->ended_us - history.created_us()) / kSecond_us;
    const ProgressPoint point{trial->number(), static_cast<std::int64_t>(progress.trials.size()),
                              std::max(0.0, elapsed), busy_s, *trial->value_of(metric)};
    progress.trials.push_back(point);
    if (progress.bests.empty() || is_better(goal, point.value, progress.bests.back().value))
      progress.bests.push_back(point);
  }
  return progress;
}

std::vector<Slice> find_slices(const History& history, int metric) {
  const SearchSpace& space = history.spec().space;
  std::vector<Slice> slices;
  for (const std::size_t j : columns_in_file_order(space)) {
    Slice slice;
    slice.parameter = space.parameter(space.searched()[j]).name;
    for (const Trial& trial : history.trials()) {
      const bool complete = usable_value(history, trial, metric).has_value();
      const bool stopped = trial.state == TrialState::stopped && history.satisfies_guards(trial);
      const auto value = trial.value_of(metric);
      const Value* setting = trial.config().get(slice.parameter);
      const double at = history.encoded(trial.number())[j];
      if (!(complete || stopped) || !value || !std::isfinite(*value)) continue;
      if (setting == nullptr || std::isnan(at)) continue;
      slice.points.push_back({trial.number(), *setting, at, *value, complete});
    }
    slices.push_back(std::move(slice));
  }
  return slices;
}

Parallel find_parallel(const History& history, int metric) {
  const SearchSpace& space = history.spec().space;
  const Goal goal = history.spec().metrics[static_cast<std::size_t>(metric)].goal;
  const auto columns = columns_in_file_order(space);
  Parallel parallel;
  for (const std::size_t j : columns)
    parallel.axes.push_back(space.parameter(space.searched()[j]).name);
  for (const Trial& trial : history.trials()) {
    const auto value = usable_value(history, trial, metric);
    if (!value) continue;
    ParallelRow row;
    row.trial = trial.number();
    row.metric = *value;
    const auto encoded = history.encoded(trial.number());
    for (std::size_t a = 0; a < columns.size(); ++a) {
      const Value* setting = trial.config().get(parallel.axes[a]);
      row.at.push_back(encoded[columns[a]]);
      row.values.push_back(setting != nullptr ? *setting : Value());
    }
    parallel.rows.push_back(std::move(row));
  }
  std::vector<double> losses;
  for (const ParallelRow& row : parallel.rows) losses.push_back(to_loss(goal, row.metric));
  std::sort(losses.begin(), losses.end());
  for (ParallelRow& row : parallel.rows) {
    const auto [low, high] =
        std::equal_range(losses.begin(), losses.end(), to_loss(goal, row.metric));
    const auto middle =
        static_cast<double>((low - losses.begin()) + (high - losses.begin()) - 1) / 2;
    row.rank = losses.size() > 1 ? middle / static_cast<double>(losses.size() - 1) : 0;
  }
  return parallel;
}

std::vector<AxisMark> axis_marks(const Domain& domain, std::size_t most) {
  std::vector<AxisMark> marks;
  const int cells = cell_count(domain);
  const auto add = [&](const Value& value) {
    const auto at = encode(domain, value);
    if (at && (marks.empty() || *at > marks.back().at)) marks.push_back({*at, value});
  };
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    const std::size_t n = choice->items.size();
    const std::size_t step = (n + most - 1) / most;
    for (std::size_t i = 0; i < n; i += step) add(choice->items[i].value);
    return marks;
  }
  const auto* real = std::get_if<Real>(&domain);
  const auto* integer = std::get_if<Integer>(&domain);
  const bool bounded =
      integer != nullptr || real->law == Law::uniform || real->law == Law::log_uniform;
  if (!bounded || (cells > 0 && cells <= static_cast<int>(most))) {
    const int n = bounded ? cells : static_cast<int>(most);
    for (int i = 0; i < n; ++i) add(decode(domain, (i + 0.5) / n));
    return marks;
  }
  const double low = integer != nullptr ? static_cast<double>(integer->low) : real->low;
  const double high = integer != nullptr ? static_cast<double>(integer->high) : real->high;
  const Law law = integer != nullptr ? integer->law : real->law;
  for (const double v : round_values(low, high, law == Law::log_uniform, most)) {
    if (integer != nullptr) {
      if (v == std::floor(v)) add(Value(static_cast<std::int64_t>(v)));
    } else {
      add(Value(v));
    }
  }
  if (marks.size() < 2) {
    marks.clear();
    add(decode(domain, 0));
    add(decode(domain, 1));
  }
  return marks;
}

}  // namespace hone
