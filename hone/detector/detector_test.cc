#include "hone/detector/detector.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

std::vector<CurvePoint> curve(std::initializer_list<double> values) {
  std::vector<CurvePoint> points;
  double fidelity = 0;
  for (const double v : values) points.push_back({fidelity++, v, 0, 0});
  return points;
}

TEST(NanDetector, FindsNanAndInfinityAtTheNewestPoint) {
  StudySpec spec;
  spec.metrics.emplace_back();
  spec.metrics[0].name = "val_loss";
  EXPECT_EQ(detect_nan(spec, curve({2.1, NAN}))->kind, FailKind::nan);
  EXPECT_EQ(detect_nan(spec, curve({2.1, NAN}))->reason, "val_loss became nan at step 1");
  EXPECT_TRUE(detect_nan(spec, curve({INFINITY})));
  EXPECT_FALSE(detect_nan(spec, curve({NAN, 2.0})));
  EXPECT_FALSE(detect_nan(spec, {}));
}

TEST(DivergenceDetector, FindsACurveThatLeavesForGood) {
  EXPECT_EQ(detect_divergence(Goal::minimize, curve({3.0, 2.8, 6.5, 7.0, 6.9}))->kind,
            FailKind::diverged);
}

TEST(DivergenceDetector, LetsASpikeRecover) {
  EXPECT_FALSE(detect_divergence(Goal::minimize, curve({3.0, 2.8, 9.5, 7.0, 2.9})));
  EXPECT_FALSE(detect_divergence(Goal::minimize, curve({3.0, 2.8, 9.5, 7.0})));
}

TEST(DivergenceDetector, IsSilentWhereTwiceTheFirstValueMeansNothing) {
  EXPECT_FALSE(detect_divergence(Goal::maximize, curve({0.1, 0.3, 0.3, 0.4, 0.5})));
  EXPECT_FALSE(detect_divergence(Goal::minimize, curve({-1, 3, 3, 4, 5})));
  EXPECT_FALSE(detect_divergence(Goal::minimize, curve({0, 3, 3, 4, 5})));
}

}  // namespace
}  // namespace hone
