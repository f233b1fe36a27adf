// The rule that follows the odds, on studies whose curves are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

using testing::HasSubstr;

/// Whose programs can neither resume nor be told how far to go.
StudySpec odds(const char* json = "{}", const char* name = "odds") {
  StudySpec spec = curve_spec(name, *Value::parse(json), 8);
  spec.command.argv = {"train"};
  return spec;
}

StudySpec promoting(const char* json = "{}") {
  StudySpec spec = odds(json);
  spec.checkpoint = CheckpointSpec{"checkpoint-*", "", {}};
  return spec;
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

/// Trials 0 … n − 1 that pause at epoch 1 with the loss i.
void pause(Script& s, int n) {
  for (int i = 0; i < n; ++i) {
    const auto trial = s.start(8);
    if (s.report(trial, 1, i).verdict == Verdict::pause) s.end(trial, TrialState::paused);
  }
}

TEST(OddsPromote, PausesWhatPromisesLessThanANewTrialAndGoesOnWithTheBest) {
  Script s(promoting());
  complete(
      s, 20, [](int i) { return 100 + i; }, [](int i) { return 100 + i; });
  const auto bad = s.start(8);
  s.report(bad, 0.5, 300);  // falls fast: its rank is told as it is, not as its steps blur it
  const Decision decision = s.report(bad, 1, 200);
  EXPECT_EQ(decision.verdict, Verdict::pause);
  EXPECT_THAT(decision.reason, HasSubstr("epoch 1: rank 21 of 21, promises"));
  s.end(bad, TrialState::paused);
  EXPECT_TRUE(std::holds_alternative<LaunchNew>(s.fold.next(true)));
  const auto good = s.start(8);
  EXPECT_EQ(s.report(good, 1, 1).verdict, Verdict::go_on);
  s.end(good, TrialState::paused);  // by somebody else
  const Launch launch = s.fold.next(true);
  ASSERT_TRUE(std::holds_alternative<LaunchResume>(launch));
  EXPECT_EQ(std::get<LaunchResume>(launch).trial, good);
  EXPECT_EQ(std::get<LaunchResume>(launch).fidelity_target, 8);
}

TEST(OddsPromote, ItsBestPausedTrialIsNamedUntilOneIsComplete) {
  Script s(promoting());
  for (const double loss : {3.0, 1.0, 2.0}) {
    const auto trial = s.start(8);
    s.report(trial, 1, loss);
    s.end(trial, TrialState::paused);
  }
  EXPECT_EQ(s.fold.history().best(), 1);
  const auto whole = s.start(8);
  s.report(whole, 8, 9);
  s.end(whole, TrialState::complete);
  EXPECT_EQ(s.fold.history().best(), whole);
}

TEST(OddsPromote, AsksForTheWholeTrainingWhereACheckpointIsKept) {
  // A schedule of the learning rate then has one length for all.
  Script s(promoting());
  const Launch launch = s.fold.next(true);
  EXPECT_EQ(std::get<LaunchNew>(launch).fidelity_target, 8);
}

TEST(OddsPromote, ComparesTrainingsThatStartAgainWithThoseOfTheirLengthOnly) {
  StudySpec spec = odds();
  spec.command.argv = {"train", "${fidelity}"};
  Script s(spec);
  for (int i = 0; i < 6; ++i) {  // in full: what they say on the way is no trial of length 1
    const auto trial = s.start(8);
    s.report(trial, 1, 0);
    s.report(trial, 8, i);
    s.end(trial, TrialState::complete);
  }
  EXPECT_EQ(std::get<LaunchNew>(s.fold.next(true)).fidelity_target, 1);
  const auto trial = s.start(1);
  const Decision decision = s.report(trial, 1, 5);
  EXPECT_EQ(decision.verdict, Verdict::pause);
  EXPECT_THAT(decision.reason, HasSubstr("rank 1 of 1"));
}

TEST(OddsPromote, CountsATrainingThatEndedJustShortOfItsTargetAtItsLevelOnce) {
  StudySpec spec = odds();
  spec.command.argv = {"train", "${fidelity}"};
  Script s(spec);
  const auto first = s.start(1);
  s.report(first, 1, 3);
  s.end(first, TrialState::paused);
  s.queue(first, 3, 1);
  s.report(first, 2, 3);  // epochs counted from zero
  s.end(first, TrialState::paused);
  const auto second = s.start(3);
  EXPECT_THAT(s.report(second, 3, 5).reason, HasSubstr("rank 2 of 2"));
}

TEST(OddsPromote, AtTheEndGivesUpOnlyWhatHasNoChance) {
  Script s(promoting());
  complete(
      s, 30, [](int i) { return 100 + i; }, [](int i) { return 100 + i; });
  pause(s, 3);  // better than all so far: they go on by themselves
  const auto hopeless = s.start(8);
  ASSERT_EQ(s.report(hopeless, 1, 1000).verdict, Verdict::pause);
  s.end(hopeless, TrialState::paused);
  for (int i = 30; i < 33; ++i) s.end(i, TrialState::paused);
  std::set<std::int64_t> resumed;
  for (;;) {
    const Launch launch = s.fold.next(false);
    const auto* resume = std::get_if<LaunchResume>(&launch);
    if (resume == nullptr) {
      EXPECT_TRUE(std::holds_alternative<Done>(launch));
      break;
    }
    resumed.insert(resume->trial);
    s.queue(resume->trial, 8, 1, "checkpoint");
    s.report(resume->trial, 8, 50);
    s.end(resume->trial, TrialState::complete);
  }
  EXPECT_EQ(resumed, (std::set<std::int64_t>{30, 31, 32}));
}

}  // namespace
}  // namespace hone::contract
