// The density is a law (it sums to 1 over the cube), draws follow it, and moves along a coordinate
// agree with densities computed anew.
#include "hone/surrogate/parzen.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

ParzenColumn cells(ParzenColumn::Kind kind, std::vector<double> edges) {
  ParzenColumn column;
  column.kind = kind;
  column.edges = std::move(edges);
  return column;
}

struct Rows {
  std::vector<std::vector<double>> values;
  std::vector<const double*> pointers() const {
    std::vector<const double*> p;
    for (const auto& row : values) p.push_back(row.data());
    return p;
  }
};

Parzen fitted(std::vector<ParzenColumn> columns, const Rows& rows, ParzenOptions options = {}) {
  Parzen density(std::move(columns));
  density.fit(rows.pointers(), {}, options);
  return density;
}

class ParzenMass : public testing::TestWithParam<Bandwidth> {};

TEST_P(ParzenMass, OfOneContinuousColumnIsOne) {
  ParzenOptions options;
  options.bandwidth = GetParam();
  const Rows rows{{{0.02}, {0.3}, {0.31}, {0.97}}};
  const Parzen density = fitted({ParzenColumn{}}, rows, options);
  constexpr int kSteps = 20'000;
  double sum = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double x[] = {(i + 0.5) / kSteps};
    sum += std::exp(density.log_density(x)) / kSteps;
  }
  EXPECT_NEAR(sum, 1, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Both, ParzenMass, testing::Values(Bandwidth::gap, Bandwidth::scott));

TEST(Parzen, HasMassOneOverDiscreteCellsOfUnequalWidths) {
  using Kind = ParzenColumn::Kind;
  const std::vector<double> edges = {0, 0.1, 0.4, 1};
  const Rows rows{{{0.05, 0.7}, {0.25, 0.7}, {0.7, 0.05}}};
  const auto ordered = cells(Kind::ordered, edges);
  const Parzen density = fitted({ordered, cells(Kind::unordered, edges)}, rows);
  double sum = 0;
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const double row[] = {ordered.middle(a), ordered.middle(b)};
      sum += std::exp(density.log_density(row)) *
             (edges[static_cast<std::size_t>(a) + 1] - edges[static_cast<std::size_t>(a)]) *
             (edges[static_cast<std::size_t>(b) + 1] - edges[static_cast<std::size_t>(b)]);
    }
  }
  EXPECT_NEAR(sum, 1, 1e-5);
}

TEST(Parzen, SaysNothingWithoutObservations) {
  const Parzen density = fitted({ParzenColumn{}}, {});
  const double x[] = {0.123};
  EXPECT_NEAR(density.log_density(x), 0, 1e-12);
}

// Kolmogorov–Smirnov at 1e-6: false alarm once in a million seeds, and the seed is fixed.
TEST(Parzen, DrawsFromItsDensity) {
  const Rows rows{{{0.1}, {0.15}, {0.8}}};
  const Parzen density = fitted({ParzenColumn{}}, rows);
  constexpr int kDraws = 10'000;
  std::vector<double> drawn;
  Rng rng(3);
  for (int i = 0; i < kDraws; ++i) {
    double x[1];
    density.draw(rng, x);
    drawn.push_back(x[0]);
  }
  std::sort(drawn.begin(), drawn.end());
  constexpr int kSteps = 20'000;
  double cumulative = 0;
  double distance = 0;
  for (int i = 0; i < kSteps; ++i) {
    const double x[] = {(i + 0.5) / kSteps};
    cumulative += std::exp(density.log_density(x)) / kSteps;
    const auto below = std::lower_bound(drawn.begin(), drawn.end(), (i + 1.0) / kSteps);
    distance = std::max(distance,
                        std::abs(cumulative - static_cast<double>(below - drawn.begin()) / kDraws));
  }
  EXPECT_LT(distance, std::sqrt(std::log(2 / 1e-6) / (2.0 * kDraws)));
}

TEST(Parzen, MovesAlongACoordinateAsIfComputedAnew) {
  using Kind = ParzenColumn::Kind;
  const Rows rows{{{0.1, 0.2, NAN}, {0.5, 0.7, 0.3}, {0.9, 0.2, 0.4}}};
  const Parzen density =
      fitted({ParzenColumn{}, cells(Kind::ordered, {0, 0.5, 1}), ParzenColumn{}}, rows);
  const double from[] = {0.4, 0.25, 0.3};
  Parzen::Terms terms;
  density.terms(from, terms);
  const double to[][3] = {{0.6, 0.25, 0.3}, {0.4, 0.75, 0.3}, {0.4, 0.25, 0.9}};
  for (int j = 0; j < 3; ++j) {
    Parzen::Terms moved = terms;
    density.lift(moved, j, from[j]);
    const double expected = density.log_density(to[j]);
    EXPECT_NEAR(density.log_density_with(moved, j, to[j][j]), expected, 1e-4) << j;
    EXPECT_NEAR(density.log_density(moved), density.log_density(from), 1e-4) << j;
    Parzen::move(moved);
    EXPECT_NEAR(density.log_density(moved), expected, 1e-4) << j;
  }
}

TEST(Parzen, IsDenserWhereObservationsAreAndNowhereZero) {
  const Rows rows{{{0.2, 0.2}, {0.22, 0.18}, {0.21, 0.2}}};
  const Parzen density = fitted({ParzenColumn{}, ParzenColumn{}}, rows);
  const double near[] = {0.21, 0.19};
  const double far[] = {0.9, 0.95};
  EXPECT_GT(density.log_density(near), density.log_density(far) + 2);
  EXPECT_GT(density.log_density(far), std::log(0.2));  // the prior kernel holds a quarter
}

}  // namespace
}  // namespace hone
