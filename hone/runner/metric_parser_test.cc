// Behaviour of MetricParser that the recorded logs do not show: ranks, limits, options, names.
#include "hone/runner/metric_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hone/base/error.h"

namespace hone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<ParsedRecord> parse(std::string_view text, MetricParserOptions options = {}) {
  MetricParser parser(std::move(options));
  auto records = parser.feed(text);
  for (auto& record : parser.finish()) records.push_back(std::move(record));
  return records;
}

MetricParserOptions wanting(std::string name) {
  MetricParserOptions options;
  options.wanted = {std::move(name)};
  return options;
}

MetricParserOptions with_pattern(std::string pattern) {
  MetricParserOptions options;
  options.patterns = {std::move(pattern)};
  return options;
}

/// The values of `name` in the order of the records.
std::vector<double> values(const std::vector<ParsedRecord>& records, std::string_view name) {
  std::vector<double> out;
  for (const auto& record : records) {
    for (const auto& metric : record.metrics) {
      if (metric.name == name) out.push_back(metric.value);
    }
  }
  return out;
}

TEST(MetricParser, CountsAnUnterminatedLastLineOnlyAtTheEndOfTheSource) {
  MetricParser parser({});
  EXPECT_THAT(parser.feed("@hone {\"loss\": 1}\n@hone {\"loss\": 2}"), testing::SizeIs(1));
  EXPECT_THAT(values(parser.finish(), "loss"), ElementsAre(2));
  EXPECT_THAT(parser.finish(), IsEmpty());
}

TEST(MetricParser, TakesCarriageReturnAndNewlineAsOneEnd) {
  EXPECT_EQ(parse("@hone {\"loss\": 1}\r\n@hone {\"loss\": 2}\r\r\n@hone {\"loss\": 3}\r").size(),
            3u);
}

TEST(MetricParser, ReadsThroughColoursTitlesAndOtherControlSequences) {
  EXPECT_THAT(
      values(parse("\x1b]0;title\x07\x1b[1;32mloss\x1b[0m=\x1b[K0.5 \x1b(Bacc=1\x1b[A\n"), "loss"),
      ElementsAre(0.5));
}

TEST(MetricParser, KeepsTheMostExplicitSourceOfAName) {
  const auto records = parse(
      "val_loss=5\n"
      "{\"val_loss\": 4}\n"
      "val_loss=6\n"
      "@hone {\"val_loss\": 3}\n"
      "{\"val_loss\": 7, \"acc\": 1}\n"
      "val_loss=8\n",
      wanting("val_loss"));
  EXPECT_THAT(values(records, "val_loss"), ElementsAre(5, 4, 3));
  EXPECT_THAT(values(records, "acc"), ElementsAre(1));
}

TEST(MetricParser, LetsTheUsersPatternWinOverRecognisedFormatsFromTheStart) {
  auto options = with_pattern("^score (?<loss>\\S+)$");
  EXPECT_THAT(values(parse("{\"loss\": 9}\nscore 0.5\n{\"loss\": 8}\n", options), "loss"),
              ElementsAre(0.5));
}

TEST(MetricParser, DoesNotTakeProseForMetrics) {
  const char* prose =
      "The loss is what counts: a good loss = better model.\n"
      "I think val_loss should be 0.5 by now, see {\"val_loss\": 0.1} in the paper.\n"
      "usage: train.py --val_loss=3 [--lr=0.1]\n"
      "if val_loss==0.3: stop; best val_loss: 0.25\n"
      "GET /metrics?val_loss=0.3&x=4 HTTP/1.1\n"
      "loss=3s val_loss=1/2\n";
  EXPECT_THAT(parse(prose, wanting("val_loss")), IsEmpty());
}

TEST(MetricParser, TakesADeclaredNameBeforeAColon) {
  const auto records = parse("Epoch: 3 | lr: 0.1 | val_loss: 0.41\n", wanting("val_loss"));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].metrics, (std::vector<ParsedMetric>{{"val_loss", 0.41}}));
  EXPECT_EQ(records[0].epoch, 3);
}

TEST(MetricParser, NeedsTwoPairsOrAPositionWhileNothingIsDeclared) {
  EXPECT_THAT(parse("seed=3\n"), IsEmpty());
  EXPECT_EQ(parse("step 1 loss=3\n").size(), 1u);
  EXPECT_EQ(parse("loss=3 acc=1\n").size(), 1u);
}

