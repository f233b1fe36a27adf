// What the forest promises beyond the contract.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

AlgorithmSpec forest(const char* options = "{}") { return {"forest", *Value::parse(options)}; }

/// A family of programs: which one, and its own settings, one of them a switch.
SearchSpace families() {
  std::vector<Parameter> parameters = {
      make_parameter("family", make_choice({"a", "b", "c", "d"}, false))};
  for (const char* family : {"a", "b", "c", "d"}) {
    Parameter rate = make_parameter(std::string("rate_") + family, make_real(Law::uniform, 0, 1));
    rate.conditions = {{"family", {Value(family)}, std::nullopt}};
    Parameter kind = make_parameter(std::string("kind_") + family,
                                    make_choice({"x", "y", "z", "v", "w"}, false));
    kind.conditions = {{"family", {Value(family)}, std::nullopt}};
    parameters.push_back(rate);
    parameters.push_back(kind);
  }
  return make_space(std::move(parameters));
}

/// Best is family c, kind v, rate 0.7; 0 there.
double loss(const Config& config) {
  const std::string family = config.get("family")->as_string();
  const double rate = config.get("rate_" + family)->as_number();
  const std::string kind = config.get("kind_" + family)->as_string();
  return (family == "c" ? 0 : 1) + (kind == "v" ? 0 : 0.5) + std::abs(rate - 0.7);
}

double best_of(const AlgorithmSpec& spec, int trials, std::int64_t seed) {
  return contract::best_of(families(), spec, loss, trials, seed);
}

TEST(ForestSampler, FindsTheBranchItsKindAndItsRate) {
  int found = 0;
  int by_chance = 0;
  for (std::int64_t seed = 0; seed < 10; ++seed) {
    found += best_of(forest(), 60, seed) < 0.1 ? 1 : 0;
    by_chance += best_of({"random", Value::Map{}}, 60, seed) < 0.1 ? 1 : 0;
  }
  EXPECT_GE(found, 9);
  EXPECT_LE(by_chance, 6);
}

TEST(ForestSampler, AvoidsWhereProgramsFail) {
  // Half the space fails, and what works is the better the nearer it is to a place beside that.
  const auto failures = [](const char* options) {
    const SearchSpace space = make_space({make_parameter("x", make_real(Law::uniform, 0, 1)),
                                          make_parameter("y", make_real(Law::uniform, 0, 1))});
    Player player(sampler_spec(space, forest(options)));
    const auto sampler = try_make(player.history().spec());
    int count = 0;
    for (int k = 0; k < 60; ++k) {
      const Config config = suggestions(player.ask(*sampler))->front().config;
      const double x = config.get("x")->as_number();
      const double y = config.get("y")->as_number();
      player.add(config, {}, x > 0.5 ? NAN : std::abs(x - 0.4) + std::abs(y - 0.5));
      count += x > 0.5 ? 1 : 0;
    }
    return count;
  };
  const int avoided = failures("{}");
  EXPECT_LE(avoided, 20);
  EXPECT_GT(failures(R"({"failures": false})"), avoided + 5);
}

TEST(ForestSampler, ABatchSpreadsOut) {
  Player player(sampler_spec(families(), forest()));
  const auto sampler = try_make(player.history().spec());
  for (int k = 0; k < 30; ++k) {
    const Config config = suggestions(player.ask(*sampler))->front().config;
    player.add(config, {}, loss(config));
  }
  const auto batch = player.ask(*sampler, 8);
  ASSERT_EQ(suggestions(batch)->size(), 8U);
  std::set<std::string> seen;
  double low = 1;
  double high = 0;
  for (const Suggestion& s : *suggestions(batch)) {
    seen.insert(s.config.canonical());
    const std::string family = s.config.get("family")->as_string();
    const double rate = s.config.get("rate_" + family)->as_number();
    low = std::min(low, rate);
    high = std::max(high, rate);
  }
  EXPECT_EQ(seen.size(), 8U);
  EXPECT_GT(high - low, 0.1);
}

TEST(ForestSampler, ShareOfRandomDrawsIsWhatWasAsked) {
  Player player(sampler_spec(families(), forest(R"({"random": 0.3, "spread": 20, "near": 2})")));
  const auto sampler = try_make(player.history().spec());
  int random = 0;
  int modelled = 0;
  for (int k = 0; k < 110; ++k) {
    const Suggestion s = suggestions(player.ask(*sampler))->front();
    const std::string rule = s.info.string_or("rule", "");
    random += rule == "random" ? 1 : 0;
    modelled += rule == "forest" ? 1 : 0;
    player.add(s.config, {}, loss(s.config));
  }
  EXPECT_EQ(random + modelled, 100);  // behind ten of the start
  // Three standard deviations of 100 draws.
  EXPECT_NEAR(random, 30, 14);
}

TEST(ForestSampler, TakesOneObjective) {
  StudySpec spec = sampler_spec(families(), forest());
  add_objectives(spec, 2);
  std::vector<OptionProblem> problems;
  EXPECT_EQ(make_sampler(spec, problems), nullptr);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems.front().message.find("takes one objective"), std::string::npos);
}

}  // namespace
}  // namespace hone
