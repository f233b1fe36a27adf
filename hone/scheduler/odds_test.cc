// The rule that follows the odds, on studies whose curves are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

using testing::HasSubstr;

StudySpec odds(const char* json = "{}", const char* name = "odds") {
  return curve_spec(name, *Value::parse(json), 8);
}

/// Completed trials 0 … n − 1 that begin with the loss `first(i)` and end with `last(i)`.
template <class First, class Last>
void complete(Script& s, int n, First first, Last last) {
  for (int i = 0; i < n; ++i) {
    const auto trial = s.start();
    s.report(trial, 1, first(i));
    s.report(trial, 8, last(i));
    s.end(trial, TrialState::complete);
  }
}

TEST(Odds, StopsWhatIsBehindWhereTheBeginTellsTheEnd) {
  Script s(odds());
  complete(
      s, 30, [](int i) { return i; }, [](int i) { return i; });
  EXPECT_EQ(s.report(s.start(), 1, 0.5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(s.start(), 1, -1).verdict, Verdict::go_on);
  const Decision decision = s.report(s.start(), 1, 29.5);
  EXPECT_EQ(decision.verdict, Verdict::stop);
  EXPECT_THAT(decision.reason,
              HasSubstr("epoch 1: rank 33 of 33, chance of ending among the best"));
}

TEST(Odds, LetsEverybodyGoOnWhereTheBeginSaysNothing) {
  Script s(odds());
  complete(
      s, 30, [](int i) { return i * 7 % 30; }, [](int i) { return i; });
  EXPECT_EQ(s.report(s.start(), 1, 29.5).verdict, Verdict::go_on);
  Script reversed(odds());
  complete(
      reversed, 30, [](int i) { return -i; }, [](int i) { return i; });
  EXPECT_EQ(reversed.report(reversed.start(), 1, 29.5).verdict, Verdict::go_on);
}

TEST(Odds, JudgesNobodyBeforeFourHaveCompleted) {
  Script s(odds());
  complete(
      s, 3, [](int i) { return i; }, [](int i) { return i; });
  EXPECT_EQ(s.report(s.start(), 1, 99).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(s.start(), 1, NAN).verdict, Verdict::stop);
}

TEST(Odds, TellsNobodyApartWithinTheNoiseOfACurve) {
  const auto rank_of = [](const char* json) {
    Script s(odds(json));
    complete(
        s, 30, [](int i) { return 0.69 + 0.0001 * i; }, [](int i) { return i; });
    const auto trial = s.start();
    s.report(trial, 0.5, 0.70);
    return s.report(trial, 1, 0.695).verdict;  // steps of 0.005, and a clump that is narrower
  };
  EXPECT_EQ(rank_of(R"({"band": 0})"), Verdict::stop);
  EXPECT_EQ(rank_of("{}"), Verdict::go_on);
}

TEST(Odds, IsWhatAutoChoosesWhereTrainingsHaveAnEnd) {
  EXPECT_THAT(make_or_fail(odds("{}", "auto"))->describe(), HasSubstr("odds"));
  StudySpec spec = odds("{}", "auto");
  spec.fidelity.reset();
  EXPECT_THAT(make_or_fail(spec)->describe(), HasSubstr("none"));
  spec = odds("{}", "auto");
  spec.metrics[1].role = MetricRole::objective;
  EXPECT_THAT(make_or_fail(spec)->describe(), HasSubstr("moasha"));
}

}  // namespace
}  // namespace hone::contract
