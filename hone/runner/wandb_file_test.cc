// Run files of wandb, recorded with the versions in their names by one program, and logs made here
// byte by byte. The program: six steps with epoch, train/loss, val_loss (0.5 at epoch 3, else
// 0.75), the nested n.a and n.b.c, a boolean and a text; a step of extreme numbers; a step in two
// halves; a step 40 with HTML; values set in the summary, one of them deleted again.
#include "hone/runner/wandb_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "hone/runner/wandb_json.h"
#include "hone/runner/wandb_log.h"

namespace hone {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::size_t kBlock = 32768;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string recorded(const std::string& name) {
  std::ifstream file(HONE_SOURCE_DIR "/tests/data/wandb/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::string kHeader{":W&B\xE1\xBE\x00", 7};

std::string chunk(char type, const std::string& data) {
  const std::uint32_t sum = crc32_ieee(type + data);
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(sum >> shift & 0xFFu);
  out += static_cast<char>(data.size() & 0xFFu);
  out += static_cast<char>(data.size() >> 8 & 0xFFu);
  return out + type + data;
}

/// A field with length, for lengths below 16384.
std::string field(unsigned number, const std::string& data) {
  std::string out;
  for (std::size_t value : {static_cast<std::size_t>(number << 3 | 2u), data.size()}) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }
  return out + data;
}

/// The record of one step with one number.
std::string history(int step, const std::string& key, const std::string& json) {
  const std::string num{'\x08', static_cast<char>(step)};
  return field(2, field(1, field(2, key) + field(16, json)) + field(2, num));
}

std::vector<std::string> records_of(const std::string& bytes, WandbLogReader& log) {
  EXPECT_TRUE(WandbLogReader::has_header(bytes));
  std::vector<std::string> records;
  while (const auto record = log.next()) records.emplace_back(*record);
  return records;
}

class RecordedRun : public testing::TestWithParam<const char*> {};

TEST_P(RecordedRun, GivesEveryStepWithItsNumbers) {
  const auto file = read_wandb_file(recorded(GetParam()));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->damaged, 0u);
  EXPECT_FALSE(file->truncated);
  EXPECT_EQ(file->run_id, "recorded");
  EXPECT_EQ(file->exit_code, 0);
  ASSERT_EQ(file->rows.size(), 9u);
  for (int i = 0; i < 6; ++i) {
    const WandbRow& row = file->rows[static_cast<std::size_t>(i)];
    EXPECT_EQ(row.step, i);
    EXPECT_THAT(row.values, ElementsAre(Pair("epoch", i), Pair("n.a", i), Pair("n.b.c", 2.5),
                                        Pair("train/loss", 1.0 / (i + 1)),
                                        Pair("val_loss", i == 3 ? 0.5 : 0.75)));
  }
  EXPECT_EQ(file->rows[6].step, 6);
  const WandbNumbers& extreme = file->rows[6].values;
  ASSERT_EQ(extreme.size(), 5u);
  EXPECT_THAT(extreme[0], Pair("big", 1152921504606846976.0));
  EXPECT_THAT(extreme[1], Pair("inf", kInfinity));
  EXPECT_EQ(extreme[2].first, "nan");
  EXPECT_TRUE(std::isnan(extreme[2].second));
  EXPECT_THAT(extreme[3], Pair("neg", -kInfinity));
  EXPECT_THAT(extreme[4], Pair("small", 1e-300));
  EXPECT_EQ(file->rows[7].step, 7);
  EXPECT_THAT(file->rows[7].values, ElementsAre(Pair("a", 1.0), Pair("b", 2.0)));
  EXPECT_EQ(file->rows[8].step, 40);
  EXPECT_THAT(file->rows[8].values, ElementsAre(Pair("c", -1.5)));
}

TEST_P(RecordedRun, GivesTheSummaryAsItStandsAtTheEnd) {
  const auto file = read_wandb_file(recorded(GetParam()));
  ASSERT_TRUE(file);
  WandbNumbers summary = file->summary;
  std::erase_if(summary, [](const auto& entry) { return std::isnan(entry.second); });
  // Old versions leave nested maps out of the summary where a glob is defined as a metric.
  if (std::string(GetParam()) == "wandb-0.13.11.wandb") {
    summary.insert(summary.begin() + 9, {{"n.a", 5.0}, {"n.b.c", 2.5}});
  }
  EXPECT_THAT(
      summary,
      ElementsAre(Pair("a", 1.0), Pair("accuracy", 0.75), Pair("b", 2.0), Pair("best.epoch", 3.0),
                  Pair("best.loss", 0.125), Pair("big", 1152921504606846976.0), Pair("c", -1.5),
                  Pair("epoch", 5.0), Pair("inf", kInfinity), Pair("n.a", 5.0), Pair("n.b.c", 2.5),
                  Pair("neg", -kInfinity), Pair("small", 1e-300), Pair("train/loss", 1.0 / 6),
                  Pair("val_loss.min", 0.5)));
}

INSTANTIATE_TEST_SUITE_P(WandbFile, RecordedRun,
                         testing::Values("wandb-0.13.11.wandb", "wandb-0.31.0.wandb",
                                         "wandb-0.31.0-typed.wandb"));

TEST(WandbFile, PutsARecordTogetherThatGoesOverTheEndOfABlock) {
  const std::string bytes = recorded("wandb-0.31.0-two-blocks.wandb");
  ASSERT_GT(bytes.size(), kBlock);
  const auto file = read_wandb_file(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->damaged, 0u);
  ASSERT_EQ(file->rows.size(), 11u);
  EXPECT_THAT(file->rows[5].values, ElementsAre(Pair("loss", 0.125)));
  EXPECT_THAT(file->rows[10].values, ElementsAre(Pair("loss", 0.1 / 5)));
  EXPECT_EQ(file->exit_code, 3);
}

TEST(WandbFile, RefusesWhatIsNoRunFile) {
  EXPECT_FALSE(read_wandb_file(""));
  EXPECT_FALSE(read_wandb_file(":W&B"));
  EXPECT_FALSE(read_wandb_file("{\"step\": 1, \"loss\": 2}\n"));
  EXPECT_FALSE(read_wandb_file(std::string_view(":W&B\xE1\xBE\x01", 7)));
}

TEST(WandbFile, GivesNothingForTheHeaderAlone) {
  const auto file = read_wandb_file(kHeader);
  ASSERT_TRUE(file);
  EXPECT_THAT(file->rows, IsEmpty());
  EXPECT_FALSE(file->exit_code);
  EXPECT_FALSE(file->truncated);
}

TEST(WandbFile, KeepsWhatCameBeforeACutAnywhere) {
  const std::string bytes = recorded("wandb-0.31.0.wandb");
  const auto whole = read_wandb_file(bytes);
  ASSERT_TRUE(whole);
  std::size_t rows_before = 0;
  for (std::size_t size = kHeader.size(); size < bytes.size(); ++size) {
    const auto file = read_wandb_file(std::string_view(bytes).substr(0, size));
    ASSERT_TRUE(file);
    ASSERT_EQ(file->damaged, 0u) << size;
    ASSERT_FALSE(file->exit_code) << size;
    ASSERT_GE(file->rows.size(), rows_before) << size;
    rows_before = file->rows.size();
    ASSERT_TRUE(rows_before == 0 || file->rows.back().step == whole->rows[rows_before - 1].step);
  }
  EXPECT_EQ(rows_before, whole->rows.size());
}

TEST(WandbFile, LosesOneBlockToADamagedByteAndGoesOnAtTheNext) {
  std::string bytes = recorded("wandb-0.31.0-two-blocks.wandb");
  bytes[700] = static_cast<char>(bytes[700] ^ 0x20);  // in the record of the first step
  const auto file = read_wandb_file(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->damaged, 1u);
  ASSERT_EQ(file->rows.size(), 5u);
  EXPECT_EQ(file->rows.front().step, 6);
  EXPECT_EQ(file->exit_code, 3);
}

TEST(WandbFile, SurvivesAnyDamagedByte) {
  const std::string bytes = recorded("wandb-0.31.0-typed.wandb");
  const std::size_t rows = read_wandb_file(bytes)->rows.size();
  for (std::size_t at = kHeader.size(); at < bytes.size(); ++at) {
    std::string hurt = bytes;
    hurt[at] = static_cast<char>(hurt[at] ^ 0x55);
    const auto file = read_wandb_file(hurt);
    ASSERT_TRUE(file);
    ASSERT_LE(file->rows.size(), rows);
    ASSERT_TRUE(file->damaged > 0 || file->truncated) << at;
  }
}

TEST(WandbFile, PassesOverARecordWhoseProtobufIsMalformed) {
  const std::string good = history(7, "loss", "0.5");
  for (const std::string& bad :
       {std::string("\x12\x7F"), std::string("\x13"), std::string(11, '\xFF'),
        history(1, "loss", "{\"a\": 1"), history(1, "loss", "1 2"), history(1, "loss", "nul"),
        field(2, field(1, field(16, "1"))),
        history(1, "deep", std::string(1000, '[') + std::string(1000, ']'))}) {
    const auto file = read_wandb_file(kHeader + chunk(1, bad) + chunk(1, good));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->damaged, 1u) << bad;
    ASSERT_FALSE(file->rows.empty());
    EXPECT_EQ(file->rows.back().step, 7);
    EXPECT_THAT(file->rows.back().values, ElementsAre(Pair("loss", 0.5)));
  }
}

