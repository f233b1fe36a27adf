// What may be said: statements of studies with known answers, and silence where nothing is known.
// bench/analysis counts both over many studies.
#include "hone/analysis/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/analysis/analysis_test_support.h"
#include "hone/analysis/failure_pattern.h"
#include "hone/analysis/shown.h"

namespace hone {
namespace {

using ::testing::HasSubstr;

const Statement* statement(const Findings& findings, StatementKind kind, const std::string& name) {
  for (const Statement& one : findings.statements) {
    if (one.kind == kind && one.parameter == name) return &one;
  }
  return nullptr;
}

/// lr with an optimum at 1e-3, an optimizer, a batch that fills the memory from 32 on, and decay.
StudySpec tuning_space(std::int64_t seed) {
  const auto text = [](const char* word) { return ChoiceItem{word, word}; };
  Real lr;
  lr.law = Law::log_uniform;
  lr.low = 1e-5;
  lr.high = 1e-1;
  Choice batch, optimizer;
  batch.ordered = true;
  for (const std::int64_t b : {8, 16, 32}) batch.items.push_back({b, std::to_string(b)});
  optimizer.items = {text("adam"), text("sgd")};
  StudySpec spec = unit_space(0, seed);
  spec.space = *SearchSpace::create({{"lr", lr, {}, {}, {}},
                                     {"batch", batch, {}, {}, {}},
                                     {"optimizer", optimizer, {}, {}, {}},
                                     {"decay", Real{}, {}, {}, {}}},
                                    {})
                    .space;
  return spec;
}

double tuned(const Config& c, Rng& noise) {
  return 2 + std::pow(std::log10(number(c, "lr")) + 3, 2) +
         (c.get("optimizer")->as_string() == "sgd" ? 1.0 : 0.0) + 0.1 * noise.normal();
}

TEST(Findings, SayWhatMattersWhereTheBestLiesAndWhatHardlyMatters) {
  const Findings findings = find_findings(played(tuning_space(1), 150, tuned));
  const Statement* lr = statement(findings, StatementKind::matters, "lr");
  ASSERT_NE(lr, nullptr);
  EXPECT_THAT(lr->text, HasSubstr("lr explains "));
  EXPECT_LT(lr->evidence.number_or("p", 1), 1e-6);
  const Statement* region = statement(findings, StatementKind::best_region, "lr");
  ASSERT_NE(region, nullptr);
  EXPECT_LE(region->evidence.number_or("low", 1), 1e-3);
  EXPECT_GE(region->evidence.number_or("high", 0), 1e-3);
  EXPECT_THAT(region->text, HasSubstr("lr is best between"));
  const Statement* item = statement(findings, StatementKind::best_value, "optimizer");
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->evidence.string_or("value", ""), "adam");
  EXPECT_THAT(item->text, HasSubstr("below the next"));
  EXPECT_NE(statement(findings, StatementKind::hardly_matters, "decay"), nullptr);
  EXPECT_EQ(statement(findings, StatementKind::matters, "decay"), nullptr);
  EXPECT_EQ(findings.statements.front().kind, StatementKind::matters) << "by kind";
}

TEST(Findings, SayTheSameOfAMetricThatIsMaximised) {
  StudySpec spec = tuning_space(2);
  spec.metrics[0].goal = Goal::maximize;
  const auto gain = [](const Config& c, Rng& noise) { return -tuned(c, noise); };
  const Findings findings = find_findings(played(spec, 150, gain));
  const Statement* region = statement(findings, StatementKind::best_region, "lr");
  ASSERT_NE(region, nullptr);
  EXPECT_LE(region->evidence.number_or("low", 1), 1e-3);
  const Statement* item = statement(findings, StatementKind::best_value, "optimizer");
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->evidence.string_or("value", ""), "adam");
  EXPECT_THAT(item->text, HasSubstr("above the next"));
}

