#include "hone/scheduler/rungs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

Observation at(std::int64_t trial, double fidelity, std::int64_t seq = 1) {
  Observation o;
  o.trial = trial;
  o.fidelity = fidelity;
  o.seq = seq;
  return o;
}

TEST(Rungs, AreAFactorEtaApartAndBelowFullFidelity) {
  const Rungs rungs(1, 3, 27.0);
  ASSERT_EQ(rungs.size(), 3);
  EXPECT_EQ(rungs.rung(0).level(), 1);
  EXPECT_EQ(rungs.rung(1).level(), 3);
  EXPECT_EQ(rungs.rung(2).level(), 9);
  EXPECT_EQ(rungs.level_after(2), 27.0);
  EXPECT_EQ(rungs.levels_text("epoch"), "1, 3, 9 epochs");
}

TEST(Rungs, HaveNoTopRungCloserToFullFidelityThanRounding) {
  EXPECT_EQ(Rungs(0.1, 3, 0.9).size(), 2);  // 0.1·3·3 = 0.9000000000000001
  EXPECT_EQ(Rungs(0.1, 3, 0.9).at(0.3), 1);
}

TEST(Rungs, GoOnWithoutEndWhereFidelityHasNone) {
  const Rungs rungs(1, 2, std::nullopt);
  EXPECT_EQ(rungs.size(), Rungs::kMaxRungs);
  EXPECT_EQ(rungs.at(1000), 9);
}

TEST(Rungs, RecordATrialOnceAtEveryRungThatAReportPasses) {
  Rungs rungs(1, 3, 27.0);
  rungs.record(at(4, 5), 0.5);
  EXPECT_EQ(rungs.highest(4), 1);
  EXPECT_EQ(rungs.rung(0).find(4)->loss, 0.5);
  EXPECT_EQ(rungs.rung(1).find(4)->loss, 0.5);
  rungs.record(at(4, 3), 0.1);  // repeated
  EXPECT_EQ(rungs.rung(1).find(4)->loss, 0.5);
  rungs.record(at(5, 0.5), 0.1);
  EXPECT_EQ(rungs.highest(5), -1);
}

TEST(Rung, GivesEqualLossesTheBetterRankAndNanTheWorst) {
  Rung rung(1);
  rung.record({0, 2.0, 1});
  rung.record({1, NAN, 2});
  rung.record({2, 1.0, 3});
  rung.record({3, 2.0, 4});
  rung.record({4, INFINITY, 5});
  EXPECT_EQ(rung.rank(1.0), 1);
  EXPECT_EQ(rung.rank(2.0), 2);
  EXPECT_EQ(rung.rank(INFINITY), 4);
  EXPECT_EQ(rung.rank(NAN), 5);
}

TEST(Rungs, KeepOneInEtaAndAtLeastOne) {
  Rungs rungs(1, 3, 9.0);
  const std::int64_t expected[] = {1, 1, 1, 1, 1, 2, 2, 2, 3};
  for (int n = 0; n < 9; ++n) {
    rungs.record(at(n, 1), n);
    EXPECT_EQ(rungs.keeps(0), expected[n]);
  }
}

}  // namespace
}  // namespace hone
