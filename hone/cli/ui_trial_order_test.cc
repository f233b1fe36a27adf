#include "hone/cli/ui_trial_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/cli/ui_test_support.h"

namespace hone::cli {
namespace {

using testing::ElementsAre;

class TrialListTest : public testing::Test {
 protected:
  TrialListTest() {
    for (const double value : {2.9, 2.6, 2.7}) record_.whole(value);
    record_.whole(1.0, TrialOrigin::sampler, TrialState::stopped, 3, "rung 1: rank 4 of 4");
    const std::int64_t failed = record_.add();
    record_.end(record_.start(failed), failed, TrialState::failed, "", FailKind::exit_code);
    record_.start(record_.add());
  }
  std::shared_ptr<const std::vector<std::int64_t>> of(TrialOrder order, TrialChoice choice) {
    return list_.of(record_.history(), order, choice);
  }
  StudyRecord record_;
  TrialList list_;
};

TEST_F(TrialListTest, OrdersAndChooses) {
  EXPECT_THAT(*of(TrialOrder::newest, TrialChoice::all), ElementsAre(5, 4, 3, 2, 1, 0));
  EXPECT_THAT(*of(TrialOrder::number, TrialChoice::all), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(*of(TrialOrder::best, TrialChoice::all), ElementsAre(1, 2, 0, 3, 4, 5))
      << "a stopped one comes after those that came to their end, however good";
  EXPECT_THAT(*of(TrialOrder::best, TrialChoice::complete), ElementsAre(1, 2, 0));
  EXPECT_THAT(*of(TrialOrder::newest, TrialChoice::running), ElementsAre(5));
  EXPECT_THAT(*of(TrialOrder::newest, TrialChoice::failed), ElementsAre(4));
}

TEST_F(TrialListTest, IsNotMadeAnewWhileNothingChanges) {
  const auto first = of(TrialOrder::best, TrialChoice::all);
  EXPECT_EQ(of(TrialOrder::best, TrialChoice::all), first);
  const auto others = of(TrialOrder::best, TrialChoice::complete);
  EXPECT_NE(others, first);
  EXPECT_EQ(of(TrialOrder::best, TrialChoice::complete), others);
}

TEST_F(TrialListTest, FollowsTheRecord) {
  of(TrialOrder::best, TrialChoice::complete);
  record_.whole(2.65);
  EXPECT_THAT(*of(TrialOrder::best, TrialChoice::complete), ElementsAre(1, 6, 2, 0));
}

TEST_F(TrialListTest, TellsStudiesApart) {
  StudyRecord other(Goal::maximize);
  for (const double value : {1, 3, 2}) other.whole(value);
  of(TrialOrder::best, TrialChoice::all);
  EXPECT_THAT(*list_.of(other.history(), TrialOrder::best, TrialChoice::all), ElementsAre(1, 2, 0));
  const auto known = of(TrialOrder::best, TrialChoice::all);
  list_.forget();
  EXPECT_NE(of(TrialOrder::best, TrialChoice::all), known);
}

}  // namespace
}  // namespace hone::cli
