#include "hone/sampler/sampler_contract.h"

namespace hone::contract {
namespace {

SamplerCase make_case(const char* name, const char* sampler, const char* options,
                      bool repeats = false, std::int64_t long_run = 1030) {
  return {name, {sampler, *Value::parse(options)}, repeats, long_run};
}

INSTANTIATE_TEST_SUITE_P(
    All, SamplerContract,
    testing::Values(make_case("Auto", "auto", "{}", false, 130),
                    make_case("Random", "random", "{}"),
                    make_case("RandomWithRepetition", "random", R"({"repeat": true})", true),
                    make_case("Grid", "grid", "{}"),
                    make_case("GridOfPoints", "grid", R"({"points": 2})"),
                    make_case("Sobol", "sobol", "{}"), make_case("Tpe", "tpe", "{}"),
                    make_case("TpeOneByOne", "tpe", R"({"multivariate": false, "start": "random"})",
                              false, 130),
                    make_case("TpeWithGaps", "tpe",
                              R"({"bad_bandwidth": "gap", "failures": false})", false, 130)),
    sampler_case_name);

}  // namespace
}  // namespace hone::contract
