// What the samplers share that propose one trial after the other from what the trials so far teach:
// the observations, the start design, and draws that are new.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hone/sampler/acquisition_search.h"
#include "hone/sampler/observations.h"
#include "hone/sampler/sampler.h"
#include "hone/sampler/start.h"
#include "hone/sampler/unseen.h"

namespace hone {

/// Not thread-safe.
class LearningSampler : public Sampler {
 public:
  SuggestResult suggest(const SuggestContext& context, int count) final;

 protected:
  /// How many trials the start design has: `given` by the user, else (0) `more` than parameters,
  /// within `least` and `most`.
  struct StartTrials {
    int given = 0;
    int more = 0, least = 1, most = 1;
  };

  /// Makes what depends on the spec alone; called when that is a new one. Calls `begin`.
  virtual void prepare() = 0;
  /// Called before the first proposal of a batch.
  virtual void look(const History& /*history*/) {}
  /// Fills the suggestion for the trial `number`; Exhausted where there is none.
  virtual std::optional<Exhausted> propose(const History& history, std::int64_t number,
                                           const Chosen& chosen, Suggestion& suggestion) = 0;

  /// Sets the start design up. `name` splits its generator from those of others.
  void begin(StartDesign design, const char* name, const StartTrials& trials);
  const StudySpec& spec() const { return *spec_; }
  const SearchSpace& space() const { return spec_->space; }
  /// How far the scheduler will run what is being proposed; none: to the end.
  const std::optional<double>& fidelity_target() const { return fidelity_target_; }
  /// Encoded rows of the suggestions before in this batch.
  const std::vector<std::vector<double>>& batch() const { return batch_; }
  /// Rows of trials without a value: queued, running, and those before in this batch; one after the
  /// other.
  std::vector<double> pending_rows(const History& history) const;

  /// A point of the start design; with `middle` the first trial is the defaults, else the middle of
  /// the space.
  std::optional<Exhausted> take_start(std::int64_t number, const Chosen& chosen, Rng& rng,
                                      bool middle, bool repeat, Suggestion& suggestion) const;
  /// The first of what a search found that is new; behind them draws from the space's law.
  std::optional<Exhausted> take_found(std::span<const AcquisitionCandidate> found,
                                      const Chosen& chosen, Rng& rng, Suggestion& suggestion) const;
  /// Points over the space for the search of the trial `number`, apart from those that trials have.
  std::optional<std::vector<double>> spread_point(std::int64_t number, int i) const;

  Observations observations_;
  std::optional<Start> start_;
  std::int64_t start_trials_ = 10;

 private:
  std::shared_ptr<const StudySpec> spec_;
  std::optional<double> fidelity_target_;
  std::vector<std::vector<double>> batch_;
};

}  // namespace hone
