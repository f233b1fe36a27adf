// Input that nobody means well with: nothing may hang, grow without bound or give a name that a
// store cannot hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hone/runner/log_format_object.h"
#include "hone/runner/log_format_text.h"
#include "hone/runner/metric_parser.h"

namespace hone {
namespace {

using log_format::is_metric_name;
using log_format::ScannedObject;
using log_format::whole_number;
using testing::IsEmpty;

std::vector<ParsedRecord> parse(std::string_view text, std::string wanted = "") {
  MetricParserOptions options;
  if (!wanted.empty()) options.wanted = {std::move(wanted)};
  MetricParser parser(std::move(options));
  auto records = parser.feed(text);
  for (auto& record : parser.finish()) records.push_back(std::move(record));
  return records;
}

TEST(LogNumbers, AreReadAsProgramsPrintThem) {
  EXPECT_EQ(whole_number("12"), 12);
  EXPECT_EQ(whole_number("-0.5"), -0.5);
  EXPECT_EQ(whole_number("+3"), 3);
  EXPECT_EQ(whole_number("5."), 5);
  EXPECT_EQ(whole_number(".5"), 0.5);
  EXPECT_EQ(whole_number("1.45e-05"), 1.45e-05);
  EXPECT_TRUE(std::isnan(*whole_number("nan")));
  EXPECT_TRUE(std::isnan(*whole_number("NaN")));
  EXPECT_FALSE(std::signbit(*whole_number("-nan")));
  EXPECT_EQ(whole_number("inf"), INFINITY);
  EXPECT_EQ(whole_number("-Infinity"), -INFINITY);
  for (const char* text :
       {"", "-", "+", "e5", "0x10", "1_000", "--1", "1e", "nan(1)", "1,5", " 1", "infi"}) {
    EXPECT_EQ(whole_number(text), std::nullopt) << text;
  }
}

TEST(LogNumbers, BeyondTheRangeBecomeInfinityOrZero) {
  EXPECT_EQ(whole_number("1e999"), INFINITY);
  EXPECT_EQ(whole_number("-1e999999999999999999999"), -INFINITY);
  EXPECT_EQ(whole_number("1e-999"), 0);
  EXPECT_EQ(whole_number("0.000001e-99999999999999999"), 0);
  EXPECT_EQ(whole_number("0e999999"), 0);
  EXPECT_EQ(whole_number(std::string(310, '9')), INFINITY);
  EXPECT_EQ(whole_number("0." + std::string(330, '0') + "1e5"), 0);
  EXPECT_EQ(whole_number(std::string(401, '1')), std::nullopt);
}

TEST(MetricNames, AreTextThatEveryStoreHolds) {
  EXPECT_TRUE(is_metric_name("val_loss"));
  EXPECT_TRUE(is_metric_name("memory(GiB)"));
  EXPECT_TRUE(is_metric_name("\xCE\xB5-loss"));
  EXPECT_TRUE(is_metric_name("\xF0\x9F\x93\x89"));
  EXPECT_FALSE(is_metric_name(""));
  EXPECT_FALSE(is_metric_name(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_metric_name("a\nb"));
  EXPECT_FALSE(is_metric_name("a\x7F"));
  EXPECT_FALSE(is_metric_name(" a"));
  EXPECT_FALSE(is_metric_name(std::string(MetricParser::kMaxNameBytes + 1, 'a')));
  for (const char* broken :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_metric_name(broken));
  }
}

TEST(ObjectScanner, ReadsWhatProgramsPrint) {
  ScannedObject object;
  const std::string_view text =
      R"({'a': 1, "b": '2', "c": NaN, 'd': np.float64(4.5), 'e': tensor(5., device='cuda:0'),
      "f": [1, {"x": 2}],
      "g": {"h": 7, "i": {"j": 8}}, "k": true, 'l': None,
      "m": "t\"}", "n\u00e9\"": -Infinity} rest)";
  std::string one_line(text);
  std::erase(one_line, '\n');
  ASSERT_TRUE(scan_object(one_line, object));
  EXPECT_EQ(one_line.substr(object.length), " rest");
  std::string seen;
  for (const auto& member : object.members) {
    seen += member.key +
            (member.is_text ? "~" + std::string(member.text) : "=" + std::to_string(member.value)) +
            " ";
  }
  EXPECT_EQ(
      seen,
      "a=1.000000 b=2.000000 c=nan d=4.500000 e=5.000000 g.h=7.000000 g.i.j=8.000000 m~t\\\"} "
      "n\xC3\xA9\"=-inf ");
}

TEST(ObjectScanner, RefusesWhatIsNoObject) {
  for (const char* text :
       {"", "{", "{]", "{\"a\"}", "{\"a\": }", "{\"a\": 1", "{a: 1}", "{\"a\": \"x}",
        "{\"a\": 1 2}", "{\"a\": <b>}", "{\"a\\", "{\"a\": [1}", "{\"a\": f(1}"}) {
    ScannedObject object;
    EXPECT_FALSE(scan_object(text, object) && object.length == std::string_view(text).size() &&
                 !object.members.empty())
        << text;
  }
}

