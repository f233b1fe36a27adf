// Hyperband (Li et al. 2018, arXiv 1603.06560): the options. Asynchronous brackets are those of
// asha; brackets that wait at every rung are in hyperband_rounds.cc.
#include <fmt/core.h>

#include "hone/scheduler/asha.h"
#include "hone/scheduler/registry.h"

namespace hone {
namespace {

/// Of the two that are hyperband in rounds with a sampler of their own.
struct PairedOptions {
  double eta = 3;
  std::optional<double> min;
  std::optional<double> brackets;
};

struct HyperbandOptions : PairedOptions {
  std::string mode = "auto";
};

/// The rows that all three have.
template <class T>
OptionTable<T> with_brackets(OptionTable<T> table) {
  return table
      .number("eta", &T::eta, 1.1, 1000,
              "One in eta goes on past a rung; rungs and brackets are a factor eta apart")
      .number("min", &T::min, 1e-300, 1e300,
              "Fidelity of the first rung of the first bracket; default: fidelity.min")
      .number("brackets", &T::brackets, 1, 64,
              "Default: as many as there are rungs, and one that stops nothing");
}

const OptionTable<HyperbandOptions>& hyperband_options() {
  static const OptionTable<HyperbandOptions> table = with_brackets(
      OptionTable<HyperbandOptions>("hyperband",
                                    "Successive halving in brackets that begin at different "
                                    "fidelities, a hedge against curves that cross late")
          .text("mode", &HyperbandOptions::mode, {"auto", "stop", "promote", "rounds"},
                "stop: end trials that fall behind at a rung; promote: pause every trial at a rung "
                "and go on with the best as they come; rounds: the same, when all of a bracket are "
                "there, as published; auto: promote where a checkpoint is declared, else stop"));
  return table;
}

/// Falkner et al. 2018, arXiv 1807.01774: Hyperband whose configurations come from a model. Here
/// every model-based sampler learns from all fidelities with any scheduler, so what is left of it
/// is Hyperband as published.
const OptionTable<PairedOptions>& bohb_options() {
  static const OptionTable<PairedOptions> table = with_brackets(OptionTable<PairedOptions>(
      "bohb",
      "Hyperband in rounds for a model-based method: with `method: tpe` as "
      "published; gp, forest and auto learn from partial trials too"));
  return table;
}

/// Awad et al. 2021, arXiv 2105.09821: Hyperband whose configurations come from differential
/// evolution, a population per fidelity. The rounds are here, the populations in the sampler `de`,
/// which reads from a trial's target which of them a new one joins.
const OptionTable<PairedOptions>& dehb_options() {
  static const OptionTable<PairedOptions> table = with_brackets(OptionTable<PairedOptions>(
      "dehb", "Hyperband in rounds for `method: de`, differential evolution at every fidelity"));
  return table;
}

/// Null when mistakes were appended.
std::unique_ptr<Scheduler> rounds_of(const char* name, const OptionTable<PairedOptions>& table,
                                     const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const PairedOptions options = table.parse(spec.scheduler.options, problems);
  const auto first = first_rung(name, options.min, spec, problems);
  if (problems.size() == before) check_promotion("type", spec, problems);
  if (problems.size() != before) return nullptr;
  return make_hyperband_rounds(
      Brackets(*first, options.eta, spec.fidelity->max,
               static_cast<int>(options.brackets.value_or(Rungs::kMaxRungs))),
      spec, name);
}

}  // namespace

std::unique_ptr<Scheduler> make_bohb(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::string& method = spec.sampler.name;
  if (method == "random" || method == "grid" || method == "sobol") {
    problems.push_back(
        {"type", fmt::format("bohb is for methods that learn, and '{}' does not: use "
                             "hyperband, or method: tpe",
                             method)});
  }
  return rounds_of("bohb", bohb_options(), spec, problems);
}

std::unique_ptr<Scheduler> make_dehb(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  if (spec.sampler.name != "de") {
    problems.push_back({"type", fmt::format("dehb is for method: de, and the study's is '{}': use "
                                            "that, or hyperband",
                                            spec.sampler.name)});
  }
  return rounds_of("dehb", dehb_options(), spec, problems);
}

AlgorithmHelp bohb_help() { return bohb_options().help(); }
AlgorithmHelp dehb_help() { return dehb_options().help(); }

std::unique_ptr<Scheduler> make_hyperband(const StudySpec& spec,
                                          std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const HyperbandOptions options = hyperband_options().parse(spec.scheduler.options, problems);
  const auto first = first_rung("hyperband", options.min, spec, problems);
  if (spec.fidelity && !spec.fidelity->max) {
    problems.push_back(
        {"type", "hyperband's brackets divide the way to full fidelity: give fidelity.max"});
  }
  const bool promote = options.mode == "promote" || options.mode == "rounds" ||
                       (options.mode == "auto" && spec.checkpoint.has_value());
  if (promote && problems.size() == before) check_promotion("mode", spec, problems);
  if (problems.size() != before) return nullptr;
  Brackets brackets(*first, options.eta, spec.fidelity->max,
                    static_cast<int>(options.brackets.value_or(Rungs::kMaxRungs)));
  if (options.mode == "rounds")
    return make_hyperband_rounds(std::move(brackets), spec, "hyperband, in rounds");
  return promote ? make_asha_promote(std::move(brackets), spec, "hyperband, promoting")
                 : make_asha_stop(std::move(brackets), spec, "hyperband");
}

AlgorithmHelp hyperband_help() { return hyperband_options().help(); }

}  // namespace hone
