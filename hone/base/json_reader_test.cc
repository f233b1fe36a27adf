#include "hone/base/json_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "hone/base/rng.h"

namespace hone {
namespace {

/// What nlohmann/json makes of a text, with the same Value for equal documents; nullopt where it
/// refuses.
std::optional<Value> by_nlohmann(const nlohmann::ordered_json& json) {
  if (json.is_null()) return Value();
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX)
    return Value(static_cast<double>(json.get<std::uint64_t>()));
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  if (json.is_number()) return Value(json.get<double>());
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_array()) {
    Value::List list;
    for (const auto& item : json) list.push_back(*by_nlohmann(item));
    return Value(std::move(list));
  }
  Value map = Value::Map{};
  for (const auto& [key, item] : json.items()) map.set(key, *by_nlohmann(item));
  return map;
}
std::optional<Value> by_nlohmann(const std::string& text) {
  try {
    const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    return json.is_discarded() ? std::nullopt : by_nlohmann(json);
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

/// Equal, with -0.0 apart from 0.0.
void expect_same(const std::string& text) {
  const auto ours = read_json(text);
  const auto theirs = by_nlohmann(text);
  ASSERT_EQ(ours.has_value(), theirs.has_value()) << text;
  if (!ours) return;
  EXPECT_EQ(ours->dump(), theirs->dump()) << text;
}

std::string made_up(Rng& rng, int depth) {
  static const char* const kAtoms[] = {"0",
                                       "-0",
                                       "-0.0",
                                       "1",
                                       "-17",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "1e3",
                                       "1E-7",
                                       "2.5",
                                       "1e-400",
                                       "18446744073709551615",
                                       "92233720368547758080",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "\"a b\"",
                                       "\"\\u00e4\\ud83d\\ude00\"",
                                       "\"\xE2\x82\xAC\"",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""};
  const auto pick = rng.below(depth > 3 ? std::size(kAtoms) : std::size(kAtoms) + 12);
  if (pick < std::size(kAtoms)) return kAtoms[pick];
  const bool is_map = pick % 2 == 0;
  std::string out = is_map ? "{" : "[";
  for (std::uint64_t i = 0, n = rng.below(4); i < n; ++i) {
    out += i == 0 ? "" : rng.chance(0.5) ? " ,\n" : ",";
    if (is_map)
      out += "\"k" + std::to_string(rng.below(3)) + "\"" + (rng.chance(0.5) ? " : " : ":");
    out += made_up(rng, depth + 1);
  }
  return out + (is_map ? "}" : "]");
}

TEST(ReadJson, AgreesWithAnotherReader) {
  Rng rng(11);
  for (int i = 0; i < 4000; ++i) expect_same(made_up(rng, 0));
}

TEST(ReadJson, RefusesWhatAnotherReaderRefuses) {
  Rng rng(12);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    // One byte of a document is lost, doubled, or another one.
    std::string text = made_up(rng, 0);
    const std::size_t at = rng.below(text.size());
    switch (rng.below(3)) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text.insert(at, 1, text[at]);
        break;
      default:
        text[at] = static_cast<char>(1 + rng.below(255));  // a zero byte ends its text
    }
    if (text.find("NaN") != std::string::npos || text.find("Inf") != std::string::npos) continue;
    expect_same(text);
    refused += read_json(text) ? 0 : 1;
  }
  EXPECT_GT(refused, 5000);
}

TEST(ReadJson, KnowsTheEdges) {
  for (const char* text : {"\xEF\xBB\xBF[1]",
                           " [ ] ",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "--1",
                           "1e",
                           "1e+",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\x01\"",
                           "\"\xC0\x80\"",
                           "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"",
                           "\"open",
                           "[1 2]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "tru",
                           "nulll",
                           "// x\n1",
                           "1e308",
                           "1e309",
                           "-1e309",
                           "5e-324",
                           "1.7976931348623157e308",
                           "123456789012345678901234567890"})
    expect_same(text);
  EXPECT_TRUE(std::isnan(read_json("NaN")->as_number()));
  EXPECT_EQ(read_json("[-Infinity]")->dump(), "[-Infinity]");
  EXPECT_EQ(read_json("\"\\u0001#NaN\"")->as_string(), "\x01#NaN") << "a text stays a text";
  EXPECT_TRUE(read_json(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(read_json(std::string(201, '[') + std::string(201, ']')));
}

}  // namespace
}  // namespace hone
