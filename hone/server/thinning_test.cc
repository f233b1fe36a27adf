#include "hone/server/thinning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hone/base/rng.h"

namespace hone::server {
namespace {

TEST(Thinner, KeepsAShortSeriesAsItIs) {
  Thinner thin(10);
  for (int i = 0; i < 10; ++i) thin.add(i, i * i, i * 1000);
  const auto points = thin.points();
  ASSERT_EQ(points.size(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(points[static_cast<std::size_t>(i)].step, i);
    EXPECT_EQ(points[static_cast<std::size_t>(i)].busy_us, i * 1000);
  }
}

TEST(Thinner, KeepsTheEndsAndEveryExtremeWithinItsBound) {
  for (const std::size_t at_most : {4U, 5U, 8U, 100U, 1000U}) {
    for (const int count : {4, 9, 11, 101, 1024, 5000, 100'003}) {
      Rng rng(static_cast<std::uint64_t>(count));
      Thinner thin(at_most);
      double low = INFINITY;
      double high = -INFINITY;
      double first = 0;
      double last = 0;
      for (int i = 0; i < count; ++i) {
        double value = rng.normal();
        if (i % 17 == 3) value = NAN;
        if (i == count / 3) value = 100;  // a spike of one point
        if (i == count / 2) value = -100;
        if (i == 0) first = value;
        last = value;
        low = std::fmin(low, value);
        high = std::fmax(high, value);
        thin.add(i, value, i);
      }
      const auto points = thin.points();
      EXPECT_EQ(thin.total(), count);
      EXPECT_LE(points.size(), at_most);
      EXPECT_GE(points.size(), std::min<std::size_t>(at_most / 4, static_cast<std::size_t>(count)));
      EXPECT_EQ(points.front().value, first);
      EXPECT_TRUE(points.back().value == last ||
                  (std::isnan(last) && std::isnan(points.back().value)));
      EXPECT_EQ(points.back().step, count - 1);
      double kept_low = INFINITY;
      double kept_high = -INFINITY;
      for (std::size_t i = 0; i < points.size(); ++i) {
        kept_low = std::fmin(kept_low, points[i].value);
        kept_high = std::fmax(kept_high, points[i].value);
        EXPECT_TRUE(i == 0 || points[i - 1].index < points[i].index);
      }
      EXPECT_EQ(kept_low, low) << at_most << " of " << count;
      EXPECT_EQ(kept_high, high) << at_most << " of " << count;
    }
  }
}

}  // namespace
}  // namespace hone::server
