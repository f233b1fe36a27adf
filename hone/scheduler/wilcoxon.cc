// For trials whose reports are values on the same list of instances (folds, seeds, problems): a
// one-sided Wilcoxon signed-rank test against the best completed trial, paired by fidelity. A trial
// that is on average better is never stopped. As Optuna's WilcoxonPruner, but with the exact law up
// to 25 pairs. Zero differences count half for either side.
#include <fmt/core.h>

#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "hone/base/text.h"
#include "hone/math/stats.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct WilcoxonOptions {
  double p = 0.1;
  int startup_steps = 2;
};

const OptionTable<WilcoxonOptions>& wilcoxon_options() {
  static const OptionTable<WilcoxonOptions> table =
      OptionTable<WilcoxonOptions>("wilcoxon",
                                   "Tests trials that report one value a fold, seed or instance "
                                   "against the best, pair by pair")
          .number("p", &WilcoxonOptions::p, 0, 1,
                  "Stops where a trial as good as the best looked so bad with less than this "
                  "probability")
          .integer("startup_steps", &WilcoxonOptions::startup_steps, 1, 1e6,
                   "Pairs that are compared at the least");
  return table;
}

class Wilcoxon final : public StoppingRule {
 public:
  explicit Wilcoxon(WilcoxonOptions options) : options_(options) {}

  void observe(const Change& change, const std::optional<Observation>&,
               const History& history) override {
    if (std::holds_alternative<Reported>(change.body)) return;
    const auto number = trial_of(change.body);
    if (!number) return;
    const auto known = loss_of_.find(*number);
    if (known != loss_of_.end()) {
      ranked_.erase({known->second, *number});
      loss_of_.erase(known);
    }
    const Trial& trial = history.trial(*number);
    const auto value = trial.value();
    if (trial.state != TrialState::complete || !value || std::isnan(*value)) return;
    if (!history.satisfies_guards(trial)) return;
    const double loss = to_loss(history.spec().objective().goal, *value);
    ranked_.emplace(loss, *number);
    loss_of_.emplace(*number, loss);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    if (ranked_.empty()) return {};
    const Trial& best = history.trial(ranked_.begin()->second);
    const Trial& trial = history.trial(observation.trial);
    const Goal goal = history.spec().objective().goal;
    std::vector<double> worse_by;
    double sum = 0;
    std::map<double, double> of_best;  // by fidelity
    for (const CurvePoint& point : best.curve) of_best.emplace(point.fidelity, point.value);
    for (const CurvePoint& point : trial.curve) {
      const auto other = of_best.find(point.fidelity);
      if (other == of_best.end()) continue;
      const double difference =
          goal == Goal::minimize ? point.value - other->second : other->second - point.value;
      if (std::isnan(difference)) continue;
      worse_by.push_back(difference);
      sum += difference;
    }
    if (static_cast<int>(worse_by.size()) < std::max(options_.startup_steps, 1)) return {};
    if (!(sum > 0)) return {};
    const double p = signed_rank_p_value(worse_by);
    if (!(p < options_.p)) return {};
    return {Verdict::stop, fmt::format("{}: worse than trial {} in {} pairs (p = {})",
                                       place_text(history.spec(), observation.fidelity),
                                       best.number(), worse_by.size(), format_number(p, 2))};
  }

  std::string describe() const override {
    return fmt::format("wilcoxon: stops what is worse than the best pair by pair, p below {}",
                       format_number(options_.p));
  }

 private:
  WilcoxonOptions options_;
  std::set<std::pair<double, std::int64_t>> ranked_;  // complete trials: loss, number
  std::unordered_map<std::int64_t, double> loss_of_;  // looked up only
};

}  // namespace

std::unique_ptr<Scheduler> make_wilcoxon(const StudySpec& spec,
                                         std::vector<OptionProblem>& problems) {
  return std::make_unique<Wilcoxon>(wilcoxon_options().parse(spec.scheduler.options, problems));
}

AlgorithmHelp wilcoxon_help() { return wilcoxon_options().help(); }

}  // namespace hone