std::string nested_object(int levels) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += "{\"a\":";
  return text + "1" + std::string(static_cast<std::size_t>(levels), '}');
}

TEST(HostileInput, DeepNestingIsRefusedAndCostsNoStack) {
  EXPECT_EQ(parse("@hone " + nested_object(log_format::kMaxObjectDepth + 1) + "\n").size(), 1u);
  EXPECT_THAT(parse("@hone " + nested_object(log_format::kMaxObjectDepth + 2) + "\n"), IsEmpty());
  EXPECT_THAT(parse("@hone " + nested_object(10000) + "\n"), IsEmpty());
  std::string lists =
      "@hone {\"a\":" + std::string(30000, '[') + std::string(30000, ']') + ",\"b\":1}\n";
  EXPECT_EQ(parse(lists).size(), 1u);
}

TEST(HostileInput, ALineThatIsCutAlreadyStaysCutThroughARestart) {
  std::string line = "loss=0.25 ";
  line += std::string(MetricParser::kMaxLineBytes - line.size() - 9, 'x') + " acc=0.12";
  ASSERT_EQ(line.size(), MetricParser::kMaxLineBytes);
  MetricParserOptions options;
  options.wanted = {"loss"};
  MetricParser before(options);
  before.feed(line + "3456");
  MetricParser after = MetricParser::restore(options, before.save());
  const auto records = after.feed("\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].metrics, (std::vector<ParsedMetric>{{"loss", 0.25}}));
}

TEST(HostileInput, LongLinesAreCutBetweenNumbersAndTheNextLineIsRead) {
  std::string line = "loss=0.25 ";
  while (line.size() < MetricParser::kMaxLineBytes - 3) line += "x ";
  line.resize(MetricParser::kMaxLineBytes - 3);
  line += " acc=0.123456";  // cut within the number: must not become acc=0
  line += std::string(10 << 20, '7');
  const auto records = parse(line + "\nloss=0.5\n", "loss");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].metrics, (std::vector<ParsedMetric>{{"loss", 0.25}}));
  EXPECT_EQ(records[1].metrics, (std::vector<ParsedMetric>{{"loss", 0.5}}));
}

TEST(HostileInput, ALongLineGivesTheSameHoweverItIsCutAndSaved) {
  std::string line =
      "loss=0.25 " + std::string(MetricParser::kMaxLineBytes, '\xFF') + " loss=1\nloss=0.5\n";
  const auto whole = parse(line, "loss");
  MetricParserOptions options;
  options.wanted = {"loss"};
  MetricParser parser(options);
  std::vector<ParsedRecord> records;
  for (std::size_t at = 0; at < line.size(); at += 4093) {
    for (auto& record : parser.feed(std::string_view(line).substr(at, 4093)))
      records.push_back(record);
    const std::string saved = parser.save();
    ASSERT_LT(saved.size(), 512u << 10);
    parser = MetricParser::restore(options, saved);
  }
  ASSERT_EQ(records.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(records[i].metrics, whole[i].metrics);
}

TEST(HostileInput, NulBytesAndBrokenTextGiveNoBrokenNames) {
  std::string text = "@hone {\"a\\u0000b\": 1, \"\xFF\": 2, \"\\ud800\": 3, \"ok\": 4}\n";
  text += "lo";
  text += '\0';
  text += "ss=0.5 a\xC3=1 fine=1\n";
  for (const auto& record : parse(text)) {
    for (const auto& metric : record.metrics)
      EXPECT_TRUE(is_metric_name(metric.name)) << metric.name;
  }
  EXPECT_EQ(parse(text).front().metrics, (std::vector<ParsedMetric>{{"ok", 4}}));
}

TEST(HostileInput, LinesBuiltToBeReadManyTimesStayLinear) {
  // 4 MiB each of what invites scanning back and forth; quadratic work would take hours.
  const std::size_t kRepeats = (4u << 20) / 8;
  for (const std::string piece :
       {"{'a': {'", "\r\r\r\r\r\r\r\r", "= = = = ", "loss  =\t", "@hone {\n", "[1]\ta:1\t",
        "\x1b]\x1b[\x1b]\x1b", "best loss", "1/1 - a:", "%|epoch |", "        ", "((((((((",
        "\"\"\"\"\"\"\"\"", "loss=1 \r"}) {
    std::string text;
    for (std::size_t i = 0; i < kRepeats; ++i) text += piece;
    MetricParserOptions options;
    options.wanted = {"loss"};
    MetricParser parser(options);
    parser.feed(text);
    parser.finish();
    EXPECT_LE(parser.save().size(), 512u << 10);
  }
}

}  // namespace
}  // namespace hone
