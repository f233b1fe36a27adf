#include "hone/space/feasible_sampler.h"

#include <gtest/gtest.h>

#include <map>

#include "hone/space/encoding.h"
#include "hone/space/space_test_support.h"

namespace hone {
namespace {

constexpr int kPoints = 10'000;

using Columns = std::map<std::string, std::vector<double>>;

/// Draws by name; every one must be feasible.
Columns drawn(const SearchSpace& s, std::uint64_t seed, int count = kPoints) {
  Columns out;
  Rng rng(seed);
  for (int i = 0; i < count; ++i) {
    const auto config = s.sample(rng);
    if (!config) {
      ADD_FAILURE() << "no draw";
      break;
    }
    const auto faults = s.violations(*config);
    if (!faults.empty()) {
      ADD_FAILURE() << config->canonical() << ": " << faults[0];
      break;
    }
    for (const auto& [name, value] : *config) {
      if (value.is_number()) out[name].push_back(value.as_number());
    }
  }
  return out;
}

/// kPoints draws of the same space without its constraints that happen to meet them.
Columns rejected(const SearchSpace& s, std::uint64_t seed) {
  const SearchSpace free = space({s.parameters().begin(), s.parameters().end()});
  Columns out;
  Rng rng(seed);
  for (int kept = 0; kept < kPoints;) {
    const Config config = *free.sample(rng);
    if (!s.is_feasible(config)) continue;
    ++kept;
    for (const auto& [name, value] : config) {
      if (value.is_number()) out[name].push_back(value.as_number());
    }
  }
  return out;
}

void expect_same_law(const Columns& a, const Columns& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, sample] : a) {
    const auto& other = b.at(name);
    const double n = static_cast<double>(sample.size());
    const double m = static_cast<double>(other.size());
    // 10^4 of 10^4 and a share of inactive ones: six standard errors of the difference.
    EXPECT_NEAR(n, m, 6 * std::sqrt(kPoints / 2.0)) << name;
    EXPECT_LT(ks_distance(sample, other), ks_limit(n * m / (n + m))) << name;
  }
}

std::string method(const SearchSpace& s) { return s.feasible_sampler().methods().at(0).name; }

TEST(FeasibleSampler, DrawsTenThatSumToAtMostOneLikeTheSimplex) {
  std::vector<Parameter> parameters;
  std::string sum;
  for (int i = 0; i < 10; ++i) {
    parameters.push_back(real("x" + std::to_string(i), 0, 1));
    sum += (i > 0 ? " + x" : "x") + std::to_string(i);
  }
  const SearchSpace s = space(parameters, constraints({sum + " <= 1"}));
  // Each of ten coordinates of a uniform point of the simplex {x >= 0, Σx <= 1} is Beta(1, 10).
  for (const auto& [name, sample] : drawn(s, 1)) {
    EXPECT_LT(ks_distance(sample, [](double x) { return 1 - std::pow(1 - x, 10); }),
              ks_limit(kPoints))
        << name;
  }
  EXPECT_EQ(method(s), "separable");
}

TEST(FeasibleSampler, DrawsEightOrderedLikeOrderStatistics) {
  std::vector<Parameter> parameters;
  std::string chain;
  for (int i = 0; i < 8; ++i) {
    parameters.push_back(real("x" + std::to_string(i), 0, 1));
    chain += (i > 0 ? " < x" : "x") + std::to_string(i);
  }
  const SearchSpace s = space(parameters, constraints({chain}));
  const Columns columns = drawn(s, 2);
  for (int i = 0; i < 8; ++i) {
    // The k-th smallest of eight is Beta(k, 9 − k): a binomial tail.
    const auto cdf = [&](double x) {
      double tail = 0;
      for (int k = i + 1; k <= 8; ++k) {
        tail += std::exp(std::lgamma(9) - std::lgamma(k + 1) - std::lgamma(9 - k)) *
                std::pow(x, k) * std::pow(1 - x, 8 - k);
      }
      return tail;
    };
    EXPECT_LT(ks_distance(columns.at("x" + std::to_string(i)), cdf), ks_limit(kPoints)) << i;
  }
}

