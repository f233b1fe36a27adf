// Any text parses or is refused with a place inside of it; what parses evaluates to a finite value
// or a reason, twice the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "hone/base/assert.h"
#include "hone/space/expression.h"

int fuzz_one(const std::uint8_t* data, std::size_t size) {
  using hone::Value;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto result = hone::Expression::parse(source);
  if (const auto* error = std::get_if<hone::ExpressionError>(&result)) {
    HONE_ASSERT(!error->message.empty(), "a refusal says why");
    HONE_ASSERT(error->offset <= size && error->length >= 1, "a refusal has a place in the text");
    return 0;
  }
  const auto& expression = std::get<hone::Expression>(result);
  HONE_ASSERT(expression.source() == source, "the source is kept");
  // Values of every kind, dealt out by the position of the name.
  const Value kinds[] = {
      Value(3),       Value(-0.25),     Value("adam"), Value(true),
      Value(nullptr), Value(INT64_MIN), Value(1e308),  Value(Value::List{Value(1), Value("x")})};
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::vector<const Value*> values;
    for (std::size_t i = 0; i < expression.names().size(); ++i) {
      HONE_ASSERT(expression.name_offset(i) < size, "a name stands in the text");
      values.push_back((i + shift) % 9 == 8 ? nullptr : &kinds[(i + shift) % 9]);
    }
    const auto first = expression.evaluate_with(values);
    const auto second = expression.evaluate_with(values);
    HONE_ASSERT(first.index() == second.index(), "evaluation is pure");
    if (const auto* value = std::get_if<Value>(&first)) {
      HONE_ASSERT(!value->is_double() || std::isfinite(value->as_number()), "values are finite");
    } else {
      HONE_ASSERT(!std::get<hone::ExpressionFault>(first).message.empty(), "a fault says why");
    }
  }
  return 0;
}
