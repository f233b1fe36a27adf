// Tables computed by hand from wandb/sweeps, src/sweeps/hyperband_stopping.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

StudySpec bands(const char* json) {
  StudySpec spec = curve_spec("asha", *Value::parse(json), std::nullopt);
  spec.fidelity.reset();  // sweep files declare none
  return spec;
}

TEST(WandbBands, CountLoggedValuesFromZeroWhateverTheStepIs) {
  Script s(bands(R"({"rule": "wandb", "min_iter": 3})"));
  const auto a = s.start();
  const auto b = s.start();
  const auto c = s.start();
  for (int i = 0; i < 4; ++i) {
    s.report(a, i, 1);
    s.report(b, i, 2);
  }
  for (const double step : {0.0, 100.0, 200.0})
    EXPECT_EQ(s.report(c, step, 9).verdict, Verdict::go_on);
  // The fourth value: three are there, the threshold is element int(3/3) = 1 of {1, 2, 9}.
  EXPECT_EQ(s.report(c, 300, 9).reason, "band 3: rank 3 of 3, keeps 2");
}

TEST(WandbBands, StopNothingWithOneValueAndLetTwoOfTheFirstThreeSurvive) {
  Script s(bands(R"({"rule": "wandb", "min_iter": 1})"));
  const auto log = [&](std::int64_t trial, double value) {
    s.report(trial, 0, 0);
    return s.report(trial, 1, value).verdict;
  };
  EXPECT_EQ(log(s.start(), 9), Verdict::go_on);    // element 0 of {9}
  EXPECT_EQ(log(s.start(), 8), Verdict::go_on);    // element 0 of {8, 9}
  EXPECT_EQ(log(s.start(), 8.5), Verdict::go_on);  // element 1 of {8, 8.5, 9}: not strictly above
  EXPECT_EQ(log(s.start(), 10), Verdict::stop);    // element 1 of {8, 8.5, 9, 10}
}

TEST(WandbBands, JudgeAgainAtEveryReportWhenTheThresholdHasMoved) {
  Script s(bands(R"({"rule": "wandb", "min_iter": 1})"));
  const auto a = s.start();
  s.report(a, 0, 5);
  EXPECT_EQ(s.report(a, 1, 5).verdict, Verdict::go_on);
  const auto b = s.start();
  s.report(b, 0, 1);
  s.report(b, 1, 1);
  // a stands at band 1 with 5; the threshold there is now element int(2/3) = 0 of {1, 5}.
  EXPECT_EQ(s.report(a, 2, 0).verdict, Verdict::stop);
}

TEST(WandbBands, JudgeTheBestValueSoFarWhenNotStrict) {
  Script s(bands(R"({"rule": "wandb", "min_iter": 1, "strict": false})"));
  const auto a = s.start();
  s.report(a, 0, 1);
  s.report(a, 1, 2);
  const auto b = s.start();
  s.report(b, 0, 1.5);
  EXPECT_EQ(s.report(b, 1, 9).verdict, Verdict::go_on);  // 1.5 against {2, 9}
  Script strict(bands(R"({"rule": "wandb", "min_iter": 1})"));
  strict.start();
  strict.report(0, 0, 1);
  strict.report(0, 1, 2);
  strict.start();
  strict.report(1, 0, 1.5);
  EXPECT_EQ(strict.report(1, 1, 9).verdict, Verdict::stop);
}

TEST(WandbBands, LieBelowMaxIterAndUseItsDivision) {
  // int(27/2) = 13, int(27/4) = 6, int(27/8) = 3; 27 itself is no band.
  EXPECT_EQ(
      make_or_fail(bands(R"({"rule": "wandb", "max_iter": 27, "s": 3, "eta": 2})"))->describe(),
      "early_terminate: bands at value 3, 6, 13, eta 2");
  EXPECT_EQ(
      make_or_fail(bands(R"({"rule": "wandb", "max_iter": 4, "s": 9, "eta": 2})"))->describe(),
      "early_terminate: bands at value 1, 2, eta 2");
}

TEST(WandbBands, DoNotCountNanAndInfinity) {
  Script s(bands(R"({"rule": "wandb", "min_iter": 1})"));
  for (const double x : {1.0, 2.0}) {
    const auto trial = s.start();
    s.report(trial, 0, x);
    s.report(trial, 1, x);
  }
  const auto c = s.start();
  s.report(c, 0, 9);
  EXPECT_EQ(s.report(c, 1, NAN).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(c, 2, INFINITY).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(c, 3, 9).verdict, Verdict::stop);
}

TEST(WandbBands, SayWhichOptionsBelongTogether) {
  for (const char* json :
       {R"({"rule": "wandb"})", R"({"rule": "wandb", "min_iter": 1, "max_iter": 9, "s": 2})",
        R"({"rule": "wandb", "max_iter": 9})", R"({"rule": "wandb", "max_iter": 2, "s": 1})"}) {
    std::vector<OptionProblem> problems;
    EXPECT_EQ(make_scheduler(bands(json), problems), nullptr);
    EXPECT_EQ(problems.size(), 1U) << json;
  }
}

}  // namespace
}  // namespace hone::contract