TEST(FeasibleSampler, DrawsAProductOfTwoLogUniformOnes) {
  const SearchSpace s =
      space({real("a", 1e-4, 1, Law::log_uniform), real("b", 1e-4, 1, Law::log_uniform)},
            constraints({"a * b <= 1e-5"}));
  // With u, v the positions: u + v <= 3/4, so P(u <= t) = (3/4 t − t²/2) / (9/32).
  const auto cdf = [](double x) {
    const double t = std::clamp(std::log(x / 1e-4) / std::log(1e4), 0.0, 0.75);
    return (0.75 * t - t * t / 2) / (9.0 / 32);
  };
  for (const auto& [name, sample] : drawn(s, 3))
    EXPECT_LT(ks_distance(sample, cdf), ks_limit(kPoints)) << name;
}

TEST(FeasibleSampler, DrawsWhereOneInAHundredThousandIsFeasible) {
  // A band of width 1e-5 around the diagonal: u uniform, v − u uniform in the band.
  const SearchSpace band =
      space({real("u", 0, 1), real("v", 0, 1)}, constraints({"abs(u - v) <= 5e-6"}));
  const Columns columns = drawn(band, 4);
  for (const char* name : {"u", "v"}) {
    EXPECT_LT(ks_distance(columns.at(name), [](double x) { return x; }), ks_limit(kPoints)) << name;
  }
  std::vector<double> differences;
  for (std::size_t i = 0; i < kPoints; ++i)
    differences.push_back(columns.at("u")[i] - columns.at("v")[i]);
  EXPECT_LT(ks_distance(differences, [](double x) { return (x + 5e-6) / 1e-5; }),
            ks_limit(kPoints));

  // A ball in four dimensions of volume 1.6e-5 of the cube; a coordinate's law has density
  // (3/2π...)(1 − z²)^{3/2}.
  const SearchSpace ball =
      space({real("a", -1, 1), real("b", -1, 1), real("c", -1, 1), real("d", -1, 1)},
            constraints({"a ** 2 + b ** 2 + c ** 2 + d ** 2 <= 0.0072"}));
  const double radius = std::sqrt(0.0072);
  for (const auto& [name, sample] : drawn(ball, 5)) {
    const auto cdf = [&](double x) {  // ∫ (1 − z²)^{3/2}, normalised by 3π/8
      const double z = std::clamp(x / radius, -1.0, 1.0);
      const double integral =
          z * std::pow(1 - z * z, 1.5) / 4 + 3.0 / 8 * (z * std::sqrt(1 - z * z) + std::asin(z));
      return 0.5 + integral / (3 * M_PI / 8);
    };
    EXPECT_LT(ks_distance(sample, cdf), ks_limit(kPoints)) << name;
  }
}

TEST(FeasibleSampler, AgreesWithRejectionOnMixedKinds) {
  const std::vector<SearchSpace> spaces = {
      space({choice("batch", {8, 16, 32, 64}), choice("accumulation", {1, 2, 4, 8})},
            constraints({"batch * accumulation <= 128"})),
      space({choice("batch", {64, 8, 32, 16}, false, {0.1, 0.2, 0.3, 0.4}),
             integer("accumulation", 1, 40, Law::log_uniform)},
            constraints({"batch * accumulation <= 128"})),
      space({real("kl_min", 1e-4, 1, Law::log_uniform), real("kl_max", 1e-3, 10, Law::log_uniform),
             real("other", 0, 1)},
            constraints({"kl_min < kl_max"})),
      space({real("lr", 1e-5, 1e-1, Law::log_uniform), integer("layers", 1, 24),
             choice("optimizer", {"sgd", "adam", "lion"})},
            constraints({"lr * layers <= 0.05 if optimizer == 'sgd' else lr <= 1e-3",
                         "optimizer != 'lion' or layers >= 6"})),
      space({parameter("n", Real{Law::normal, 0, 0, 1, 2, {}, false}),
             parameter("b", Real{Law::beta, 0, 1, 2, 3, {}, false})},
            constraints({"n > 2 * b", "n * b < 1"})),
      space({real("a", 0, 1), real("b", 0, 1), derived("c", "a + b"), derived("d", "c * c")},
            constraints({"0.5 <= d < 1"})),
      space({parameter("q", Real{Law::uniform, 0, 1, 0, 1, Quantum{0.1, true}, false}),
             real("x", -1, 1)},
            constraints({"q + x < 0.5", "max(q, x) > 0.2 or min(q, x) < -0.5"})),
      space({integer("width", 16, 512, Law::uniform, 16), integer("heads", 1, 16)},
            constraints({"width % heads == 0", "width // heads >= 32"})),
      space({real("x", 0, 4), real("y", 0, 4)},
            constraints({"sqrt(x) + exp(-y) < 1.5", "round(x) != 2", "log(1 + x) <= log2(1 + y)"})),
  };
  std::uint64_t seed = 100;
  for (const SearchSpace& s : spaces) {
    SCOPED_TRACE(s.constraints()[0].expression.source());
    ++seed;
    expect_same_law(drawn(s, seed), rejected(s, seed + 1000));
  }
}

