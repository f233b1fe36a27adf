#include "hone/sampler/registry.h"

#include <fmt/core.h>

#include <array>
#include <string>

#include "hone/base/text.h"
#include "hone/sampler/warm_start.h"

namespace hone {
namespace {

constexpr int kAny = 1000;

struct Entry {
  const char* name;
  SamplerFactory make;
  AlgorithmHelp (*help)();
  int objectives = kAny;  ///< at most
};

constexpr std::array<Entry, 12> kSamplers = {{
    {"auto", make_auto, auto_help},
    {"cmaes", make_cmaes, cmaes_help, 1},
    {"de", make_de, de_help, 1},
    {"evolution", make_evolution, evolution_help, 1},
    {"forest", make_forest, forest_help, 1},
    {"gp", make_gp, gp_help, 4},
    {"grid", make_grid, grid_help},
    {"nsga2", make_nsga2, nsga2_help},
    {"nsga3", make_nsga3, nsga3_help},
    {"random", make_random, random_help},
    {"sobol", make_sobol, sobol_help},
    {"tpe", make_tpe, tpe_help},
}};

std::string too_many_objectives(const StudySpec& spec, int most) {
  std::vector<std::string> objectives;
  for (int i = 0; i < spec.objective_count(); ++i)
    objectives.push_back(spec.metrics[static_cast<std::size_t>(i)].name);
  std::vector<std::string> names;
  for (const Entry& entry : kSamplers) {
    if (spec.objective_count() <= entry.objectives) names.emplace_back(entry.name);
  }
  return fmt::format("takes {}, and the study has {} ({}). Samplers for so many: {}",
                     most == 1 ? "one objective" : fmt::format("at most {} objectives", most),
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
    if (spec.objective_count() > entry.objectives) {
      problems.push_back({"type", too_many_objectives(spec, entry.objectives)});
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