TEST(WandbFile, ReplacesAMapInTheSummaryByANumberAndBack) {
  const auto set = [](const std::string& key, const std::string& json) {
    return chunk(1, field(3, field(1, field(1, key) + field(16, json))));
  };
  const std::string bytes = kHeader + set("a", "{\"x\": 1, \"y\": {\"z\": 2}}") + set("ab", "5");
  EXPECT_THAT(read_wandb_file(bytes)->summary,
              ElementsAre(Pair("a.x", 1.0), Pair("a.y.z", 2.0), Pair("ab", 5.0)));
  EXPECT_THAT(read_wandb_file(bytes + set("a", "3"))->summary,
              ElementsAre(Pair("a", 3.0), Pair("ab", 5.0)));
  EXPECT_THAT(read_wandb_file(bytes + set("a", "3") + set("a", "{\"x\": 4}"))->summary,
              ElementsAre(Pair("a.x", 4.0), Pair("ab", 5.0)));
}

TEST(WandbFile, CountsOnWhereARowHasNoStep) {
  const std::string row = chunk(1, field(2, field(1, field(1, "loss") + field(16, "1"))));
  const std::string own = chunk(1, field(2, field(1, field(1, "_step") + field(16, "9"))));
  const auto file = read_wandb_file(kHeader + row + row + own + row);
  ASSERT_EQ(file->rows.size(), 4u);
  EXPECT_EQ(file->rows[1].step, 1);
  EXPECT_EQ(file->rows[2].step, 9);
  EXPECT_EQ(file->rows[3].step, 10);
}

