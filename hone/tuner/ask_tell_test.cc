#include "hone/tuner/ask_tell.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "hone/base/error.h"

namespace hone {
namespace {

Parameter real(const std::string& name, double low, double high) {
  Parameter parameter;
  parameter.name = name;
  Real domain;
  domain.low = low;
  domain.high = high;
  parameter.domain = domain;
  return parameter;
}

Parameter choice(const std::string& name, const std::vector<std::string>& values) {
  Choice domain;
  for (const std::string& value : values) domain.items.push_back({Value(value), value});
  Parameter parameter;
  parameter.name = name;
  parameter.domain = std::move(domain);
  return parameter;
}

StudySpec spec_of(std::vector<Parameter> parameters) {
  StudySpec spec;
  spec.name = "test";
  spec.space = *SearchSpace::create(std::move(parameters), {}).space;
  Metric loss;
  loss.name = "loss";
  spec.metrics = {loss};
  spec.sampler.name = "random";
  spec.seed = 7;
  return spec;
}

double number_of(const Config& config, std::string_view name) {
  return config.get(name)->as_number();
}

TEST(AskTell, FindsTheBestOfWhatItWasTold) {
  AskTell study(spec_of({real("x", -1, 1)}));
  EXPECT_FALSE(study.best());
  double lowest = std::numeric_limits<double>::infinity();
  std::int64_t at = -1;
  for (int i = 0; i < 30; ++i) {
    const auto asked = study.ask();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->number, i);
    const double value = std::pow(number_of(asked->config, "x") - 0.3, 2);
    study.tell(asked->number, value);
    if (value < lowest) {
      lowest = value;
      at = asked->number;
    }
  }
  const auto best = study.best();
  ASSERT_TRUE(best);
  EXPECT_EQ(best->number, at);
  EXPECT_EQ(best->value, lowest);
  EXPECT_EQ(best->config, study.history().trial(at).config());
  EXPECT_EQ(study.history().counts().complete, 30);
}

TEST(AskTell, GivesTheDefaultFirstUnlessTold) {
  Parameter x = real("x", 0, 1);
  x.default_value = Value(0.125);
  StudySpec spec = spec_of({x});
  EXPECT_EQ(number_of(AskTell(spec).ask()->config, "x"), 0.125);
  spec.run_default_first = false;
  EXPECT_NE(number_of(AskTell(spec).ask()->config, "x"), 0.125);
}

StudySpec warm_spec() {
  StudySpec spec = spec_of({real("x", 0, 1)});
  spec.warm_start.studies = {"earlier"};
  for (const double x : {0.9, 0.8, 7.0, 0.7, 0.6}) {
    Config config;
    config.set("x", x);
    spec.warm_start.points.push_back({config, fmt::format("earlier, trial {}", x)});
  }
  return spec;
}

/// What is asked first, the default aside, and the rules behind it; the loss is `loss(x)`.
std::vector<std::pair<double, std::string>> begin_warm(const std::function<double(double)>& loss) {
  AskTell study(warm_spec());
  std::vector<std::pair<double, std::string>> asked;
  for (int i = 0; i < 6; ++i) {
    const auto trial = study.ask();
    const Value& info = study.history().trial(trial->number).proposal->info;
    asked.emplace_back(number_of(trial->config, "x"), info.string_or("rule", ""));
    study.tell(trial->number, loss(asked.back().first));
  }
  return asked;
}

TEST(AskTell, StartsWithTheBestOfEarlierStudies) {
  const auto asked = begin_warm([](double x) { return -x; });
  EXPECT_EQ(asked[0].second, "default");
  const std::vector<double> expected = {0.9, 0.8, 0.7, 0.6};  // 7 is out of bounds
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(asked[i + 1].first, expected[i]);
    EXPECT_EQ(asked[i + 1].second, "warm_start");
  }
  EXPECT_NE(asked[5].second, "warm_start");
}

TEST(AskTell, LeavesEarlierStudiesAloneThatMislead) {
  const auto asked = begin_warm([](double x) { return x; });
  EXPECT_EQ(asked[1].first, 0.9);
  EXPECT_EQ(asked[2].first, 0.8);
  for (std::size_t i = 3; i < asked.size(); ++i) EXPECT_NE(asked[i].second, "warm_start");
}

