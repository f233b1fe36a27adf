// What differential evolution promises beyond the contract.
#include <gtest/gtest.h>

#include <cmath>

#include "hone/math/stats.h"
#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

AlgorithmSpec de(const char* options = "{}") { return {"de", *Value::parse(options)}; }

SearchSpace square() {
  return make_space({make_parameter("x", make_real(Law::uniform, -5, 5)),
                     make_parameter("y", make_real(Law::uniform, -5, 5))});
}

/// Rosenbrock's valley, 0 at (1, 1).
double valley(const Config& config) {
  const double x = config.get("x")->as_number();
  const double y = config.get("y")->as_number();
  return 100 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x);
}

TEST(De, FindsTheFootOfAValleyThatChanceDoesNot) {
  std::vector<double> found;
  std::vector<double> by_chance;
  for (std::int64_t seed = 0; seed < 11; ++seed) {
    found.push_back(best_of(square(), de(), valley, 400, seed));
    by_chance.push_back(best_of(square(), {"random", Value::Map{}}, valley, 400, seed));
  }
  EXPECT_LT(median(found), median(by_chance) / 3);
}

TEST(De, BreedsOnceEverySlotHasAMember) {
  Player player(sampler_spec(square(), de(R"({"population": 5})")));
  const auto sampler = try_make(player.history().spec());
  for (int k = 0; k < 12; ++k) {
    const auto result = player.ask(*sampler);
    const Suggestion& suggestion = suggestions(result)->front();
    EXPECT_EQ(suggestion.info.find("rule")->as_string(), k < 5 ? "start" : "de") << k;
    if (k >= 5) {
      EXPECT_EQ(suggestion.info.find("parent")->as_int() % 5, k % 5);
    }
    player.add(suggestion.config, {}, valley(suggestion.config));
  }
}

TEST(De, CompletedTrialsBreedWhateverTheyReportedLast) {
  StudySpec spec = sampler_spec(square(), de(R"({"population": 5})"));
  spec.fidelity->max = 10;  // epochs counted from zero: the last report is of epoch 9
  Player player(spec);
  const auto sampler = try_make(player.history().spec());
  for (int k = 0; k < 7; ++k) {
    const SuggestContext context{player.history(), k, sampler_rng(spec, k), 10.0, 0};
    const auto result = sampler->suggest(context, 1);
    const Suggestion& suggestion = suggestions(result)->front();
    EXPECT_EQ(suggestion.info.find("rule")->as_string(), k < 5 ? "start" : "de") << k;
    player.add(suggestion.config, {}, valley(suggestion.config));
  }
}

}  // namespace
}  // namespace hone
