// Runs a sampler on a problem, one trial after the other, through a study's real record.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/quality/problem.h"
#include "hone/sampler/sampler.h"

namespace hone::quality {

/// One trial of a run: what was reported (NaN: failed) and the noise-free truth of its
/// configuration.
struct Step {
  double value = 0;
  double truth = 0;
};

/// A study fed by hand: history and sampler. Not thread-safe.
class Loop {
 public:
  /// Throws Error(invalid_input) when the sampler refuses its options or the space.
  Loop(const Problem& problem, const AlgorithmSpec& sampler, std::int64_t seed,
       const WarmStart& warm_start = {}, const Budget& budget = {});

  /// Suggests one configuration; nullopt when the space is exhausted.
  std::optional<Config> suggest();
  /// Adds it as a running trial, and gives its number.
  std::int64_t begin(const Config& config, Value info, TrialOrigin origin = TrialOrigin::sampler);
  /// Ends that trial with this outcome (nullopt: the program failed), after it has run so long.
  void end(std::int64_t trial, std::optional<double> value, std::int64_t busy_us = 0);
  /// Both.
  void add(const Config& config, Value info, std::optional<double> value) {
    end(begin(config, std::move(info)), value);
  }
  const History& history() const { return history_; }
  const Value& last_info() const { return info_; }

 private:
  void commit(ChangeBody body);

  std::shared_ptr<const StudySpec> spec_;
  History history_;
  std::unique_ptr<Sampler> sampler_;
  Value info_;
  std::int64_t seq_ = 0;
  std::int64_t now_us_ = 0;
};

/// Regret of the incumbent chosen on the reported values after 1, 2, … trials; 1 while every trial
/// failed.
std::vector<double> regrets(const Problem& problem, const std::vector<Step>& steps);

}  // namespace hone::quality
