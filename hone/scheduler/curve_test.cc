// The rule that continues learning curves, on studies whose curves are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

using testing::HasSubstr;

StudySpec curve(const char* json = "{}") { return curve_spec("curve", *Value::parse(json), 16); }

/// Reports a power law that ends at `end` up to the fidelity; the last word on it.
Decision run(Script& s, std::int64_t trial, double end, double until) {
  Decision last;
  for (double f = 1; f <= until && last.verdict == Verdict::go_on; ++f)
    last = s.report(trial, f, end + 0.2 * (std::pow(f / 16, -0.5) - 1));
  return last;
}

/// Completed trials that end at 1, 1.02, … behind one that ends at 0.5.
void complete(Script& s, int n) {
  for (int i = 0; i < n; ++i) {
    const auto trial = s.start();
    run(s, trial, i == 0 ? 0.5 : 1 + 0.02 * i, 16);
    s.end(trial, TrialState::complete);
  }
}

TEST(Curve, StopsWhatWillNotBeatTheBestAndSaysWhom) {
  Script s(curve(R"({"best": 0})"));
  complete(s, 12);
  const Decision decision = run(s, s.start(), 1.3, 16);
  EXPECT_EQ(decision.verdict, Verdict::stop);
  EXPECT_THAT(decision.reason, HasSubstr("of beating 0.5 (trial 0)"));
}

TEST(Curve, LetsGoOnWhatIsStillWorseButOnItsWayDown) {
  Script s(curve(R"({"best": 0})"));
  complete(s, 12);
  EXPECT_EQ(run(s, s.start(), 0.45, 16).verdict, Verdict::go_on);
}

TEST(Curve, JudgesNobodyBeforeOneHasCompleted) {
  Script s(curve());
  EXPECT_EQ(run(s, s.start(), 9, 8).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(s.start(), 1, NAN).verdict, Verdict::stop);
}

TEST(Curve, WidensItsForecastsWhereEarlierOnesWereWrong) {
  // Every curve falls to its end in the last step only, which none of its shapes foretells.
  Script s(curve(R"({"best": 0})"));
  for (int i = 0; i < 12; ++i) {
    const auto trial = s.start();
    for (int f = 1; f < 16; ++f) s.report(trial, f, 2 + 0.01 * i);
    s.report(trial, 16, i % 2 == 0 ? 0.5 + 0.01 * i : 1.5);
    s.end(trial, TrialState::complete);
  }
  const auto trial = s.start();
  for (int f = 1; f < 14; ++f)
    EXPECT_EQ(s.report(trial, f, 2.2).verdict, Verdict::go_on) << "epoch " << f;
}

}  // namespace
}  // namespace hone::contract
