#include "hone/server/columns.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>

#include "hone/server/server_test_support.h"

namespace hone::server {
namespace {

/// The columns read back, by a reader of its own: values as JSON, "-" where there is none.
struct Read {
  Value head;
  std::map<std::string, std::vector<std::string>> columns;

  explicit Read(const std::string& bytes) {
    EXPECT_EQ(bytes.substr(0, 8), "HONECOL1");
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + 8, 4);
    EXPECT_EQ((12 + length) % 8, 0U);
    head = *Value::parse(bytes.substr(12, length));
    const std::string data = bytes.substr(12 + length);
    const std::int64_t rows = head.int_or("rows", -1);
    for (const Value& column : head.find("columns")->as_list()) {
      auto& values = columns[column.string_or("name", "")];
      for (std::int64_t row = 0; row < rows; ++row) values.push_back(cell(column, data, row));
    }
  }

  static std::string cell(const Value& column, const std::string& data, std::int64_t row) {
    double number = NAN;
    if (const Value* range = column.find("range")) {
      number = static_cast<double>(range->as_int() + row);
    } else if (const Value* constant = column.find("constant")) {
      number = constant->is_number() ? constant->as_number() : NAN;
    } else {
      const std::string type = column.string_or("type", "");
      const char* at = data.data() + column.int_or("offset", 0);
      EXPECT_EQ(column.int_or("offset", 1) % 8, 0);
      const auto take = [&](auto sample) {
        std::memcpy(&sample, at + static_cast<std::size_t>(row) * sizeof sample, sizeof sample);
        return static_cast<double>(sample);
      };
      if (type == "f64") number = take(double{});
      if (type == "f32") number = take(float{});
      if (type == "i32") number = take(std::int32_t{});
      if (type == "u32") number = take(std::uint32_t{});
      if (type == "u16") number = take(std::uint16_t{});
      if (type == "u8") number = take(std::uint8_t{});
    }
    if (const Value* dictionary = column.find("dictionary")) {
      if (static_cast<std::int64_t>(number) == column.int_or("absent", -1)) return "-";
      return dictionary->as_list()[static_cast<std::size_t>(number)].dump();
    }
    if (!std::isnan(number)) return Value(number).dump();
    const Value* nan = column.find("is_nan");
    if (nan != nullptr) {
      for (const Value& at : nan->as_list()) {
        if (at.as_int() == row) return "nan";
      }
    }
    return "-";
  }
};

using Words = std::vector<std::string>;

Read columns_of(TestPlace& place, std::int64_t since = 0) {
  return Read(place.get("/studies/1/columns?since=" + std::to_string(since)).body);
}

TEST(Columns, HoldEveryValueAsItIs) {
  TestPlace place;
  place.add(R"({"lr": 0.01, "kind": "adam", "depth": 2})", TrialOrigin::default_config);
  place.add(R"({"lr": 0.1, "kind": 3})");
  place.add(R"({"lr": 0.25, "kind": null, "gone": "x"})");
  place.add(R"({"lr": 0.5, "kind": "adam", "depth": 300})");
  place.end(place.claim(), TrialState::complete, 0.125);
  place.end(place.claim(), TrialState::failed, 0, 0, FailKind::out_of_memory);
  place.end(place.claim(), TrialState::complete, NAN, 0.25);
  const Read read = columns_of(place);
  const auto& columns = read.columns;
  EXPECT_EQ(columns.at("number"), (Words{"0.0", "1.0", "2.0", "3.0"}));
  EXPECT_EQ(columns.at("state"),
            (Words{"\"complete\"", "\"failed\"", "\"complete\"", "\"queued\""}));
  EXPECT_EQ(columns.at("failure"), (Words{"-", "\"out_of_memory\"", "-", "-"}));
  EXPECT_EQ(columns.at("flags"), (Words{"1.0", "0.0", "2.0", "0.0"}));
  EXPECT_EQ(columns.at("loss"), (Words{"0.125", "-", "nan", "-"}));
  EXPECT_EQ(columns.at("lr"), (Words{"0.01", "0.1", "0.25", "0.5"}));
  EXPECT_EQ(columns.at("kind"), (Words{"\"adam\"", "3", "null", "\"adam\""}));
  EXPECT_EQ(columns.at("depth"), (Words{"2.0", "-", "-", "300.0"}));
  EXPECT_EQ(columns.at("gone"), (Words{"-", "-", "\"x\"", "-"}))
      << "of another version of the space";
  EXPECT_EQ(columns.at("parent"), (Words{"-", "-", "-", "-"}));
  EXPECT_EQ(columns.at("busy"), (Words{"2.0", "2.0", "2.0", "0.0"}));
}

TEST(Columns, AColumnOfNumbersThatGetsATextHoldsBoth) {
  TestPlace place;
  place.add(R"({"lr": 0.01, "kind": "adam"})");
  place.add(R"({"lr": "auto", "kind": "adam"})");
  place.add(R"({"kind": "adam"})");
  EXPECT_EQ(columns_of(place).columns.at("lr"), (Words{"0.01", "\"auto\"", "-"}));
}

TEST(Columns, OnlyWhatHasChangedSince) {
  TestPlace place;
  for (int i = 0; i < 3; ++i) place.add(R"({"lr": 0.01, "kind": 3})");
  const std::int64_t version = place.json("/studies/1").int_or("version", 0);
  EXPECT_TRUE(columns_of(place, version).columns.at("number").empty());
  const Claim held = place.claim();
  place.report(held, 1, 0.75);
  const Read read = columns_of(place, version);
  EXPECT_EQ(read.head.int_or("trials", 0), 3);
  EXPECT_EQ(read.columns.at("number"), (Words{"0.0"}));
  EXPECT_EQ(read.columns.at("newest"), (Words{"0.75"}));
  EXPECT_EQ(read.columns.at("reached"), (Words{"1.0"}));
  EXPECT_EQ(read.columns.at("worker"), (Words{std::to_string(place.worker.value) + ".0"}));
  EXPECT_EQ(read.head.int_or("since", 0), version);
}

TEST(Columns, AStudyWithoutTrialsHasEmptyOnes) {
  TestPlace place;
  const Read read = columns_of(place);
  EXPECT_EQ(read.head.int_or("rows", -1), 0);
  EXPECT_TRUE(read.columns.at("lr").empty());
}

TEST(Columns, ManyDifferentTextsNeedLongerCodes) {
  TestPlace place;
  for (int i = 0; i < 300; ++i) place.add(R"({"kind": 3, "tag": "t)" + std::to_string(i) + "\"}");
  const Read read = columns_of(place);
  EXPECT_EQ(read.columns.at("tag")[299], "\"t299\"");
  EXPECT_EQ(read.columns.at("lr")[0], "-");
}

}  // namespace
}  // namespace hone::server
