// The rules that stop, pause and promote, against tables computed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

using testing::HasSubstr;

StudySpec rule(const char* name, const char* json, std::optional<double> max = 10) {
  return curve_spec(name, *Value::parse(json), max);
}

std::vector<OptionProblem> problems_of(const StudySpec& spec) {
  std::vector<OptionProblem> problems;
  EXPECT_EQ(make_scheduler(spec, problems), nullptr);
  return problems;
}

TEST(Percentile, KeepsTheBestSoManyPerCent) {
  Script s(rule("percentile", R"({"percentile": 25, "startup_trials": 4})"));
  for (const double value : {1.0, 2.0, 3.0, 4.0, 5.0}) {
    const auto trial = s.start();
    s.report(trial, 1, value);
    s.end(trial, TrialState::complete);
  }
  EXPECT_EQ(s.report(s.start(), 1, 2).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(s.start(), 1, 2.1).reason,
            "epoch 1: best 2.1 is worse than 2, the percentile 25 of 5 trials");
}

TEST(Percentile, ForgetsATrialThatIsStartedAgain) {
  Script s(rule("median", R"({"startup_trials": 1})"));
  for (const double value : {1.0, 9.0}) {
    const auto trial = s.start();
    s.report(trial, 1, value);
    s.end(trial, TrialState::complete);
  }
  const auto third = s.start();
  EXPECT_EQ(s.report(third, 1, 6).verdict, Verdict::stop);  // the median is 5
  s.queue(0, 10, 0);
  EXPECT_EQ(s.report(s.start(), 1, 6).verdict, Verdict::go_on);  // only the 9 is left
}

TEST(Patience, StopsAfterSoManyReportsWithoutANewBest) {
  Script s(rule("patience", R"({"patience": 2, "min_delta": 0.1})"));
  const auto trial = s.start();
  EXPECT_EQ(s.report(trial, 1, 5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 2, 4.95).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 3, 4.85).verdict, Verdict::go_on);  // 0.15 better than the last gain
  EXPECT_EQ(s.report(trial, 4, 5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 5, 4.8).reason, "epoch 5: nothing better than 4.8 for 2 reports");
}

TEST(Patience, CountsAnewWhenACurveIsBegunAgain) {
  Script s(rule("patience", R"({"patience": 2})"));
  const auto trial = s.start();
  s.report(trial, 1, 1);
  s.report(trial, 2, 2);
  s.queue(trial, 10, 0);
  EXPECT_EQ(s.report(trial, 1, 5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 2, 5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 3, 5).verdict, Verdict::stop);
}

TEST(Threshold, StopsOutsideOfItsRangeAndAtANan) {
  Script s(rule("threshold", R"({"lower": 0, "upper": 5, "warmup": 2})"));
  EXPECT_EQ(s.report(s.start(), 1, 9).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(s.start(), 2, 9).reason, "epoch 2: 9 is above 5");
  EXPECT_EQ(s.report(s.start(), 2, -1).reason, "epoch 2: -1 is below 0");
  EXPECT_EQ(s.report(s.start(), 2, NAN).reason, "epoch 2: the value is NaN");
  EXPECT_EQ(s.report(s.start(), 2, 5).verdict, Verdict::go_on);
}

TEST(Threshold, SaysWhatIsMissing) {
  EXPECT_THAT(problems_of(rule("threshold", "{}")).at(0).message, HasSubstr("needs a range"));
  EXPECT_THAT(problems_of(rule("threshold", R"({"lower": 2, "upper": 1})")).at(0).message,
              HasSubstr("every value is outside"));
}

