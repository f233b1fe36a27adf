#include "hone/surrogate/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/rng.h"

namespace hone {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kRows = 24;

GpPrior with_trend(int d) {
  GpPrior prior = gp_prior(d);
  prior.trend = true;
  return prior;
}

/// Two numbers, a category, and a number that is inactive in every third row.
struct Data {
  std::vector<GpColumn> columns = {GpColumn::number, GpColumn::number, GpColumn::category,
                                   GpColumn::number};
  std::vector<double> rows;
  std::vector<double> y;

  explicit Data(int n = kRows) {
    Rng rng(5);
    for (int i = 0; i < n; ++i) {
      const double a = rng.uniform();
      const double b = rng.uniform();
      const double c = rng.chance(0.5) ? 0.25 : 0.75;
      const double d = i % 3 == 0 ? kNone : rng.uniform();
      rows.insert(rows.end(), {a, b, c, d});
      y.push_back(std::sin(6 * a) + b * b + (c > 0.5 ? 1 : 0) + (std::isnan(d) ? 0.3 : 0.5 * d) -
                  1);
    }
  }
  std::span<const double> row(int i) const {
    return std::span(rows).subspan(static_cast<std::size_t>(i) * 4, 4);
  }
};

TEST(GaussianProcess, ItsLossHasTheGradientThatItSays) {
  const Data data;
  GaussianProcess process(data.columns, with_trend(4));
  process.set_rows(data.rows, kRows);
  GpParameters at = {-0.5, 0.3, 0.1, -0.2, 0.4, -3, -1};
  std::vector<double> gradient(at.size());
  process.loss(at, data.y, gradient);
  std::vector<double> scratch(at.size());
  for (std::size_t j = 0; j < at.size(); ++j) {
    const double h = 1e-5;
    GpParameters moved = at;
    moved[j] += h;
    const double up = process.loss(moved, data.y, scratch);
    moved[j] -= 2 * h;
    const double down = process.loss(moved, data.y, scratch);
    EXPECT_NEAR(gradient[j], (up - down) / (2 * h), 1e-5 * (1 + std::abs(gradient[j]))) << j;
  }
}

TEST(GaussianProcess, ItsLossIsTheSameWithoutAGradient) {
  const Data data;
  GaussianProcess process(data.columns, with_trend(4));
  process.set_rows(data.rows, kRows);
  const GpParameters at = {-0.5, 0.3, 0.1, -0.2, 0.4, -3, -1};
  std::vector<double> gradient(at.size());
  EXPECT_EQ(process.loss(at, data.y, {}), process.loss(at, data.y, gradient));
}

TEST(GaussianProcess, ItsLossesUnderManyTargetsAreTheSingleOnes) {
  const Data data;
  GaussianProcess process(data.columns, with_trend(4));
  process.set_rows(data.rows, kRows);
  const GpParameters at = {-0.5, 0.3, 0.1, -0.2, 0.4, -3, -1};
  std::vector<double> other = data.y;
  for (double& y : other) y = y * y - 1;
  const std::vector<std::vector<double>> targets = {data.y, other};
  EXPECT_EQ(process.losses(at, targets),
            (std::vector{process.loss(at, data.y, {}), process.loss(at, other, {})}));
}

TEST(GaussianProcess, ItsPredictionHasTheGradientThatItSays) {
  const Data data;
  GaussianProcess process(data.columns, with_trend(4));
  process.set_rows(data.rows, kRows);
  process.condition({-0.5, 0.3, 0.1, -0.2, 0.4, -3, -1}, data.y);
  std::vector<double> row = {0.31, 0.62, 0.25, 0.4};
  std::vector<double> mean(4);
  std::vector<double> variance(4);
  const GpPrediction here = process.predict(row, mean, variance);
  EXPECT_NEAR(here.mean, process.predict(row).mean, 1e-12);
  EXPECT_NEAR(here.variance, process.predict(row).variance, 1e-10);
  for (const std::size_t j : {0U, 1U, 3U}) {
    const double h = 1e-5;
    std::vector<double> moved = row;
    moved[j] += h;
    const GpPrediction up = process.predict(moved);
    moved[j] -= 2 * h;
    const GpPrediction down = process.predict(moved);
    EXPECT_NEAR(mean[j], (up.mean - down.mean) / (2 * h), 1e-6) << j;
    EXPECT_NEAR(variance[j], (up.variance - down.variance) / (2 * h), 1e-6) << j;
  }
  EXPECT_EQ(mean[2], 0) << "a category has no slope";
  row[3] = kNone;
  process.predict(row, mean, variance);
  EXPECT_EQ(mean[3], 0) << "an inactive parameter has no slope";
}

TEST(GaussianProcess, ManyPredictionsAreTheSingleOnes) {
  const Data data(100);
  GaussianProcess process(data.columns, with_trend(4));
  process.set_rows(data.rows, kRows);
  process.condition(process.prior_mode(), std::span(data.y).first(kRows));
  std::vector<GpPrediction> many(100);
  process.predict_many(data.rows, 100, many);
  for (int i = 0; i < 100; ++i) {
    const GpPrediction one = process.predict(data.row(i));
    EXPECT_NEAR(many[static_cast<std::size_t>(i)].mean, one.mean, 1e-12);
    EXPECT_NEAR(many[static_cast<std::size_t>(i)].variance, one.variance, 1e-12);
  }
}

TEST(GaussianProcess, GoesThroughItsPointsWhereThereIsNoNoise) {
  const Data data;
  GaussianProcess process(data.columns, with_trend(4));
  process.set_rows(data.rows, kRows);
  GpParameters parameters = process.prior_mode();
  parameters[5] = -13;
  process.condition(parameters, data.y);
  for (int i = 0; i < kRows; ++i) {
    const GpPrediction p = process.predict(data.row(i));
    EXPECT_NEAR(p.mean, data.y[static_cast<std::size_t>(i)], 3e-2);
    EXPECT_NEAR(p.mean, process.mean_at(i), 1e-9);
    EXPECT_LT(p.variance, 1e-4);
  }
}

TEST(GaussianProcess, OnePointMoreIsTheSameAsAllPointsAtOnce) {
  const Data data;
  GaussianProcess whole(data.columns, with_trend(4));
  whole.set_rows(data.rows, kRows);
  whole.condition(whole.prior_mode(), data.y);
  GaussianProcess grown(data.columns, with_trend(4));
  grown.set_rows(data.rows, kRows - 1);
  grown.condition(grown.prior_mode(), std::span(data.y).first(kRows - 1));
  grown.append(data.row(kRows - 1), data.y.back());
  const std::vector<double> row = {0.1, 0.9, 0.75, kNone};
  EXPECT_NEAR(whole.predict(row).mean, grown.predict(row).mean, 1e-9);
  EXPECT_NEAR(whole.predict(row).variance, grown.predict(row).variance, 1e-9);
}

TEST(GaussianProcess, FindsWhichColumnsMatterAndHowMuchNoiseThereIs) {
  Rng rng(8);
  std::vector<double> rows;
  std::vector<double> y;
  for (int i = 0; i < 80; ++i) {
    const double a = rng.uniform();
    const double b = rng.uniform();
    rows.insert(rows.end(), {a, b});
    y.push_back(1.4 * std::sin(7 * a) + 0.1 * rng.normal());
  }
  GaussianProcess process({GpColumn::number, GpColumn::number}, gp_prior(2));
  process.set_rows(rows, 80);
  const std::vector<GpParameters> starts = {process.prior_mode()};
  process.condition(process.fit(y, starts, 60), y);
  EXPECT_LT(process.length(0), 1);
  EXPECT_GT(process.length(1), 3 * process.length(0));
  EXPECT_NEAR(std::sqrt(process.noise_variance()), 0.1, 0.04);
}

TEST(GaussianProcess, ATrendFollowsABowlBeyondThePoints) {
  Rng rng(3);
  std::vector<double> rows;
  std::vector<double> y;
  for (int i = 0; i < 30; ++i) {
    const double a = 0.5 + 0.5 * rng.uniform();
    const double b = 0.5 + 0.5 * rng.uniform();
    rows.insert(rows.end(), {a, b});
    y.push_back(3 * ((a - 0.3) * (a - 0.3) + (b - 0.2) * (b - 0.2)) - 1);
  }
  const std::vector<double> bottom = {0.3, 0.2};
  double off[2];
  for (const bool trend : {false, true}) {
    GpPrior prior = gp_prior(2);
    prior.trend = trend;
    GaussianProcess process({GpColumn::number, GpColumn::number}, prior);
    process.set_rows(rows, 30);
    const std::vector<GpParameters> starts = {process.prior_mode()};
    process.condition(process.fit(y, starts, 60), y);
    off[trend ? 1 : 0] = std::abs(process.predict(bottom).mean + 1);
  }
  EXPECT_LT(off[1], 0.05);
  EXPECT_LT(off[1], off[0]);
}

TEST(GaussianProcess, BearsTheSamePointManyTimes) {
  std::vector<double> rows(30, 0.5);
  std::vector<double> y(30, 0.0);
  GaussianProcess process({GpColumn::number}, gp_prior(1));
  process.set_rows(rows, 30);
  const std::vector<GpParameters> starts = {process.prior_mode()};
  process.condition(process.fit(y, starts, 30), y);
  process.append(std::vector<double>{0.5}, 0);
  EXPECT_NEAR(process.predict(std::vector<double>{0.5}).mean, 0, 1e-9);
  EXPECT_GT(process.predict(std::vector<double>{0.1}).variance, 0);
}

TEST(GaussianProcess, PredictsThePriorWithoutPoints) {
  GaussianProcess process({GpColumn::number}, gp_prior(1));
  process.set_rows({}, 0);
  process.condition(process.prior_mode(), {});
  const GpPrediction p = process.predict(std::vector<double>{0.5});
  EXPECT_EQ(p.mean, 0);
  EXPECT_EQ(p.variance, 1);
}

TEST(GaussianProcess, WhitensColumnsByTheCovarianceThatTheLossUses) {
  const Data data;
  GaussianProcess process(data.columns, gp_prior(4));
  process.set_rows(data.rows, kRows);
  const GpParameters parameters = process.prior_mode();
  std::vector<double> other(kRows);
  for (int i = 0; i < kRows; ++i) other[static_cast<std::size_t>(i)] = std::cos(i);
  std::vector<std::vector<double>> columns = {data.y, other};
  double log_determinant = 0;
  ASSERT_TRUE(process.whiten(parameters, columns, log_determinant));
  const auto half_square = [](const std::vector<double>& z) {
    double sum = 0;
    for (const double v : z) sum += 0.5 * v * v;
    return sum;
  };
  const std::vector<double> zeros(kRows, 0.0);
  const double rest = process.loss(parameters, zeros, {});
  EXPECT_NEAR(process.loss(parameters, data.y, {}) - rest, half_square(columns[0]), 1e-9);
  EXPECT_NEAR(process.loss(parameters, other, {}) - rest, half_square(columns[1]), 1e-9);
  // At the mode of the prior only the determinant is left.
  EXPECT_NEAR(rest, 0.5 * log_determinant, 1e-9);
}

}  // namespace
}  // namespace hone
