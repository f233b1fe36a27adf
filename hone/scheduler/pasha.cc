// Progressive asynchronous halving: the options. The rule is in asha_promote.cc and
// progressive_cap.h.
#include "hone/scheduler/asha.h"
#include "hone/scheduler/registry.h"

namespace hone {
namespace {

struct PashaOptions {
  double eta = 3;
  std::optional<double> min;
};

const OptionTable<PashaOptions>& pasha_options() {
  static const OptionTable<PashaOptions> table =
      OptionTable<PashaOptions>("pasha",
                                "Halving that gives more fidelity only while the ranking of "
                                "trials is in doubt; pauses and promotes")
          .number("eta", &PashaOptions::eta, 1.1, 1000,
                  "One in eta goes on past a rung; rungs are a factor eta apart")
          .number("min", &PashaOptions::min, 1e-300, 1e300,
                  "Fidelity of the first rung; default: fidelity.min");
  return table;
}

}  // namespace

std::unique_ptr<Scheduler> make_pasha(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const PashaOptions options = pasha_options().parse(spec.scheduler.options, problems);
  const auto first = first_rung("pasha", options.min, spec, problems);
  check_promotion("type", spec, problems);
  if (problems.size() != before) return nullptr;
  return make_asha_progressive(Brackets(*first, options.eta, spec.fidelity->max, 1), spec);
}

AlgorithmHelp pasha_help() { return pasha_options().help(); }

}  // namespace hone
