// What evolution promises beyond the contract.
#include <gtest/gtest.h>

#include <cmath>

#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

constexpr int kEdges = 8;

AlgorithmSpec evolution(const char* options = "{}") {
  return {"evolution", *Value::parse(options)};
}

SearchSpace edges() {
  std::vector<Parameter> parameters;
  for (int i = 0; i < kEdges; ++i)
    parameters.push_back(make_parameter("edge" + std::to_string(i),
                                        make_choice({"none", "skip", "pool", "conv"}, false)));
  return make_space(std::move(parameters));
}

std::string edge(const Config& config, int i) {
  return config.get("edge" + std::to_string(i))->as_string();
}

/// Convolutions are good, and better behind each other.
double loss(const Config& config) {
  double sum = 0;
  for (int i = 0; i < kEdges; ++i) {
    const bool here = edge(config, i) == "conv";
    const bool next = edge(config, (i + 1) % kEdges) == "conv";
    sum -= (here ? 1 : 0) + (here && next ? 0.5 : 0);
  }
  return sum;
}

int differences(const Config& a, const Config& b) {
  int count = 0;
  for (int i = 0; i < kEdges; ++i) count += edge(a, i) != edge(b, i) ? 1 : 0;
  return count;
}

double best_of(const AlgorithmSpec& spec, int trials, std::int64_t seed) {
  return contract::best_of(edges(), spec, loss, trials, seed);
}

TEST(Evolution, FindsTheBestOf65536ArchitecturesWithin150Trials) {
  int found = 0;
  int by_chance = 0;
  for (std::int64_t seed = 0; seed < 10; ++seed) {
    found += best_of(evolution(), 150, seed) == -12 ? 1 : 0;
    by_chance += best_of({"random", Value::Map{}}, 150, seed) == -12 ? 1 : 0;
  }
  EXPECT_GE(found, 9);
  EXPECT_EQ(by_chance, 0);
}

TEST(Evolution, AChildDiffersFromItsParentInOneParameter) {
  for (const char* options : {R"({"local": 0})", R"({"local": 1})"}) {
    Player player(sampler_spec(edges(), evolution(options)));
    const auto sampler = try_make(player.history().spec());
    int children = 0;
    for (int k = 0; k < 40; ++k) {
      const auto result = player.ask(*sampler);
      const Suggestion& suggestion = suggestions(result)->front();
      if (const Value* parent = suggestion.info.find("parent"); parent != nullptr) {
        const auto& from = player.history().trial(parent->as_int()).proposal->config;
        EXPECT_EQ(differences(from, suggestion.config), 1) << options << ", trial " << k;
        ++children;
      }
      player.add(suggestion.config, {}, loss(suggestion.config));
    }
    EXPECT_GE(children, 25);
  }
}

TEST(Evolution, LocalSearchStaysWithTheBestAndEvolutionLetsItGrowOld) {
  Player player(sampler_spec(edges(), evolution(R"({"local": 1})")));
  const auto local = try_make(player.history().spec());
  const auto evolving =
      try_make(sampler_spec(edges(), evolution(R"({"local": 0, "population": 20})")));
  // The first trial is by far the best; sixty worse ones follow.
  for (int k = 0; k < 60; ++k) {
    const auto result = player.ask(*local);
    player.add(suggestions(result)->front().config, {}, k == 0 ? -100 : k);
  }
  const auto near = player.ask(*local);
  EXPECT_LE(suggestions(near)->front().info.find("parent")->as_int(), 4);
  const auto young = player.ask(*evolving);
  EXPECT_GE(suggestions(young)->front().info.find("parent")->as_int(), 40);
}

}  // namespace
}  // namespace hone
