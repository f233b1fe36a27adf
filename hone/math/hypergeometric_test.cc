#include "hone/math/hypergeometric.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

double choose(int n, int k) {
  double result = 1;
  for (int i = 1; i <= k; ++i) result = result * (n - k + i) / i;
  return k < 0 || k > n ? 0 : result;
}

TEST(HypergeometricTails, AreSumsOverWaysToDraw) {
  HypergeometricTails tails;
  for (const int all : {1, 7, 24}) {
    for (int marked = 0; marked <= all; ++marked) {
      for (int drawn = 0; drawn <= all; ++drawn) {
        for (int inside = 0; inside <= all; ++inside) {
          double sum = 0;
          for (int x = inside; x <= marked; ++x)
            sum += choose(marked, x) * choose(all - marked, drawn - x) / choose(all, drawn);
          EXPECT_NEAR(tails.upper(inside, all, marked, drawn), std::min(1.0, sum), 1e-12)
              << inside << " of " << drawn << ", " << marked << " of " << all;
        }
      }
    }
  }
}

TEST(HypergeometricTails, OfManyKeepTheirSize) {
  HypergeometricTails tails;
  // The mean is 25 000 and the deviation about 79: both terms at the ends are below any double.
  EXPECT_NEAR(tails.upper(25'000, 100'000, 50'000, 50'000), 0.5, 0.003);
  EXPECT_NEAR(tails.upper(10, 100'000, 50'000, 50'000), 1, 1e-7);
  EXPECT_EQ(tails.upper(49'000, 100'000, 50'000, 50'000), 0);
  double all_drawn = 0;  // every marked one is among the first drawn, one after the other
  for (int i = 0; i < 100; ++i) all_drawn += std::log((1000.0 - i) / (100'000.0 - i));
  EXPECT_NEAR(std::log(tails.upper(100, 100'000, 100, 1000)), all_drawn, 1e-6);
}

}  // namespace
}  // namespace hone
