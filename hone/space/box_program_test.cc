#include "hone/space/box_program.h"

#include <gtest/gtest.h>

#include "hone/space/feasible_region.h"
#include "hone/space/interval.h"
#include "hone/space/space_test_support.h"

namespace hone {
namespace {

Interval random_interval(Rng& rng) {
  const double scale = std::pow(10, rng.uniform(-3, 3));
  double a = rng.uniform(-scale, scale);
  double b = rng.uniform(-scale, scale);
  if (rng.chance(0.3)) a = std::round(a);
  if (rng.chance(0.3)) b = std::round(b);
  if (rng.chance(0.1)) b = a;
  return {std::min(a, b), std::max(a, b)};
}
double member(Rng& rng, const Interval& x) {
  if (rng.chance(0.2)) return x.low;
  if (rng.chance(0.2)) return x.high;
  return std::clamp(rng.uniform(x.low, x.high), x.low, x.high);
}

TEST(Interval, HoldsTheResultOfEveryOperationOnMembers) {
  Rng rng(1);
  for (int i = 0; i < 100'000; ++i) {
    const Interval a = random_interval(rng);
    const Interval b = random_interval(rng);
    const double x = member(rng, a);
    const double y = member(rng, b);
    EXPECT_TRUE(add(a, b).contains(x + y));
    EXPECT_TRUE(subtract(a, b).contains(x - y));
    EXPECT_TRUE(multiply(a, b).contains(x * y));
    if (y != 0) {
      EXPECT_TRUE(divide(a, b).contains(x / y)) << x << "/" << y;
    }
    EXPECT_TRUE(absolute(a).contains(std::fabs(x)));
    EXPECT_TRUE(exponential(a).contains(std::exp(x)));
    if (x > 0) {
      EXPECT_TRUE(logarithm(a).contains(std::log(x)));
      EXPECT_TRUE(square_root(a).contains(std::sqrt(x)));
      EXPECT_TRUE(power(a, b).contains(std::pow(x, y))) << x << "^" << y;
    }
    EXPECT_TRUE(power(a, Interval::point(3)).contains(std::pow(x, 3)));
    EXPECT_TRUE(power(a, Interval::point(2)).contains(std::pow(x, 2)));
    if (y != 0) {
      double r = std::fmod(x, y);
      if (r != 0 && ((r < 0) != (y < 0))) r += y;
      EXPECT_TRUE(modulo(a, b).contains(r)) << x << "%" << y;
    }
  }
}

/// A random expression over the parameters of `mixed_space`.
std::string generate_number(Rng& rng, int depth) {
  static constexpr const char* kLeaves[] = {"x", "y", "k", "d", "q", "2", "0.5", "-1", "3", "r"};
  if (depth == 0) return kLeaves[rng.below(10)];
  const auto sub = [&] { return generate_number(rng, depth - 1); };
  switch (rng.below(14)) {
    case 0:
      return "(" + sub() + " + " + sub() + ")";
    case 1:
      return "(" + sub() + " - " + sub() + ")";
    case 2:
      return sub() + " * " + sub();
    case 3:
      return sub() + " / " + sub();
    case 4:
      return "(" + sub() + ") ** 2";
    case 5:
      return "abs(" + sub() + ")";
    case 6:
      return "min(" + sub() + ", " + sub() + ")";
    case 7:
      return "max(" + sub() + ", " + sub() + ")";
    case 8:
      return "sqrt(" + sub() + ")";
    case 9:
      return "exp(" + sub() + ")";
    case 10:
      return "log(" + sub() + ")";
    case 11:
      return "floor(" + sub() + ")";
    case 12:
      return "(" + sub() + ") // " + sub();
    default:
      return "(" + sub() + " if c == 'a' else " + sub() + ")";
  }
}
std::string generate_boolean(Rng& rng, int depth) {
  const auto sub = [&] { return generate_boolean(rng, depth - 1); };
  switch (depth == 0 ? 3 + rng.below(4) : rng.below(7)) {
    case 0:
      return "(" + sub() + " and " + sub() + ")";
    case 1:
      return "(" + sub() + " or " + sub() + ")";
    case 2:
      return "not (" + sub() + ")";
    case 3:
      return rng.chance(0.5) ? "c in ['a', 'b']" : "f";
    case 4:
      return "(" + generate_number(rng, 2) + " < " + generate_number(rng, 2) + ")";
    case 5:
      return "(" + generate_number(rng, 2) + " >= " + generate_number(rng, 1) + ")";
    default:
      return "k % 3 != 1";
  }
}

SpaceModel mixed_model(const std::string& constraint) {
  SpaceModel model;
  model.parameters = {real("x", -2, 2),
                      real("y", 0.01, 10, Law::log_uniform),
                      integer("k", -3, 6),
                      choice("c", {"a", "b", "c"}),
                      choice("f", {true, false}),
                      when(real("r", 0, 3), "c", {"a", "b"}),
                      derived("d", "k * x"),
                      parameter("q", Real{Law::uniform, 0, 1, 0, 1, Quantum{0.25, true}, false})};
  model.constraints = constraints({constraint});
  model.bind();
  return model;
}

TEST(BoxProgram, NeverContradictsThePointsOfABox) {
  Rng rng(2);
  int decided = 0;
  int narrowed = 0;
  for (int i = 0; i < 4'000; ++i) {
    const std::string source = generate_boolean(rng, 2);
    const SpaceModel model = mixed_model(source);
    const FeasibilityTerm term{0, -1};
    const FeasibleRegion region(model, {term}, BoxProgram::closure(model, term));
    FeasibleRegion::Workspace workspace;
    Box box = region.whole();
    for (std::size_t a = 0; a < region.dimension(); ++a) {
      double p = rng.uniform(box.low[a], box.high[a]);
      double q = rng.chance(0.2) ? p : rng.uniform(box.low[a], box.high[a]);
      if (region.axis(a).discrete()) {
        p = std::floor(p);
        q = std::ceil(q);
      }
      box.low[a] = std::min(p, q);
      box.high[a] = std::max(p, q);
    }
    Box small = box;
    const BoxStatus status = region.judge(small, true, workspace);
    decided += status != BoxStatus::undecided ? 1 : 0;
    narrowed +=
        status == BoxStatus::undecided && region.mass(small) < 0.9 * region.mass(box) ? 1 : 0;
    std::vector<double> point(region.dimension());
    for (int k = 0; k < 40; ++k) {
      region.draw(box, rng, point);
      const bool feasible = region.contains(point, workspace);
      bool inside = true;
      for (std::size_t a = 0; a < point.size(); ++a)
        inside = inside && point[a] >= small.low[a] && point[a] <= small.high[a];
      if (feasible) {
        ASSERT_NE(status, BoxStatus::breaks) << source;
        ASSERT_TRUE(inside) << "a feasible point was cut off: " << source;
      } else if (inside) {
        ASSERT_NE(status, BoxStatus::holds) << source;
      }
    }
  }
  EXPECT_GT(decided, 400);  // the property would be empty if nothing were ever decided
  EXPECT_GT(narrowed, 200);
}

TEST(BoxProgram, NarrowsToTheBoundsOfSimpleConstraints) {
  const auto narrowed = [](std::vector<Parameter> parameters, std::string_view source) {
    SpaceModel model;
    model.parameters = std::move(parameters);
    model.constraints = constraints({source});
    model.bind();
    const FeasibilityTerm term{0, -1};
    const FeasibleRegion region(model, {term}, BoxProgram::closure(model, term));
    FeasibleRegion::Workspace workspace;
    Box box = region.whole();
    region.judge(box, true, workspace);
    return box;
  };
  Box box = narrowed({real("x", 0, 10), real("y", 0, 10)}, "x + 2 * y <= 5");
  EXPECT_NEAR(box.high[0], 0.5, 1e-9);
  EXPECT_NEAR(box.high[1], 0.25, 1e-9);
  box = narrowed({real("x", 1, 100, Law::log_uniform), real("y", 1, 100, Law::log_uniform)},
                 "x * y <= 10");
  EXPECT_NEAR(box.high[0], 0.5, 1e-9);
  box = narrowed({real("x", -1, 1)}, "x ** 2 <= 0.25 and not x < 0");
  EXPECT_NEAR(box.low[0], 0.5, 1e-9);
  EXPECT_NEAR(box.high[0], 0.75, 1e-9);
  box = narrowed({choice("c", {"a", "b", "c"}), integer("k", 0, 9)}, "c == 'b' and 3 < k <= 7");
  EXPECT_EQ(box.low[0], 1);
  EXPECT_EQ(box.high[0], 1);
  EXPECT_EQ(box.low[1], 4);
  EXPECT_EQ(box.high[1], 7);
  box = narrowed({integer("k", 0, 20)}, "2 ** k <= 64");
  EXPECT_EQ(box.high[0], 6);
}

}  // namespace
}  // namespace hone
