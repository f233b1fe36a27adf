// A study without processes, store or leader: the caller asks for configurations, evaluates them
// itself and tells the values. The record is kept in memory, in the same changes that a store would
// hold, so a sampler sees the same history either way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/clock.h"
#include "hone/sampler/sampler.h"
#include "hone/study/history.h"

namespace hone {

/// A configuration to evaluate. `number` names its trial.
struct Asked {
  std::int64_t number = -1;
  Config config;
};

/// The best trial so far with its value of the only objective.
struct BestTrial {
  std::int64_t number = -1;
  Config config;
  double value = 0;
};

/// A trial of the front, with its values of the objectives in the order of the spec.
struct FrontTrial {
  std::int64_t number = -1;
  Config config;
  std::vector<double> values;
};

/// Not thread-safe. Any number of trials may be out at a time, and they may be told in any order.
/// The same spec and seed, asked and told in the same order, give the same configurations.
class AskTell {
 public:
  /// Uses the spec's space, metrics, sampler, seed, `run_default_first` and budget. Throws
  /// Error(invalid_input) when the sampler is unknown, its options are wrong, it cannot search the
  /// space, or no objective is declared.
  /// `clock`: read only where the budget has a limit of time (`time`, `cpu`, `gpu`, or `cost` by an
  /// hour's price); null: this machine's. It must outlive the study.
  explicit AskTell(StudySpec spec, const Clock* clock = nullptr);

  /// The next trial; nullopt when none is left, and then `why_done` says so: a limit of the budget
  /// is used up, or a finite space is covered. A trial's time is that between `ask` and `tell`, its
  /// cost what it was told for the metric of that role, its fidelity where it was told to have
  /// ended. Trials that are out when a limit is reached are the caller's to end.
  std::optional<Asked> ask();
  const std::string& why_done() const { return why_done_; }
  /// A trial that somebody else chose begins; its number. Values outside of the space are kept;
  /// parameters may be missing.
  std::int64_t add(Config config);

  /// Ends a trial with the value of the only declared metric. A NaN fails it, as a program's would.
  void tell(std::int64_t number, double value);
  /// The same with a value for every declared metric, in the order of the spec. Both throw
  /// Error(invalid_input) when the count is wrong, Error(not_found) for an unknown trial and
  /// Error(conflict) for one that has ended.
  /// `fidelity`: where on its curve the values are; its end unless said otherwise.
  void tell(std::int64_t number, std::span<const double> values,
            std::optional<double> fidelity = std::nullopt);
  /// Ends a trial before its end, with the first objective's value there. Throws as `tell`.
  void tell_stopped(std::int64_t number, double value, double fidelity);
  /// Ends a trial without a value. What the sampler learns from it depends on `kind` (not
  /// FailKind::none). Throws as `tell`.
  void tell_failed(std::int64_t number, FailKind kind, const std::string& detail = "");

  /// nullopt before the first value. Throws Error(conflict) where the spec has several objectives.
  std::optional<BestTrial> best() const;
  /// The trials that no other is better than in one objective without being worse in another, in
  /// the order in which they were asked for. With one objective: the best. Empty before the first
  /// value.
  std::vector<FrontTrial> front() const;
  const History& history() const { return history_; }

 private:
  struct Out;
  Out out(std::int64_t number) const;
  void commit(ChangeBody body);
  std::int64_t now_us() const;
  /// Since the trial was asked for; 0 where nothing counts it.
  std::int64_t busy_us(const Out& trial) const;
  void begin(std::shared_ptr<Proposal> proposal);
  void report(const Out& trial, int metric, double value, double fidelity);
  void end(const Out& trial, RunEnd end, TrialMoved moved);

  std::shared_ptr<const StudySpec> spec_;
  std::unique_ptr<Sampler> sampler_;
  History history_;
  const Clock* clock_;  // null: a change's number stands for its instant
  std::int64_t seq_ = 0;
  std::string why_done_;
};

}  // namespace hone
