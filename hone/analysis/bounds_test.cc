#include "hone/analysis/bounds.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone {
namespace {

/// One trial per position of x in its range; smaller losses at higher positions.
History rising(const Domain& domain, bool best_at_upper_end, int trials = 60) {
  auto spec = std::make_shared<StudySpec>();
  spec->space = *SearchSpace::create({{"x", domain, {}, {}, {}}}, {}).space;
  spec->metrics = {Metric{}};
  History history(spec);
  std::int64_t seq = 0;
  for (int i = 0; i < trials; ++i) {
    const double u = static_cast<double>(i) / (trials - 1);
    auto proposal = std::make_shared<Proposal>();
    proposal->number = i;
    const std::vector<double> row = {u};
    proposal->config = spec->space.decode(row);
    history.apply(Change{++seq, seq, TrialAdded{proposal}});
    TrialMoved moved;
    moved.trial = i;
    moved.results = {Result{0, best_at_upper_end ? -u : u, std::nullopt, 1, std::nullopt}};
    history.apply(Change{++seq, seq, moved});
  }
  return history;
}

std::vector<AtBound> bounds(const History& history) {
  return best_at_bounds(history, history.best(), {});
}

Real real(double low, double high, Law law = Law::uniform) {
  Real domain;
  domain.low = low;
  domain.high = high;
  domain.law = law;
  return domain;
}

TEST(BestAtBounds, NamesTheEndAtWhichTheBestLies) {
  const auto upper = bounds(rising(real(1e-5, 1e-2, Law::log_uniform), true));
  ASSERT_EQ(upper.size(), 1U);
  EXPECT_TRUE(upper[0].upper);
  EXPECT_DOUBLE_EQ(upper[0].bound.as_number(), 1e-2);
  const auto lower = bounds(rising(real(1e-5, 1e-2, Law::log_uniform), false));
  ASSERT_EQ(lower.size(), 1U);
  EXPECT_FALSE(lower[0].upper);
}

TEST(BestAtBounds, LeavesNaturalBoundsAlone) {
  EXPECT_TRUE(bounds(rising(real(0, 0.5), false)).empty());
  EXPECT_FALSE(bounds(rising(real(0, 0.5), true)).empty());
  EXPECT_TRUE(bounds(rising(real(0, 1), true)).empty());
  EXPECT_TRUE(bounds(rising(Integer{1, 6}, false)).empty());
  EXPECT_FALSE(bounds(rising(Integer{1, 6}, true)).empty());
}

TEST(BestAtBounds, LooksAtTheOrderOfChoices) {
  Choice choice;
  for (const std::int64_t v : {4, 8, 16}) choice.items.push_back({Value(v), std::to_string(v)});
  EXPECT_TRUE(bounds(rising(choice, true)).empty()) << "unordered";
  choice.ordered = true;
  ASSERT_EQ(bounds(rising(choice, true)).size(), 1U);
  choice.items.pop_back();
  EXPECT_TRUE(bounds(rising(choice, true)).empty()) << "of two values one is always at the end";
}

TEST(BestAtBounds, DoesNotTakeOneLuckyTrialForAHint) {
  // The best lies at the end, the next four do not, and nothing says that x matters.
  const Real domain = real(2, 3);
  History history = rising(domain, false);
  auto proposal = std::make_shared<Proposal>();
  proposal->number = history.size();
  proposal->config.set("x", 3.0);
  history.apply(Change{1000, 1000, TrialAdded{proposal}});
  TrialMoved moved;
  moved.trial = proposal->number;
  moved.results = {Result{0, -5, std::nullopt, 1, std::nullopt}};
  history.apply(Change{1001, 1001, moved});
  EXPECT_TRUE(bounds(history).empty());
  Importance known;
  known.enough = true;
  known.effects = {{"x", 1.0, 0.1, 0.005}};
  EXPECT_EQ(best_at_bounds(history, history.best(), known).size(), 1U);
}

}  // namespace
}  // namespace hone