TEST(Wilcoxon, ComparesFoldByFoldWithTheBest) {
  Script s(rule("wilcoxon", R"({"p": 0.1})"));
  const auto best = s.start();
  for (int fold = 1; fold <= 6; ++fold) s.report(best, fold, fold);  // some folds are harder
  s.end(best, TrialState::complete);
  const auto trial = s.start();
  EXPECT_EQ(s.report(trial, 1, 1.5).verdict, Verdict::go_on);
  EXPECT_EQ(s.report(trial, 2, 2.5).verdict, Verdict::go_on);  // p = 1/4
  EXPECT_EQ(s.report(trial, 3, 3.5).verdict, Verdict::go_on);  // p = 1/8
  EXPECT_EQ(s.report(trial, 4, 4.5).reason, "epoch 4: worse than trial 0 in 4 pairs (p = 0.062)");
  const auto mixed = s.start();
  s.report(mixed, 1, 0);
  for (int fold = 2; fold <= 6; ++fold) {
    EXPECT_EQ(s.report(mixed, fold, fold + 0.1).verdict, Verdict::go_on);  // better on average
  }
}

TEST(Pasha, RaisesItsCapOnlyWhereTheRankingsDisagree) {
  for (const bool disagree : {false, true}) {
    Script s(rule("pasha", R"({"eta": 2})", 16));
    const auto go = [&](std::int64_t trial, double to, double value) {
      s.report(trial, to, value);
      s.end(trial, TrialState::paused);
    };
    for (int i = 0; i < 4; ++i) go(s.start(1), 1, i);
    s.queue(0, 2, 1);
    go(0, 2, disagree ? 9 : 0);
    s.queue(1, 2, 1);
    go(1, 2, 1);
    // Two are at rung 1. Where they kept their order nobody goes further than that.
    EXPECT_EQ(text_of(s.fold.next(true)),
              disagree ? "resume 1 to 4.0: rung 1: rank 1 of 2, promoted" : "new 0 to 1.0");
    if (!disagree) {
      EXPECT_EQ(text_of(s.fold.next(false)), "resume 0 to 16.0: rung 1: the best of 2, to the end");
      s.queue(0, 16, 2);
      s.report(0, 16, 0);
      s.end(0, TrialState::complete);
      EXPECT_THAT(text_of(s.fold.next(false)), HasSubstr("done"));
    }
  }
}

TEST(Hyperband, DealsTrialsOutAsTheBracketsShare) {
  Script s(rule("hyperband", R"({"mode": "stop"})", 9));
  EXPECT_EQ(s.fold.scheduler().describe(),
            "hyperband: 3 brackets, rungs at 1, 3 epochs, keeps 1 in 3");
  int in[3] = {0, 0, 0};
  s.start(std::nullopt, TrialOrigin::default_config);
  for (int i = 0; i < 17; ++i) {
    const Launch launch = s.fold.next(true);
    const int bracket = std::get<LaunchNew>(launch).bracket;
    ++in[bracket];
    auto proposal = std::make_shared<Proposal>();
    proposal->number = s.fold.history().size();
    proposal->bracket = bracket;
    s.commit(TrialAdded{std::move(proposal)});
  }
  EXPECT_EQ(in[0], 9);  // as Hyperband with R = 9 and η = 3: 9, 5 and 3
  EXPECT_EQ(in[1], 5);
  EXPECT_EQ(in[2], 3);
}

TEST(HyperbandRounds, WaitsForAllOfABracketAndPromotesTheBestThird) {
  Script s(rule("hyperband", R"({"mode": "rounds", "brackets": 2})", 9));
  // Two brackets: 3 trials from epoch 1, 2 from epoch 3.
  const auto start = [&](const std::string& expected) {
    EXPECT_EQ(text_of(s.fold.next(true)), expected);
    const auto launch = std::get<LaunchNew>(s.fold.next(true));
    auto proposal = std::make_shared<Proposal>();
    proposal->number = s.fold.history().size();
    proposal->bracket = launch.bracket;
    proposal->fidelity_target = launch.fidelity_target;
    const std::int64_t trial = proposal->number;
    s.commit(TrialAdded{std::move(proposal)});
    s.queue(trial, launch.fidelity_target, 0);
    return trial;
  };
  s.start(std::nullopt, TrialOrigin::default_config);
  const auto a = start("new 0 to 1.0");
  const auto b = start("new 0 to 1.0");
  const auto c = start("new 0 to 1.0");
  EXPECT_EQ(s.report(a, 1, 3).reason, "bracket 0, rung 0: waits for its bracket");
  s.end(a, TrialState::paused);
  s.report(b, 1, 2);
  s.end(b, TrialState::paused);
  const auto d = start("new 1 to 3.0");  // c is on its way: the next bracket begins
  s.report(c, 1, 1);
  s.end(c, TrialState::paused);
  EXPECT_EQ(text_of(s.fold.next(true)),
            "resume 3 to 3.0: bracket 0, rung 0: rank 1 of 3, promoted");
  s.queue(c, 3, 1, "checkpoint");
  s.report(c, 3, 1);
  s.end(c, TrialState::paused);
  EXPECT_EQ(text_of(s.fold.next(true)),
            "resume 3 to 9.0: bracket 0, rung 1: rank 1 of 1, promoted");
  EXPECT_EQ(s.report(d, 3, 1).verdict, Verdict::pause);
}