TEST(FeasibleSampler, JudgesNoConstraintWithAnInactiveName) {
  const SearchSpace s = space({choice("tuning", {"lora", "full"}, false, {0.3, 0.7}),
                               when(integer("rank", 1, 64), "tuning", {"lora"}), real("lr", 0, 1),
                               when(derived("alpha", "2 * rank"), "tuning", {"lora"})},
                              constraints({"rank * lr < 8", "alpha >= 16"}));
  expect_same_law(drawn(s, 7), rejected(s, 8));
  // The feasible share differs between the branches: 0.7 for full, 0.3·P(rank·lr < 8, rank >= 8)
  // for lora.
  double share = 0;
  for (int rank = 8; rank <= 64; ++rank) share += std::min(8.0 / rank, 1.0) / 64;
  const double lora = 0.3 * share / (0.3 * share + 0.7);
  EXPECT_NEAR(static_cast<double>(drawn(s, 9).at("rank").size()), kPoints * lora,
              5 * std::sqrt(kPoints * lora * (1 - lora)));
}

TEST(FeasibleSampler, KeepsOutOfRegionsWhereAnExpressionHasNoValue) {
  const SearchSpace s = space({integer("a", -3, 3), derived("inverse", "1 / a")});
  const Columns columns = drawn(s, 10);
  for (const double a : columns.at("a")) EXPECT_NE(a, 0);
}

TEST(FeasibleSampler, DrawsFromThinSetsByLines) {
  // A thin shell in five dimensions, of share 1e-5, is neither few boxes nor a single inequality.
  const SearchSpace s =
      space({real("a", 0, 1), real("b", 0, 1), real("c", 0, 1), real("d", 0, 1), real("e", 0, 1)},
            constraints({"abs(a + b + c + d - 2 * e - 0.5) <= 5e-6"}));
  EXPECT_EQ(method(s), "lines");
  // Given the band, e is (a + b + c + d − 0.5) / 2 up to its width; the reference draws the other
  // four and keeps those with e in [0, 1].
  Rng rng(11);
  Columns reference;
  while (reference["a"].size() < kPoints) {
    double x[4];
    for (double& v : x) v = rng.uniform();
    const double e = (x[0] + x[1] + x[2] + x[3] - 0.5) / 2;
    if (e < 0 || e > 1) continue;
    for (int i = 0; i < 4; ++i)
      reference[std::string(1, static_cast<char>('a' + i))].push_back(x[i]);
    reference["e"].push_back(e);
  }
  expect_same_law(drawn(s, 12), reference);
}

TEST(FeasibleSampler, FallsBackToAChainThatKeepsTheLaw) {
  // Sixteen ordered ones that sum to at most 1: one in 4e26.
  std::vector<Parameter> parameters;
  std::string sum;
  std::string chain;
  for (int i = 0; i < 16; ++i) {
    parameters.push_back(real("x" + std::to_string(i), 0, 1));
    sum += (i > 0 ? " + x" : "x") + std::to_string(i);
    chain += (i > 0 ? " < x" : "x") + std::to_string(i);
  }
  const SearchSpace s = space(parameters, constraints({sum + " <= 1", chain}));
  EXPECT_EQ(method(s), "chain");
  // Reference: spacings of the simplex by exponentials, sorted.
  Rng rng(13);
  Columns reference;
  for (int k = 0; k < kPoints; ++k) {
    double x[17];
    double total = 0;
    for (double& v : x) total += v = -std::log(rng.uniform_open());
    std::sort(x, x + 16);
    for (int i = 0; i < 16; ++i) reference["x" + std::to_string(i)].push_back(x[i] / total);
  }
  const Columns columns = drawn(s, 14, 1'500);
  for (const auto& [name, sample] : columns) {
    EXPECT_LT(ks_distance(sample, reference.at(name)),
              ks_limit(1'500.0 * kPoints / (1'500 + kPoints)))
        << name;
  }
}

