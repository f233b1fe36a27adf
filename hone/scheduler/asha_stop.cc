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
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

class AshaStop final : public StoppingRule {
 public:
  AshaStop(Brackets brackets, const StudySpec& spec, const std::string& name)
      : brackets_(std::move(brackets)),
        description_(fmt::format("{}: {}", name, brackets_.text(spec.fidelity->name))) {}

  void observe(const Change& change, const std::optional<Observation>& observation,
               const History& history) override {
    brackets_.observe(change);
    if (!observation) return;
    brackets_.record(*observation, history.trial(observation->trial),
                     rung_loss(history.spec(), observation->value));
  }

  Decision judge(const Observation& observation, const History& history) const override {
    const int bracket = brackets_.of(history.trial(observation.trial));
    const Rungs& rungs = brackets_.rungs(bracket);
    // A report may pass several rungs at once: all of them must let the trial go on.
    for (int k = rungs.highest(observation.trial); k >= 0; --k) {
      const RungEntry* entry = rungs.rung(k).find(observation.trial);
      if (entry == nullptr || entry->seq != observation.seq) break;
      const std::string where = brackets_.rung_text(bracket, k);
      if (std::isnan(entry->loss))
        return {Verdict::stop, fmt::format("{}: the value is NaN", where)};
      const std::int64_t rank = rungs.rung(k).rank(entry->loss);
      const std::int64_t keeps = rungs.keeps(k);
      if (rank > keeps) {
        return {Verdict::stop, fmt::format("{}: rank {} of {}, keeps {}", where, rank,
                                           rungs.rung(k).size(), keeps)};
      }
    }
    return {};
  }

  Launch next(const LaunchContext& context) const override {
    Launch launch = StoppingRule::next(context);
    if (auto* fresh = std::get_if<LaunchNew>(&launch)) fresh->bracket = brackets_.next();
    return launch;
  }

  std::string describe() const override { return description_; }

 private:
  Brackets brackets_;
  std::string description_;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha_stop(Brackets brackets, const StudySpec& spec,
                                          const std::string& name) {
  return std::make_unique<AshaStop>(std::move(brackets), spec, name);
}

}  // namespace hone
