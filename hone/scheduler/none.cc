// Every trial runs to full fidelity; nothing is stopped early.
#include "hone/scheduler/registry.h"
#include "hone/scheduler/stopping.h"

namespace hone {
namespace {

struct NoneOptions {};

const OptionTable<NoneOptions>& none_options() {
  static const OptionTable<NoneOptions> table("none", "Runs every trial to its end");
  return table;
}

class None final : public StoppingRule {
 public:
  Decision judge(const Observation&, const History&) const override { return {}; }
  std::string describe() const override { return "none: every trial runs to its end"; }
};

}  // namespace

std::unique_ptr<Scheduler> make_none(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  none_options().parse(spec.scheduler.options, problems);
  return std::make_unique<None>();
}

AlgorithmHelp none_help() { return none_options().help(); }

}  // namespace hone
