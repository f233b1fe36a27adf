// The recorded logs of tests/data/logs: for every format what it must give, and that it gives the
// same however the bytes come. NAME.expected holds one record per line; its leading "# key: value"
// lines are options.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hone/runner/metric_parser.h"

namespace hone {
namespace {

const std::filesystem::path kLogs = std::filesystem::path(HONE_SOURCE_DIR) / "tests/data/logs";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

struct RecordedLog {
  std::string name, bytes, expected;
  MetricParserOptions options;
};

RecordedLog load(const std::string& name) {
  RecordedLog log;
  log.name = name;
  log.bytes = read_file(kLogs / (name + ".log"));
  std::istringstream expected(read_file(kLogs / (name + ".expected")));
  for (std::string line; std::getline(expected, line);) {
    if (!line.starts_with("# ")) {
      log.expected += line + "\n";
      continue;
    }
    const auto colon = line.find(": ");
    const std::string key = line.substr(2, colon - 2), value = line.substr(colon + 2);
    if (key == "wanted") log.options.wanted.push_back(value);
    if (key == "pattern") log.options.patterns.push_back(value);
    if (key == "only") log.options.only = value;
    if (key == "fidelity") log.options.fidelity = value;
  }
  return log;
}

std::string to_text(const std::vector<ParsedRecord>& records) {
  std::string out;
  for (const auto& record : records) {
    out += record.format;
    if (record.epoch) out += fmt::format(" @epoch={}", *record.epoch);
    if (record.step) out += fmt::format(" @step={}", *record.step);
    for (const auto& [name, value] : record.metrics) out += fmt::format(" {}={}", name, value);
    out += "\n";
  }
  return out;
}

void append(std::vector<ParsedRecord>& to, std::vector<ParsedRecord> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<std::string> log_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kLogs)) {
    if (entry.path().extension() == ".log") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class RecordedLogs : public testing::TestWithParam<std::string> {};

TEST_P(RecordedLogs, GiveTheExpectedRecords) {
  const RecordedLog log = load(GetParam());
  MetricParser parser(log.options);
  auto records = parser.feed(log.bytes);
  append(records, parser.finish());
  EXPECT_EQ(to_text(records), log.expected);
  EXPECT_FALSE(records.empty());
}

TEST_P(RecordedLogs, GiveTheSameRecordsCutAtEveryByte) {
  const RecordedLog log = load(GetParam());
  const std::string_view bytes = log.bytes;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    MetricParser parser(log.options);
    auto records = parser.feed(bytes.substr(0, cut));
    append(records, parser.feed(bytes.substr(cut)));
    append(records, parser.finish());
    ASSERT_EQ(to_text(records), log.expected) << "cut at " << cut;
  }
}

TEST_P(RecordedLogs, GiveTheSameRecordsByteByByte) {
  const RecordedLog log = load(GetParam());
  MetricParser parser(log.options);
  std::vector<ParsedRecord> records;
  for (const char& c : log.bytes) append(records, parser.feed(std::string_view(&c, 1)));
  append(records, parser.finish());
  EXPECT_EQ(to_text(records), log.expected);
}

TEST_P(RecordedLogs, GiveTheSameRecordsSavedAndRestoredAtEveryByte) {
  const RecordedLog log = load(GetParam());
  MetricParser uncut(log.options);
  uncut.feed(log.bytes);
  uncut.finish();
  const std::string_view bytes = log.bytes;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    MetricParser before(log.options);
    auto records = before.feed(bytes.substr(0, cut));
    const std::string saved = before.save();
    MetricParser after = MetricParser::restore(log.options, saved);
    ASSERT_EQ(after.save(), saved) << "cut at " << cut;
    append(records, after.feed(bytes.substr(cut)));
    append(records, after.finish());
    ASSERT_EQ(to_text(records), log.expected) << "cut at " << cut;
    ASSERT_EQ(after.save(), uncut.save()) << "cut at " << cut;
  }
}

TEST_P(RecordedLogs, GiveTheSameRecordsRestoredAfterEachByte) {
  const RecordedLog log = load(GetParam());
  MetricParser parser(log.options);
  std::vector<ParsedRecord> records;
  for (const char& c : log.bytes) {
    append(records, parser.feed(std::string_view(&c, 1)));
    parser = MetricParser::restore(log.options, parser.save());
  }
  append(records, parser.finish());
  EXPECT_EQ(to_text(records), log.expected);
}

INSTANTIATE_TEST_SUITE_P(All, RecordedLogs, testing::ValuesIn(log_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace hone
