#include "hone/space/expression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "hone/base/rng.h"

namespace hone {
namespace {

using Bindings = std::map<std::string, Value, std::less<>>;

Expression parsed(std::string_view source) {
  auto result = Expression::parse(source);
  if (auto* error = std::get_if<ExpressionError>(&result)) {
    ADD_FAILURE() << source << ": " << error->message;
    return {};
  }
  return std::get<Expression>(result);
}

std::variant<Value, std::string> evaluated(std::string_view source, const Bindings& values = {}) {
  return parsed(source).evaluate([&](std::string_view name) -> const Value* {
    const auto at = values.find(name);
    return at == values.end() ? nullptr : &at->second;
  });
}

/// JSON of the value, or "fault: why".
std::string shown(std::string_view source, const Bindings& values = {}) {
  const auto result = evaluated(source, values);
  if (const auto* value = std::get_if<Value>(&result)) return value->dump();
  return "fault: " + std::get<std::string>(result);
}

ExpressionError refused(std::string_view source) {
  auto result = Expression::parse(source);
  if (auto* error = std::get_if<ExpressionError>(&result)) return *error;
  ADD_FAILURE() << "accepted: " << source;
  return {};
}

TEST(Expression, FollowsThePrecedenceOfPython) {
  EXPECT_EQ(shown("2 + 3 * 4"), "14");
  EXPECT_EQ(shown("-2 ** 2"), "-4");
  EXPECT_EQ(shown("2 ** 3 ** 2"), "512");
  EXPECT_EQ(shown("2 ** -1"), "0.5");
  EXPECT_EQ(shown("10 - 4 - 3"), "3");
  EXPECT_EQ(shown("100 / 5 / 2"), "10.0");
  EXPECT_EQ(shown("not 1 == 2 and 3 < 4"), "true");
  EXPECT_EQ(shown("false and false or true"), "true");
  EXPECT_EQ(shown("1 if false else 2 if false else 3"), "3");
  EXPECT_EQ(shown("(1 + 2) * 3"), "9");
}

TEST(Expression, KeepsIntegersWherePythonDoes) {
  EXPECT_EQ(shown("2 * rank", {{"rank", 8}}), "16");
  EXPECT_EQ(shown("2.0 * rank", {{"rank", 8}}), "16.0");
  EXPECT_EQ(shown("rank / 2", {{"rank", 8}}), "4.0");
  EXPECT_EQ(shown("7 // 2"), "3");
  EXPECT_EQ(shown("-7 // 2"), "-4");
  EXPECT_EQ(shown("-7 % 3"), "2");
  EXPECT_EQ(shown("7 % -3"), "-2");
  EXPECT_EQ(shown("7.5 // 2"), "3.0");
  EXPECT_EQ(shown("-7.5 % 2"), "0.5");
  EXPECT_EQ(shown("round(2.5)"), "2");
  EXPECT_EQ(shown("round(3.5)"), "4");
  EXPECT_EQ(shown("round(0.123456, 3)"), "0.123");
  EXPECT_EQ(shown("int(-2.7)"), "-2");
  EXPECT_EQ(shown("floor(-2.5)"), "-3");
  EXPECT_EQ(shown("ceil(2.1)"), "3");
  EXPECT_EQ(shown("max(1, 2.5, 2)"), "2.5");
  EXPECT_EQ(shown("abs(-3)"), "3");
}

TEST(Expression, TurnsIntegerOverflowIntoADouble) {
  EXPECT_EQ(shown("9223372036854775807 + 1"), Value(9223372036854775808.0).dump());
  EXPECT_EQ(shown("-9223372036854775807 - 2"), Value(-9223372036854775808.0).dump());
  EXPECT_EQ(shown("2 ** 64"), Value(18446744073709551616.0).dump());
  EXPECT_EQ(shown("2 ** 62"), "4611686018427387904");
  EXPECT_EQ(shown("9223372036854775807 * 9223372036854775807"),
            Value(9223372036854775807.0 * 9223372036854775807.0).dump());
  EXPECT_EQ(shown("(-9223372036854775807 - 1) // -1"), Value(9223372036854775808.0).dump());
  EXPECT_EQ(shown("(-9223372036854775807 - 1) % -1"), "0");
  EXPECT_EQ(shown("-(-9223372036854775807 - 1)"), Value(9223372036854775808.0).dump());
  EXPECT_EQ(shown("abs(-9223372036854775807 - 1)"), Value(9223372036854775808.0).dump());
}

TEST(Expression, ComparesChainsTextsAndLists) {
  EXPECT_EQ(shown("1 < x <= 3", {{"x", 3}}), "true");
  EXPECT_EQ(shown("1 < x <= 3", {{"x", 1}}), "false");
  EXPECT_EQ(shown("1 == 1.0"), "true");
  EXPECT_EQ(shown("o == 'adam'", {{"o", "adam"}}), "true");
  EXPECT_EQ(shown("o != \"adam\"", {{"o", "sgd"}}), "true");
  EXPECT_EQ(shown("'abc' < 'abd'"), "true");
  EXPECT_EQ(shown("o in ['a', 'b']", {{"o", "b"}}), "true");
  EXPECT_EQ(shown("o not in ['a', 'b']", {{"o", "b"}}), "false");
  EXPECT_EQ(shown("2 in [1.0, 2.0,]"), "true");
  EXPECT_EQ(shown("[1, 2] == [1.0, 2]"), "true");
  EXPECT_EQ(shown("'lora' in 'qlora'"), "true");
  EXPECT_EQ(shown("null == None"), "true");
  EXPECT_EQ(shown("True != false"), "true");
  EXPECT_EQ(shown("true == 1"), "false");
  EXPECT_EQ(shown("1 < 'a'"), "fault: '<' compares two numbers or two texts, not 1 and \"a\"");
}

TEST(Expression, StopsEarlySoThatUnusedPartsNeedNoValue) {
  EXPECT_EQ(shown("a == 'x' and b > 1", {{"a", "y"}}), "false");
  EXPECT_EQ(shown("a == 'x' or b > 1", {{"a", "x"}}), "true");
  EXPECT_EQ(shown("1 if a == 'x' else b", {{"a", "x"}}), "1");
  EXPECT_EQ(shown("3 < 2 < b"), "false");
  EXPECT_EQ(shown("b > 1"), "fault: 'b' has no value");
}

TEST(Expression, SaysWhyThereIsNoValue) {
  EXPECT_EQ(shown("1 / 0"), "fault: division by zero in '1 / 0'");
  EXPECT_EQ(shown("1 % 0"), "fault: division by zero in '1 % 0'");
  EXPECT_EQ(shown("0 ** -1"), "fault: division by zero in '0 ** -1'");
  EXPECT_EQ(shown("(-8) ** 0.5"), "fault: the result of '**' is not a number");
  EXPECT_EQ(shown("exp(1000)"), "fault: the result of 'exp' is too large");
  EXPECT_EQ(shown("log(0)"), "fault: the logarithm of 0 does not exist");
  EXPECT_EQ(shown("sqrt(-1)"), "fault: the square root of -1 does not exist");
  EXPECT_EQ(shown("1 + 'a'"), "fault: '+' needs two numbers, not 1 and \"a\"");
  EXPECT_EQ(shown("1 and true"), "fault: 'and' needs true or false, not 1");
  EXPECT_EQ(shown("x", {{"x", std::nan("")}}), "fault: the result is not a finite number");
  EXPECT_EQ(shown("int(1e300)"), "fault: the result of 'int' is too large for an integer");
}

TEST(Expression, ReadsNamesWithDotsAndDashesInBackQuotes) {
  EXPECT_EQ(shown("`optim.lr` * 2 + `weight-decay`", {{"optim.lr", 2}, {"weight-decay", 1}}), "5");
  EXPECT_EQ(refused("optim.lr * 2").message, "a name with dots stands in back-quotes: `optim.lr`");
  const Expression e = parsed("b + a * b + `c.d`");
  EXPECT_EQ(e.names(), (std::vector<std::string>{"b", "a", "c.d"}));
  EXPECT_EQ(e.name_offset(1), 4u);
  EXPECT_EQ(e.name_offset(2), 12u);
}

TEST(Expression, RefusesWhatItCannotReadWithThePlace) {
  EXPECT_EQ(refused("").message, "the expression is empty");
  EXPECT_EQ(refused("a = 1").message, "a single '=' compares nothing; write '=='");
  EXPECT_EQ(refused("a && b").message, "write 'and' in place of '&&'");
  EXPECT_EQ(refused("a && b").offset, 2u);
  EXPECT_EQ(refused("!a").message, "write 'not' in place of '!'");
  EXPECT_EQ(refused("a ^ 2").message, "write '**' for a power in place of '^'");
  EXPECT_EQ(refused("sqr(2)").message, "there is no function 'sqr'; did you mean 'sqrt'?");
  EXPECT_EQ(refused("log(2, 3)").message, "log takes one argument but was given 2");
  EXPECT_EQ(refused("min()").message, "min takes one to a thousand arguments but was given 0");
  EXPECT_EQ(refused("(1 + 2").message, "the parenthesis is never closed");
  EXPECT_EQ(refused("'abc").message, "the quoted text is never closed");
  EXPECT_EQ(refused("`abc").message, "the back-quote is never closed");
  EXPECT_EQ(refused("1 +").message, "expected a value but found end");
  EXPECT_EQ(refused("a b").message, "unexpected 'b' after the end of the expression");
  EXPECT_EQ(refused("a if b").message,
            "expected 'else' but found end; the form is 'x if condition else y'");
  EXPECT_EQ(refused("2abc").message, "'2abc' is neither a number nor a name");
  EXPECT_EQ(refused("1e999").message, "the number '1e999' is out of range");
  EXPECT_EQ(refused("a $ b").offset, 2u);
  EXPECT_EQ(refused("a not b").message, "expected 'in' after 'not'");
}

TEST(Expression, LimitsDepthAndLengthButNotTheLengthOfChains) {
  std::string deep(200, '(');
  EXPECT_EQ(refused(deep + "1").message, "the expression is nested more than 100 deep");
  EXPECT_EQ(refused(std::string(9000, '-') + "1").message,
            "the expression is nested more than 100 deep");
  std::string nots;
  for (int i = 0; i < 500; ++i) nots += "not ";
  EXPECT_EQ(refused(nots + "true").message, "the expression is nested more than 100 deep");
  EXPECT_EQ(refused(std::string(10'001, '1')).message,
            "the expression has 10001 characters; the limit is 10000");
  std::string chain = "1";
  for (int i = 0; i < 2000; ++i) chain += "+1";
  EXPECT_EQ(shown(chain), "2001");
}

/// A random expression over small integers as text for us and as C++ arithmetic: + - * and
/// parentheses.
struct Generated {
  std::string text;
  std::int64_t value;
};
Generated generate(Rng& rng, int depth) {
  if (depth == 0 || rng.chance(0.2)) {
    const auto v = static_cast<std::int64_t>(rng.below(10));
    return {std::to_string(v), v};
  }
  const Generated a = generate(rng, depth - 1);
  const Generated b = generate(rng, depth - 1);
  switch (rng.below(4)) {
    case 0:
      return {"(" + a.text + " + " + b.text + ")", a.value + b.value};
    case 1:
      return {"(" + a.text + " - " + b.text + ")", a.value - b.value};
    case 2:
      return {"-" + a.text, -a.value};
    default:
      return {a.text + "*" + b.text, a.value * b.value};
  }
}

TEST(Expression, AgreesWithArithmeticOnGeneratedCases) {
  Rng rng(7);
  for (int i = 0; i < 2000; ++i) {
    const Generated g = generate(rng, 5);
    EXPECT_EQ(shown(g.text), std::to_string(g.value)) << g.text;
  }
}

}  // namespace
}  // namespace hone