TEST(FeasibleSampler, ProvesThatConstraintsAreImpossible) {
  const auto impossible = [](std::vector<Parameter> parameters, std::vector<Constraint> list) {
    const auto built = SearchSpace::create(std::move(parameters), std::move(list));
    if (built.space || built.problems.empty()) return std::string();
    return built.problems.back().message;
  };
  EXPECT_EQ(impossible({real("x", 0, 1), real("y", 0, 1)}, constraints({"x + y > 2.5"})),
            "no configuration meets 'x + y > 2.5'");
  EXPECT_EQ(impossible({real("x", 0, 1), real("y", 0, 1)}, constraints({"x < y", "y < x - 0.1"})),
            "no configuration meets 'x < y', 'y < x - 0.1' together");
  EXPECT_EQ(impossible({choice("b", {8, 16}), choice("a", {1, 2})}, constraints({"a * b == 24"})),
            "no configuration meets 'a * b == 24'");
}

TEST(FeasibleSampler, WarnsWhereAMillionDrawsFindNothing) {
  const auto built = SearchSpace::create(
      {real("a", 0, 1), real("b", 0, 1), real("c", 0, 1), real("d", 0, 1)},
      constraints({"abs(a * b - c * d) <= 1e-12 and abs(a + b * c - d) <= 1e-12"}));
  ASSERT_TRUE(built.space);
  ASSERT_EQ(built.problems.size(), 1u);
  EXPECT_TRUE(built.problems[0].warning);
  EXPECT_EQ(built.problems[0].message.substr(0, 45),
            "none of a million directed draws meets 'abs(a");
  Rng rng(1);
  EXPECT_FALSE(built.space->sample(rng));
}

TEST(FeasibleSampler, DrawsAreAFunctionOfTheGenerator) {
  const auto make = [] {
    return space({real("x", 0, 1), real("y", 0, 1)}, constraints({"x * y < 0.1"}));
  };
  const SearchSpace a = make();
  const SearchSpace b = make();
  Rng first(5);
  for (int i = 0; i < 50; ++i) a.sample(first);  // what was drawn before does not matter
  Rng x(6), y(6);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(*a.sample(x), *b.sample(y));
}

TEST(FeasibleSampler, SlicesAreTheFeasibleIntervalsOfOneCoordinate) {
  const SearchSpace s = space(
      {real("x", -2, 2), real("y", -2, 2), integer("k", 0, 9), choice("c", {"a", "b", "c", "d"})},
      constraints({"1 <= x ** 2 + y ** 2 <= 3", "k % 3 != 1", "c in ['b', 'c'] or k > 4"}));
  std::vector<double> row(4);
  s.encode(*Config::parse(R"({"x": 0, "y": 0.5, "k": 0, "c": "b"})"), row);
  const FeasibleSampler& f = s.feasible_sampler();
  EXPECT_FALSE(f.is_feasible(row));
  const auto x = f.slice(row, 0);
  ASSERT_EQ(x.size(), 2u);
  const auto at = [](double v) { return (v + 2) / 4; };
  EXPECT_NEAR(x[0].low, at(-std::sqrt(2.75)), 2e-6);
  EXPECT_NEAR(x[0].high, at(-std::sqrt(0.75)), 2e-6);
  EXPECT_NEAR(x[1].low, at(std::sqrt(0.75)), 2e-6);
  EXPECT_NEAR(x[1].high, at(std::sqrt(2.75)), 2e-6);
  const auto k = f.slice(row, 2);  // 0, 2–3, 5–6, 8–9
  ASSERT_EQ(k.size(), 4u);
  EXPECT_NEAR(k[1].low, 0.2, 1e-12);
  EXPECT_NEAR(k[1].high, 0.4, 1e-12);
  const auto c = f.slice(row, 3);  // b, c
  ASSERT_EQ(c.size(), 1u);
  EXPECT_DOUBLE_EQ(c[0].low, 0.25);
  EXPECT_DOUBLE_EQ(c[0].high, 0.75);
}

