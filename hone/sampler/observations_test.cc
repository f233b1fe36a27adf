// The order of trials where there are several objectives.
#include "hone/sampler/observations.h"

#include <gtest/gtest.h>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder
using Fronts = std::vector<std::vector<std::int64_t>>;

/// A study of two objectives and a guard, fed with values by hand.
class ObservationsOfTwo : public testing::Test {
 protected:
  ObservationsOfTwo() : player_(spec()) {}
  static StudySpec spec() {
    StudySpec spec = sampler_spec(make_space({make_parameter("x", make_real(Law::uniform, 0, 1))}),
                                  {"tpe", Value::Map{}});
    add_objectives(spec, 2);
    spec.metrics[1].goal = Goal::maximize;
    Metric guard;
    guard.name = "memory";
    guard.role = MetricRole::guard;
    guard.max = 10;
    spec.metrics.push_back(guard);
    return spec;
  }
  void add(std::vector<double> values, TrialState state = TrialState::complete) {
    const std::int64_t number = player_.history().size();
    auto proposal = std::make_shared<Proposal>();
    proposal->number = number;
    Config config;
    config.set("x", static_cast<double>(number) / 100);
    proposal->config = config;
    player_.commit(TrialAdded{std::move(proposal)});
    TrialMoved moved;
    moved.trial = number;
    moved.state = TrialState::running;
    player_.commit(moved);
    moved.state = state;
    for (int m = 0; m < static_cast<int>(values.size()); ++m) {
      Result result;
      result.metric = m;
      result.value = values[static_cast<std::size_t>(m)];
      moved.results.push_back(result);
    }
    player_.commit(moved);
  }
  Observations observations() const {
    Observations observations;
    observations.update(player_.history());
    return observations;
  }

  Player player_;
};

TEST_F(ObservationsOfTwo, RanksByDominationThenStoppedTrialsThenThoseThatBreakAGuard) {
  add({1, 1, 5});                       // 0: on the front
  add({2, 2, 5});                       // 1: too
  add({2, 1, 5});                       // 2: behind both
  add({0, 9, 12});                      // 3: breaks the guard by a fifth
  add({0, 9, 11});                      // 4: by a tenth
  add({0, 9, 5}, TrialState::stopped);  // 5
  add({3, 1, 5});                       // 6: behind 2
  add({1, 1, 1});                       // 7: as good as 0
  EXPECT_EQ(observations().fronts(100), (Fronts{{0, 1, 7}, {2}, {6}, {5}, {4}, {3}}));
  EXPECT_EQ(observations().fronts(4), (Fronts{{0, 1, 7}, {2}}));
  EXPECT_EQ(player_.history().front(), (std::vector<std::int64_t>{0, 1, 7}));
  EXPECT_EQ(player_.history().best(), 0);
}

TEST_F(ObservationsOfTwo, TakesFromAFrontThatIsCutWhatAddsMostToTheHypervolume) {
  for (int i = 0; i <= 10; ++i) add({i / 10.0, i / 10.0 * (2 - i / 10.0), 1});
  Observations seen = observations();
  std::vector<std::int64_t> three = seen.best(3);
  ASSERT_EQ(three.size(), 3U);
  std::sort(three.begin(), three.end());
  EXPECT_GT(three[1] - three[0], 1);  // spread out along the front
  EXPECT_GT(three[2] - three[1], 1);
  EXPECT_EQ(seen.best(100).size(), 11U);
}

TEST_F(ObservationsOfTwo, LearnsNothingFromATrialThatLacksAnObjective) {
  add({1});
  add({1, NAN, 1});
  add({2, 2, 1});
  EXPECT_EQ(observations().fronts(10), (Fronts{{2}}));
  EXPECT_EQ(observations().best(3), std::vector<std::int64_t>{2});
  EXPECT_EQ(player_.history().front(), std::vector<std::int64_t>{2});
}

TEST_F(ObservationsOfTwo, TheBestIsTheOneOfTheFrontThatLeadsInTheFirstObjective) {
  add({1, 1, 5});
  add({1, 3, 5});
  add({0.5, 0.2, 50});
  add({4, 9, 5});
  EXPECT_EQ(player_.history().front(), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(player_.history().best(), 1);
}

}  // namespace
}  // namespace hone