TEST(Bohb, IsForMethodsThatLearn) {
  StudySpec spec = rule("bohb", "{}");
  EXPECT_EQ(make_or_fail(spec)->describe(),
            "bohb: 4 brackets, rungs at 1, 3, 9 epochs, keeps 1 in 3");
  spec.sampler.name = "random";
  EXPECT_THAT(problems_of(spec).at(0).message, HasSubstr("is for methods that learn"));
}

TEST(IEpoch, RunsTheBestOfARoundToTheEnd) {
  Script s(rule("i_epoch", R"({"at": 2, "keep": 2, "round": 4})"));
  for (const double value : {4.0, 1.0, 3.0, 2.0}) {
    EXPECT_THAT(text_of(s.fold.next(true)), HasSubstr("new"));
    const auto trial = s.start(2);
    EXPECT_EQ(s.report(trial, 1, 0).verdict, Verdict::go_on);
    EXPECT_EQ(s.report(trial, 2, value).verdict, Verdict::pause);
    s.end(trial, TrialState::paused);
  }
  EXPECT_EQ(text_of(s.fold.next(true)), "resume 1 to 10.0: epoch 2: rank 1 of 4, to the end");
  s.queue(1, 10, 1);
  EXPECT_EQ(text_of(s.fold.next(false)), "resume 3 to 10.0: epoch 2: rank 2 of 4, to the end");
  s.queue(3, 10, 1);
  EXPECT_EQ(text_of(s.fold.next(true)), "new 0 to 2.0");  // the next round
  s.end(1, TrialState::failed);
  EXPECT_EQ(text_of(s.fold.next(false)), "resume 2 to 10.0: epoch 2: rank 2 of 4, to the end");
}

TEST(Moasha, NeverStopsWhatIsOnTheFront) {
  StudySpec spec = rule("moasha", R"({"eta": 3})", 9);
  spec.metrics[1].role = MetricRole::objective;
  Script s(spec);
  const auto both = [&](double first, double second) {
    const auto trial = s.start();
    const RunId run = s.fold.history().runs_of(trial).back();
    s.commit(Reported{{run, trial, 1'000'000, 1, 1, second, 0}});
    return s.report(trial, 1, first);
  };
  for (int i = 0; i < 6; ++i) EXPECT_EQ(both(i, 6 - i).verdict, Verdict::go_on) << i;
  EXPECT_EQ(both(5, 5).reason, "rung 0: 5 of 7 dominate it, stops from 2");
  EXPECT_EQ(both(-1, 99).verdict, Verdict::go_on);
  EXPECT_EQ(both(NAN, 0).verdict, Verdict::stop);
}

TEST(Schedulers, RefuseSeveralObjectivesWhereTheyCompareOne) {
  StudySpec spec = rule("asha", "{}");
  spec.metrics[1].role = MetricRole::objective;
  EXPECT_THAT(problems_of(spec).at(0).message, HasSubstr("use moasha"));
  spec.scheduler.name = "none";
  EXPECT_NE(make_or_fail(spec), nullptr);
}

}  // namespace
}  // namespace hone::contract
