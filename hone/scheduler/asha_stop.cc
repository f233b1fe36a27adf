// The stopping variant of asynchronous successive halving (Li et al. 2020, section 3.2; syne-tune's
// "stopping"): a trial that reaches a rung records its value and goes on only if it is among the
// best ⌊n/η⌋ of the n values recorded there, its own included.
//
// While n < η that share is empty. Published rules differ: Syne Tune lets everybody pass until η
// values are there, Ray compares with the earlier values only (the first passes), Optuna keeps the
// best one. The last is taken here, "⌊n/η⌋ but at least one": it is the same rule for n = 1 … 2η −
// 1, it never stops the best trial seen so far, and with few trials in all (a fine-tuning study has
// twenty) a free pass for the first η − 1 would cost as much as all that early stopping saves. Ties
// keep: a trial equal to one that goes on goes on. NaN never goes on.
#include <fmt/core.h>

#include <cmath>

#include "hone/scheduler/asha.h"

namespace hone {
namespace {

class AshaStop final : public Scheduler {
 public:
  AshaStop(Rungs rungs, const StudySpec& spec)
      : rungs_(std::move(rungs)), description_(describe_rungs("asha", rungs_, spec)) {}

  void observe(const Change&, const std::optional<Observation>& observation,
               const History& history) override {
    if (observation) rungs_.record(*observation, rung_loss(history.spec(), observation->value));
  }

  Decision judge(const Observation& observation, const History&) const override {
    // A report may pass several rungs at once: all of them must let the trial go on.
    for (int k = rungs_.highest(observation.trial); k >= 0; --k) {
      const RungEntry* entry = rungs_.rung(k).find(observation.trial);
      if (entry == nullptr || entry->seq != observation.seq) break;
      if (std::isnan(entry->loss))
        return {Verdict::stop, fmt::format("rung {}: the value is NaN", k)};
      const std::int64_t rank = rungs_.rung(k).rank(entry->loss);
      const std::int64_t keeps = rungs_.keeps(k);
      if (rank > keeps) {
        return {Verdict::stop, fmt::format("rung {}: rank {} of {}, keeps {}", k, rank,
                                           rungs_.rung(k).size(), keeps)};
      }
    }
    return {};
  }

  Launch next(const LaunchContext& context) const override {
    if (!context.may_add) return Done{"every trial of the budget was started"};
    const auto& fidelity = context.history.spec().fidelity;
    return LaunchNew{0, fidelity ? fidelity->max : std::nullopt};
  }

  std::string describe() const override { return description_; }

 private:
  Rungs rungs_;
  std::string description_;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha_stop(Rungs rungs, const StudySpec& spec) {
  return std::make_unique<AshaStop>(std::move(rungs), spec);
}

}  // namespace hone
