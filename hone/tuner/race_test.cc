#include "hone/tuner/race.h"

#include <gtest/gtest.h>

#include <memory>

#include "hone/tuner/settle.h"

namespace hone {
namespace {

class RaceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto spec = std::make_shared<StudySpec>();
    Metric loss;
    loss.name = "loss";
    spec->metrics = {loss};
    spec->replicates = 3;
    spec->racing = true;
    history_ = std::make_unique<History>(spec);
  }
  /// A trial with these replicates, all well ended; complete where `settled`.
  std::int64_t add(const std::vector<double>& values, bool settled) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    apply(TrialAdded{proposal});
    for (std::size_t r = 0; r < values.size(); ++r)
      run(proposal->number, static_cast<int>(r), values[r]);
    if (settled) {
      TrialMoved moved;
      moved.trial = proposal->number;
      moved.results = history_->judge(proposal->number);
      apply(moved);
    }
    return proposal->number;
  }
  void run(std::int64_t trial, int replicate, double value) {
    const RunId run{++runs_};
    apply(RunQueued{run, first_run(history_->spec(), *history_->trial(trial).proposal, replicate)});
    apply(RunClaimed{run, trial, 1, WorkerId{1}});
    apply(Reported{{run, trial, 0, 1, 0, value, 0}, false});
    apply(RunEnded{run, trial, RunEnd{}});
  }
  void apply(ChangeBody body) {
    ++seq_;
    history_->apply({seq_, seq_, std::move(body)});
  }

  std::unique_ptr<History> history_;
  std::int64_t seq_ = 0;
  std::int64_t runs_ = 0;
};

TEST_F(RaceTest, BeginsWhenTheSpreadIsKnown) {
  EXPECT_FALSE(may_race(*history_));
  add({1.0, 1.1, 1.2}, true);  // two degrees of freedom
  EXPECT_FALSE(may_race(*history_));
  EXPECT_TRUE(race(*history_, add({9.0}, false))->goes_on);
  add({1.0, 1.1, 1.2}, true);
  EXPECT_TRUE(may_race(*history_));
}

TEST_F(RaceTest, GivesUpWhatIsWorseAndGoesOnWithWhatMayBeBetter) {
  add({1.0, 1.1, 1.2}, true);
  add({2.0, 2.1, 2.2}, true);
  const auto worse = race(*history_, add({1.6}, false));
  EXPECT_FALSE(worse->goes_on);
  EXPECT_EQ(worse->reason, "1 of 3 replicates: loss 1.6 worse than 1.1 of trial 0 (p = 0.0062)");
  const auto near = race(*history_, add({1.2}, false));
  EXPECT_TRUE(near->goes_on);
  EXPECT_EQ(near->replicate, 1);
  EXPECT_EQ(near->reason,
            "1 of 3 replicates: loss 1.2 within the noise of 1.1 of trial 0 (p = 0.22)");
  EXPECT_TRUE(race(*history_, add({0.2}, false))->goes_on);
}

TEST_F(RaceTest, EndsWithTheLastReplicate) {
  add({1.0, 1.1, 1.2}, true);
  add({1.0, 1.1, 1.2}, true);
  const auto trial = add({1.0, 1.1}, false);
  EXPECT_EQ(race(*history_, trial)->replicate, 2);
  run(trial, 2, 1.0);
  EXPECT_FALSE(race(*history_, trial).has_value());
}

TEST_F(RaceTest, ComparesPlainlyWithoutSpread) {
  add({1.0, 1.0, 1.0}, true);
  add({2.0, 2.0, 2.0}, true);
  EXPECT_FALSE(race(*history_, add({1.0001}, false))->goes_on);
  EXPECT_TRUE(race(*history_, add({1.0}, false))->goes_on);
}

}  // namespace
}  // namespace hone
