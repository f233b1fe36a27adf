// What Value::parse makes of JSON beyond what its library promises.
#include "hone/base/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace hone {
namespace {

TEST(ParseJson, ReadsTheNumbersThatJsonLacks) {
  EXPECT_TRUE(std::isnan(Value::parse("NaN")->as_number()));
  EXPECT_EQ(Value::parse("[-Infinity, {\"a\":Infinity}]")->dump(), "[-Infinity,{\"a\":Infinity}]");
  EXPECT_FALSE(Value::parse("-NaN"));
  EXPECT_FALSE(Value::parse("NaNa"));
  EXPECT_FALSE(Value::parse("1NaN"));
}

TEST(ParseJson, TakesNothingElseForThem) {
  // Neither texts, however they are escaped, nor numbers that look like what stands for them
  // within.
  EXPECT_EQ(Value::parse("[\"\\u0001#NaN\", NaN]")->as_list()[0].as_string(), "\x01#NaN");
  EXPECT_EQ(Value::parse("{\"NaN\": \"Infinity\"}")->find("NaN")->as_string(), "Infinity");
  EXPECT_EQ(Value::parse("[\"\\\"NaN\"]")->as_list()[0].as_string(), "\"NaN");
  const auto zeros = Value::parse("[0e-70000, 0e-70011, NaN, 0e-70022]");
  ASSERT_TRUE(zeros);
  EXPECT_EQ(zeros->as_list()[0].as_number(), 0);
  EXPECT_EQ(zeros->as_list()[1].as_number(), 0);
  EXPECT_TRUE(std::isnan(zeros->as_list()[2].as_number()));
  EXPECT_EQ(zeros->as_list()[3].as_number(), 0);
}

TEST(ParseJson, EndsWithTheLevelsThatItPromises) {
  EXPECT_TRUE(Value::parse(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(Value::parse(std::string(201, '[') + std::string(201, ']')));
}

TEST(ParseJson, KnowsTheEdgesOfNumbers) {
  EXPECT_EQ(Value::parse("9223372036854775807")->as_int(), INT64_MAX);
  EXPECT_EQ(Value::parse("18446744073709551615")->as_number(), 18446744073709551615.0);
  EXPECT_FALSE(Value::parse("1e309"));
  EXPECT_EQ(Value::parse("{\"a\":1,\"a\":2}")->find("a")->as_int(), 2);
}

}  // namespace
}  // namespace hone