TEST(Findings, SayThatABoundMayBeTooTight) {
  StudySpec spec = unit_space(0, 3);
  Real rate;
  rate.law = Law::log_uniform;
  rate.low = 1e-6;
  rate.high = 1e-3;
  spec.space =
      *SearchSpace::create({{"rate", rate, {}, {}, {}}, {"other", Real{}, {}, {}, {}}}, {}).space;
  const auto falling = [](const Config& c, Rng& noise) {
    return -std::log10(number(c, "rate")) + 0.05 * noise.normal();
  };
  const Findings findings = find_findings(played(spec, 100, falling));
  const Statement* bound = statement(findings, StatementKind::bound, "rate");
  ASSERT_NE(bound, nullptr);
  EXPECT_EQ(bound->evidence.string_or("end", ""), "upper");
  EXPECT_THAT(bound->text, HasSubstr("end of its range (0.001); widen it"));
  EXPECT_EQ(statement(findings, StatementKind::best_region, "rate"), nullptr);
}

TEST(Findings, SayThatAShortListMayBeTooShort) {
  StudySpec spec = unit_space(0, 3);
  Choice layers;
  for (const std::int64_t n : {1, 2, 4}) layers.items.push_back({Value(n), std::to_string(n)});
  layers.ordered = true;
  spec.space =
      *SearchSpace::create({{"layers", layers, {}, {}, {}}, {"other", Real{}, {}, {}, {}}}, {})
           .space;
  const auto falling = [](const Config& c, Rng& noise) {
    return -static_cast<double>(c.get("layers")->as_int()) + 0.05 * noise.normal();
  };
  const Findings findings = find_findings(played(spec, 60, falling));
  const Statement* bound = statement(findings, StatementKind::bound, "layers");
  ASSERT_NE(bound, nullptr);
  EXPECT_THAT(bound->text, HasSubstr("upper end of its values; add larger ones"));
}

TEST(Findings, ShowSmallSpreadsAsTheyAre) {
  EXPECT_EQ(shown_points(0.062), "6");
  EXPECT_EQ(shown_points(0.0096), "1");
  EXPECT_EQ(shown_points(0.0041), "0.4");
  EXPECT_EQ(shown_points(0), "0");
}

TEST(Findings, SayWhereTrialsFail) {
  const auto fills_the_memory = [](const Config& c, Rng& noise) {
    return c.get("batch")->as_int() >= 32 ? INFINITY : tuned(c, noise);
  };
  const History history = played(tuning_space(4), 60, fills_the_memory);
  const auto patterns = failure_patterns(history);
  ASSERT_EQ(patterns.size(), 1U);
  EXPECT_EQ(patterns[0].inside, patterns[0].failures);
  EXPECT_EQ(patterns[0].inside, patterns[0].trials);
  EXPECT_EQ(side_text(patterns[0]), "batch ≥ 32");
  const Statement* failures = statement(find_findings(history), StatementKind::failures, "batch");
  ASSERT_NE(failures, nullptr);
}

TEST(Findings, AreSilentWhereNothingIsTrue) {
  // Of 60 studies; a false statement has a probability of a few percent. P(> 5) < 1 % at 3 %.
  int told = 0;
  const auto noise_only = [](const Config&, Rng& noise) {
    return noise.chance(0.1) ? INFINITY : noise.normal();
  };
  for (int seed = 1; seed <= 60; ++seed) {
    const Draws draws = seed % 2 == 0 ? Draws::from_the_law : Draws::near_the_best;
    const auto program = draws == Draws::from_the_law
                             ? Function(noise_only)
                             : [](const Config&, Rng& noise) { return noise.normal(); };
    told +=
        find_findings(played(tuning_space(seed), 50, program, draws)).statements.empty() ? 0 : 1;
  }
  EXPECT_LE(told, 5);
}

TEST(Findings, AreJsonWithTheirEvidence) {
  const Value json = to_json(find_findings(played(tuning_space(1), 100, tuned)).statements);
  ASSERT_FALSE(json.as_list().empty());
  const Value& first = json.as_list().front();
  EXPECT_EQ(first.string_or("kind", ""), "matters");
  EXPECT_EQ(first.string_or("parameter", ""), "lr");
  EXPECT_TRUE(first.find("evidence")->is_map());
  EXPECT_TRUE(find_findings(played(tuning_space(1), 5, tuned)).statements.empty());
}

}  // namespace
}  // namespace hone
