#include "hone/tuner/warm_points.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/sampler/observations.h"
#include "hone/sampler/portfolio.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

/// So that a spec stays below some hundred kilobytes, and models of sources below some
/// milliseconds.
constexpr std::size_t kTrialsOfOne = 200;
constexpr std::size_t kTrialsOfAll = 600;
constexpr std::size_t kPointsBesideModel = 3;
constexpr std::size_t kPointsAlone = 5;

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

/// What the configuration has of the space; nullopt where it has nothing, or a value that is not
/// allowed.
std::optional<Config> shared_part(const SearchSpace& space, const Config& earlier) {
  Config config;
  for (const int i : space.searched()) {
    const Parameter& parameter = space.parameter(i);
    const Value* value = earlier.get(parameter.name);
    if (value == nullptr) continue;
    if (!contains(parameter.domain, *value)) return std::nullopt;
    config.set(parameter.name, *value);
  }
  if (config.size() == 0) return std::nullopt;
  return config;
}

/// The best two fifths of `count`, and the others evenly over the study's course.
void thin(std::vector<WarmTrial>& trials, std::size_t count) {
  if (trials.size() <= count) return;
  std::stable_sort(trials.begin(), trials.end(), [](const WarmTrial& a, const WarmTrial& b) {
    return a.loss.value_or(INFINITY) < b.loss.value_or(INFINITY);
  });
  const auto best = trials.begin() + static_cast<std::ptrdiff_t>(count * 2 / 5);
  std::sort(best, trials.end(),
            [](const WarmTrial& a, const WarmTrial& b) { return a.number < b.number; });
  const std::size_t kept = count * 2 / 5;
  const std::size_t others = trials.size() - kept;
  std::vector<WarmTrial> thinned(trials.begin(), best);
  for (std::size_t k = 0; k < count - kept; ++k)
    thinned.push_back(trials[kept + k * others / (count - kept)]);
  trials = std::move(thinned);
}

WarmSource read_source(const SearchSpace& space, const std::string& name, const History& history,
                       std::size_t count) {
  Observations observations;
  observations.update(history);
  WarmSource source{name, {}};
  for (std::int64_t i = 0; i < history.size(); ++i) {
    const Trial& trial = history.trial(i);
    const auto value = trial.value();
    const bool has_value = trial.state == TrialState::complete && value && std::isfinite(*value);
    if (!has_value && observations.lesson(i) != Lesson::infeasible) continue;
    auto config = shared_part(space, trial.config());
    if (!config) continue;
    WarmTrial told{*std::move(config), std::nullopt, i};
    if (has_value) told.loss = to_loss(history.spec().objective().goal, *value);
    source.trials.push_back(std::move(told));
  }
  thin(source.trials, count);
  return source;
}

}  // namespace

void fill_warm_start(Store& store, StudySpec& spec) {
  WarmStart& warm = spec.warm_start;
  warm.points.clear();
  warm.sources.clear();
  if (warm.studies.empty()) return;
  const std::size_t share = std::min(kTrialsOfOne, kTrialsOfAll / warm.studies.size() + 1);
  for (const std::string& name : warm.studies) {
    const History history = load_history(store, find(store, spec, name).id);
    WarmSource source = read_source(spec.space, name, history, share);
    if (!source.trials.empty()) warm.sources.push_back(std::move(source));
  }
  const std::string& sampler = spec.sampler.name;
  const bool learns = sampler == "auto" || sampler == "gp" || sampler == "cmaes";
  warm.points =
      choose_portfolio(spec.space, warm.sources, learns ? kPointsBesideModel : kPointsAlone);
  if (!learns) warm.sources.clear();
}

}  // namespace hone
