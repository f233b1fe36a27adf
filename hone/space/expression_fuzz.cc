// Any text parses or is refused with a place inside of it; what parses evaluates to a finite value
// or a reason, twice the same; and as a constraint over four parameters, what intervals say of a
// box is never contradicted by its points.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hone/space/expression.h"
#include "hone/space/feasible_region.h"
#include "hone/space/space_model.h"
#include "tests/fuzz/fuzz_driver.h"

namespace hone::fuzz {
namespace {

void check_evaluation(const Expression& expression) {
  // Values of every kind, dealt out by the position of the name.
  static const Value kKinds[] = {
      Value(3),       Value(-0.25),     Value("adam"), Value(true),
      Value(nullptr), Value(INT64_MIN), Value(1e308),  Value(Value::List{Value(1), Value("x")})};
  constexpr std::size_t kDeals = 9;  // one of them is no value
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::vector<const Value*> values;
    for (std::size_t i = 0; i < expression.names().size(); ++i) {
      HONE_FUZZ_CHECK(expression.name_offset(i) < expression.source().size());
      values.push_back((i + shift) % kDeals == kDeals - 1 ? nullptr
                                                          : &kKinds[(i + shift) % kDeals]);
    }
    const auto first = expression.evaluate_with(values);
    const auto second = expression.evaluate_with(values);
    HONE_FUZZ_CHECK(first.index() == second.index());
    if (const auto* value = std::get_if<Value>(&first)) {
      HONE_FUZZ_CHECK(!value->is_double() || std::isfinite(value->as_number()));
      HONE_FUZZ_CHECK(value->canonical() == std::get<Value>(second).canonical());
    } else {
      HONE_FUZZ_CHECK(!std::get<ExpressionFault>(first).message.empty());
    }
  }
}

void check_boxes(const Expression& expression, std::uint64_t seed) {
  SpaceModel model;
  model.parameters = {{"x", Real{Law::uniform, -2, 2, 0, 1, {}, false}, {}, {}, {}},
                      {"y", Real{Law::log_uniform, 0.01, 10, 0, 1, {}, false}, {}, {}, {}},
                      {"k", Integer{-3, 6, Law::uniform, 1}, {}, {}, {}},
                      {"c",
                       Choice{{{Value("adam"), ""}, {Value(2), ""}, {Value(true), ""}}, false, {}},
                       {},
                       {},
                       {}}};
  for (const auto& name : expression.names()) {
    if (std::none_of(model.parameters.begin(), model.parameters.end(),
                     [&](const Parameter& p) { return p.name == name; }))
      return;
  }
  model.constraints = {{expression}};
  model.bind();
  const FeasibilityTerm term{0, -1};
  const FeasibleRegion region(model, {term}, BoxProgram::closure(model, term));
  FeasibleRegion::Workspace workspace;
  Rng rng(seed);
  Box box = region.whole();
  for (std::size_t i = 0; i < region.dimension(); ++i) {
    std::vector<double> ends(region.dimension());
    region.draw(region.whole(), rng, ends);
    const double other = ends[i];
    region.draw(region.whole(), rng, ends);
    box.low[i] = std::min(other, ends[i]);
    box.high[i] = std::max(other, ends[i]);
  }
  Box small = box;
  const BoxStatus status = region.judge(small, true, workspace);
  std::vector<double> point(region.dimension());
  for (int k = 0; k < 8; ++k) {
    region.draw(box, rng, point);
    bool inside = true;
    for (std::size_t i = 0; i < point.size(); ++i)
      inside = inside && small.low[i] <= point[i] && point[i] <= small.high[i];
    if (region.contains(point, workspace)) {
      HONE_FUZZ_CHECK(status != BoxStatus::breaks && inside);
    } else {
      HONE_FUZZ_CHECK(status != BoxStatus::holds || !inside);
    }
  }
}

}  // namespace

int fuzz_one(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto result = Expression::parse(source);
  if (const auto* error = std::get_if<ExpressionError>(&result)) {
    HONE_FUZZ_CHECK(!error->message.empty());
    HONE_FUZZ_CHECK(error->offset <= size && error->length >= 1);
    return 0;
  }
  const auto& expression = std::get<Expression>(result);
  HONE_FUZZ_CHECK(expression.source() == source);
  check_evaluation(expression);
  check_boxes(expression, size);
  return 0;
}

std::span<const std::string_view> fuzz_dictionary() {
  static constexpr std::string_view kTokens[] = {
      "x",      "y",      "k",        "c",     "`x`",
      "'adam'", "true",   "None",     "1e-5",  "9223372036854775807",
      "0",      "2",      "0.5",      " and ", " or ",
      "not ",   " in ",   " not in ", " if ",  " else ",
      "**",     "//",     "%",        "==",    "!=",
      "<=",     "<",      ">",        "(",     ")",
      "[",      "]",      ",",        "-",     "abs(",
      "min(",   "max(",   "sqrt(",    "exp(",  "log(",
      "log2(",  "log10(", "floor(",   "ceil(", "round(",
      "int("};
  return kTokens;
}

}  // namespace hone::fuzz
