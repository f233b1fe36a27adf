#include "hone/tuner/oom_retry.h"

#include <gtest/gtest.h>

#include "hone/base/text.h"

namespace hone {
namespace {

Parameter whole_number(std::string name, std::int64_t low, std::int64_t high,
                       std::int64_t step = 1) {
  Parameter p;
  p.name = std::move(name);
  Integer domain;
  domain.low = low;
  domain.high = high;
  domain.step = step;
  p.domain = domain;
  return p;
}

Parameter one_of(std::string name, const std::vector<Value>& values) {
  Parameter p;
  p.name = std::move(name);
  Choice choice;
  for (const Value& value : values) choice.items.push_back({value, value.dump()});
  p.domain = choice;
  return p;
}

class MemoryStudy {
 public:
  MemoryStudy(std::vector<Parameter> parameters, OomRule rule,
              std::vector<std::string> constraints = {}) {
    auto spec = std::make_shared<StudySpec>();
    std::vector<Constraint> parsed;
    for (const std::string& text : constraints) {
      auto expression = Expression::parse(text);
      parsed.push_back({std::get<Expression>(std::move(expression))});
    }
    auto built = SearchSpace::create(std::move(parameters), std::move(parsed));
    EXPECT_TRUE(built.space.has_value());
    spec->space = *built.space;
    spec->metrics = {Metric{}};
    spec->metrics.front().name = "loss";
    spec->on_gpu_oom = std::move(rule);
    history_ = std::make_unique<History>(spec);
  }

  std::int64_t fail(const std::string& json, std::optional<std::int64_t> parent = std::nullopt,
                    FailKind kind = FailKind::gpu_out_of_memory) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->config = *Config::parse(json);
    proposal->parent = parent;
    if (parent) proposal->origin = TrialOrigin::retry_with_change;
    apply(TrialAdded{proposal});
    TrialMoved moved;
    moved.trial = proposal->number;
    moved.state = TrialState::failed;
    moved.fail_kind = kind;
    apply(moved);
    return proposal->number;
  }
  void apply(ChangeBody body) {
    const Change change{++seq_, seq_, std::move(body)};
    history_->apply(change);
    retries_.observe(change, *history_);
  }

  /// What follows: the change and the configuration, or why nothing does.
  std::string after(std::int64_t trial) const {
    const auto next = smaller_trial(*history_, trial);
    if (const auto* why = std::get_if<std::string>(&next)) return "not: " + *why;
    const auto& smaller = std::get<SmallerTrial>(next);
    EXPECT_TRUE(history_->spec().space.is_feasible(smaller.config));
    return smaller.change + " | " + smaller.config.canonical();
  }
  std::optional<std::int64_t> waiting() const { return retries_.next(*history_); }

