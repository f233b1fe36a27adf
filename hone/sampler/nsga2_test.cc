#include <gtest/gtest.h>

#include <cmath>

#include "hone/math/pareto.h"
#include "hone/sampler/sampler_player.h"

namespace hone {
namespace {

using namespace contract;  // NOLINT: the players of this folder

constexpr int kDistances = 5;

/// DTLZ2 (Deb, Thiele, Laumanns and Zitzler 2002).
std::vector<double> dtlz2(const Config& config, std::size_t m) {
  const auto x = [&](std::size_t i) { return config.get("x" + std::to_string(i))->as_number(); };
  double g = 0;
  for (std::size_t i = m - 1; i < m - 1 + kDistances; ++i) g += (x(i) - 0.5) * (x(i) - 0.5);
  std::vector<double> values(m, 1 + g);
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 0; i + k + 1 < m; ++i) values[k] *= std::cos(x(i) * M_PI_2);
    if (k > 0) values[k] *= std::sin(x(m - 1 - k) * M_PI_2);
  }
  return values;
}

/// Hypervolume below 1.2 in every loss after 300 trials.
double found(const char* sampler, std::size_t m, std::int64_t seed) {
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < m - 1 + kDistances; ++i)
    parameters.push_back(make_parameter("x" + std::to_string(i), make_real(Law::uniform, 0, 1)));
  StudySpec spec = sampler_spec(make_space(std::move(parameters)), {sampler, Value::Map{}}, seed);
  add_objectives(spec, static_cast<int>(m));
  Player player(spec);
  const auto made = try_make(spec);
  std::vector<double> losses;
  for (int i = 0; i < 300; ++i) {
    const Config config = suggestions(player.ask(*made))->front().config;
    const std::vector<double> values = dtlz2(config, m);
    losses.insert(losses.end(), values.begin(), values.end());
    player.add(config, values);
  }
  return hypervolume({losses, static_cast<int>(m)}, std::vector<double>(m, 1.2));
}

TEST(Nsga3, FindsMoreOfTheFrontOfManyObjectivesThanNsga2AndChance) {
  for (const std::size_t m : {3U, 5U}) {
    double nsga3 = 0;
    double nsga2 = 0;
    double random = 0;
    for (const std::int64_t seed : {1, 2, 3, 4, 5, 6}) {
      nsga3 += found("nsga3", m, seed);
      nsga2 += found("nsga2", m, seed);
      random += found("random", m, seed);
    }
    EXPECT_GT(nsga3, nsga2) << m << " objectives";
    EXPECT_GT(nsga3, 1.1 * random) << m << " objectives";
  }
}

TEST(Auto, TakesTheProcessForFourObjectivesAndReferenceDirectionsForFive) {
  for (const auto& [objectives, rule] :
       {std::pair(2, "gp"), std::pair(4, "gp"), std::pair(5, "nsga3")}) {
    StudySpec spec = sampler_spec(make_space({make_parameter("x", make_real(Law::uniform, 0, 1)),
                                              make_parameter("y", make_real(Law::uniform, 0, 1))}),
                                  {"auto", Value::Map{}});
    add_objectives(spec, objectives);
    Player player(spec);
    const auto made = try_make(spec);
    for (int i = 0; i < 12; ++i) player.add(suggestions(player.ask(*made))->front().config);
    const auto last = player.ask(*made);
    EXPECT_EQ(suggestions(last)->front().info.string_or("rule", ""), rule) << objectives;
  }
}

}  // namespace
}  // namespace hone