TEST(WandbLog, HasTheSumOfZlib) {
  EXPECT_EQ(crc32_ieee("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32_ieee(""), 0u);
}

TEST(WandbLog, SkipsThePaddingAtTheEndOfABlock) {
  const std::string filler(kBlock - kHeader.size() - 7 - 3, 'f');  // leaves 3 bytes
  const std::string bytes = kHeader + chunk(1, filler) + std::string(3, '\0') + chunk(1, "second");
  WandbLogReader log(bytes);
  EXPECT_THAT(records_of(bytes, log), ElementsAre(filler, "second"));
  EXPECT_EQ(log.damaged(), 0u);
}

TEST(WandbLog, PutsThreeChunksTogether) {
  const std::string first(kBlock - kHeader.size() - 7, 'a'), middle(kBlock - 7, 'b');
  const std::string bytes = kHeader + chunk(2, first) + chunk(3, middle) + chunk(4, "end");
  WandbLogReader log(bytes);
  EXPECT_THAT(records_of(bytes, log), ElementsAre(first + middle + "end"));
}

TEST(WandbLog, DropsARecordWithoutItsEndOrItsBeginning) {
  const std::string bytes = kHeader + chunk(2, "begun") + chunk(1, "whole") + chunk(3, "lost") +
                            chunk(4, "lost too") + chunk(1, "after");
  WandbLogReader log(bytes);
  EXPECT_THAT(records_of(bytes, log), ElementsAre("whole", "after"));
  EXPECT_EQ(log.damaged(), 2u);
  EXPECT_FALSE(log.truncated());
}

TEST(WandbLog, CallsAFileTruncatedThatEndsWithinARecord) {
  const std::string bytes = kHeader + chunk(1, "whole") + chunk(2, "begun");
  for (std::size_t cut = 0; cut < 11; ++cut) {
    const std::string cut_bytes = bytes.substr(0, bytes.size() - cut);
    WandbLogReader log(cut_bytes);
    EXPECT_THAT(records_of(cut_bytes, log), ElementsAre("whole"));
    EXPECT_TRUE(log.truncated()) << cut;
    EXPECT_EQ(log.damaged(), 0u);
  }
}

TEST(WandbJson, TakesTheNumbersOfNestedObjectsOnly) {
  WandbNumberMap numbers;
  EXPECT_TRUE(read_json_numbers(
      R"( {"a": -1.5e-3, "b": {"c": 7, "d": true, "e": [1, {"f": 2}]}, "g": "1", "h": null} )", "v",
      numbers));
  EXPECT_THAT(numbers, ElementsAre(Pair("v.a", -1.5e-3), Pair("v.b.c", 7.0)));
}

TEST(WandbJson, PassesOverMediaWhereverTheirTypeStands) {
  WandbNumberMap numbers;
  EXPECT_TRUE(
      read_json_numbers(R"({"size": 3, "_type": "image-file", "x": {"y": 1}})", "v", numbers));
  EXPECT_THAT(numbers, IsEmpty());
}

TEST(WandbJson, ReadsEscapedNames) {
  WandbNumberMap numbers;
  EXPECT_TRUE(read_json_numbers(R"({"a\"b\\\u00e9\n": 1})", "v", numbers));
  EXPECT_THAT(numbers, ElementsAre(Pair("v.a\"b\\\xC3\xA9\n", 1.0)));
}

TEST(WandbJson, RoundsNumbersBeyondTheRangeOfDouble) {
  WandbNumberMap numbers;
  EXPECT_TRUE(read_json_numbers("{\"a\": 1e999, \"b\": -1e999, \"c\": 1e-999}", "v", numbers));
  EXPECT_THAT(numbers,
              ElementsAre(Pair("v.a", kInfinity), Pair("v.b", -kInfinity), Pair("v.c", 0.0)));
}

}  // namespace
}  // namespace hone
