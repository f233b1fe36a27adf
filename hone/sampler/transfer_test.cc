#include "hone/sampler/transfer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "hone/base/rng.h"
#include "hone/sampler/portfolio.h"
#include "hone/surrogate/output_transform.h"

namespace hone {
namespace {

Parameter unit(std::string name) {
  Parameter p;
  p.name = std::move(name);
  p.domain = Real{};
  return p;
}

SearchSpace space_of(const std::vector<std::string>& names) {
  std::vector<Parameter> parameters;
  for (const std::string& name : names) parameters.push_back(unit(name));
  return *SearchSpace::create(std::move(parameters), {}).space;
}

double bowl(const Config& config) {
  const double a = config.get("a")->as_number() - 0.7;
  const double b = config.get("b")->as_number() - 0.2;
  return a * a + 0.5 * b * b + 0.1 * std::sin(9 * a);
}

/// Draws of the space with the losses that `loss` gives them.
WarmSource source_of(const SearchSpace& space, const std::string& name, int trials,
                     const std::function<double(const Config&)>& loss, std::uint64_t seed = 1) {
  Rng rng(seed);
  WarmSource source{name, {}};
  for (int i = 0; i < trials; ++i) {
    const Config config = *space.sample(rng);
    source.trials.push_back({config, loss(config), i});
  }
  return source;
}

/// This study's trials: rows and transformed losses under `loss`, with the process of the residual.
struct Target {
  Target(const SearchSpace& space, int trials, const std::function<double(const Config&)>& loss)
      : d(static_cast<std::size_t>(space.dimension())),
        process(std::vector<GpColumn>(d, GpColumn::number), gp_prior(static_cast<int>(d))) {
    const WarmSource own = source_of(space, "own", trials, loss, 7);
    std::vector<double> losses;
    for (const WarmTrial& trial : own.trials) {
      rows.resize(rows.size() + d);
      space.encode(trial.config, std::span(rows).last(d));
      losses.push_back(*trial.loss);
    }
    y = transform_losses(losses, OutputTransform::none);
    process.set_rows(rows, trials);
    candidates = {process.prior_mode()};
  }
  std::size_t d;
  GaussianProcess process;
  std::vector<double> rows, y;
  std::vector<GpParameters> candidates;
};

TEST(Transfer, TrustsAStudyThatAgreesInAnotherUnit) {
  const SearchSpace space = space_of({"a", "b"});
  const WarmSource related = source_of(space, "related", 40, bowl);
  Transfer transfer(space, {related});
  Target target(space, 8, [](const Config& c) { return 5 + 300 * bowl(c); });
  ASSERT_TRUE(transfer.choose(target.process, target.candidates, target.rows, target.y));
  EXPECT_GE(transfer.trust(), 0.8);
}

TEST(Transfer, LeavesAStudyAloneThatSaysTheOpposite) {
  const SearchSpace space = space_of({"a", "b"});
  const WarmSource opposite =
      source_of(space, "opposite", 40, [](const Config& c) { return -bowl(c); });
  Transfer transfer(space, {opposite});
  Target target(space, 8, bowl);
  EXPECT_FALSE(transfer.choose(target.process, target.candidates, target.rows, target.y));
  EXPECT_EQ(transfer.trust(), 0);
}

TEST(Transfer, ListensToTheOneOfTwoThatAgrees) {
  const SearchSpace space = space_of({"a", "b"});
  Transfer transfer(space,
                    {source_of(space, "opposite", 40, [](const Config& c) { return -bowl(c); }),
                     source_of(space, "related", 40, bowl)});
  Target target(space, 10, bowl);
  ASSERT_TRUE(transfer.choose(target.process, target.candidates, target.rows, target.y));
  EXPECT_EQ(transfer.study(1), "related");
  EXPECT_GT(transfer.weights()[1], 0.9);
}

TEST(Transfer, HasNoSourcesWhereTheyAreFewOrSayNothing) {
  const SearchSpace space = space_of({"a", "b"});
  WarmSource failed = source_of(space, "failed", 20, bowl);
  for (WarmTrial& trial : failed.trials) trial.loss.reset();
  EXPECT_FALSE(Transfer(space, {source_of(space, "few", 3, bowl), failed,
                                source_of(space, "flat", 20, [](const Config&) { return 1.0; })})
                   .has_sources());
}

TEST(Transfer, PredictsWithTheSlopesOfItsPredictions) {
  const SearchSpace space = space_of({"a", "b"});
  Transfer transfer(space,
                    {source_of(space, "one", 12, bowl), source_of(space, "two", 12, bowl, 3)});
  Target target(space, 8, bowl);
  ASSERT_TRUE(transfer.choose(target.process, target.candidates, target.rows, target.y));
  std::vector<double> residuals;
  for (std::size_t i = 0; i < target.y.size(); ++i)
    residuals.push_back(transfer.residual(i, target.y[i] / transfer.unit()));
  target.process.condition(target.process.prior_mode(), residuals);
  const auto predict = [&](const std::vector<double>& row) {
    return transfer.adjust(row, target.process.predict(row));
  };
  const std::vector<double> row = {0.41, 0.63};
  std::vector<double> by_mean(2);
  std::vector<double> by_variance(2);
  const GpPrediction p = target.process.predict(row, by_mean, by_variance);
  const GpPrediction q = transfer.adjust(row, p, by_mean, by_variance);
  std::vector<GpPrediction> many = {target.process.predict(row)};
  transfer.adjust_many(row, 1, many);
  EXPECT_NEAR(many[0].mean, q.mean, 1e-12);
  EXPECT_NEAR(many[0].variance, q.variance, 1e-12);
  constexpr double kStep = 1e-5;
  for (std::size_t j = 0; j < 2; ++j) {
    auto up = row;
    auto down = row;
    up[j] += kStep;
    down[j] -= kStep;
    EXPECT_NEAR(by_mean[j], (predict(up).mean - predict(down).mean) / (2 * kStep), 1e-5);
    EXPECT_NEAR(by_variance[j], (predict(up).variance - predict(down).variance) / (2 * kStep),
                1e-5);
  }
  // What the study itself has seen is met, however wrong the sources are about it.
  for (std::size_t i = 0; i < target.y.size(); ++i) {
    const auto own = std::span<const double>(target.rows).subspan(2 * i, 2);
    EXPECT_NEAR(transfer.adjust(own, target.process.predict(own)).mean * transfer.unit(),
                target.y[i], 0.1);
  }
}

TEST(SourceModels, KnowTheSharedParametersOnly) {
  const SearchSpace small = space_of({"a", "b"});
  const SearchSpace large = space_of({"a", "b", "c"});
  const SourceModels models(large, {source_of(small, "smaller", 30, bowl)});
  ASSERT_EQ(models.size(), 1U);
  const std::vector<double> here = {0.3, 0.4, 0.1};
  const std::vector<double> there = {0.3, 0.4, 0.9};
  EXPECT_EQ(models.predict(0, here).mean, models.predict(0, there).mean);
  const std::vector<double> good = {0.6, 0.2, 0.5};
  const std::vector<double> bad = {0.0, 1.0, 0.5};
  EXPECT_LT(models.predict(0, good).mean, models.predict(0, bad).mean - 0.5);
}

TEST(SourceModels, TakeFailuresAsBad) {
  const SearchSpace space = space_of({"a", "b"});
  WarmSource source = source_of(space, "source", 40, bowl);
  for (WarmTrial& trial : source.trials) {
    if (trial.config.get("b")->as_number() < 0.4) trial.loss.reset();
  }
  const SourceModels models(space, {source});
  const std::vector<double> failing = {0.6, 0.2};
  const std::vector<double> working = {0.6, 0.6};
  EXPECT_GT(models.predict(0, failing).mean, models.predict(0, working).mean);
}

TEST(Portfolio, BeginsWithWhatIsGoodForAllAndGoesOnWithWhatIsGoodForSome) {
  const SearchSpace space = space_of({"a", "b"});
  // Both are good at a = 0.5; each is best elsewhere.
  const auto loss = [](double best) {
    return [best](const Config& c) {
      const double a = c.get("a")->as_number();
      return std::min(std::abs(a - best), 0.05 + std::abs(a - 0.5));
    };
  };
  const std::vector<WarmSource> sources = {source_of(space, "low", 60, loss(0.1)),
                                           source_of(space, "high", 60, loss(0.9), 2)};
  const std::vector<WarmPoint> points = choose_portfolio(space, sources, 3);
  ASSERT_EQ(points.size(), 3U);
  const auto a_of = [&](std::size_t i) { return points[i].config.get("a")->as_number(); };
  EXPECT_NEAR(a_of(0), 0.5, 0.1);
  EXPECT_NEAR(std::min(a_of(1), a_of(2)), 0.1, 0.1);
  EXPECT_NEAR(std::max(a_of(1), a_of(2)), 0.9, 0.1);
}

TEST(Portfolio, TakesTheBestThatHasAPlaceAndDefaultsForTheRest) {
  const SearchSpace space = space_of({"a", "b"});
  WarmSource source{"tiny", {}};
  for (int i = 0; i < 3; ++i) {
    Config config;
    config.set("a", 0.2 + 0.3 * i);
    source.trials.push_back({config, 1.0 - i, 10 + i});
  }
  source.trials[2].config.set("a", 5.0);  // the best, out of bounds
  const std::vector<WarmPoint> points = choose_portfolio(space, {source}, 5);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].config.get("a")->as_number(), 0.5);
  EXPECT_EQ(points[0].config.get("b")->as_number(), 0.5);
  EXPECT_EQ(points[0].from, "tiny, trial 11");
}

}  // namespace
}  // namespace hone