/// The lowest loss of ten trials with a study of the same function behind it, whose losses are
/// multiplied by `factor`; and how many suggestions followed it.
std::pair<double, int> ask_with_source(double factor) {
  const auto loss = [](const Config& c) {
    const double x = number_of(c, "x") - 0.81;
    const double y = number_of(c, "y") - 0.17;
    return x * x + y * y;
  };
  StudySpec spec = spec_of({real("x", 0, 1), real("y", 0, 1)});
  Rng rng(5);
  WarmSource source{"earlier", {}};
  for (int i = 0; i < 40; ++i) {
    const Config config = *spec.space.sample(rng);
    source.trials.push_back({config, factor * loss(config), i});
  }
  spec.sampler.name = "gp";
  spec.warm_start = {{"earlier"}, {}, {source}};
  AskTell study(spec);
  double lowest = INFINITY;
  int followed = 0;
  for (int i = 0; i < 10; ++i) {
    const auto trial = study.ask();
    followed += study.history().trial(trial->number).proposal->info.find("trust") != nullptr;
    lowest = std::min(lowest, loss(trial->config));
    study.tell(trial->number, loss(trial->config));
  }
  return {lowest, followed};
}

TEST(AskTell, LearnsFromTheTrialsOfAnEarlierStudyWhileTheyAgree) {
  const auto [lowest, followed] = ask_with_source(3);
  EXPECT_GE(followed, 4);  // every other one of nine
  EXPECT_LT(lowest, 1e-3);
  const auto [despite, misled] = ask_with_source(-1);
  EXPECT_LE(misled, 1);  // the first has nothing but the source
  EXPECT_LT(despite, 0.02);
}

TEST(AskTell, GivesTheSameConfigurationsForTheSameSeed) {
  const auto asked_by = [](std::int64_t seed) {
    StudySpec spec = spec_of({real("x", 0, 1), real("y", 0, 1)});
    spec.seed = seed;
    AskTell study(std::move(spec));
    std::vector<std::string> texts;
    for (int i = 0; i < 10; ++i) {
      const auto asked = study.ask();
      texts.push_back(asked->config.canonical());
      study.tell(asked->number, number_of(asked->config, "x"));
    }
    return texts;
  };
  EXPECT_EQ(asked_by(1), asked_by(1));
  EXPECT_NE(asked_by(1), asked_by(2));
}