TEST(FeasibleSampler, SlicesAgreeWithTheTestOnRandomRows) {
  const SearchSpace s = space(
      {real("x", 1e-3, 1, Law::log_uniform), real("y", 0, 1), integer("k", 1, 20, Law::log_uniform),
       choice("c", {4, "free", 1, 2}, false, {0.1, 0.2, 0.3, 0.4})},
      constraints({"x * k < y", "c == 'free' or k * (c if c != 'free' else 1) <= 16"}));
  Rng rng(3);
  int inside = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<double> row;
    for (int d = 0; d < 4; ++d) row.push_back(rng.uniform());
    for (int column = 0; column < 4; ++column) {
      const auto intervals = s.feasible_sampler().slice(row, column);
      const bool in = std::any_of(intervals.begin(), intervals.end(), [&](const Interval& v) {
        return v.contains(row[static_cast<std::size_t>(column)]);
      });
      EXPECT_EQ(in, s.feasible_sampler().is_feasible(row)) << i << " " << column;
      inside += in ? 1 : 0;
    }
  }
  EXPECT_GT(inside, 100);
  EXPECT_LT(inside, 1100);
}

TEST(FeasibleSampler, RedrawsTheBrokenGroupAloneInItsLaw) {
  const SearchSpace s = space({real("free", 0, 1), real("a", 0, 1), real("b", 0, 1),
                               real("kept", 0, 1), real("limit", 0, 1)},
                              constraints({"a + b <= 0.2", "kept <= limit"}));
  Rng rng(7);
  std::vector<double> a;
  for (int i = 0; i < 2000; ++i) {
    std::vector<double> row = {0.9, 0.5, 0.6, 0.3, 0.4};
    ASSERT_TRUE(s.feasible_sampler().redraw(row, rng));
    ASSERT_TRUE(s.feasible_sampler().is_feasible(row));
    EXPECT_EQ(row[0], 0.9);
    EXPECT_EQ(row[3], 0.3);
    EXPECT_EQ(row[4], 0.4);
    a.push_back(row[1]);
  }
  // Beside a leg of a right triangle: F(x) = 1 − (1 − x / 0.2)².
  const auto cdf = [](double x) { return 1 - (1 - x / 0.2) * (1 - x / 0.2); };
  EXPECT_LT(ks_distance(a, cdf), ks_limit(2000));
}

TEST(FeasibleSampler, RedrawsOneOfTheGroupsAtATime) {
  const SearchSpace s = space({real("a", 0, 1), real("b", 0, 1), real("c", 0, 1), real("d", 0, 1)},
                              constraints({"a <= b", "c <= d"}));
  Rng rng(8);
  int first = 0;
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> before = {0.1, 0.2, 0.3, 0.4};
    std::vector<double> row = before;
    ASSERT_TRUE(s.feasible_sampler().redraw_one(row, rng));
    EXPECT_TRUE(s.feasible_sampler().is_feasible(row));
    EXPECT_NE(row[0] == before[0], row[2] == before[2]);
    first += row[0] != before[0] ? 1 : 0;
  }
  EXPECT_GT(first, 50);
  EXPECT_LT(first, 150);
}

TEST(FeasibleSampler, RepairsAnInfeasibleRowToAFeasibleOneNearby) {
  const SearchSpace s =
      space({real("x", 0, 1), real("y", 0, 1), real("z", 0, 1), choice("c", {"a", "b"})},
            constraints({"x + y <= 1"}));
  Rng rng(4);
  for (int i = 0; i < 100; ++i) {
    std::vector<double> row{rng.uniform(), rng.uniform(), rng.uniform(), 0.25};
    const std::vector<double> before = row;
    const bool was = s.feasible_sampler().is_feasible(row);
    ASSERT_TRUE(
        s.feasible_sampler().repair(row, rng.split("repair", static_cast<std::uint64_t>(i))));
    EXPECT_TRUE(s.feasible_sampler().is_feasible(row));
    EXPECT_EQ(row[2], before[2]);
    EXPECT_EQ(row[3], before[3]);
    if (was) {
      EXPECT_EQ(row, before);
    }
    // The nearest feasible point is (x + y − 1)/√2 away; the repair may be somewhat further.
    const double distance = std::hypot(row[0] - before[0], row[1] - before[1]);
    EXPECT_LE(distance, 1.5 * std::max(before[0] + before[1] - 1, 0.0) + 1e-9);
  }
}

}  // namespace
}  // namespace hone
