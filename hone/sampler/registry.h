// The samplers by name. Each algorithm's file defines its own factory and help; registry.cc lists
// them.
#pragma once

#include <memory>
#include <vector>

#include "hone/sampler/sampler.h"

namespace hone {

/// Makes a sampler from the options in `spec.sampler`; null when mistakes were appended to
/// `problems`.
using SamplerFactory = std::unique_ptr<Sampler> (*)(const StudySpec& spec,
                                                    std::vector<OptionProblem>& problems);

std::unique_ptr<Sampler> make_auto(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_cmaes(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_de(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_evolution(const StudySpec& spec,
                                        std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_forest(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_gp(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_grid(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_nsga2(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_nsga3(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_random(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_sobol(const StudySpec& spec, std::vector<OptionProblem>& problems);
std::unique_ptr<Sampler> make_tpe(const StudySpec& spec, std::vector<OptionProblem>& problems);

AlgorithmHelp auto_help();
AlgorithmHelp cmaes_help();
AlgorithmHelp de_help();
AlgorithmHelp evolution_help();
AlgorithmHelp forest_help();
AlgorithmHelp gp_help();
AlgorithmHelp grid_help();
AlgorithmHelp nsga2_help();
AlgorithmHelp nsga3_help();
AlgorithmHelp random_help();
AlgorithmHelp sobol_help();
AlgorithmHelp tpe_help();

}  // namespace hone
