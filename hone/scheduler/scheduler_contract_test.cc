#include "hone/scheduler/scheduler_contract.h"

namespace hone::contract {
namespace {

Value options(const char* json) { return *Value::parse(json); }

SchedulerCase make_case(const char* name, const char* scheduler, const char* json,
                        const char* other) {
  return {name, curve_spec(scheduler, options(json)), options(other)};
}

/// `aux` is an objective too.
SchedulerCase of_two(SchedulerCase made) {
  made.spec.metrics[1].role = MetricRole::objective;
  return made;
}

SchedulerCase of_de(SchedulerCase made) {
  made.spec.sampler.name = "de";
  return made;
}

SchedulerCase with_checkpoint(SchedulerCase made) {
  made.spec.checkpoint = CheckpointSpec{"checkpoint-*", "", {}};
  return made;
}

/// A population: its members and the default configuration; what it forks counts for no budget.
SchedulerCase population(const char* name, const char* scheduler, const char* json,
                         const char* other, int members) {
  SchedulerCase made = make_case(name, scheduler, json, other);
  made.spec.checkpoint = CheckpointSpec{"checkpoint-*", "", {}};
  made.trials = members + 1;
  return made;
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
                  R"({"rule": "wandb", "min_iter": 3})"),
        make_case("AshaStopInBrackets", "asha", R"({"mode": "stop", "brackets": 3})", "{}"),
        make_case("Percentile", "percentile", R"({"percentile": 25, "startup_trials": 3})",
                  R"({"percentile": 75})"),
        make_case("Patience", "patience", R"({"patience": 4, "warmup": 3})",
                  R"({"patience": 1, "min_delta": 0.5})"),
        make_case("Threshold", "threshold", R"({"lower": -9, "upper": 9, "warmup": 4})",
                  R"({"upper": 1})"),
        make_case("Wilcoxon", "wilcoxon", R"({"p": 0.3})", R"({"p": 0.9, "startup_steps": 1})"),
        make_case("Pasha", "pasha", "{}", R"({"eta": 2})"),
        make_case("PashaOfTwo", "pasha", R"({"eta": 2})", R"({"min": 3})"),
        make_case("HyperbandStop", "hyperband", R"({"mode": "stop"})", R"({"mode": "rounds"})"),
        make_case("HyperbandPromote", "hyperband", R"({"mode": "promote"})", R"({"mode": "stop"})"),
        make_case("HyperbandRounds", "hyperband", R"({"mode": "rounds"})",
                  R"({"mode": "promote", "eta": 2})"),
        make_case("HyperbandRoundsOfTwo", "hyperband",
                  R"({"mode": "rounds", "eta": 2, "brackets": 2, "min": 2})",
                  R"({"mode": "rounds"})"),
        make_case("IEpoch", "i_epoch", R"({"at": 3})", R"({"at": 9, "keep": 1})"),
        make_case("IEpochInRounds", "i_epoch", R"({"round": 7, "keep": 2})", R"({"round": 3})"),
        population("Pbt", "pbt", R"({"population": 6, "interval": 3})",
                   R"({"population": 6, "interval": 5, "quantile": 0.5})", 6),
        population("PbtOfMany", "pbt",
                   R"({"population": 20, "interval": 2, "quantile": 0.4, "burn_in": 5})",
                   R"({"population": 4})", 20),
        population("Pb2", "pb2", R"({"population": 6, "interval": 2, "quantile": 0.4})",
                   R"({"population": 6, "interval": 4})", 6),
        make_case("Bohb", "bohb", "{}", R"({"eta": 2})"),
        of_de(make_case("Dehb", "dehb", "{}", R"({"eta": 2})")),
        make_case("Curve", "curve", R"({"chance": 0.2})", R"({"chance": 0.5, "spacing": 3})"),
        make_case("OddsStop", "odds", R"({"mode": "stop", "chance": 0.2})",
                  R"({"mode": "stop", "chance": 0.5, "spacing": 3})"),
        with_checkpoint(make_case("OddsPromote", "odds", R"({"mode": "promote"})",
                                  R"({"mode": "promote", "spacing": 3, "aim": 0.1})")),
        make_case("OddsRestart", "odds", R"({"mode": "promote", "chance": 0.1})",
                  R"({"mode": "stop"})"),
        make_case("Auto", "auto", "{}", "{}"),
        of_two(make_case("Moasha", "moasha", "{}", R"({"eta": 2})"))),
    case_name);

}  // namespace
}  // namespace hone::contract
