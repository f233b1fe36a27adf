#include "hone/analysis/front.h"

#include <algorithm>
#include <cmath>

#include "hone/math/pareto.h"

namespace hone {
namespace {

constexpr int kMostObjectives = 4;

/// What the values of feasible trials span in each objective.
struct Box {
  std::vector<double> low, high;
  bool usable = false;
};

Box box_of(const History& history) {
  Box box;
  const int m = history.spec().objective_count();
  const auto size = static_cast<std::size_t>(m);
  box.low.assign(size, HUGE_VAL);
  box.high.assign(size, -HUGE_VAL);
  for (const Trial& trial : history.trials()) {
    const auto losses = history.losses(trial);
    if (!losses || !history.satisfies_guards(trial)) continue;
    for (std::size_t k = 0; k < size; ++k) {
      box.low[k] = std::min(box.low[k], (*losses)[k]);
      box.high[k] = std::max(box.high[k], (*losses)[k]);
    }
  }
  box.usable = m >= 2 && m <= kMostObjectives;
  for (std::size_t k = 0; k < size; ++k) {
    if (!(box.high[k] > box.low[k]) || !std::isfinite(box.high[k] - box.low[k])) box.usable = false;
  }
  return box;
}

std::vector<double> placed(const Box& box, const std::vector<double>& losses) {
  std::vector<double> point;
  for (std::size_t k = 0; k < losses.size(); ++k)
    point.push_back((losses[k] - box.low[k]) / (box.high[k] - box.low[k]));
  return point;
}

double dominated_share(const std::vector<std::vector<double>>& points) {
  std::vector<double> flat;
  for (const auto& point : points) flat.insert(flat.end(), point.begin(), point.end());
  const std::size_t m = points.front().size();
  return hypervolume({flat, static_cast<int>(m)}, std::vector<double>(m, 1.0));
}

}  // namespace

Front find_front(const History& history) {
  Front front;
  if (history.spec().objective_count() < 2) return front;
  front.trials = history.front();
  std::stable_sort(front.trials.begin(), front.trials.end(), [&](std::int64_t a, std::int64_t b) {
    return *history.losses(history.trial(a)) < *history.losses(history.trial(b));
  });
  const Box box = box_of(history);
  if (front.trials.empty() || !box.usable) return front;
  std::vector<std::vector<double>> points;
  for (const std::int64_t number : front.trials)
    points.push_back(placed(box, *history.losses(history.trial(number))));
  front.hypervolume = dominated_share(points);
  return front;
}

std::vector<HypervolumePoint> hypervolume_over_trials(const History& history, std::size_t most) {
  std::vector<HypervolumePoint> found;
  const Box box = box_of(history);
  if (!box.usable || most == 0) return found;
  std::vector<const Trial*> ended;
  for (const Trial& trial : history.trials()) {
    if (trial.state == TrialState::complete && history.losses(trial) &&
        history.satisfies_guards(trial))
      ended.push_back(&trial);
  }
  std::stable_sort(ended.begin(), ended.end(),
                   [](const Trial* a, const Trial* b) { return a->ended_us < b->ended_us; });
  // Calls `see` with each trial that joined and the front then.
  const auto replay = [&](const auto& see) {
    std::vector<std::vector<double>> front;
    for (std::size_t position = 0; position < ended.size(); ++position) {
      const auto point = placed(box, *history.losses(*ended[position]));
      const bool joins = std::none_of(front.begin(), front.end(), [&](const auto& other) {
        return other == point || dominates(other, point);
      });
      if (!joins) continue;
      std::erase_if(front, [&](const auto& other) { return dominates(point, other); });
      front.push_back(point);
      see(position, front);
    }
  };
  std::size_t joined = 0;
  replay([&](std::size_t, const auto&) { ++joined; });
  const std::size_t step = (joined + most - 1) / most;
  std::size_t left = joined;
  replay([&](std::size_t position, const auto& front) {
    if (--left % step != 0) return;
    found.push_back(
        {ended[position]->number(), static_cast<std::int64_t>(position), dominated_share(front)});
  });
  return found;
}

}  // namespace hone