TEST(AskTell, TakesTrialsInAnyOrder) {
  AskTell study(spec_of({real("x", 0, 1)}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(study.ask());
  EXPECT_EQ(study.history().counts().running, 3);
  study.tell(2, 3.0);
  study.tell(0, 1.0);
  study.tell(1, 2.0);
  ASSERT_TRUE(study.best());
  EXPECT_EQ(study.best()->number, 0);
  EXPECT_EQ(study.history().open_runs(), 0);
}

TEST(AskTell, SaysWhyNothingIsLeft) {
  AskTell covered(spec_of({choice("a", {"x", "y"}), choice("b", {"x", "y", "z"})}));
  std::set<std::string> seen;
  while (const auto asked = covered.ask()) {
    EXPECT_TRUE(seen.insert(asked->config.canonical()).second) << "asked twice";
    covered.tell(asked->number, 1);
    ASSERT_LE(seen.size(), 6u);
  }
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_FALSE(covered.why_done().empty());

  StudySpec spec = spec_of({real("x", 0, 1)});
  spec.budget.trials = 2;
  AskTell limited(std::move(spec));
  EXPECT_TRUE(limited.ask());
  EXPECT_TRUE(limited.ask());
  EXPECT_FALSE(limited.ask());
  EXPECT_EQ(limited.why_done(), "budget of 2 trials used");
}

/// Asks until nothing is left; what evaluates a trial tells it.
int trials_until_done(AskTell& study, const std::function<void(const Asked&)>& evaluate) {
  int count = 0;
  for (; count < 1000; ++count) {
    const auto asked = study.ask();
    if (!asked) break;
    evaluate(*asked);
  }
  return count;
}

TEST(AskTell, ABudgetOfTimeCountsWhileTrialsAreOut) {
  StudySpec spec = spec_of({real("x", 0, 1)});
  spec.budget.time_us = 10 * kSecond_us;
  ManualClock clock;
  AskTell study(spec, &clock);
  const int count = trials_until_done(study, [&](const Asked& asked) {
    clock.advance_us(3 * kSecond_us);
    study.tell(asked.number, 1);
    clock.advance_us(3600 * kSecond_us);  // nothing is out
  });
  EXPECT_EQ(count, 4);
  EXPECT_EQ(study.why_done(), "time budget of 10.0 s used");
}

TEST(AskTell, BudgetsOfProcessorsAndMoneyCountTheTimeOfEveryTrial) {
  StudySpec spec = spec_of({real("x", 0, 1)});
  spec.resources.cpus = 2;
  spec.resources.gpus = 1;
  const auto count = [](const StudySpec& budgeted) {
    ManualClock clock;
    AskTell study(budgeted, &clock);
    return trials_until_done(study, [&](const Asked& asked) {
      clock.advance_us(60 * kSecond_us);
      study.tell_failed(asked.number, FailKind::diverged);
    });
  };
  StudySpec cpu = spec;
  cpu.budget.cpu_us = 600 * kSecond_us;
  EXPECT_EQ(count(cpu), 5);
  StudySpec gpu = spec;
  gpu.budget.gpu_us = 600 * kSecond_us;
  EXPECT_EQ(count(gpu), 10);
  StudySpec cost = spec;
  cost.budget.cost = 2;
  cost.budget.price = 60;
  EXPECT_EQ(count(cost), 2);
}

TEST(AskTell, ACostThatIsToldAndTheFidelityAreCounted) {
  StudySpec spec = spec_of({real("x", 0, 1)});
  Metric price;
  price.name = "price";
  price.role = MetricRole::cost;
  spec.metrics.push_back(price);
  spec.budget.cost = 10;
  AskTell priced(spec);
  const int count = trials_until_done(priced, [&](const Asked& asked) {
    priced.tell(asked.number, std::array{1.0, 4.0});
  });
  EXPECT_EQ(count, 3);
  EXPECT_EQ(priced.why_done(), "budget of cost 10 used (12)");

  StudySpec curves = spec_of({real("x", 0, 1)});
  curves.fidelity = Fidelity{"epoch", 1, 9};
  curves.budget.fidelity = 30;
  AskTell trained(curves);
  const int many = trials_until_done(trained, [&](const Asked& asked) {
    if (asked.number % 2 == 0) {
      trained.tell_stopped(asked.number, 1, 3);
    } else {
      trained.tell(asked.number, 1);
    }
  });
  EXPECT_EQ(many, 6);  // 3 + 9 + 3 + 9 + 3 + 9
  EXPECT_EQ(trained.why_done(), "budget of 30 epochs used (36)");
}

TEST(AskTell, EndsWhereNoImprovementIsExpectedIfThatIsWanted) {
  StudySpec spec = spec_of({real("x", 0, 1)});
  spec.budget.stop_without_improvement = true;
  AskTell study(spec);
  const int count = trials_until_done(
      study, [&](const Asked& asked) { study.tell(asked.number, asked.number == 2 ? 0 : 1); });
  EXPECT_EQ(count, 15);  // the best is the third, then 2·1 + 10 without improvement
  EXPECT_NE(study.why_done().find("no improvement expected"), std::string::npos);
}

TEST(AskTell, KeepsFailedTrialsOutOfTheBest) {
  AskTell study(spec_of({real("x", 0, 1)}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(study.ask());
  study.tell_failed(0, FailKind::out_of_memory, "killed at 12 GiB");
  study.tell(1, std::nan(""));
  EXPECT_FALSE(study.best());
  study.tell(2, 5.0);
  ASSERT_TRUE(study.best());
  EXPECT_EQ(study.best()->number, 2);
  EXPECT_EQ(study.history().trial(0).state, TrialState::failed);
  EXPECT_EQ(study.history().trial(0).fail_kind, FailKind::out_of_memory);
  EXPECT_EQ(study.history().trial(0).detail, "killed at 12 GiB");
  EXPECT_EQ(study.history().trial(1).fail_kind, FailKind::nan);
}

TEST(AskTell, TakesAValueForEveryDeclaredMetric) {
  StudySpec spec = spec_of({real("x", 0, 1)});
  Metric size;
  size.name = "size";
  size.role = MetricRole::guard;
  size.max = 10;
  spec.metrics.push_back(size);
  AskTell study(std::move(spec));
  ASSERT_TRUE(study.ask());
  ASSERT_TRUE(study.ask());
  study.tell(0, std::array{1.0, 20.0});
  study.tell(1, std::array{2.0, 5.0});
  ASSERT_TRUE(study.best());
  EXPECT_EQ(study.best()->number, 1) << "the guard rules trial 0 out";
  EXPECT_EQ(study.history().trial(0).value_of(1), 20.0);
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::interrupted;
}

TEST(AskTell, RefusesWhatCannotBeTold) {
  AskTell study(spec_of({real("x", 0, 1)}));
  ASSERT_TRUE(study.ask());
  EXPECT_EQ(code_of([&] { study.tell(1, 0.5); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { study.tell(-1, 0.5); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { study.tell(0, std::array{0.5, 0.5}); }), ErrorCode::invalid_input);
  EXPECT_EQ(code_of([&] { study.tell_failed(0, FailKind::none); }), ErrorCode::invalid_input);
  EXPECT_EQ(study.history().counts().running, 1) << "a refused call has no effect";
  study.tell(0, 0.5);
  EXPECT_EQ(code_of([&] { study.tell(0, 0.4); }), ErrorCode::conflict);
  EXPECT_EQ(code_of([&] { study.tell_failed(0, FailKind::signal); }), ErrorCode::conflict);
  ASSERT_TRUE(study.best());
  EXPECT_EQ(study.best()->value, 0.5);
}

TEST(AskTell, RefusesAnUnknownSamplerAndAStudyWithoutObjective) {
  StudySpec unknown = spec_of({real("x", 0, 1)});
  unknown.sampler.name = "randon";
  EXPECT_EQ(code_of([&] { AskTell study(unknown); }), ErrorCode::invalid_input);
  StudySpec aimless = spec_of({real("x", 0, 1)});
  aimless.metrics.clear();
  EXPECT_EQ(code_of([&] { AskTell study(aimless); }), ErrorCode::invalid_input);
}

TEST(AskTell, LearnsFromTrialsThatSomebodyElseChose) {
  StudySpec spec = spec_of({real("x", -1, 1), real("y", -1, 1)});
  spec.sampler.name = "gp";
  spec.run_default_first = false;
  AskTell study(spec);
  for (int i = 0; i <= 20; ++i) {
    Config config;
    config.set("x", -1 + 0.1 * i);
    if (i % 2 == 0) config.set("y", 0.5);  // not all trials know it
    const std::int64_t number = study.add(config);
    EXPECT_EQ(number, i);
    if (i % 5 == 4) {
      study.tell_stopped(number, 10, 0.5);
    } else {
      study.tell(number, std::pow(number_of(config, "x") - 0.5, 2));
    }
  }
  EXPECT_EQ(study.history().counts().stopped, 4);
  EXPECT_THROW(study.tell(4, 1.0), Error);
  double nearest = 1;
  for (int i = 0; i < 10; ++i) {
    const Asked asked = *study.ask();
    EXPECT_NE(asked.config.get("y"), nullptr);
    nearest = std::min(nearest, std::abs(number_of(asked.config, "x") - 0.5));
    study.tell(asked.number, std::pow(number_of(asked.config, "x") - 0.5, 2));
  }
  EXPECT_LT(nearest, 0.15);
}

TEST(AskTell, SeveralObjectivesComeToAFrontAndNotToABest) {
  StudySpec spec = spec_of({real("x", 0, 1)});
  spec.sampler.name = "nsga2";
  Metric gain;
  gain.name = "gain";
  gain.goal = Goal::maximize;
  spec.metrics.push_back(gain);
  AskTell study(std::move(spec));
  EXPECT_TRUE(study.front().empty());
  EXPECT_THROW(study.best(), Error);
  // loss x and gain −(x − 0.5)²: the front is x ≤ 0.5, and all of it.
  std::set<std::int64_t> expected;
  for (int i = 0; i < 60; ++i) {
    const auto asked = study.ask();
    ASSERT_TRUE(asked);
    const double x = number_of(asked->config, "x");
    if (i == 20) {
      study.tell(asked->number, std::array{x, std::nan("")});  // fails
      EXPECT_EQ(study.history().trial(20).state, TrialState::failed);
      continue;
    }
    study.tell(asked->number, std::array{x, -std::pow(x - 0.5, 2)});
    if (x <= 0.5) expected.insert(asked->number);
  }
  std::set<std::int64_t> numbers;
  for (const FrontTrial& trial : study.front()) {
    numbers.insert(trial.number);
    EXPECT_EQ(trial.values.size(), 2U);
    EXPECT_EQ(trial.values[0], number_of(trial.config, "x"));
  }
  // A trial just beyond 0.5 may be on it as well, where none lies between it and its mirror image.
  for (const std::int64_t number : expected) EXPECT_TRUE(numbers.contains(number));
  EXPECT_LE(numbers.size(), expected.size() + 1);
  EXPECT_GT(expected.size(), 30U);  // the search stays on the front
}

}  // namespace
}  // namespace hone