TEST(MetricParser, NamesTheStrongestStepKey) {
  const auto records = parse(
      "{\"iter\": 1, \"step\": 2, \"global_step\": 3, \"_step\": 4, \"Epoch\": 5, \"x\": 6}\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].step, 3);
  EXPECT_EQ(records[0].epoch, 5);
  EXPECT_EQ(records[0].metrics, (std::vector<ParsedMetric>{{"x", 6}}));
}

TEST(MetricParser, LeavesAPositionOutThatIsNotFinite) {
  const auto records = parse("@hone {\"step\": NaN, \"epoch\": 1e999, \"x\": 6}\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].step, std::nullopt);
  EXPECT_EQ(records[0].epoch, std::nullopt);
}

TEST(MetricParser, SaysWhichExplicitLineCouldNotBeRead) {
  MetricParser parser({});
  parser.feed("@hone {\"loss\": }\n@hone {loss: 1}\n@hone is a program\n@hone {\"loss\": 1}\n");
  EXPECT_EQ(parser.malformed(), 2u);
  EXPECT_EQ(parser.first_malformed(), "@hone {\"loss\": }");
}

TEST(MetricParser, ForcesAFormatAndStillReadsExplicitLines) {
  MetricParserOptions options;
  options.only = "csv";
  const auto records = parse("epoch,loss\n1,0.5\n@hone {\"acc\": 1}\nloss=9 acc=9\n", options);
  EXPECT_THAT(values(records, "loss"), ElementsAre(0.5));
  EXPECT_THAT(values(records, "acc"), ElementsAre(1));
}

TEST(MetricParser, NeverRecognisesCsvByItself) {
  EXPECT_THAT(parse("epoch,loss\n1,0.5\n2,0.4\n"), IsEmpty());
}

TEST(MetricParser, ReadsCsvWithSemicolonsQuotesAndARepeatedHeader) {
  MetricParserOptions options;
  options.only = "csv";
  const auto records = parse(
      "\xEF\xBB\xBFstep;\"val;loss\";note\n1;0.5;\"a;\"\"b\"\n;;lost\nstep;acc\n2;0.7\n", options);
  EXPECT_THAT(values(records, "val;loss"), ElementsAre(0.5));
  EXPECT_THAT(values(records, "acc"), ElementsAre(0.7));
}

TEST(MetricParser, RefusesAnUnknownFormatWithASuggestion) {
  MetricParserOptions options;
  options.only = "xgbost";
  try {
    MetricParser parser(options);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.hint(), HasSubstr("xgboost"));
  }
}

TEST(MetricParser, RefusesPatternsThatCannotWork) {
  EXPECT_EQ(check_metric_pattern("loss (?<loss>\\S+)"), std::nullopt);
  EXPECT_EQ(check_metric_pattern("(?P<name>\\w+)=(?P<value>\\S+)"), std::nullopt);
  EXPECT_THAT(*check_metric_pattern("loss (\\S+)"), HasSubstr("named group"));
  EXPECT_THAT(*check_metric_pattern("step (?<step>\\d+)"), HasSubstr("position"));
  EXPECT_THAT(*check_metric_pattern("(?<loss>"), HasSubstr("(?<loss>"));
  EXPECT_NE(check_metric_pattern("(?<=x)(?<loss>1)"), std::nullopt);
  EXPECT_THROW(MetricParser(with_pattern("(")), Error);
}

TEST(MetricParser, LeavesBracketsOfAPatternThatAreNoGroupsAlone) {
  EXPECT_THAT(values(parse("(<b 5\n", with_pattern("[(?<b]+ (?<x>\\d+)")), "x"), ElementsAre(5));
  EXPECT_THAT(values(parse("<b> 5\n", with_pattern("\\(?<b> (?<x>\\d+)")), "x"), ElementsAre(5));
}

TEST(MetricParser, SurvivesPatternsThatExplodeElsewhere) {
  const std::string line = std::string(60000, 'a') + "!\n";
  EXPECT_THAT(parse(line, with_pattern("^(a+)+(?<x>\\d+)$")), IsEmpty());
  EXPECT_THAT(parse(line, with_pattern("(?<x>(a|aa)*b)")), IsEmpty());
  EXPECT_THAT(parse(line, with_pattern("(?<x>)a*")), IsEmpty());
}

TEST(MetricParser, RemembersTheNamesItSawInOrder) {
  MetricParser parser({});
  parser.feed("@hone {\"b\": 1, \"a\": 2}\n@hone {\"a\": 2, \"c\": 1}\n");
  EXPECT_THAT(parser.seen(), ElementsAre("b", "a", "c"));
  EXPECT_EQ(parser.recognised(), "explicit");
}

TEST(MetricParser, SaysInWordsWhatEveryFormatIs) {
  for (const std::string& name : metric_format_names()) EXPECT_NE(metric_format_title(name), name);
  MetricParser parser(with_pattern("loss (?<x>\\d+)"));
  parser.feed("loss 3\n");
  EXPECT_EQ(metric_format_title(parser.recognised()), "lines of your pattern");
  EXPECT_EQ(metric_format_title("hf_trainer"), "Hugging Face Trainer log lines");
  EXPECT_EQ(metric_format_title("explicit"), "@hone lines");
  EXPECT_EQ(metric_format_title("of tomorrow"), "of tomorrow");
}

TEST(MetricParser, RemembersADeclaredNameThatComesAfterManyOthers) {
  MetricParser parser(wanting("loss"));
  for (int i = 0; i < 400; ++i) parser.feed("@hone {\"n" + std::to_string(i) + "\": 1}\n");
  parser.feed("@hone {\"loss\": 1}\n");
  EXPECT_LE(parser.seen().size(), MetricParser::kMaxNames + 1);
  EXPECT_EQ(parser.seen().back(), "loss");
}

TEST(MetricParser, ReadsAFloodOfMetricsUpToTheLimit) {
  std::string line = "@hone {\"m\": 0";
  for (int i = 0; i < 2000; ++i) line += ", \"m" + std::to_string(i) + "\": 1";
  const auto records = parse(line + "}\n");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].metrics.size(), MetricParser::kMaxMetricsPerRecord);
}

