#include "hone/math/non_dominated_boxes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hone/base/rng.h"

namespace hone {
namespace {

/// Points near a sphere around (1, …, 1), and as many behind it.
std::vector<double> rough_front(int n, int m, Rng rng) {
  std::vector<double> losses;
  for (int i = 0; i < n; ++i) {
    std::vector<double> p(static_cast<std::size_t>(m));
    double norm = 0;
    for (double& x : p) {
      x = std::abs(rng.normal());
      norm += x * x;
    }
    const double radius = (i % 2 == 0 ? 0.9 : rng.uniform()) / std::sqrt(norm);
    for (double& x : p) losses.push_back(1 - radius * x);
  }
  return losses;
}

int boxes_around(const BoxSet& boxes, std::span<const double> x) {
  const auto m = x.size();
  int around = 0;
  for (std::size_t b = 0; b < boxes.size(); ++b) {
    bool inside = true;
    for (std::size_t k = 0; k < m; ++k)
      inside = inside && x[k] > boxes.low[b * m + k] && x[k] < boxes.high[b * m + k];
    around += inside ? 1 : 0;
  }
  return around;
}

TEST(NonDominatedBoxes, CoverEveryOpenPointOnceAndNoOther) {
  for (const int m : {2, 3, 4, 5}) {
    for (int round = 0; round < 20; ++round) {
      Rng rng(static_cast<std::uint64_t>(100 * m + round));
      const std::vector<double> losses = rough_front(1 + 2 * round, m, rng.split("front"));
      const PointSet points{losses, m};
      const std::vector<double> reference(static_cast<std::size_t>(m), 0.95);
      const BoxSet boxes = non_dominated_boxes(points, reference);
      for (int i = 0; i < 200; ++i) {
        std::vector<double> x(static_cast<std::size_t>(m));
        for (double& v : x) v = 1.2 * rng.uniform() - 0.2;
        bool open = true;
        for (const double v : x) open = open && v < 0.95;
        for (std::size_t p = 0; p < points.size(); ++p)
          open = open && !dominates(points.point(p), x);
        EXPECT_EQ(boxes_around(boxes, x), open ? 1 : 0) << m << " objectives, round " << round;
      }
    }
  }
}

TEST(NonDominatedBoxes, AreOneWhereNothingIsKnown) {
  const BoxSet boxes = non_dominated_boxes({{}, 3}, std::vector<double>{1, 2, 3});
  ASSERT_EQ(boxes.size(), 1U);
  EXPECT_EQ(boxes.high, (std::vector<double>{1, 2, 3}));
  for (const double low : boxes.low) EXPECT_EQ(low, -INFINITY);
}

TEST(NonDominatedBoxes, TakeEqualAndTiedPoints) {
  const std::vector<double> losses = {0, 1, 2, 0, 1, 2, 1, 0, 2, 0, 0.5, 2, 2, 2, 0};
  const BoxSet boxes = non_dominated_boxes({losses, 3}, std::vector<double>{3, 3, 3});
  for (std::size_t i = 0; i < boxes.low.size(); ++i) EXPECT_LT(boxes.low[i], boxes.high[i]);
  EXPECT_EQ(boxes_around(boxes, std::vector<double>{0.5, 0.7, 2.5}), 0);
  EXPECT_EQ(boxes_around(boxes, std::vector<double>{0.5, 0.2, 2.5}), 1);
}

TEST(NonDominatedBoxes, AreFew) {
  for (const auto& [m, n, most] :
       {std::tuple(2, 60, 61), std::tuple(3, 60, 121), std::tuple(4, 60, 500)}) {
    std::vector<double> front;
    Rng rng(7);
    for (int i = 0; i < n; ++i) {
      double norm = 0;
      std::vector<double> p(static_cast<std::size_t>(m));
      for (double& x : p) norm += std::pow(x = std::abs(rng.normal()), 2);
      for (const double x : p) front.push_back(1 - 0.9 * x / std::sqrt(norm));
    }
    const std::vector<double> reference(static_cast<std::size_t>(m), 1.0);
    EXPECT_LE(non_dominated_boxes({front, m}, reference).size(), static_cast<std::size_t>(most))
        << m;
  }
}

}  // namespace
}  // namespace hone
