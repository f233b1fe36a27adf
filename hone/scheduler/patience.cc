// Stops a trial that has not got better for a number of reports: what training loops call early
// stopping. Compares a trial with nothing but itself.
#include <fmt/core.h>

#include <cmath>

#include "hone/base/text.h"
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct PatienceOptions {
  int patience = 10;
  double min_delta = 0;
  double warmup = 0;
};

const OptionTable<PatienceOptions>& patience_options() {
  static const OptionTable<PatienceOptions> table =
      OptionTable<PatienceOptions>("patience", "Stops trials that have not got better for a while")
          .integer("patience", &PatienceOptions::patience, 1, 1e9,
                   "Reports without a new best after which a trial is stopped")
          .number("min_delta", &PatienceOptions::min_delta, 0, 1e300,
                  "A new best counts if it is better by more than this")
          .number("warmup", &PatienceOptions::warmup, 0, 1e300,
                  "Fidelity below which no trial is judged");
  return table;
}

class Patience final : public StoppingRule {
 public:
  explicit Patience(PatienceOptions options) : options_(options), best_(options.min_delta) {}

  void observe(const Change&, const std::optional<Observation>& observation,
               const History& history) override {
    best_.observe(observation, history);
  }

  Decision judge(const Observation& observation, const History& history) const override {
    if (observation.fidelity < options_.warmup) return {};
    const auto& entry = best_.of(observation.trial);
    if (entry.since < static_cast<std::size_t>(options_.patience)) return {};
    const StudySpec& spec = history.spec();
    const std::string where = place_text(spec, observation.fidelity);
    if (std::isinf(entry.loss) && entry.loss > 0)
      return {Verdict::stop, fmt::format("{}: no value but NaN", where)};
    const double sign = spec.objective().goal == Goal::minimize ? 1 : -1;
    return {Verdict::stop, fmt::format("{}: nothing better than {} for {} reports", where,
                                       format_number(sign * entry.loss), entry.since)};
  }

  std::string describe() const override {
    return fmt::format("patience: stops after {} reports without a new best", options_.patience);
  }

 private:
  PatienceOptions options_;
  BestSoFar best_;
};

}  // namespace

std::unique_ptr<Scheduler> make_patience(const StudySpec& spec,
                                         std::vector<OptionProblem>& problems) {
  return std::make_unique<Patience>(patience_options().parse(spec.scheduler.options, problems));
}

AlgorithmHelp patience_help() { return patience_options().help(); }

}  // namespace hone
