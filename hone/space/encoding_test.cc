#include "hone/space/encoding.h"

#include <gtest/gtest.h>

#include <functional>

#include "hone/space/law.h"
#include "hone/space/space_test_support.h"

namespace hone {
namespace {

constexpr double kEpsilon = 0x1p-52;

Domain real_domain(Law law, double low, double high, double a = 0, double b = 1) {
  return Real{law, low, high, a, b, {}, false};
}
Domain stepped(Law law, double low, double high, double step, bool from_low, bool whole = false,
               double a = 0, double b = 1) {
  return Real{law, low, high, a, b, Quantum{step, from_low}, whole};
}

/// Continuous domains of every law, narrow and wide.
std::vector<Domain> continuous_domains() {
  return {real_domain(Law::uniform, 0, 1),
          real_domain(Law::uniform, -3.7, 1e6),
          real_domain(Law::uniform, 1e6, 1e6 + 1),
          real_domain(Law::uniform, -1.7e308, 1.7e308),
          real_domain(Law::log_uniform, 1e-6, 1e-2),
          real_domain(Law::log_uniform, 1e-300, 1e300),
          real_domain(Law::log_uniform, 1, 1.0000001),
          real_domain(Law::logit_uniform, 1e-4, 0.9999),
          real_domain(Law::logit_uniform, 0.8, 0.999),
          real_domain(Law::normal, 0, 0, 3, 2),
          real_domain(Law::log_normal, 0, 0, -5, 1.5),
          real_domain(Law::beta, 0, 1, 2, 5),
          real_domain(Law::beta, 0, 1, 0.5, 0.5),
          real_domain(Law::beta, 0, 1, 80, 300)};
}

std::vector<Domain> discrete_domains() {
  Choice weighted;
  for (int i = 0; i < 5; ++i) weighted.items.push_back({Value(i * i), ""});
  weighted.weights = {0.1, 0, 0.4, 0.3, 0.2};
  Choice mixed;
  mixed.items = {{Value(nullptr), ""},
                 {Value(0.1), ""},
                 {Value("adam"), ""},
                 {Value(true), ""},
                 {Value(Value::List{Value(1), Value(2)}), ""}};
  mixed.ordered = true;
  return {Integer{0, 1, Law::uniform, 1},
          Integer{-5, 1000, Law::uniform, 7},
          Integer{1, 64, Law::log_uniform, 1},
          Integer{3, 3, Law::uniform, 1},
          Integer{1, 100'000, Law::log_uniform, 3},
          Integer{8, 512, Law::log_uniform, 8},
          weighted,
          mixed,
          stepped(Law::uniform, 0, 1, 0.1, true),
          stepped(Law::uniform, 0.05, 0.95, 0.3, true),
          stepped(Law::log_uniform, 1e-3, 1, 1e-3, true),
          stepped(Law::uniform, 0, 10, 2.5, false),
          stepped(Law::uniform, 1, 9, 2, false, true),
          stepped(Law::normal, 0, 0, 0.5, false, false, 1, 2),
          stepped(Law::log_normal, 0, 0, 1, false, true, 1, 0.5),
          stepped(Law::beta, 0, 1, 0.05, true, false, 2, 2)};
}

TEST(Encoding, RoundTripsRealValuesWithinFourUnitsOfWhatTheIntervalCanHold) {
  Rng rng(1);
  for (const Domain& domain : continuous_domains()) {
    for (int i = 0; i < 2'000; ++i) {
      const double u = i == 0       ? 0
                       : i == 1     ? 1
                       : i % 3 == 0 ? std::pow(10, -9 * rng.uniform())
                                    : rng.uniform();
      const double x = decode(domain, u).as_number();
      ASSERT_TRUE(contains(domain, Value(x)));
      const auto there = encode(domain, Value(x));
      ASSERT_TRUE(there);
      ASSERT_GE(*there, 0);
      ASSERT_LE(*there, 1);
      const double back = decode(domain, *there).as_number();
      // The slope dx/du turns the interval's resolution (ε/2 near 1) into the value's.
      const double h = 1e-7;
      const double from = std::max(*there - h, 1e-12);
      const double to = std::min(*there + h, 1 - 1e-12);
      const double slope =
          (decode(domain, to).as_number() / 2 - decode(domain, from).as_number() / 2) /
          (to - from) * 2;
      const auto& real = std::get<Real>(domain);
      // In clipped tails, and where u is a handful of 1e-9, the secant says little: compare in u
      // there.
      if (*there < 1e-6 || *there > 1 - 1e-6) {
        const auto again = encode(domain, Value(back));
        EXPECT_NEAR(*again, *there, 4 * kEpsilon * (real.law == Law::beta ? 100 : 1));
        continue;
      }
      const double beta_slack =
          real.law == Law::beta ? 64 : 1;  // the incomplete beta function is good to some 1e-14
      EXPECT_LE(std::fabs(back / 2 - x / 2),
                2 * kEpsilon * beta_slack * std::max(std::fabs(x), slope))
          << x << " " << u << " law " << static_cast<int>(real.law);
    }
  }
}

TEST(Encoding, RoundTripsDiscreteValuesExactly) {
  Rng rng(2);
  for (const Domain& domain : discrete_domains()) {
    const int cells = cell_count(domain);
    ASSERT_GT(cells, 0);
    EXPECT_EQ(static_cast<std::uint64_t>(cells), cardinality(domain));
    for (int i = 0; i < 3'000; ++i) {
      const double u = i == 0 ? 0 : i == 1 ? 1 : rng.uniform();
      const Value value = decode(domain, u);
      ASSERT_TRUE(contains(domain, value)) << value.dump();
      const auto middle = encode(domain, value);
      ASSERT_TRUE(middle);
      EXPECT_EQ(decode(domain, *middle), value);
      EXPECT_EQ(encode(domain, decode(domain, *middle)), middle);
      EXPECT_EQ(snap(domain, u), *middle) << value.dump();
      const Cell cell = cell_of(domain, u);
      EXPECT_LE(cell.low, u);
      EXPECT_GE(cell.high, u);
    }
  }
}

TEST(Encoding, VisitsEveryValueOnceFromCellToCell) {
  for (const Domain& domain : discrete_domains()) {
    double u = 0;
    std::vector<Value> seen;
    for (int k = 0; k < cell_count(domain); ++k) {
      const Cell cell = cell_of(domain, u);
      EXPECT_NEAR(cell.low, u, 1e-12);
      seen.push_back(decode(domain, cell.middle()));
      if (k > 0) {
        EXPECT_NE(seen[seen.size() - 1], seen[seen.size() - 2]);
      }
      u = cell.high;
    }
    EXPECT_EQ(u, 1);
  }
}

TEST(Encoding, KeepsRandomIntegersExactUpToTheLimit) {
  Rng rng(3);
  const Domain wide =
      Integer{-(std::int64_t{1} << 49), (std::int64_t{1} << 49) - 1, Law::uniform, 1};
  const Domain log = Integer{1, std::int64_t{1} << 44, Law::log_uniform, 1};
  for (int i = 0; i < 20'000; ++i) {
    const auto v =
        static_cast<std::int64_t>(rng.below(std::uint64_t{1} << 50)) - (std::int64_t{1} << 49);
    EXPECT_EQ(decode(wide, *encode(wide, Value(v))), Value(v));
    const auto w = static_cast<std::int64_t>(std::exp2(44 * rng.uniform()));
    EXPECT_EQ(decode(log, *encode(log, Value(w))), Value(w));
  }
}

TEST(Encoding, ClipsWhatLiesOutsideAndRefusesOtherTypes) {
  const Domain lr = real_domain(Law::log_uniform, 1e-5, 1e-1);
  EXPECT_EQ(encode(lr, Value(1e-9)), 0.0);
  EXPECT_EQ(encode(lr, Value(-1)), 0.0);
  EXPECT_EQ(encode(lr, Value(7)), 1.0);
  EXPECT_EQ(encode(lr, Value("fast")), std::nullopt);
  EXPECT_EQ(encode(lr, Value(std::nan(""))), std::nullopt);
  const Domain rank = Integer{1, 10, Law::uniform, 1};
  EXPECT_EQ(encode(rank, Value(99)), 0.95);
  EXPECT_EQ(encode(rank, Value(3.0)), encode(rank, Value(3)));
  const Domain pick = Choice{{{Value("a"), "a"}, {Value(1), "1"}}, false, {}};
  EXPECT_EQ(encode(pick, Value("b")), std::nullopt);
  EXPECT_EQ(encode(pick, Value(1.0)), 0.75);
  EXPECT_EQ(decode(lr, std::nan("")), decode(lr, 0.5));
  EXPECT_EQ(decode(lr, -1).as_number(), 1e-5);
  EXPECT_EQ(decode(lr, 2).as_number(), 1e-1);
}

TEST(Encoding, MeetsTheEndsExactly) {
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{1e-5, 1e-1}, {3e-7, 0.7}, {0.1, 0.3}}) {
    for (const Law law : {Law::uniform, Law::log_uniform, Law::logit_uniform}) {
      const Domain d = real_domain(law, low, high);
      EXPECT_EQ(decode(d, 0).as_number(), low);
      EXPECT_EQ(decode(d, 1).as_number(), high);
      EXPECT_EQ(encode(d, Value(low)), 0.0);
      EXPECT_EQ(encode(d, Value(high)), 1.0);
    }
  }
}

TEST(Encoding, WritesStepsWithoutTailsOfDigits) {
  const Domain d = stepped(Law::uniform, 0, 1, 0.1, true);
  EXPECT_EQ(decode(d, 3.5 / 11).dump(), "0.3");
  EXPECT_EQ(cell_count(d), 11);
  EXPECT_TRUE(contains(d, Value(0.1 + 0.2)));
  EXPECT_FALSE(contains(d, Value(0.25)));
  EXPECT_EQ(decode(stepped(Law::uniform, 1, 9, 2, false, true), 0.4).dump(), "4");
}

TEST(Encoding, QuantisedSweepLawsMayLeaveTheBoundsButOwnStepsNever) {
  const Domain sweep = stepped(Law::uniform, 1, 9, 4, false);  // round(u/4)·4 of [1, 9]: 0, 4, 8
  EXPECT_EQ(decode(sweep, 0).as_number(), 0);
  EXPECT_EQ(decode(sweep, 1).as_number(), 8);
  EXPECT_NEAR(cell_of(sweep, 0).high, 1.0 / 8, 1e-15);      // u < 2
  const Domain own = stepped(Law::uniform, 1, 9, 3, true);  // 1, 4, 7
  EXPECT_EQ(decode(own, 0).as_number(), 1);
  EXPECT_EQ(decode(own, 1).as_number(), 7);
  EXPECT_NEAR(cell_of(own, 0).high, 1.0 / 3, 1e-15);
}

// --- laws: false-alarm rate 1e-6 per comparison, 10^4 draws

TEST(Quantile, DrawsFollowTheirLaws) {
  constexpr int kDraws = 10'000;
  const auto normal = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  struct Case {
    Domain domain;
    std::function<double(double)> cdf;
  };
  const std::vector<Case> cases = {
      {real_domain(Law::uniform, -2, 5), [](double x) { return (x + 2) / 7; }},
      {real_domain(Law::log_uniform, 1e-6, 1), [](double x) { return std::log10(x) / 6 + 1; }},
      {real_domain(Law::logit_uniform, 0.01, 0.99),
       [](double x) { return 0.5 + std::log(x / (1 - x)) / (2 * std::log(99.0)); }},
      {real_domain(Law::normal, 0, 0, 3, 2), [&](double x) { return normal((x - 3) / 2); }},
      {real_domain(Law::log_normal, 0, 0, 1, 0.5),
       [&](double x) { return normal((std::log(x) - 1) / 0.5); }},
      // Beta(2, 3): 6x² − 8x³ + 3x⁴; Beta(1/2, 1/2): arcsine.
      {real_domain(Law::beta, 0, 1, 2, 3),
       [](double x) { return 6 * x * x - 8 * x * x * x + 3 * x * x * x * x; }},
      {real_domain(Law::beta, 0, 1, 0.5, 0.5),
       [](double x) { return 2 / M_PI * std::asin(std::sqrt(x)); }}};
  for (std::size_t c = 0; c < cases.size(); ++c) {
    Rng rng(100 + c);
    std::vector<double> sample;
    for (int i = 0; i < kDraws; ++i)
      sample.push_back(quantile(cases[c].domain, rng.uniform()).as_number());
    EXPECT_LT(ks_distance(sample, cases[c].cdf), ks_limit(kDraws)) << c;
  }
}

TEST(Quantile, DrawsDiscreteValuesWithTheirProbabilities) {
  constexpr int kDraws = 10'000;
  const auto test = [&](const Domain& domain, const std::vector<std::pair<Value, double>>& law) {
    Rng rng(7);
    std::vector<double> counts(law.size(), 0);
    std::vector<double> expected;
    for (const auto& [value, p] : law) expected.push_back(p * kDraws);
    for (int i = 0; i < kDraws; ++i) {
      const Value v = quantile(domain, rng.uniform());
      const auto at =
          std::find_if(law.begin(), law.end(), [&](const auto& item) { return item.first == v; });
      ASSERT_NE(at, law.end()) << v.dump();
      counts[static_cast<std::size_t>(at - law.begin())] += 1;
    }
    EXPECT_LT(chi_square(counts, expected), chi_square_limit(static_cast<double>(law.size()) - 1));
  };
  test(Choice{{{Value("a"), ""}, {Value("b"), ""}, {Value("never"), ""}, {Value("c"), ""}},
              false,
              {0.2, 0.5, 0, 0.3}},
       {{Value("a"), 0.2}, {Value("b"), 0.5}, {Value("c"), 0.3}});
  std::vector<std::pair<Value, double>> uniform;
  std::vector<std::pair<Value, double>> logarithmic;
  for (int v = 1; v <= 8; ++v) {
    uniform.emplace_back(Value(v), 1.0 / 8);
    logarithmic.emplace_back(Value(v), std::log((v + 0.5) / (v - 0.5)) / std::log(8.5 / 0.5));
  }
  test(Integer{1, 8, Law::uniform, 1}, uniform);
  test(Integer{1, 8, Law::log_uniform, 1}, logarithmic);
  test(stepped(Law::uniform, 0, 1, 0.25, true), {{Value(0.0), 0.2},
                                                 {Value(0.25), 0.2},
                                                 {Value(0.5), 0.2},
                                                 {Value(0.75), 0.2},
                                                 {Value(1.0), 0.2}});
  test(stepped(Law::uniform, 0, 1, 0.25, false), {{Value(0.0), 0.125},
                                                  {Value(0.25), 0.25},
                                                  {Value(0.5), 0.25},
                                                  {Value(0.75), 0.25},
                                                  {Value(1.0), 0.125}});
}

TEST(BetaLaw, AgreesWithClosedForms) {
  for (const double x : {1e-12, 1e-4, 0.1, 0.5, 0.77, 0.999, 1 - 1e-9}) {
    EXPECT_NEAR(beta_cdf(x, 1, 1), x, 1e-15);
    EXPECT_NEAR(beta_cdf(x, 3, 1) / (x * x * x), 1, 1e-13);
    EXPECT_NEAR(beta_cdf(x, 1, 4), -std::expm1(4 * std::log1p(-x)), 1e-14);
    const double arc = x < 0.5 ? std::asin(std::sqrt(x)) : M_PI / 2 - std::asin(std::sqrt(1 - x));
    EXPECT_NEAR(beta_cdf(x, 0.5, 0.5), 2 / M_PI * arc, 1e-13);
  }
  // I_{1/2}(a, a) = 1/2; a symmetric law of any size.
  for (const double a : {0.01, 0.3, 1.0, 17.0, 1e3, 1e4})
    EXPECT_NEAR(beta_cdf(0.5, a, a), 0.5, 1e-10) << a;
  for (const double p : {1e-12, 1e-3, 0.2, 0.9, 1 - 1e-10}) {
    for (const double a : {0.2, 1.0, 6.0, 200.0}) {
      for (const double b : {0.2, 2.0, 50.0}) {
        // The inverse is as good as neighbouring doubles allow: near 1 they may lie far apart in p.
        const double x = beta_quantile(p, a, b);
        EXPECT_LE(beta_cdf(std::nextafter(x, 0.0), a, b), p + 1e-12) << p << " " << a << " " << b;
        EXPECT_GE(beta_cdf(std::nextafter(x, 1.0), a, b), p - 1e-12) << p << " " << a << " " << b;
      }
    }
  }
}

}  // namespace
}  // namespace hone
