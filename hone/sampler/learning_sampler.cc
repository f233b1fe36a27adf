#include "hone/sampler/learning_sampler.h"

#include <algorithm>

namespace hone {

SuggestResult LearningSampler::suggest(const SuggestContext& context, int count) {
  const History& history = context.history;
  if (spec_ != history.spec_ptr()) {
    spec_ = history.spec_ptr();
    prepare();
  }
  observations_.update(history);
  fidelity_target_ = context.fidelity_target;
  look(history);
  return suggest_in_turn(context, count, batch_,
                         [&](std::int64_t number, const Chosen& chosen, Suggestion& suggestion) {
                           return propose(history, number, chosen, suggestion);
                         });
}

void LearningSampler::begin(StartDesign design, const char* name, const StartTrials& trials) {
  start_.emplace(space(), design, true, Rng(static_cast<std::uint64_t>(spec_->seed)).split(name));
  start_trials_ = trials.given > 0
                      ? trials.given
                      : std::clamp(space().dimension() + trials.more, trials.least, trials.most);
}

std::vector<double> LearningSampler::pending_rows(const History& history) const {
  std::vector<double> rows;
  for (const std::int64_t trial : observations_.pending()) {
    const auto row = history.encoded(trial);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  for (const auto& row : batch_) rows.insert(rows.end(), row.begin(), row.end());
  return rows;
}

std::optional<Exhausted> LearningSampler::take_start(std::int64_t number, const Chosen& chosen,
                                                     Rng& rng, bool middle, bool repeat,
                                                     Suggestion& suggestion) const {
  suggestion.info.set("rule", "start");
  int attempt = 0;
  const auto draw = [&]() -> std::optional<Config> {
    if (middle && attempt == 0 && number == 0) {
      ++attempt;
      Config config = space().default_config();
      if (space().is_feasible(config)) return config;
    }
    return start_->config(number, attempt++, rng);
  };
  return take_draw(space(), chosen, rng, repeat, draw, suggestion);
}

std::optional<Exhausted> LearningSampler::take_found(std::span<const AcquisitionCandidate> found,
                                                     const Chosen& chosen, Rng& rng,
                                                     Suggestion& suggestion) const {
  std::size_t next = 0;
  const auto draw = [&]() -> std::optional<Config> {
    if (next < found.size()) return space().decode(found[next++].row);
    return space().sample(rng);
  };
  return take_draw(space(), chosen, rng, false, draw, suggestion);
}

std::optional<std::vector<double>> LearningSampler::spread_point(std::int64_t number, int i) const {
  return start_->row((static_cast<std::uint64_t>(number + 1) << 12) +
                     static_cast<std::uint64_t>(i));
}

}  // namespace hone
