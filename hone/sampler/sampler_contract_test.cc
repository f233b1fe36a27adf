#include "hone/sampler/sampler_contract.h"

namespace hone::contract {
namespace {

SamplerCase make_case(const char* name, const char* sampler, const char* options) {
  return {.name = name, .sampler = {sampler, *Value::parse(options)}};
}

SamplerCase repeating(SamplerCase sampler) {
  sampler.repeats = true;
  return sampler;
}

SamplerCase seedless(SamplerCase sampler) {
  sampler.seedless = true;
  return sampler;
}

SamplerCase several(SamplerCase sampler, int objectives) {
  sampler.objectives = objectives;
  return sampler;
}

SamplerCase with_sources(SamplerCase sampler) {
  sampler.sources = true;
  return sampler;
}

SamplerCase shorter(SamplerCase sampler) {
  sampler.long_run = 130;
  return sampler;
}

INSTANTIATE_TEST_SUITE_P(
    All, SamplerContract,
    testing::Values(
        make_case("Random", "random", "{}"),
        repeating(make_case("RandomWithRepetition", "random", R"({"repeat": true})")),
        seedless(make_case("Grid", "grid", "{}")),
        seedless(make_case("GridOfPoints", "grid", R"({"points": 2})")),
        make_case("Sobol", "sobol", "{}"), make_case("Tpe", "tpe", "{}"),
        make_case("Cmaes", "cmaes", "{}"),
        with_sources(make_case("CmaesWithSources", "cmaes", "{}")),
        make_case("De", "de", R"({"population": 8})"), make_case("Evolution", "evolution", "{}"),
        make_case("Nsga2", "nsga2", "{}"), several(make_case("Nsga2OfTwo", "nsga2", "{}"), 2),
        several(shorter(make_case("Nsga2OfThree", "nsga2",
                                  R"({"population": 6, "crossover_eta": 2})")),
                3),
        make_case("Nsga3", "nsga3", "{}"), several(make_case("Nsga3OfThree", "nsga3", "{}"), 3),
        several(shorter(make_case("Nsga3OfFive", "nsga3", R"({"population": 7})")), 5),
        several(shorter(make_case("TpeOfTwo", "tpe", "{}")), 2),
        several(shorter(make_case("AutoOfFive", "auto", "{}")), 5),
        several(shorter(make_case("GpOfFour", "gp",
                                  R"({"spread": 15, "near": 3, "refined": 1, "points": 20})")),
                4),

        shorter(make_case("CmaesSmall", "cmaes", R"({"population": 2, "restarts": "ipop"})")),
        shorter(make_case("TpeOneByOne", "tpe", R"({"multivariate": false, "start": "random"})")),
        shorter(make_case("GpInABox", "gp",
                          R"({"explore": 0.3, "spread": 30,
                                          "near": 5, "refined": 2, "points": 30})")),
        shorter(make_case("ForestOfFewTrees", "forest",
                          R"({"trees": 6, "spread": 30, "near": 5, "rounds": 1, "points": 60,
                              "output": "both", "smallest_leaf": 2, "random": 0.2})")),
        with_sources(shorter(make_case(
            "GpWithSources", "gp", R"({"spread": 15, "near": 3, "refined": 1, "points": 30})"))),
        shorter(make_case("TpeWithoutFailures", "tpe", R"({"failures": false})"))),
    sampler_case_name);

#ifndef __SANITIZE_ADDRESS__  // the same code with more arithmetic, which takes minutes there
INSTANTIATE_TEST_SUITE_P(
    Whole, SamplerContract,
    testing::Values(shorter(make_case("Auto", "auto", "{}")),
                    shorter(make_case("Forest", "forest", R"({"spread": 100, "near": 20})")),
                    shorter(make_case("Gp", "gp", R"({"spread": 60, "near": 10, "points": 60})")),
                    several(shorter(make_case("GpOfTwo", "gp",
                                              R"({"spread": 60, "near": 10, "points": 60})")),
                            2)),
    sampler_case_name);
#endif

}  // namespace
}  // namespace hone::contract
