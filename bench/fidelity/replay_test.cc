// The replay on a pool whose arithmetic can be done by hand.
#include "bench/fidelity/replay.h"

#include <gtest/gtest.h>

#include <set>

#include "bench/fidelity/pool_store.h"
#include "bench/fidelity/tables.h"
#include "bench/quality/problem.h"
#include "hone/base/error.h"
#include "hone/store/memory_store.h"
#include "tests/sim/sim_store.h"

namespace hone::fidelity {
namespace {

/// Rows of nine levels; row r always shows r + 1 / level, and takes one second a level.
Task straight(int rows) {
  Task task;
  task.name = "straight";
  task.unit = "epoch";
  task.space = quality::space_of({quality::real("x", 0, 1)});
  task.searchable = true;
  task.trials = rows;
  for (int i = 1; i <= 9; ++i) task.levels.push_back(i);
  for (int r = 0; r < rows; ++r) {
    Row row;
    row.config.set("x", Value((r + 0.5) / rows));
    for (int i = 1; i <= 9; ++i) {
      row.values.push_back(r + 1.0 / i);
      row.seconds.push_back(i);
    }
    task.rows.push_back(std::move(row));
  }
  summarise(task);
  return task;
}

TEST(Replay, WithoutEarlyStoppingEveryTrialCostsOneTraining) {
  const Task task = straight(16);
  const Replay study = replay(task, parse_method("none"), 1, {});
  EXPECT_EQ(study.trials.size(), 16U);
  EXPECT_NEAR(study.compute, 16, 1e-9);
  EXPECT_NEAR(study.seconds, 18, 1e-6);  // two rounds of eight workers
  EXPECT_DOUBLE_EQ(study.value_at(task, 16), task.best);
  EXPECT_TRUE(std::isnan(study.value_at(task, 7.9)));
  EXPECT_EQ(top_trials(task, study.trials).stopped, 0);
}

TEST(Replay, AStudyIsCutOffWhereItsComputeIsUsed) {
  const Task task = straight(100);
  const Replay study = replay(task, parse_method("none"), 1, {20, std::nullopt});
  EXPECT_GE(study.compute, 20);
  EXPECT_LT(study.compute, 20 + 8.0 / 9 + 1e-9);
}

TEST(Replay, AStoppedTrialCostsWhatItWasTrained) {
  const Task task = straight(30);
  const Replay study = replay(task, parse_method("asha"), 1, {});
  double trained = 0;
  for (const TrialEnd& trial : study.trials) trained += trial.complete ? 1 : 0;
  EXPECT_GT(trained, 0);
  EXPECT_LT(study.compute, 15);
  // Stopped at the rungs 1 and 3 of 9.
  const double ninths = (study.compute - trained) * 9;
  EXPECT_NEAR(ninths, std::round(ninths), 1e-6);
}

TEST(Replay, ATrialThatIsStoppedIsOverAtThatInstant) {
  Task task = straight(2);
  for (double& seconds : task.rows[1].seconds) seconds *= 10;  // the worse one, stopped when alone
  const Replay study = replay(task, parse_method("asha"), 1, {});
  EXPECT_NEAR(study.seconds, 10, 1e-6);
  EXPECT_NEAR(study.compute, 1 + 1.0 / 9, 1e-9);
}

TEST(Replay, StepsThatAreTakenAgainAndCopiesOfCheckpointsCount) {
  const Task task = straight(30);
  const Method restart = parse_method(R"(asha{"mode": "promote"})");
  const Method going_on = parse_method(R"(asha{"mode": "promote"}+checkpoint)");
  const double again = replay(task, restart, 1, {}).compute;
  const Replay once = replay(task, going_on, 1, {});
  EXPECT_GT(again, once.compute + 0.5);
  // Ninths of a training, and a copy for each promotion.
  double copies = 0;
  double whole = once.compute;
  for (; std::abs(whole * 9 - std::round(whole * 9)) > 1e-6 && copies < 100; ++copies)
    whole -= kCopyCost;
  EXPECT_GE(copies, 30 / 3 - 2);
  EXPECT_LT(copies, 30);
}

TEST(Replay, LevelsThatAreTrainingsOfTheirOwnAreAllPaidUnlessOneIsAskedFor) {
  Task task = straight(8);
  task.goes_on = false;
  task.levels = {1, 3, 9};
  for (Row& row : task.rows) {
    row.values = {row.values[0], row.values[2], row.values[8]};
    row.seconds = {1, 3, 9};
  }
  EXPECT_NEAR(replay(task, parse_method("none"), 1, {}).compute, 8, 1e-9);
  EXPECT_NEAR(replay(task, parse_method(R"(median{"startup_trials": 100})"), 1, {}).compute,
              8 * (1 + 3 + 9) / 9.0, 1e-9);
}

TEST(Replay, TheSameSeedGivesTheSameStudy) {
  const Task task = straight(60);
  const Method method = parse_method("asha");
  const Replay a = replay(task, method, 3, {});
  const Replay b = replay(task, method, 3, {});
  ASSERT_EQ(a.incumbents.size(), b.incumbents.size());
  for (std::size_t i = 0; i < a.incumbents.size(); ++i) {
    EXPECT_EQ(a.incumbents[i].row, b.incumbents[i].row);
    EXPECT_EQ(a.incumbents[i].compute, b.incumbents[i].compute);
  }
}

TEST(Replay, EveryTrialHasARowOfItsOwnAndTheOrderIsTheSeeds) {
  const Task task = straight(24);
  for (const char* method : {"none", "none/sobol", "asha"}) {
    std::set<std::size_t> rows;
    for (const TrialEnd& trial : replay(task, parse_method(method), 5, {}).trials)
      EXPECT_TRUE(rows.insert(trial.row).second) << method;
    EXPECT_EQ(rows.size(), 24U) << method;
  }
  const auto order = row_order(task, 5);
  EXPECT_EQ(replay(task, parse_method("none"), 5, {}).trials[7].row, order[7]);
  EXPECT_NE(order, row_order(task, 6));
}

TEST(PoolStore, ATrialIsRecordedAsTheUnusedRowNearestToWhatWasProposed) {
  const Task task = straight(10);  // x at 0.05, 0.15 …
  const ManualClock clock;
  sim::SimProbe probe;
  probe.is_alive = [](const Holder&) { return true; };
  MemoryStore memory(clock, probe);
  PoolStore store(memory, task, row_order(task, 0), true);
  NewStudy study;
  study.name = "pool";
  study.body = "{}";
  study.metrics = {{"value", MetricRole::objective}};
  const StudyId id = store.create_study(study);
  const LeadResult lead = store.lead(id, Holder{"host", "boot", 1, 1}, 1'000'000);
  const std::vector<std::size_t> expected = {3, 2, 4};
  for (std::size_t n = 0; n < expected.size(); ++n) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = static_cast<std::int64_t>(n);
    proposal->config.set("x", Value(0.31));
    const std::vector<Action> actions = {TrialAdded{std::move(proposal)}};
    ASSERT_EQ(store.apply(id, lead.token, actions), LeaseState::held);
    EXPECT_EQ(store.row_of(static_cast<std::int64_t>(n)), expected[n]);
  }
  const std::vector<Change> changes = store.changes_since(id, 0, 10);
  ASSERT_EQ(changes.size(), 3U);
  const auto& recorded = std::get<TrialAdded>(changes[0].body).proposal->config;
  EXPECT_DOUBLE_EQ(recorded.get("x")->as_number(), 0.35);
}

TEST(Replay, MethodsAreReadFromText) {
  const Method method =
      parse_method(R"(fast = asha{"eta": 4, "mode": "promote"}+checkpoint/tpe{"n": {}}@30)");
  EXPECT_EQ(method.label, "fast");
  EXPECT_EQ(method.scheduler.name, "asha");
  EXPECT_TRUE(method.checkpoint);
  EXPECT_EQ(method.sampler.name, "tpe");
  EXPECT_EQ(method.trials, 30);
  EXPECT_THROW(parse_method("asha{\"eta\": 4"), Error);
  EXPECT_THROW(parse_method("asha+chekpoint"), Error);
  EXPECT_THROW(replay(straight(3), parse_method("no_such"), 1, {}), Error);
}

TEST(Tables, WilsonsIntervalIsThePublishedOne) {
  // Newcombe 1998, table I: 81 of 263, and none of 20.
  EXPECT_NEAR(wilson(81, 263).low, 0.2553, 5e-5);
  EXPECT_NEAR(wilson(81, 263).high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson(0, 20).low, 0, 1e-12);
  EXPECT_NEAR(wilson(0, 20).high, 0.1611, 5e-5);
}

}  // namespace
}  // namespace hone::fidelity
