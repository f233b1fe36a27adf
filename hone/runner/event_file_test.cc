#include "hone/runner/event_file.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "hone/base/file.h"
#include "hone/runner/event_record.h"
#include "hone/runner/protobuf_wire.h"

namespace hone {
namespace {

using namespace protobuf;
using testing::ElementsAre;
using testing::IsEmpty;

/// A Summary.Value with a tag and further fields.
std::string value(std::string_view tag, const std::string& fields) {
  std::string out;
  put_bytes(out, 1, tag);
  return out + fields;
}

std::string simple(std::string_view tag, float number) {
  std::string field;
  put_float(field, 2, number);
  return value(tag, field);
}

std::string with_tensor(std::string_view tag, const std::string& tensor,
                        std::string_view plugin = "") {
  std::string out, data, metadata;
  put_bytes(out, 8, tensor);
  if (!plugin.empty()) {
    put_bytes(data, 1, plugin);
    put_bytes(metadata, 1, data);
    put_bytes(out, 9, metadata);
  }
  return value(tag, out);
}

std::string event(std::int64_t step, const std::vector<std::string>& values) {
  std::string summary, payload, record;
  for (const std::string& each : values) put_bytes(summary, 1, each);
  put_double(payload, 1, 1.7e9);
  if (step != 0) put_whole(payload, 2, step);
  put_bytes(payload, 5, summary);
  append_event_record(record, payload);
  return record;
}

std::vector<double> values_of(const std::vector<ParsedRecord>& records) {
  std::vector<double> values;
  for (const ParsedRecord& record : records) {
    for (const ParsedMetric& metric : record.metrics) values.push_back(metric.value);
  }
  return values;
}

TEST(EventRecordTest, SumsAreThoseOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
}

TEST(EventFileTest, ScalarsOfBothFormsAreRead) {
  std::string doubles, shaped, packed;
  put_whole(doubles, 1, 2);
  put_double(doubles, 6, 0.1);
  put_whole(shaped, 1, 1);
  put_bytes(shaped, 2, "");
  put_bytes(shaped, 4, std::string("\0\0\x20\x41", 4));  // 10 as float
  put_whole(packed, 1, 9);
  put_bytes(packed, 10, "\x96\x01");  // 150 as a packed varint
  EventFileReader reader;
  const auto records = reader.feed(
      event(0, {simple("a", 0.5F)}) + event(7, {with_tensor("b/x", doubles), simple("c", 2)}) +
      event(8, {with_tensor("d", shaped, "scalars")}) + event(9, {with_tensor("e", packed)}));
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].step, 0);
  EXPECT_EQ(records[1].step, 7);
  EXPECT_EQ(records[1].metrics[0].name, "b/x");
  EXPECT_THAT(values_of(records), ElementsAre(0.5, 0.1, 2, 10, 150));
  EXPECT_THAT(reader.seen(), ElementsAre("a", "b/x", "c", "d", "e"));
}

TEST(EventFileTest, WhatIsNoScalarIsPassedOver) {
  std::string dimension, shape, vector, text, number;
  put_whole(dimension, 1, 3);
  put_bytes(shape, 2, dimension);
  put_bytes(vector, 2, shape);
  put_float(vector, 5, 1);
  put_whole(text, 1, 7);
  put_bytes(text, 8, "words");
  put_float(number, 5, 1);
  EventFileReader reader;
  EXPECT_THAT(reader.feed(event(1, {with_tensor("v", vector), with_tensor("t", text),
                                    with_tensor("h", number, "hparams"), value("none", "")})),
              IsEmpty());
  EXPECT_FALSE(reader.is_damaged());
}

TEST(EventFileTest, RecordsDoNotDependOnHowBytesAreCut) {
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += event(i, {simple("loss", static_cast<float>(i))});
  for (const std::size_t size : {1u, 2u, 7u, 13u, 1000u}) {
    EventFileReader reader;
    std::vector<ParsedRecord> all;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      const auto some = reader.feed(std::string_view(bytes).substr(at, size));
      all.insert(all.end(), some.begin(), some.end());
    }
    EXPECT_EQ(all.size(), 20u) << size;
    EXPECT_EQ(reader.held(), 0u);
  }
}

