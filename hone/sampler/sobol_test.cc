// Evenness and independence of the order of trials; the contract suite covers the rest.
#include <gtest/gtest.h>

#include <set>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

TEST(SobolSampler, PutsOnePointIntoEveryCellOfAGridOfPowersOfTwo) {
  const auto space = make_space({make_parameter("x", make_real(Law::uniform, 0, 1)),
                                 make_parameter("y", make_real(Law::log_uniform, 1, 16))});
  Player player(sampler_spec(space, {"sobol", Value::Map{}}, 5));
  const auto sampler = try_make(player.history().spec());
  std::set<std::pair<int, int>> cells;
  const auto result = player.ask(*sampler, 64);
  for (const auto& s : *suggestions(result)) {
    const double y = std::log2(s.config.get("y")->as_number()) / 4;
    cells.emplace(static_cast<int>(8 * s.config.get("x")->as_number()), static_cast<int>(8 * y));
  }
  EXPECT_EQ(cells.size(),
            64U);  // a (0, 6, 2)-net in base 2; random points would leave a third empty
}

TEST(SobolSampler, GivesATrialTheSamePointAloneAndInABatch) {
  Player player(sampler_spec(mixed_space(), {"sobol", Value::Map{}}));
  const auto sampler = try_make(player.history().spec());
  const auto batch = player.ask(*sampler, 8);
  for (int k = 0; k < 8; ++k) {
    const auto single = player.ask(*sampler);
    EXPECT_EQ(suggestions(single)->front().config,
              (*suggestions(batch))[static_cast<std::size_t>(k)].config);
    player.add(suggestions(single)->front().config, Fate::rough());
  }
}

TEST(SobolSampler, FollowsTheWeightsOfAChoice) {
  const auto space =
      make_space({make_parameter("kind", make_choice({"rare", "usual"}, false, {0.125, 0.875}))});
  Player player(sampler_spec(space, {"sobol", *Value::parse(R"({"repeat": true})")}));
  const auto sampler = try_make(player.history().spec());
  int rare = 0;
  const auto result = player.ask(*sampler, 64);
  for (const auto& s : *suggestions(result))
    rare += s.config.get("kind")->as_string() == "rare" ? 1 : 0;
  EXPECT_EQ(rare, 8);
}

}  // namespace
}  // namespace hone
