#include "hone/sampler/registry.h"

#include <fmt/core.h>

#include <array>
#include <string>

#include "hone/base/text.h"
#include "hone/sampler/warm_start.h"

namespace hone {
namespace {

struct Entry {
  const char* name;
  SamplerFactory make;
  AlgorithmHelp (*help)();
  bool several = true;  ///< takes several objectives
};

constexpr std::array<Entry, 9> kSamplers = {{
    {"auto", make_auto, auto_help},
    {"cmaes", make_cmaes, cmaes_help, false},
    {"evolution", make_evolution, evolution_help, false},
    {"gp", make_gp, gp_help, false},
    {"grid", make_grid, grid_help},
    {"nsga2", make_nsga2, nsga2_help},
    {"random", make_random, random_help},
    {"sobol", make_sobol, sobol_help},
    {"tpe", make_tpe, tpe_help},
}};

std::string one_objective_message(const StudySpec& spec) {
  std::vector<std::string> objectives;
  for (int i = 0; i < spec.objective_count(); ++i)
    objectives.push_back(spec.metrics[static_cast<std::size_t>(i)].name);
  std::vector<std::string> names;
  for (const Entry& entry : kSamplers) {
    if (entry.several) names.emplace_back(entry.name);
  }
  return fmt::format("takes one objective, and the study has {} ({}). Samplers for several: {}",
                     objectives.size(), join(objectives, ", "), join(names, ", "));
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  std::vector<std::string> names;
  for (const Entry& entry : kSamplers) {
    if (spec.sampler.name != entry.name) {
      names.emplace_back(entry.name);
      continue;
    }
    const std::size_t before = problems.size();
    if (!entry.several && spec.objective_count() > 1) {
      problems.push_back({"type", one_objective_message(spec)});
      return nullptr;
    }
    auto sampler = entry.make(spec, problems);
    return problems.size() == before ? make_warm_start(spec, std::move(sampler)) : nullptr;
  }
  const auto near = nearest_name(spec.sampler.name, names);
  problems.push_back({"type",
                      fmt::format("unknown sampler '{}'. {}", spec.sampler.name,
                                  near ? fmt::format("Did you mean '{}'?", *near)
                                       : fmt::format("Samplers: {}", join(names, ", "))),
                      true});
  return nullptr;
}

std::vector<AlgorithmHelp> sampler_help() {
  std::vector<AlgorithmHelp> help;
  for (const Entry& entry : kSamplers) help.push_back(entry.help());
  return help;
}

Rng sampler_rng(const StudySpec& spec, std::int64_t first_trial) {
  return Rng(static_cast<std::uint64_t>(spec.seed))
      .split("sampler", static_cast<std::uint64_t>(first_trial));
}

}  // namespace hone
