#include "hone/tuner/warm_points.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

constexpr std::size_t kPoints = 5;
/// Points nearer to each other than this, in the mean over the parameters, say the same.
constexpr double kApart = 0.05;

StudyInfo find(Store& store, const StudySpec& spec, const std::string& name) {
  if (const auto study = store.find_study(spec.project, name)) return *study;
  std::vector<std::string> names;
  for (const StudyInfo& study : store.list_studies()) {
    if (study.project == spec.project) names.push_back(study.name);
  }
  const auto near = nearest_name(name, names);
  throw Error(ErrorCode::not_found, fmt::format("warm_start: the store has no study '{}'", name),
              near ? fmt::format("did you mean '{}'?", *near)
              : names.empty()
                  ? "it has no study yet; warm_start names earlier studies of the same store"
                  : fmt::format("studies: {}", join(names, ", ")));
}

/// The trials with a value, best first.
std::vector<std::int64_t> ranked(const History& history) {
  std::vector<std::pair<double, std::int64_t>> order;
  for (std::int64_t i = 0; i < history.size(); ++i) {
    const Trial& trial = history.trial(i);
    const auto value = trial.value();
    if (trial.state != TrialState::complete || !value || std::isnan(*value)) continue;
    order.emplace_back(to_loss(history.spec().objective().goal, *value), i);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> trials;
  for (const auto& [loss, trial] : order) trials.push_back(trial);
  return trials;
}

/// The configuration in the new space, or nullopt where it has no place there.
std::optional<Config> translate(const SearchSpace& space, const Config& earlier) {
  Config config;
  const Config usual = space.default_config();
  for (const int i : space.searched()) {
    const std::string& name = space.parameter(i).name;
    const Value* value = earlier.get(name);
    if (value == nullptr) value = usual.get(name);
    if (value != nullptr) config.set(name, *value);
  }
  config = space.complete(std::move(config));
  if (!space.is_feasible(config)) return std::nullopt;
  return config;
}

double distance(const SearchSpace& space, const Config& a, const Config& b) {
  const auto d = static_cast<std::size_t>(space.dimension());
  std::vector<double> x(d);
  std::vector<double> y(d);
  space.encode(a, x);
  space.encode(b, y);
  double sum = 0;
  for (std::size_t j = 0; j < d; ++j) {
    if (std::isnan(x[j]) != std::isnan(y[j])) sum += 1;
    if (!std::isnan(x[j]) && !std::isnan(y[j])) sum += std::abs(x[j] - y[j]);
  }
  return d == 0 ? 0 : sum / static_cast<double>(d);
}

}  // namespace

std::vector<WarmPoint> find_warm_points(Store& store, const StudySpec& spec) {
  struct Source {
    std::string name;
    History history;
    std::vector<std::int64_t> trials;
    std::size_t next = 0;
  };
  std::vector<Source> sources;
  for (const std::string& name : spec.warm_start.studies) {
    History history = load_history(store, find(store, spec, name).id);
    std::vector<std::int64_t> trials = ranked(history);
    sources.push_back({name, std::move(history), std::move(trials), 0});
  }
  std::vector<WarmPoint> points;
  const auto take_one = [&](Source& source) {
    while (source.next < source.trials.size()) {
      const std::int64_t number = source.trials[source.next++];
      const auto config = translate(spec.space, source.history.trial(number).proposal->config);
      if (!config) continue;
      const bool is_new = std::all_of(points.begin(), points.end(), [&](const WarmPoint& point) {
        return distance(spec.space, point.config, *config) > kApart;
      });
      if (!is_new) continue;
      points.push_back({*config, fmt::format("{}, trial {}", source.name, number)});
      return true;
    }
    return false;
  };
  for (bool any = true; any && points.size() < kPoints;) {
    any = false;
    for (Source& source : sources) {
      if (points.size() < kPoints && take_one(source)) any = true;
    }
  }
  return points;
}

}  // namespace hone
