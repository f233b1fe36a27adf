// Population-based training against populations played by hand: who is replaced by whom, who waits
// for whom, and that explored values stay legal and get nowhere stuck.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/scheduler/exploration.h"
#include "hone/scheduler/scheduler_script.h"

namespace hone::contract {
namespace {

using testing::HasSubstr;

/// A population on the fidelities 1 … 10, checkpoints declared.
StudySpec population(const char* json, const char* name = "pbt") {
  StudySpec spec = curve_spec(name, *Value::parse(json), 10);
  spec.checkpoint = CheckpointSpec{"checkpoint-*", "", {}};
  spec.run_default_first = false;
  return spec;
}

/// Plays what the scheduler asks for.
class Population : public Script {
 public:
  using Script::Script;

  /// Starts what is to be launched next, a new member or a fork; its number.
  std::int64_t launch() {
    const Launch next = fold.next(true);
    auto proposal = std::make_shared<Proposal>();
    proposal->number = fold.history().size();
    std::string from;
    if (const auto* fresh = std::get_if<LaunchNew>(&next)) {
      proposal->bracket = fresh->bracket;
      proposal->config.set("x", 0.5);
    } else {
      const auto& fork = std::get<LaunchFork>(next);
      proposal->origin = TrialOrigin::fork;
      proposal->parent = fork.parent;
      proposal->bracket = fork.bracket;
      proposal->config = fork.config;
      from = "newest";
    }
    proposal->fidelity_target = 10;
    const std::int64_t trial = proposal->number;
    commit(TrialAdded{std::move(proposal)});
    queue(trial, 10, 0, from);
    return trial;
  }
  /// Reports, and commits the verdict if it is one.
  std::string step(std::int64_t trial, double fidelity, double value) {
    const Decision decision = report(trial, fidelity, value);
    if (decision.verdict == Verdict::go_on) return "";
    commit(Judged{trial, decision.verdict, decision.reason, fold.history().spec().scheduler.name,
                  fold.history().version(), FailKind::none});
    end(trial, decision.verdict == Verdict::stop ? TrialState::stopped : TrialState::paused);
    return decision.reason;
  }
};

TEST(Pbt, ReplacesTheWorstByAForkOfTheBest) {
  Population p(population(R"({"population": 4, "interval": 2})"));
  for (int m = 0; m < 4; ++m) p.launch();
  for (int m = 0; m < 4; ++m) EXPECT_EQ(p.step(m, 1, m), "");
  for (int m = 0; m < 3; ++m) EXPECT_EQ(p.step(m, 2, m), "");
  EXPECT_EQ(p.step(3, 2, 3), "epoch 2: rank 4 of 4, replaced by a fork of 0");
  const Launch next = p.fold.next(false);
  EXPECT_EQ(text_of(next),
            "fork 0 to 10.0: member 3: trial 3 was rank 4 of 4, goes on from trial 0 at epoch 2");
  const auto& fork = std::get<LaunchFork>(next);
  EXPECT_NE(fork.config.get("x")->as_number(), 0.5);
  EXPECT_EQ(p.launch(), 4);
  EXPECT_EQ(p.step(4, 3, 0.5), "");
  EXPECT_EQ(text_of(p.fold.next(true)), "wait");
}

TEST(Pbt, JudgesAFastMemberOnceTheOthersHaveComeSoFar) {
  Population p(population(R"({"population": 4, "interval": 2})"));
  for (int m = 0; m < 4; ++m) p.launch();
  EXPECT_EQ(p.step(3, 2, 9), "");  // nobody to compare it with
  for (int m = 0; m < 3; ++m) EXPECT_EQ(p.step(m, 2, m), "");
  EXPECT_EQ(p.step(3, 3, 9), "");
  EXPECT_EQ(p.step(3, 4, 9), "epoch 4: rank 4 of 4, replaced by a fork of 0");
}

TEST(Pbt, DoesNotHoldWhatAForkInheritedForItsOwn) {
  Population p(population(R"({"population": 2, "interval": 2})"));
  p.launch();
  p.launch();
  p.step(0, 2, 1);
  EXPECT_THAT(p.step(1, 2, 2), HasSubstr("replaced by a fork of 0"));
  p.launch();
  EXPECT_EQ(p.step(2, 3, 9), "");  // on its way to the next interval
  p.step(0, 4, 1);
  EXPECT_THAT(p.step(2, 4, 9), HasSubstr("epoch 4: rank 2 of 2"));
}

TEST(Pbt, LetsNobodyBeReplacedDuringTheBurnInOrByAnEqual) {
  Population p(population(R"({"population": 2, "interval": 2, "burn_in": 4})"));
  p.launch();
  p.launch();
  p.step(0, 2, 1);
  EXPECT_EQ(p.step(1, 2, 9), "");
  p.step(0, 4, 1);
  EXPECT_EQ(p.step(1, 4, 1), "");
  p.step(0, 6, 1);
  EXPECT_THAT(p.step(1, 6, NAN), HasSubstr("replaced"));
}

TEST(Pbt, LetsMembersThatAreAheadWaitForThoseThatHaveNotBegun) {
  Population p(population(R"({"population": 3, "interval": 5})"));
  p.launch();
  EXPECT_EQ(p.step(0, 5, 1), "epoch 5: waits for member 1");
  EXPECT_EQ(text_of(p.fold.next(true)), "new 1 to 10.0");
  p.launch();
  EXPECT_EQ(p.step(1, 5, 2), "epoch 5: waits for member 2");
  EXPECT_EQ(text_of(p.fold.next(true)), "new 2 to 10.0");
  EXPECT_EQ(text_of(p.fold.next(false)), "resume 0 to 10.0: member 0: goes on from interval 1");
}

TEST(Pbt, LetsAForkTakeThePlaceOfAMemberThatFailedButNotForEver) {
  Population p(population(R"({"population": 2, "interval": 2})"));
  p.launch();
  p.launch();
  p.step(0, 2, 1);
  p.end(1, TrialState::failed);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(text_of(p.fold.next(false)), HasSubstr("failed, goes on from trial 0")) << i;
    p.end(p.launch(), TrialState::failed);
  }
  EXPECT_EQ(text_of(p.fold.next(false)), "wait");
}

TEST(Pbt, NobodyWaitsForAMemberThatWasGivenUp) {
  Population p(population(R"({"population": 2, "interval": 2})"));
  p.launch();
  p.launch();
  EXPECT_EQ(p.step(0, 2, 1), "");
  EXPECT_EQ(p.step(1, 2, 2), "epoch 2: rank 2 of 2, replaced by a fork of 0");
  EXPECT_EQ(p.step(0, 4, 1), "epoch 4: waits for member 1");
  for (int i = 0; i < 4; ++i) p.end(p.launch(), TrialState::failed);
  EXPECT_EQ(text_of(p.fold.next(false)), "resume 0 to 10.0: member 0: goes on from interval 2");
  p.queue(0, 10, 1, "newest");
  EXPECT_EQ(p.step(0, 6, 1), "");
}

TEST(Pbt, WaitsForTheForkOfAMemberThatFailed) {
  Population p(population(R"({"population": 2, "interval": 2})"));
  p.launch();
  p.launch();
  EXPECT_EQ(p.step(0, 2, 1), "");
  p.end(1, TrialState::failed);
  EXPECT_EQ(p.step(0, 4, 1), "epoch 4: waits for member 1");
}

TEST(Pbt, SaysWhatIsMissing) {
  const auto problem = [](StudySpec spec) {
    std::vector<OptionProblem> problems;
    EXPECT_EQ(make_scheduler(spec, problems), nullptr);
    return problems.empty() ? std::string() : problems.front().message;
  };
  StudySpec spec = population("{}");
  spec.checkpoint.reset();
  EXPECT_THAT(problem(spec), HasSubstr("declare checkpoint"));
  EXPECT_THAT(problem(population(R"({"interval": 10})")), HasSubstr("never be compared"));
  EXPECT_THAT(problem(population(R"({"interval": 1e-6})")), HasSubstr("Take 0.001 or more"));
  EXPECT_THAT(problem(population(R"({"mutate": ["y"]})")), HasSubstr("is no searched parameter"));
  spec = population("{}");
  spec.confirm = Confirm{3, 3};
  EXPECT_THAT(problem(spec), HasSubstr("use hone replay"));
  spec = population("{}");
  spec.fidelity.reset();
  EXPECT_THAT(problem(spec), HasSubstr("the study declares none"));
}

TEST(Replay, TrainsItsStepsOneAfterTheOther) {
  Population p(population(
      R"({"schedule": [{"from": 0, "config": {"x": 0.25}}, {"from": 4, "config": {"x": 0.75}}]})",
      "replay"));
  EXPECT_EQ(text_of(p.fold.next(true)), "fork -1 to 10.0: step 1 of 2");
  const auto add = [&](const LaunchFork& fork) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = p.fold.history().size();
    proposal->config = fork.config;
    proposal->info = fork.info;
    proposal->bracket = fork.bracket;
    p.commit(TrialAdded{proposal});
    p.queue(proposal->number, 10, 0, fork.parent < 0 ? "" : "newest");
    return proposal->number;
  };
  add(std::get<LaunchFork>(p.fold.next(true)));
  EXPECT_EQ(p.step(0, 3, 1), "");
  EXPECT_EQ(p.step(0, 4, 1), "epoch 4: step 1 of 2 ends, the next goes on");
  const Launch next = p.fold.next(true);
  EXPECT_EQ(text_of(next), "fork 0 to 10.0: step 2 of 2");
  EXPECT_EQ(std::get<LaunchFork>(next).config.get("x")->as_number(), 0.75);
  add(std::get<LaunchFork>(next));
  EXPECT_EQ(p.step(1, 10, 1), "");
  p.end(1, TrialState::complete);
  EXPECT_EQ(text_of(p.fold.next(true)), "done: the schedule was replayed once");
}

