#include "hone/tuner/warm_points.h"

#include <gtest/gtest.h>

#include <array>

#include "hone/base/error.h"
#include "hone/sampler/sampler_player.h"
#include "hone/store/liveness.h"
#include "hone/store/memory_store.h"
#include "hone/tuner/caller_study.h"
#include "hone/tuner/stored_study.h"

namespace hone {
namespace {

Parameter real(std::string name, double low, double high) {
  return contract::make_parameter(std::move(name), contract::make_real(Law::uniform, low, high));
}

StudySpec spec_of(const std::string& name, std::vector<Parameter> parameters, Goal goal) {
  StudySpec spec;
  spec.name = name;
  spec.space = *SearchSpace::create(std::move(parameters), {}).space;
  Metric metric;
  metric.name = "metric";
  metric.goal = goal;
  spec.metrics = {metric};
  spec.sampler.name = "sobol";
  spec.seed = 3;
  spec.limits.retries = 0;
  spec.limits.same_failures = 0;
  return spec;
}

/// The study `next`, which takes the same x to be minimised.
StudySpec next_after(const char* earlier, const char* sampler) {
  StudySpec next = spec_of("next", {real("x", 0, 1)}, Goal::minimize);
  next.sampler.name = sampler;
  next.warm_start.studies = {earlier};
  return next;
}

class WarmPointsTest : public testing::Test {
 protected:
  /// A study whose trials have the value of x, and run out of memory above 0.9.
  void run(const StudySpec& spec, int trials) {
    CallerStudyOptions options;
    options.study = create_study(store_, spec, "", "").id;
    options.holder = this_process_holder();
    options.worker_uid = "worker";
    options.background = false;
    options.timed = false;
    CallerStudy caller(store_, clock_, probe_, options);
    for (int i = 0; i < trials; ++i) {
      const auto trial = std::get<CallerTrial>(caller.ask());
      const double x = trial.config.get("x")->as_number();
      if (x > 0.9) {
        caller.tell_failed(trial.run, FailKind::out_of_memory, "");
      } else {
        caller.tell(trial.run, std::array{x});
      }
    }
  }
  ManualClock clock_;
  ProcLiveness probe_;
  MemoryStore store_{clock_, probe_};
};

TEST_F(WarmPointsTest, TakesTheSharedPartOfTrialsThatTheNewSpaceAllows) {
  run(spec_of("earlier", {real("x", 0, 1), real("gone", 0, 1)}, Goal::maximize), 30);
  StudySpec next = spec_of("next", {real("x", 0.5, 1), real("added", 0, 1)}, Goal::minimize);
  next.sampler.name = "auto";
  next.warm_start.studies = {"earlier"};
  fill_warm_start(store_, next);
  ASSERT_EQ(next.warm_start.sources.size(), 1U);
  const WarmSource& source = next.warm_start.sources[0];
  EXPECT_GT(source.trials.size(), 5U);
  EXPECT_LT(source.trials.size(), 25U);
  bool failed = false;
  for (const WarmTrial& trial : source.trials) {
    ASSERT_EQ(trial.config.size(), 1U);
    const double x = trial.config.get("x")->as_number();
    EXPECT_GE(x, 0.5);
    EXPECT_EQ(trial.loss.has_value(), x <= 0.9);
    if (trial.loss) {
      EXPECT_EQ(*trial.loss, -x);  // that study's direction
    }
    failed = failed || !trial.loss;
  }
  EXPECT_TRUE(failed);
  ASSERT_FALSE(next.warm_start.points.empty());
  EXPECT_GT(next.warm_start.points[0].config.get("x")->as_number(), 0.7);
  EXPECT_EQ(next.warm_start.points[0].config.get("added")->as_number(), 0.5);
  EXPECT_LE(next.warm_start.points.size(), 3U);
}

TEST_F(WarmPointsTest, KeepsAThousandTrialsSmallAndTheBestAmongThem) {
  run(spec_of("earlier", {real("x", 0, 1)}, Goal::minimize), 500);
  StudySpec next = next_after("earlier", "gp");
  fill_warm_start(store_, next);
  ASSERT_EQ(next.warm_start.sources.size(), 1U);
  EXPECT_EQ(next.warm_start.sources[0].trials.size(), 200U);
  EXPECT_LT(*next.warm_start.sources[0].trials[0].loss, 0.01);
  EXPECT_LT(next.to_value().dump().size(), 30'000U);
}

TEST_F(WarmPointsTest, GivesTrialsToCmaesForItsFirstLaw) {
  run(spec_of("earlier", {real("x", 0, 1)}, Goal::minimize), 30);
  StudySpec next = next_after("earlier", "cmaes");
  fill_warm_start(store_, next);
  EXPECT_EQ(next.warm_start.sources.size(), 1U);
  EXPECT_LE(next.warm_start.points.size(), 3U);
}

TEST_F(WarmPointsTest, GivesPointsAloneToSamplersThatHaveNoModelOfSources) {
  run(spec_of("earlier", {real("x", 0, 1)}, Goal::minimize), 30);
  StudySpec next = next_after("earlier", "tpe");
  fill_warm_start(store_, next);
  EXPECT_TRUE(next.warm_start.sources.empty());
  EXPECT_GT(next.warm_start.points.size(), 3U);
}

TEST_F(WarmPointsTest, NamesTheStudyThatIsMissing) {
  StudySpec next = next_after("nobody", "gp");
  EXPECT_THROW(fill_warm_start(store_, next), Error);
}

}  // namespace
}  // namespace hone