TEST(EventFileTest, AReaderThatIsMadeAnewGoesOnAtEveryByte) {
  const std::string bytes = event(0, {simple("loss", 0)}) +
                            event(9, {simple("picture", 1) + std::string(2 << 20, '\0')}) +
                            event(1, {simple("loss", 1)}) + event(2, {simple("loss", 2)});
  const std::size_t step = 9973;
  for (std::size_t cut = 0; cut < bytes.size(); cut += cut < 200 ? 1 : step) {
    EventFileReader first;
    auto records = first.feed(std::string_view(bytes).substr(0, cut));
    EventFileReader second = EventFileReader::restore(first.save());
    const auto rest = second.feed(std::string_view(bytes).substr(cut - first.held()));
    records.insert(records.end(), rest.begin(), rest.end());
    ASSERT_THAT(values_of(records), ElementsAre(0, 1, 2)) << cut;
    ASSERT_THAT(second.seen(), ElementsAre("loss"));
  }
}

TEST(EventFileTest, NothingIsReadBehindDamage) {
  const std::string one = event(1, {simple("loss", 1)});
  for (std::size_t at = 0; at < one.size(); ++at) {
    std::string bytes = one + one + one;
    bytes[one.size() + at] = static_cast<char>(bytes[one.size() + at] ^ 0x10);
    EventFileReader reader;
    EXPECT_EQ(reader.feed(bytes).size(), 1u) << at;
    EXPECT_TRUE(reader.is_damaged());
    EXPECT_THAT(reader.feed(one), IsEmpty());
    EXPECT_TRUE(EventFileReader::restore(reader.save()).is_damaged());
  }
}

TEST(EventFileTest, HostilePayloadsWithRightSumsDoNoHarm) {
  std::string summary, inner;
  put_bytes(inner, 1, "deep");
  for (int i = 0; i < 200; ++i) {
    std::string outer;
    put_bytes(outer, 8, inner);
    inner = outer;
  }
  put_bytes(summary, 1, inner);
  std::string deep;
  put_bytes(deep, 5, summary);
  const std::vector<std::string> payloads = {"", "\x2A\xFF", std::string(300, '\xFF'),
                                             "\x2A\x02\x0A\x7F", deep};
  for (const std::string& payload : payloads) {
    std::string record;
    append_event_record(record, payload);
    EventFileReader reader;
    EXPECT_THAT(values_of(reader.feed(record + event(1, {simple("x", 3)}))), ElementsAre(3));
  }
}

TEST(EventFileTest, FilesOfThisRunAreFound) {
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("hone-events-" + std::to_string(::getpid()));
  for (const char* folder : {"runs/a", "replicate-1", "artifacts", "lightning_logs/version_0"})
    make_private_folder(root / folder);
  for (const char* name :
       {"runs/a/events.out.tfevents.1.h", "replicate-1/events.out.tfevents.1.h", "runs/other",
        "artifacts/events.out.tfevents.1.h", "lightning_logs/version_0/events.out.tfevents.2.h.0"})
    std::ofstream(root / name) << "x";
  std::filesystem::create_symlink(root / "runs", root / "linked");
  EXPECT_THAT(find_event_files(root, 0),
              ElementsAre(root / "lightning_logs/version_0/events.out.tfevents.2.h.0",
                          root / "runs/a/events.out.tfevents.1.h"));
  const std::int64_t later_us = 4'000'000'000'000'000;
  EXPECT_THAT(find_event_files(root, later_us), IsEmpty());
  EXPECT_THAT(find_event_files(root / "none", 0), IsEmpty());
  remove_tree(root);
}

}  // namespace
}  // namespace hone
