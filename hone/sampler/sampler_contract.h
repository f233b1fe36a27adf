// The suite that every sampler passes, over the spaces and histories of sampler_player.h:
//   - purity: a fresh instance answers exactly what a warm one does, at trials 1–40, at every 2^k
//     and its neighbours and at 50 random ones, and an instance that served another study in
//     between answers the same;
//   - every suggestion is legal, complete and within the constraints, in every space and with every
//     kind of history;
//   - a finite space is covered once, then the sampler says so;
//   - trials of other space versions, 10^4 trials and batches are no difficulty.
// A sampler that cannot search a space (grid, a continuous one) says so in make_sampler and is not
// asked there.
//
// Use, in one source file of a test program:
//   INSTANTIATE_TEST_SUITE_P(Mine, SamplerContract,
//                            testing::Values(SamplerCase{"mine", {"mine", options}}),
//                            sampler_case_name);
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "hone/sampler/sampler_player.h"

namespace hone::contract {

struct SamplerCase {
  std::string name;
  AlgorithmSpec sampler;
  bool repeats = false;          ///< configurations of a finite space may come again
  bool seedless = false;         ///< an order that the space alone decides (grid)
  std::int64_t long_run = 1030;  ///< trials of the purity test
  int objectives = 1;
  bool sources = false;  ///< earlier studies to learn from
};

inline std::string sampler_case_name(const testing::TestParamInfo<SamplerCase>& info) {
  return info.param.name;
}

class SamplerContract : public testing::TestWithParam<SamplerCase> {
 protected:
  struct Study {
    Player player;
    std::unique_ptr<Sampler> sampler;
  };
  static StudySpec spec_of(const SearchSpace& space, std::int64_t seed = 1,
                           Goal goal = Goal::minimize) {
    StudySpec spec = sampler_spec(space, GetParam().sampler, seed, goal);
    add_objectives(spec, GetParam().objectives);
    if (GetParam().sources) add_sources(spec);
    return spec;
  }
  /// Studies in every space that the sampler can search.
  static std::vector<std::pair<std::string, Study>> studies(std::int64_t seed = 1) {
    std::vector<std::pair<std::string, Study>> all;
    for (const NamedSpace& named : contract_spaces()) {
      StudySpec spec = spec_of(named.space, seed);
      auto sampler = try_make(spec);
      if (sampler) all.emplace_back(named.name, Study{Player(std::move(spec)), std::move(sampler)});
    }
    return all;
  }
  static void expect_legal(const Player& player, const SuggestResult& result, int asked,
                           const std::string& where) {
    const auto* list = suggestions(result);
    if (list == nullptr) return;
    EXPECT_GE(list->size(), 1U) << where;
    EXPECT_LE(static_cast<int>(list->size()), asked) << where;
    for (const Suggestion& s : *list) {
      for (const std::string& fault : player.space().violations(s.config)) {
        ADD_FAILURE() << where << ": " << s.config.canonical() << ": " << fault;
      }
      EXPECT_TRUE(s.info.find("rule") != nullptr) << "info names the rule that made it";
    }
  }
  /// 25 trials of every study; `add` says what comes of them.
  template <class Add>
  static void expect_legal_studies(const Add& add) {
    for (auto& [name, study] : studies()) {
      for (int k = 0; k < 25; ++k) {
        const auto result = study.player.ask(*study.sampler);
        expect_legal(study.player, result, 1, name);
        const auto* list = suggestions(result);
        if (list == nullptr) break;
        add(study.player, list->front().config, k);
      }
    }
  }
  static bool is_checkpoint(std::int64_t number, Rng& rng, std::int64_t length) {
    if (number <= 40) return true;
    for (std::int64_t power = 64; power <= length; power *= 2) {
      if (std::abs(number - power) <= 1) return true;
    }
    return rng.chance(50.0 / static_cast<double>(length));
  }
};

TEST_P(SamplerContract, AnswersFreshExactlyWhatItAnswersWarm) {
  for (auto& [name, study] : studies()) {
    Rng rng(4);
    const std::int64_t length = name == "mixed" ? GetParam().long_run : 80;
    while (study.player.history().size() < length) {
      const std::int64_t number = study.player.history().size();
      const int count = number % 7 == 3 ? 3 : 1;
      const SuggestResult warm = study.player.ask(*study.sampler, count);
      if (is_checkpoint(number, rng, length)) {
        const auto fresh = try_make(study.player.history().spec());
        ASSERT_EQ(text_of(warm), text_of(study.player.ask(*fresh, count)))
            << name << " at trial " << number;
      }
      const auto* list = suggestions(warm);
      if (list == nullptr) break;
      for (const Suggestion& s : *list) study.player.add(s.config, Fate::rough());
    }
  }
}

TEST_P(SamplerContract, AnswersTheSameAfterServingAnotherStudyAndAnEarlierHistory) {
  auto first = studies(1);
  auto second = studies(2);
  for (std::size_t i = 0; i < first.size(); ++i) {
    auto& [name, a] = first[i];
    Player& b = second[i].second.player;
    std::vector<History> snapshots;
    for (int k = 0; k < 30; ++k) {
      for (Player* player : {&a.player, &b}) {
        const auto result = player->ask(*a.sampler);
        const auto* list = suggestions(result);
        if (list == nullptr) continue;
        player->add(list->front().config, Fate::rough());
      }
      if (k % 10 == 5) snapshots.push_back(a.player.history());
    }
    for (const History* history : {&snapshots[1], &snapshots[0], &snapshots[2]}) {
      const auto fresh = try_make(history->spec());
      EXPECT_EQ(text_of(Player::ask(*a.sampler, *history, 2)),
                text_of(Player::ask(*fresh, *history, 2)))
          << name;
    }
  }
}

TEST_P(SamplerContract, SuggestsWholeAndLegalConfigurationsWithinTheConstraints) {
  for (const Fate& fate : {Fate{}, Fate::rough()}) {
    for (auto& [name, study] : studies()) {
      for (int k = 0; k < 60; ++k) {
        const int count = 1 + k % 3;
        const auto result = study.player.ask(*study.sampler, count);
        expect_legal(study.player, result, count, name);
        const auto* list = suggestions(result);
        if (list == nullptr) break;
        for (const Suggestion& s : *list) study.player.add(s.config, fate);
      }
    }
  }
}

TEST_P(SamplerContract, CopesWithHistoriesThatTeachNothing) {
  for (const Fate& fate :
       {Fate{.nan = 1}, Fate{.failed = 1}, Fate{.left_running = 1}, Fate{.paused = 1}}) {
    expect_legal_studies(
        [&](Player& player, const Config& config, int /*k*/) { player.add(config, fate); });
  }
}

TEST_P(SamplerContract, CopesWithInfiniteAndEqualValues) {
  for (const double value : {HUGE_VAL, -HUGE_VAL, 0.0, 1e308, -1e308}) {
    expect_legal_studies([&](Player& player, const Config& config, int k) {
      player.add(config, {}, k % 3 == 0 ? 1.0 : value);
    });
  }
}

TEST_P(SamplerContract, CoversAFiniteSpaceOnceAndThenSaysSo) {
  if (GetParam().repeats) GTEST_SKIP() << "repeats by its options";
  for (const int batch : {1, 4}) {
    StudySpec spec = spec_of(small_space());
    const auto sampler = try_make(spec);
    Player player(spec);
    std::set<std::string> seen;
    for (int k = 0; k < 40; ++k) {
      const auto result = player.ask(*sampler, batch);
      const auto* list = suggestions(result);
      if (list == nullptr) break;
      for (const Suggestion& s : *list) {
        EXPECT_TRUE(seen.insert(s.config.canonical()).second) << "again: " << s.config.canonical();
        player.add(s.config, Fate::rough());
      }
    }
    EXPECT_EQ(seen.size(), kSmallSpaceSize);
    const auto last = player.ask(*sampler, batch);
    ASSERT_EQ(suggestions(last), nullptr);
    EXPECT_FALSE(std::get<Exhausted>(last).reason.empty());
  }
}

TEST_P(SamplerContract, DecidesTheSameWhenTheNegatedMetricIsMaximised) {
  for (const NamedSpace& named : contract_spaces()) {
    Player low(spec_of(named.space, 3, Goal::minimize));
    Player high(spec_of(named.space, 3, Goal::maximize));
    const auto a = try_make(low.history().spec());
    const auto b = try_make(high.history().spec());
    if (!a) continue;
    for (int k = 0; k < 40; ++k) {
      const auto one = low.ask(*a);
      const auto two = high.ask(*b);
      ASSERT_EQ(text_of(one), text_of(two)) << named.name << " at trial " << k;
      if (suggestions(one) == nullptr) break;
      low.add(suggestions(one)->front().config, Fate::rough());
      high.add(suggestions(two)->front().config, Fate::rough());
    }
  }
}

TEST_P(SamplerContract, DependsOnTheSeed) {
  if (GetParam().seedless) GTEST_SKIP() << "the space alone decides";
  for (auto& [name, study] : studies(1)) {
    if (name != "mixed") continue;
    const auto other = spec_of(study.player.space(), 2);
    const auto sampler = try_make(other);
    // The first suggestion may be the middle of the space.
    EXPECT_NE(text_of(study.player.ask(*study.sampler, 3)),
              text_of(Player(other).ask(*sampler, 3)));
  }
}

// The history was made in another version of the space: values outside of the bounds, parameters
// that are missing or unknown, other types.
TEST_P(SamplerContract, AcceptsAHistoryThatIsWiderThanItsSpace) {
  const SearchSpace old = make_space({make_parameter("x", make_real(Law::uniform, -10, 10)),
                                      make_parameter("gone", make_real(Law::uniform, 0, 1)),
                                      make_parameter("n", Integer{1, 100, Law::uniform, 1}),
                                      make_parameter("kind", make_choice({"a", "b", "c"}, false))});
  const SearchSpace now =
      make_space({make_parameter("x", make_real(Law::uniform, 0, 1)),
                  make_parameter("n", Integer{1, 5, Law::uniform, 1}),
                  make_parameter("kind", make_choice({"c", "d", Value(3)}, false)),
                  make_parameter("fresh", make_choice({1, 2, 3}, true))});
  StudySpec before = sampler_spec(old, {"random", Value::Map{}});
  add_objectives(before, GetParam().objectives);
  Player player(before);
  const auto random = try_make(player.history().spec());
  for (int k = 0; k < 60; ++k)
    player.add(suggestions(player.ask(*random))->front().config, Fate::rough());
  StudySpec spec = spec_of(now);
  const auto sampler = try_make(spec);
  if (!sampler) return;
  player.set_spec(spec);
  for (int k = 0; k < 20; ++k) {
    const auto result = player.ask(*sampler, 2);
    expect_legal(player, result, 2, "narrowed");
    ASSERT_NE(suggestions(result), nullptr);
    for (const Suggestion& s : *suggestions(result)) player.add(s.config, Fate::rough());
  }
}

TEST_P(SamplerContract, GoesOnAfterTenThousandTrials) {
  StudySpec random_spec = sampler_spec(mixed_space(), {"random", Value::Map{}});
  add_objectives(random_spec, GetParam().objectives);
  const auto random = try_make(random_spec);
  Player player(random_spec);
  while (player.history().size() < 10'000) {
    const auto batch = player.ask(*random, 50);
    for (const Suggestion& s : *suggestions(batch)) player.add(s.config, Fate::rough());
  }
  StudySpec spec = spec_of(mixed_space());
  player.set_spec(spec);
  const auto sampler = try_make(spec);
  if (!sampler) return;
  for (int k = 0; k < 20; ++k) {
    const auto result = player.ask(*sampler);
    expect_legal(player, result, 1, "10^4");
    const auto fresh = try_make(spec);
    if (k % 5 == 0) {
      EXPECT_EQ(text_of(result), text_of(player.ask(*fresh)));
    }
    if (suggestions(result) == nullptr) break;
    player.add(suggestions(result)->front().config, Fate::rough());
  }
}

}  // namespace hone::contract