TEST(MetricParser, GoesOnInTheMiddleOfALineWithAnyBytesInIt) {
  std::string begin = "noise \x80\xFF";
  begin += '\0';
  begin += "\xC3 @hone {\"lo";
  MetricParser parser({});
  EXPECT_THAT(parser.feed(begin), IsEmpty());
  MetricParser again = MetricParser::restore({}, parser.save());
  EXPECT_THAT(values(again.feed("ss\": 3}\n"), "loss"), ElementsAre(3));
}

TEST(MetricParser, RefusesAStateThatItDidNotWrite) {
  for (const char* text : {"", "{}", "[]", "{\"v\": 99}", "{\"v\": 1"}) {
    EXPECT_THROW(MetricParser::restore({}, text), Error) << text;
  }
}

TEST(MetricParser, TakesOddStatesWithoutHarm) {
  const char* odd =
      "{\"v\":1,\"pending\":5,\"seen\":[1,\"a\"],\"ranks\":{\"a\":99,\"b\":\"x\"},\"counts\":{"
      "\"x\":-4},"
      "\"formats\":{\"history\":\"entry\",\"history_record\":{\"metrics\":[[1],[\"x\",2]]},"
      "\"csv_delimiter\":\"\",\"history_lines\":-9}}";
  MetricParser parser = MetricParser::restore({}, odd);
  EXPECT_THAT(values(parser.feed("},\n@hone {\"a\": 1}\n"), "a"), ElementsAre(1));
}

TEST(PositionOf, FollowsTheFidelityThenTheStep) {
  ParsedRecord record;
  record.metrics = {{"tokens", 1000}, {"loss", 1}};
  EXPECT_EQ(position_of(record, "epoch"), std::nullopt);
  EXPECT_EQ(position_of(record, "tokens"), 1000);
  record.step = 7;
  record.epoch = 2;
  EXPECT_EQ(position_of(record, "epoch"), 2);
  EXPECT_EQ(position_of(record, "global_step"), 7);
  EXPECT_EQ(position_of(record, ""), 7);
  record.step.reset();
  EXPECT_EQ(position_of(record, "step"), 2);
}

TEST(MatchMetricName, SuggestsWhatTheProgramProbablyMeant) {
  const std::vector<std::string> seen{"eval_loss", "train_loss", "eval/accuracy", "valid-rmse",
                                      "Perplexity"};
  EXPECT_EQ(match_metric_name("train_loss", seen), "train_loss");
  EXPECT_EQ(match_metric_name("val_loss", seen), "eval_loss");
  EXPECT_EQ(match_metric_name("loss", seen), "eval_loss");
  EXPECT_EQ(match_metric_name("valid_accuracy", seen), "eval/accuracy");
  EXPECT_EQ(match_metric_name("rmse", seen), "valid-rmse");
  EXPECT_EQ(match_metric_name("perplexity", seen), "Perplexity");
  EXPECT_EQ(match_metric_name("train_los", seen), "train_loss");
  EXPECT_EQ(match_metric_name("bleu", seen), std::nullopt);
}

TEST(MatchMetricName, DoesNotGuessBetweenTwo) {
  const std::vector<std::string> seen{"eval_f1", "val_f1"};
  EXPECT_EQ(match_metric_name("F1", std::vector<std::string>{"valid_0-f1", "test_f1", "eval_f1"}),
            std::nullopt);
  EXPECT_EQ(match_metric_name("val_f1", seen), "val_f1");
}

}  // namespace
}  // namespace hone
