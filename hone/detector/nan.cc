// A value that is no number has no way back: every later step computes from it. Before the first
// number it may mean "nothing to measure yet" (a mean over episodes of which none has ended), so
// there it must come several times.
#include <fmt/core.h>

#include <cmath>

#include "hone/base/text.h"
#include "hone/detector/registry.h"

namespace hone {
namespace {

struct NanOptions {
  std::string action = "stop";
  int before_first = 3;
};

const OptionTable<NanOptions>& nan_options() {
  static const OptionTable<NanOptions> table =
      OptionTable<NanOptions>("nan", "An objective became NaN or infinite")
          .text("action", &NanOptions::action, detector_action_words(), kActionHelp)
          .integer("before_first", &NanOptions::before_first, 1, 1e9,
                   "Values in a row that are no number, where there was no number before; after "
                   "one, the first that is none counts");
  return table;
}

class Nan final : public Detector {
 public:
  Nan(std::vector<std::string> names, std::string fidelity, const NanOptions& options)
      : before_first_(options.before_first),
        names_(std::move(names)),
        fidelity_(std::move(fidelity)),
        states_(names_.size()) {}

  std::optional<Finding> read(const Reading& reading, std::span<const CurvePoint>) override {
    const auto m = static_cast<std::size_t>(reading.metric);
    if (m >= states_.size()) return std::nullopt;
    State& state = states_[m];
    if (std::isfinite(reading.value)) {
      state.seen_number = true;
      return std::nullopt;
    }
    if (++state.none < before_first_ && !state.seen_number) return std::nullopt;
    return Finding{fmt::format("{} became {} at {} {}", names_[m], format_number(reading.value),
                               fidelity_, format_number(reading.fidelity)),
                   FailKind::nan};
  }

 private:
  struct State {
    bool seen_number = false;
    int none = 0;
  };
  int before_first_;
  std::vector<std::string> names_;
  std::string fidelity_;
  std::vector<State> states_;
};

}  // namespace

DetectorPlan plan_nan(const StudySpec& spec, const Value& options,
                      std::vector<OptionProblem>& problems) {
  const NanOptions parsed = nan_options().parse(options, problems);
  std::vector<std::string> names;
  for (int m = 0; m < spec.objective_count(); ++m)
    names.push_back(spec.metrics[static_cast<std::size_t>(m)].name);
  return {"nan", detector_action(parsed.action),
          [names, fidelity = CurveFacts(spec).fidelity, parsed](std::optional<double>) {
            return std::make_unique<Nan>(names, fidelity, parsed);
          }};
}

AlgorithmHelp nan_help() { return nan_options().help(); }

}  // namespace hone