 private:
  std::unique_ptr<History> history_;
  OomRetries retries_;
  std::int64_t seq_ = 0;
};

const OomRule kRule{{"batch"}, {"steps"}, 4};

TEST(SmallerTrial, HalvesAndDoubles) {
  MemoryStudy study({whole_number("batch", 1, 64), whole_number("steps", 1, 16)}, kRule);
  EXPECT_EQ(study.after(study.fail(R"({"batch":32,"steps":2})")),
            R"(batch 32 → 16, steps 2 → 4 | {"batch":16,"steps":4})");
  EXPECT_EQ(study.after(study.fail(R"({"batch":9,"steps":16})")),
            R"(batch 9 → 4 | {"batch":4,"steps":16})");
}

TEST(SmallerTrial, TakesTheNextLegalValue) {
  MemoryStudy study({one_of("batch", {4, 12, 64}), whole_number("steps", 1, 22, 7)}, kRule);
  EXPECT_EQ(study.after(study.fail(R"({"batch":64,"steps":8})")),
            R"(batch 64 → 12, steps 8 → 22 | {"batch":12,"steps":22})");
  // Half of 12 is 6: 4 is the next below. Steps are at their largest.
  EXPECT_EQ(study.after(study.fail(R"({"batch":12,"steps":22})")),
            R"(batch 12 → 4 | {"batch":4,"steps":22})");
  EXPECT_EQ(study.after(study.fail(R"({"batch":4,"steps":1})")),
            "not: batch is 4 and cannot be halved");
}

TEST(SmallerTrial, StopsAtTheBoundOfARange) {
  MemoryStudy study({whole_number("batch", 6, 64), whole_number("steps", 1, 3)}, kRule);
  EXPECT_EQ(study.after(study.fail(R"({"batch":8,"steps":2})")),
            R"(batch 8 → 6, steps 2 → 3 | {"batch":6,"steps":3})");
  EXPECT_EQ(study.after(study.fail(R"({"batch":6,"steps":2})")),
            "not: batch is 6 and cannot be halved");
}

TEST(SmallerTrial, HalvesRealParametersWithAndWithoutSteps) {
  Parameter batch;
  batch.name = "batch";
  Real domain;
  domain.low = 0.5;
  domain.high = 8;
  batch.domain = domain;
  MemoryStudy plain({batch}, {{"batch"}, {}, 4});
  EXPECT_EQ(plain.after(plain.fail(R"({"batch":3.0})")), R"(batch 3 → 1.5 | {"batch":1.5})");
  EXPECT_EQ(plain.after(plain.fail(R"({"batch":0.75})")), R"(batch 0.75 → 0.5 | {"batch":0.5})");
  domain.quantum = Quantum{0.5, true};
  batch.domain = domain;
  MemoryStudy stepped({batch}, {{"batch"}, {}, 4});
  EXPECT_EQ(stepped.after(stepped.fail(R"({"batch":3.5})")), R"(batch 3.5 → 1.5 | {"batch":1.5})");
}

TEST(SmallerTrial, KeepsConstraints) {
  const std::vector<Parameter> parameters = {whole_number("batch", 1, 64),
                                             whole_number("steps", 1, 16)};
  MemoryStudy study(parameters, kRule, {"batch * steps >= 32", "steps <= 8"});
  EXPECT_EQ(study.after(study.fail(R"({"batch":32,"steps":4})")),
            R"(batch 32 → 16, steps 4 → 8 | {"batch":16,"steps":8})");
  // Doubling would break a constraint, halving alone does not.
  EXPECT_EQ(study.after(study.fail(R"({"batch":32,"steps":8})")),
            R"(batch 32 → 16 | {"batch":16,"steps":8})");
  EXPECT_TRUE(study.after(study.fail(R"({"batch":4,"steps":8})")).starts_with("not: batch 4 → 2"));
}

TEST(SmallerTrial, GivesWhatBecomesActiveItsDefault) {
  Parameter momentum = whole_number("momentum", 1, 9);
  momentum.default_value = Value(7);
  Condition small;
  small.parent = "batch";
  small.any_of = {Value(8)};
  momentum.conditions.push_back(small);
  MemoryStudy study({one_of("batch", {8, 16}), momentum}, {{"batch"}, {}, 4});
  EXPECT_EQ(study.after(study.fail(R"({"batch":16})")),
            R"(batch 16 → 8 | {"batch":8,"momentum":7})");
}

TEST(SmallerTrial, EndsItsChain) {
  MemoryStudy study({whole_number("batch", 1, 64), whole_number("steps", 1, 16)},
                    {{"batch"}, {}, 2});
  const auto first = study.fail(R"({"batch":64,"steps":1})");
  const auto second = study.fail(R"({"batch":32,"steps":1})", first);
  EXPECT_EQ(study.after(second), R"(batch 32 → 16 | {"batch":16,"steps":1})");
  const auto third = study.fail(R"({"batch":16,"steps":1})", second);
  EXPECT_EQ(study.after(third), "not: it was changed 2 times already (at_most)");
}

TEST(SmallerTrial, PassesOverWhatIsKnownToFailAndEndsAtWhatIsNot) {
  MemoryStudy study({whole_number("batch", 1, 64)}, {{"batch"}, {}, 4});
  study.fail(R"({"batch":32})");
  const auto large = study.fail(R"({"batch":64})");
  EXPECT_EQ(study.after(large), R"(batch 64 → 32; batch 32 → 16 | {"batch":16})");
  study.fail(R"({"batch":16})", std::nullopt, FailKind::exit_code);
  EXPECT_EQ(study.after(large), "not: batch 64 → 32; batch 32 → 16 is what trial 2 has");
}

TEST(SmallerTrial, SpeaksOfItsOwnKindOfMemoryOnly) {
  MemoryStudy study({whole_number("batch", 1, 64)}, {{"batch"}, {}, 4});
  const auto trial = study.fail(R"({"batch":64})", std::nullopt, FailKind::out_of_memory);
  EXPECT_EQ(study.waiting(), std::nullopt);
  EXPECT_EQ(study.after(trial), "not: the study says nothing about it");
}

TEST(OomRetries, AreDecidedOnce) {
  MemoryStudy study({whole_number("batch", 1, 64)}, {{"batch"}, {}, 4});
  const auto first = study.fail(R"({"batch":64})");
  EXPECT_EQ(study.waiting(), first);
  const auto second = study.fail(R"({"batch":32})", first);
  EXPECT_EQ(study.waiting(), second);
  Value note = Value::Map{};
  study.apply(Noted{OomRetries::kNotRetried, note.set("trial", second).set("reason", "")});
  EXPECT_EQ(study.waiting(), std::nullopt);
  // Run again by a user, it fails again: that was answered before.
  RunPlan again;
  again.trial = first;
  study.apply(RunQueued{RunId{1}, again});
  TrialMoved moved;
  moved.trial = first;
  moved.state = TrialState::failed;
  moved.fail_kind = FailKind::gpu_out_of_memory;
  study.apply(moved);
  EXPECT_EQ(study.waiting(), std::nullopt);
}

}  // namespace
}  // namespace hone
