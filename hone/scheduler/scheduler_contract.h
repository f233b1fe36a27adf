// The suite that every scheduler passes, over studies played by scheduler_driver.h. From each
// study's record it checks that
//   - a fresh scheduler that reads the record gives the same answers after every event, also when
//   it is asked only from a cut on;
//   - answers are pure: asking twice, or never, changes nothing;
//   - maximising the negated values decides the same;
//   - a scheduler with other options reads the record as facts: it resumes only what is paused.
//
// Use, in one source file of a test program:
//   INSTANTIATE_TEST_SUITE_P(Mine, SchedulerContract, testing::Values(SchedulerCase{"mine", spec,
//   other_options}), case_name);
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "hone/scheduler/scheduler_driver.h"

namespace hone::contract {

struct SchedulerCase {
  std::string name;
  StudySpec spec;       ///< with the scheduler's name and options; the driver sets goal and seed
  Value other_options;  ///< a changed rule
  int trials = 30;      ///< that it starts of a budget of 30: a population has its own number
};

inline std::string case_name(const testing::TestParamInfo<SchedulerCase>& info) {
  return info.param.name;
}

class SchedulerContract : public testing::TestWithParam<SchedulerCase> {
 protected:
  static constexpr std::uint64_t kSeeds = 20;
  static StudySpec spec_of(const Driver& driver) { return driver.history().spec(); }
};

TEST_P(SchedulerContract, AnswersAfterAReplayAsItDidOnTheDay) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver driver(GetParam().spec, {.seed = seed, .foreign_verdicts = seed % 2 == 0 ? 0.1 : 0.0});
    driver.run();
    Fold fresh(spec_of(driver));
    for (std::size_t i = 0; i < driver.log().size(); ++i) {
      fresh.apply(driver.log()[i]);
      ASSERT_EQ(fresh.answers(), driver.answers()[i]) << "seed " << seed << ", event " << i;
    }
  }
}

TEST_P(SchedulerContract, AnswersTheSameWhenTheReplayIsCutAnywhere) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver driver(GetParam().spec, {.seed = seed, .foreign_verdicts = 0.05});
    driver.run();
    Rng rng = Rng(seed).split("cut");
    const auto cut = static_cast<std::size_t>(rng.below(driver.log().size()));
    Fold fresh(spec_of(driver));
    for (std::size_t i = 0; i < driver.log().size(); ++i) {
      fresh.apply(driver.log()[i]);  // not asked before the cut
      if (i < cut) continue;
      ASSERT_EQ(fresh.answers(), driver.answers()[i]) << "seed " << seed << ", event " << i;
    }
  }
}

TEST_P(SchedulerContract, IsNotChangedByBeingAsked) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver asked(GetParam().spec, {.seed = seed});
    asked.run();
    Driver quiet(GetParam().spec, {.seed = seed, .ask = false});
    quiet.run();
    EXPECT_EQ(asked.decisions(), quiet.decisions()) << "seed " << seed;
    EXPECT_EQ(asked.fold().answers(), quiet.fold().answers());
    EXPECT_EQ(asked.fold().answers(), asked.fold().answers());
  }
}

TEST_P(SchedulerContract, DecidesTheSameWhenTheNegatedMetricIsMaximised) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver minimise(GetParam().spec, {.seed = seed});
    minimise.run();
    Driver maximise(GetParam().spec, {.seed = seed, .sign = -1});
    maximise.run();
    EXPECT_EQ(minimise.decisions(), maximise.decisions()) << "seed " << seed;
  }
}

TEST_P(SchedulerContract, LeavesThePastUntouchedWhenItsRuleChanges) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver driver(GetParam().spec, {.seed = seed});
    driver.run();
    StudySpec changed = spec_of(driver);
    changed.scheduler.options = GetParam().other_options;
    Fold mended(changed);
    for (const Change& change : driver.log()) {
      mended.apply(change);
      for (const bool may_add : {true, false}) {
        const Launch launch = mended.next(may_add);
        if (const auto* resume = std::get_if<LaunchResume>(&launch)) {
          ASSERT_EQ(mended.history().trial(resume->trial).state, TrialState::paused);
        }
      }
    }
    ASSERT_EQ(mended.history().size(), driver.history().size());
    for (std::int64_t i = 0; i < driver.history().size(); ++i) {
      EXPECT_EQ(mended.history().trial(i).state, driver.history().trial(i).state);
      EXPECT_EQ(mended.history().trial(i).reason, driver.history().trial(i).reason);
    }
  }
}

TEST_P(SchedulerContract, RunsTheDefaultConfigurationToItsEnd) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver driver(GetParam().spec, {.seed = seed});
    driver.run();
    const Trial& first = driver.history().trial(0);
    ASSERT_EQ(first.proposal->origin, TrialOrigin::default_config);
    EXPECT_TRUE(first.state == TrialState::complete || first.state == TrialState::failed);
  }
}

TEST_P(SchedulerContract, StartsEveryTrialOfTheBudgetAndEnds) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Driver driver(GetParam().spec, {.seed = seed});
    driver.run();
    EXPECT_EQ(driver.history().counted(), GetParam().trials);
    EXPECT_EQ(driver.history().counts().running + driver.history().counts().queued, 0);
    EXPECT_TRUE(std::holds_alternative<Done>(driver.fold().next(false)));
  }
}

}  // namespace hone::contract
