// Known answers: functions with exact Sobol indices, and marginals against sums over every cell.
#include "hone/analysis/fanova.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/analysis/analysis_json.h"
#include "hone/analysis/analysis_test_support.h"
#include "hone/analysis/findings.h"
#include "hone/analysis/forest_marginals.h"

namespace hone {
namespace {

const FanovaEffect& effect(const Fanova& found, const std::string& name) {
  for (const FanovaEffect& one : found.effects) {
    if (one.parameter == name) return one;
  }
  throw std::runtime_error(name);
}

const FanovaPair& pair(const Fanova& found, const std::string& first, const std::string& second) {
  for (const FanovaPair& one : found.pairs) {
    if (one.first == first && one.second == second) return one;
  }
  throw std::runtime_error(first + second);
}

/// kind: a, b or c; rank only with a; rate always, fine.
StudySpec branching_space(std::int64_t seed) {
  const auto text = [](const char* word) { return ChoiceItem{word, word}; };
  Choice kind;
  kind.items = {text("a"), text("b"), text("c")};
  kind.weights = {0.5, 0.25, 0.25};
  Choice rank;
  rank.ordered = true;
  for (const std::int64_t r : {4, 8, 16, 32}) rank.items.push_back({r, std::to_string(r)});
  StudySpec spec = unit_space(0, seed);
  spec.space = *SearchSpace::create({{"kind", kind, {}, {}, {}},
                                     {"rank", rank, {{"kind", {Value("a")}, {}}}, {}, {}},
                                     {"rate", Real{}, {}, {}, {}}},
                                    {})
                    .space;
  return spec;
}

TEST(ForestMarginals, AreTheSumsOverAllCellsOfTheLaw) {
  const StudySpec spec = branching_space(4);
  const CellSpace space(spec.space, Rng(1));
  ASSERT_EQ(space.regimes().size(), 2U);
  EXPECT_NEAR(space.active(1), 0.5, 0.03);
  Rng rng(7);
  std::vector<double> rows, y;
  for (int i = 0; i < 80; ++i) {
    std::vector<double> row(3);
    spec.space.encode(*spec.space.sample(rng), row);
    row = space.snapped(row);
    rows.insert(rows.end(), row.begin(), row.end());
    y.push_back(rng.normal());
  }
  RegressionForest forest(space.categories());
  ForestOptions options;
  options.trees = 5;
  forest.fit(rows, y, options, Rng(2));
  const std::vector<ColumnPair> pairs = {{0, 2}, {1, 2}};
  const Marginals found = find_marginals(forest, space, pairs);
  // Every cell of every column by hand.
  double mean = 0;
  std::vector<std::vector<double>> sums, masses;
  for (const CellColumn& column : space.columns()) {
    sums.emplace_back(column.size(), 0.0);
    masses.emplace_back(column.size(), 0.0);
  }
  std::vector<double> pair_sum(found.pair[1].size(), 0.0), pair_mass = pair_sum;
  const auto& columns = space.columns();
  for (const Regime& regime : space.regimes()) {
    const std::size_t ranks = regime.active[1] ? columns[1].size() : 1;
    for (std::size_t a = 0; a < columns[0].size(); ++a) {
      for (std::size_t b = 0; b < ranks; ++b) {
        for (std::size_t c = 0; c < columns[2].size(); ++c) {
          const std::vector<double> row = {
              columns[0].at[a], regime.active[1] ? columns[1].at[b] : NAN, columns[2].at[c]};
          const double m = regime.weight * regime.mass[0][a] *
                           (regime.active[1] ? regime.mass[1][b] : 1) * regime.mass[2][c];
          const double f = forest.predict(row).mean;
          mean += m * f;
          sums[0][a] += m * f;
          masses[0][a] += m;
          sums[2][c] += m * f;
          masses[2][c] += m;
          if (!regime.active[1]) continue;
          sums[1][b] += m * f;
          masses[1][b] += m;
          pair_sum[b * columns[2].size() + c] += m * f;
          pair_mass[b * columns[2].size() + c] += m;
        }
      }
    }
  }
  EXPECT_NEAR(found.mean, mean, 1e-12);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    for (std::size_t c = 0; c < sums[j].size(); ++c)
      EXPECT_NEAR(found.single[j][c], sums[j][c] / masses[j][c], 1e-12) << j << " " << c;
  }
  const auto mass = cell_mass(space, pairs[1]);
  for (std::size_t i = 0; i < pair_sum.size(); ++i) {
    EXPECT_NEAR(found.pair[1][i], pair_sum[i] / pair_mass[i], 1e-12) << i;
    EXPECT_NEAR(mass[i], pair_mass[i], 1e-12);
  }
}

TEST(Fanova, GivesTheSobolIndicesOfIshigamisFunction) {
  const Fanova found = fanova(played(unit_space(3, 1), 1000, ishigami));
  ASSERT_TRUE(found.enough);
  EXPECT_FALSE(found.by_order);
  EXPECT_GT(found.explained, 0.85);
  EXPECT_NEAR(effect(found, "x0").share.value, 0.314, 0.08);
  EXPECT_NEAR(effect(found, "x1").share.value, 0.442, 0.1);
  EXPECT_NEAR(effect(found, "x2").share.value, 0, 0.01);
  EXPECT_NEAR(pair(found, "x0", "x2").share.value, 0.244, 0.04);
  EXPECT_EQ(found.pairs.front().first + found.pairs.front().second, "x0x2");
  EXPECT_LT(pair(found, "x0", "x1").share.value, 0.01);
  EXPECT_LT(pair(found, "x1", "x2").share.value, 0.05);
}

TEST(Fanova, GivesTheSobolIndicesOfSobolsFunction) {
  const Fanova found = fanova(played(unit_space(4, 1), 1000, sobol_g));
  double whole = 1;
  std::vector<double> parts;
  for (const double a : {0.0, 1.0, 4.5, 9.0}) {
    parts.push_back(1 / (3 * (1 + a) * (1 + a)));
    whole *= 1 + parts.back();
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_NEAR(effect(found, "x" + std::to_string(i)).share.value, parts[i] / (whole - 1), 0.1)
        << i;
  }
  const auto& shares = found.effects;
  for (std::size_t i = 0; i < shares.size(); ++i)
    EXPECT_EQ(shares[i].parameter, "x" + std::to_string(i));
}

/// Var(3 x0) : Var(x1) = 9 : 1, and noise as large as both.
double noisy_sum(const Config& c, Rng& noise) {
  return 3 * number(c, "x0") + number(c, "x1") + 0.9 * noise.normal();
}

TEST(Fanova, TellsNoiseFromEffects) {
  const Fanova found = fanova(played(unit_space(4, 2), 400, noisy_sum));
  EXPECT_NEAR(effect(found, "x0").share.value, 0.9, 0.06);
  EXPECT_NEAR(effect(found, "x1").share.value, 0.1, 0.06);
  EXPECT_LT(effect(found, "x2").share.value, 0.02);
  for (const FanovaPair& one : found.pairs) EXPECT_LT(one.share.value, 0.05);
  EXPECT_GT(found.explained, 0.2);  // half of the variance is noise
  EXPECT_LT(found.explained, 0.55);
}

TEST(Fanova, IntervalsHoldWhatOtherTrialsWouldGive) {
  // Intervals of 95 %, of 60 studies × 2 parameters; the figure of other trials is the mean.
  // Fewer than 100 of 120 has a probability below 1e-6 at 95 %; all 120 one of 0.2 %.
  FanovaOptions options;
  options.pair_columns = 0;
  options.trees = 8;
  std::vector<std::vector<Estimate>> found(2);
  for (int seed = 1; seed <= 60; ++seed) {
    const Fanova one = fanova(played(unit_space(3, seed), 120, noisy_sum), options);
    found[0].push_back(effect(one, "x0").share);
    found[1].push_back(effect(one, "x1").share);
  }
  int inside = 0;
  for (const auto& estimates : found) {
    double mean = 0;
    for (const Estimate& one : estimates) mean += one.value / 60;
    for (const Estimate& one : estimates) inside += one.low <= mean && mean <= one.high ? 1 : 0;
  }
  EXPECT_GE(inside, 104);
  EXPECT_LE(inside, 119);
}

TEST(Fanova, LooksAtAConditionalParameterWhereItIsActive) {
  // With kind a (half of the space) rank decides and rate adds little; elsewhere rate alone.
  const auto loss = [](const Config& c, Rng&) {
    const double rate = number(c, "rate");
    if (const Value* rank = c.get("rank")) return std::log2(rank->as_number()) + 0.5 * rate;
    return 3.5 + 3 * rate;
  };
  const Fanova found = fanova(played(branching_space(3), 400, loss));
  const FanovaEffect& rank = effect(found, "rank");
  EXPECT_NEAR(rank.active, 0.5, 0.03);
  EXPECT_GT(rank.where_active.value, 0.9);  // 1.25 of 1.25 + 0.02
  // 0.5 · 1.25 of the whole: 0.5 · 1.27 within a, 0.5 · 0.75 within the others, 0.39 between.
  EXPECT_NEAR(rank.share.value, 0.446, 0.08);
  EXPECT_EQ(effect(found, "rate").active, 1);
  EXPECT_GT(effect(found, "kind").share.value, 0.2);
  const Dependence& dependence = rank.dependence;
  ASSERT_EQ(dependence.values.size(), 4U);
  EXPECT_EQ(dependence.values[2].as_int(), 16);
  EXPECT_NEAR(dependence.mean[3].value - dependence.mean[0].value, 3, 0.2);
}

TEST(Fanova, NearTheOptimumOnlyWhatTellsTheBestApartCounts) {
  // x0 decides whether a trial is any good; among the good ones (x0 < 0.25) x1 does.
  const auto loss = [](const Config& c, Rng&) {
    return (number(c, "x0") > 0.25 ? 10.0 : 0.0) + number(c, "x1");
  };
  const History history = played(unit_space(3, 5), 400, loss);
  FanovaOptions near;
  near.best_share = 0.2;
  EXPECT_GT(effect(fanova(history), "x0").share.value, 0.95);
  const Fanova found = fanova(history, near);
  EXPECT_GT(effect(found, "x1").share.high + pair(found, "x0", "x1").share.high, 0.3);
  EXPECT_LT(effect(found, "x0").share.value, 0.8);
}

TEST(Fanova, DependencesAreInTheMetricsUnitsAndSign) {
  StudySpec spec = unit_space(2, 6);
  spec.metrics[0].goal = Goal::maximize;
  const auto gain = [](const Config& c, Rng&) { return 5 + 4 * number(c, "x0"); };
  const Fanova found = fanova(played(spec, 300, gain));
  const Dependence& dependence = effect(found, "x0").dependence;
  ASSERT_EQ(dependence.mean.size(), 64U);
  EXPECT_NEAR(dependence.mean[8].value, 5 + 4 * dependence.values[8].as_number(), 0.2);
  EXPECT_NEAR(dependence.mean[56].value, 5 + 4 * dependence.values[56].as_number(), 0.2);
  EXPECT_LE(dependence.mean[8].low, dependence.mean[8].value);
  const PairDependence& both = found.pairs.front().dependence;
  ASSERT_EQ(both.mean.size(), 64U * 64U);
  EXPECT_NEAR(both.mean[56 * 64 + 10].value, 8.53, 0.3);
}

TEST(Fanova, OneDivergedTrialDoesNotDecide) {
  const auto diverges = [](const Config& c, Rng& noise) {
    const double value = noisy_sum(c, noise);
    return number(c, "x3") > 0.995 ? 1e30 : value;
  };
  const Fanova found = fanova(played(unit_space(4, 3), 300, diverges));
  EXPECT_GT(effect(found, "x0").share.value, 0.6);
}

TEST(Fanova, ExplainsTheOrderWhereValuesCannotBeCompared) {
  const auto fails = [](const Config& c, Rng&) {
    return number(c, "x0") > 0.6 ? INFINITY : number(c, "x1");
  };
  const Fanova found = fanova(played(unit_space(3, 3), 200, fails));
  EXPECT_TRUE(found.by_order);
  EXPECT_EQ(found.effects.front().parameter, "x0");
}

TEST(Fanova, SaysNothingOfItemsThatTheSpaceNeverDraws) {
  StudySpec spec = unit_space(1, 3);
  Parameter kind;
  kind.name = "kind";
  kind.domain = Choice{
      {{Value("a"), "a"}, {Value("never"), "never"}, {Value("b"), "b"}}, false, {0.5, 0, 0.5}};
  std::vector<Parameter> parameters(spec.space.parameters().begin(), spec.space.parameters().end());
  parameters.push_back(kind);
  spec.space = *SearchSpace::create(parameters, {}).space;
  const History history = played(spec, 120, [](const Config& config, Rng&) {
    return number(config, "x0") + (config.get("kind")->as_string() == "a" ? 5 : 7);
  });
  const Fanova found = fanova(history);
  ASSERT_EQ(found.effects.front().parameter, "kind");
  const Dependence& dependence = found.effects.front().dependence;
  ASSERT_EQ(dependence.mean.size(), 3U);
  EXPECT_NEAR(dependence.mean[0].value, 5.5, 0.2);
  EXPECT_TRUE(std::isnan(dependence.mean[1].value)) << "no zero, which would look best";
  EXPECT_NEAR(dependence.mean[2].value, 7.5, 0.2);
  EXPECT_GT(found.effects.front().share.value, 0.8);
  for (const FanovaPair& pair : found.pairs) EXPECT_TRUE(std::isfinite(pair.share.value));
  EXPECT_TRUE(to_json(dependence).find("mean")->as_list()[1].is_null());
  bool told = false;
  for (const Statement& one : find_findings(history).statements)
    told = told || (one.kind == StatementKind::best_value && one.parameter == "kind");
  EXPECT_TRUE(told) << "kind is best at a";
}

TEST(Fanova, SaysThatTrialsAreTooFewOrAllAlike) {
  const Fanova few = fanova(played(unit_space(3, 1), 19, noisy_sum));
  EXPECT_FALSE(few.enough);
  EXPECT_EQ(few.needed, 20);
  EXPECT_TRUE(few.effects.empty());
  EXPECT_FALSE(
      fanova(played(unit_space(3, 1), 50, [](const Config&, Rng&) { return 1.0; })).enough);
  const Fanova nothing = fanova(
      played(unit_space(3, 1), 100, [](const Config&, Rng& noise) { return noise.normal(); }));
  EXPECT_LT(nothing.explained, 0.1);
}

}  // namespace
}  // namespace hone
