#include "hone/scheduler/scheduler_contract.h"

namespace hone::contract {
namespace {

Value options(const char* json) { return *Value::parse(json); }

SchedulerCase make_case(const char* name, const char* scheduler, const char* json,
                        const char* other) {
  return {name, curve_spec(scheduler, options(json)), options(other)};
}

INSTANTIATE_TEST_SUITE_P(
    All, SchedulerContract,
    testing::Values(
        make_case("None", "none", "{}", "{}"),
        make_case("Median", "median", "{}", R"({"startup_trials": 0, "interval": 3})"),
        make_case(
            "MedianOfRunningMeans", "median",
            R"({"against": "running_mean", "startup_trials": 2, "warmup": 2, "interval": 4, "min_trials": 3})",
            "{}"),
        make_case("AshaStop", "asha", R"({"mode": "stop"})", R"({"mode": "stop", "eta": 2})"),
        make_case("AshaStopOfFour", "asha", R"({"mode": "stop", "eta": 4, "min": 2})",
                  R"({"mode": "promote"})"),
        make_case("AshaPromote", "asha", R"({"mode": "promote"})", R"({"mode": "stop"})"),
        make_case("AshaPromoteOfTwo", "asha", R"({"mode": "promote", "eta": 2})",
                  R"({"mode": "promote", "min": 2})"),
        make_case("WandbMinIter", "asha", R"({"rule": "wandb", "min_iter": 2})",
                  R"({"mode": "promote"})"),
        make_case("WandbMaxIter", "asha",
                  R"({"rule": "wandb", "max_iter": 27, "s": 2, "eta": 3, "strict": false})",
                  R"({"rule": "wandb", "min_iter": 3})")),
    case_name);

}  // namespace
}  // namespace hone::contract