SearchSpace mixed_space() {
  std::vector<Parameter> parameters(5);
  parameters[0].name = "rate";
  Real rate;
  rate.law = Law::log_uniform;
  rate.low = 1e-4;
  rate.high = 1e-1;
  parameters[0].domain = rate;
  parameters[1].name = "layers";
  parameters[1].domain = Integer{1, 4};
  parameters[2].name = "step";
  Real stepped;
  stepped.low = 0;
  stepped.high = 1;
  stepped.quantum = Quantum{0.25, true};
  parameters[2].domain = stepped;
  const auto choice = [](bool ordered) {
    Choice c;
    for (const char* text : {"a", "b", "c"}) c.items.push_back({Value(text), text});
    c.ordered = ordered;
    return c;
  };
  parameters[3].name = "size";
  parameters[3].domain = choice(true);
  parameters[4].name = "kind";
  parameters[4].domain = choice(false);
  return *SearchSpace::create(parameters, {}).space;
}

TEST(Exploration, StaysLegalAndMovesEveryNumberAndOrderedChoice) {
  const SearchSpace space = mixed_space();
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng(seed);
    Config from = *space.sample(rng);
    if (seed % 3 == 0) {  // where values get stuck: at bounds, at one, at zero
      from.set("rate", seed % 2 == 0 ? 1e-1 : 1e-4);
      from.set("layers", Value(seed % 2 == 0 ? 1 : 4));
      from.set("step", seed % 2 == 0 ? 0.0 : 1.0);
    }
    const Config to = explored(space, from, {0, 1.2, {}}, rng);
    ASSERT_EQ(space.violations(to), std::vector<std::string>{}) << seed;
    for (const char* name : {"rate", "layers", "step", "size"})
      EXPECT_FALSE(*to.get(name) == *from.get(name)) << seed << " " << name;
    EXPECT_EQ(*to.get("kind"), *from.get("kind"));
    const double ratio = to.get("rate")->as_number() / from.get("rate")->as_number();
    EXPECT_TRUE(ratio < 1.2 + 1e-9 && ratio > 1 / 1.2 - 1e-9) << ratio;
  }
}

TEST(Exploration, ChangesOnlyWhatMayChange) {
  const SearchSpace space = mixed_space();
  Rng rng(1);
  const Config from = *space.sample(rng);
  bool kind_changed = false;
  for (int i = 0; i < 50; ++i) {
    const Config to = explored(space, from, {1, 1.2, {"rate", "kind"}}, rng);
    for (const char* name : {"layers", "step", "size"}) EXPECT_EQ(*to.get(name), *from.get(name));
    kind_changed = kind_changed || !(*to.get("kind") == *from.get("kind"));
  }
  EXPECT_TRUE(kind_changed);
}

}  // namespace
}  // namespace hone::contract
