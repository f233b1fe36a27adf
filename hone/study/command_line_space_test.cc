#include "hone/study/command_line_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string mistakes(const std::vector<std::string>& arguments) {
  CommandLineStudy study = read_command_line(arguments);
  StudySpec spec;
  fill_from_command_line(study, "/w", spec);
  return render_diagnostics(study.diagnostics, study.text, "command");
}

TEST(CommandLineSpace, ReadsLawsAndPutsPlaceholdersInTheirPlace) {
  CommandLineStudy study = read_command_line(
      {"python", "train.py", "--lr", "~log(1e-5,1e-1)", "--rank=~[4,8,16]", "drop=~(0, 0.5, 0.1)",
       "--n", "~int(1,8)", "--mu", "~normal(0,2)", "--w=~intlog(8,512)", "--p", "~logit(0.1,0.9)"});
  StudySpec spec;
  ASSERT_TRUE(fill_from_command_line(study, "/w", spec))
      << render_diagnostics(study.diagnostics, study.text, "c");
  EXPECT_THAT(spec.command.argv,
              ElementsAre("python", "train.py", "--lr", "${lr}", "--rank=${rank}", "drop=${drop}",
                          "--n", "${n}", "--mu", "${mu}", "--w=${w}", "--p", "${p}"));
  EXPECT_EQ(spec.command.workdir, "/w");
  const auto& lr = std::get<Real>(spec.space.parameter(spec.space.index_of("lr")).domain);
  EXPECT_EQ(lr.law, Law::log_uniform);
  EXPECT_EQ(lr.low, 1e-5);
  EXPECT_EQ(lr.high, 1e-1);
  EXPECT_EQ(std::get<Choice>(spec.space.parameter(spec.space.index_of("rank")).domain).items.size(),
            3U);
  EXPECT_EQ(std::get<Real>(spec.space.parameter(spec.space.index_of("drop")).domain).quantum->step,
            0.1);
  EXPECT_EQ(std::get<Integer>(spec.space.parameter(spec.space.index_of("w")).domain).law,
            Law::log_uniform);
}

TEST(CommandLineSpace, KeepsTheTextOfChoices) {
  const CommandLineStudy study = read_command_line({"--x", "~[1e-5, adam,'1',true,\"a,b\",[1,2]]"});
  ASSERT_EQ(study.parameters.size(), 1U);
  const auto& items = std::get<Choice>(study.parameters[0].domain).items;
  ASSERT_EQ(items.size(), 6U);
  EXPECT_EQ(items[0].text, "1e-5");
  EXPECT_TRUE(items[0].value.is_double());
  EXPECT_EQ(items[1].value, Value("adam"));
  EXPECT_EQ(items[2].value, Value("1"));
  EXPECT_EQ(items[3].text, "True");
  EXPECT_EQ(items[4].value, Value("a,b"));
  EXPECT_TRUE(items[5].value.is_list());
}

TEST(CommandLineSpace, LeavesPathsAndPlaceholdersAlone) {
  const CommandLineStudy study =
      read_command_line({"--data", "~/sets", "--home", "~", "--user", "~ann/x", "~ann",
                         "~~log(1,2)", "a${b}c", "--x=~/y"});
  EXPECT_TRUE(study.parameters.empty());
  EXPECT_TRUE(study.diagnostics.empty());
  EXPECT_THAT(study.argv, ElementsAre("--data", "~/sets", "--home", "~", "--user", "~ann/x", "~ann",
                                      "~log(1,2)", "a$${b}c", "--x=~/y"));
}

TEST(CommandLineSpace, UnderlinesWhatIsWrong) {
  EXPECT_EQ(mistakes({"t", "--lr", "~log(1e-1,1e-5)"}),
            "command:1:8: error: the first number 1e-1 must be below the second 1e-5\n"
            "   1 | t --lr ~log(1e-1,1e-5)\n"
            "     |        ^^^^^^^^^^^^^^^ did you mean ~log(1e-5,1e-1)?\n"
            "1 error, 0 warnings: nothing was started\n");
  EXPECT_EQ(mistakes({"t", "--lr=~lgo(1,2)"}),
            "command:1:9: error: there is no law 'lgo'\n"
            "   1 | t --lr=~lgo(1,2)\n"
            "     |         ^^^ did you mean ~log(…)?\n"
            "1 error, 0 warnings: nothing was started\n");
  EXPECT_EQ(mistakes({"t", "--n", "~int(1, 2.5)"}),
            "command:1:15: error: 2.5 is not a whole number\n"
            "   1 | t --n ~int(1, 2.5)\n"
            "     |               ^^^ for real numbers use ~uniform(…)\n"
            "1 error, 0 warnings: nothing was started\n");
}

TEST(CommandLineSpace, TellsEveryMistake) {
  EXPECT_THAT(mistakes({"t", "~log(1,2)"}), HasSubstr("the law ~log(1,2) has no name"));
  EXPECT_THAT(mistakes({"t", "--lr", "~log(0,1)"}),
              HasSubstr("a logarithmic scale starts above 0, not at 0"));
  EXPECT_THAT(mistakes({"t", "--lr", "~log(1)"}),
              HasSubstr("~log has 1 numbers; it is written log(low,high)"));
  EXPECT_THAT(mistakes({"t", "--lr", "~log(1,x)"}), HasSubstr("'x' is not a number"));
  EXPECT_THAT(mistakes({"t", "--lr", "~log(1,2"}),
              HasSubstr("~log needs its numbers in parentheses"));
  EXPECT_THAT(mistakes({"t", "--lr", "~log"}), HasSubstr("~log needs its numbers in parentheses"));
  EXPECT_THAT(mistakes({"t", "--p", "~logit(0,1)"}),
              HasSubstr("strictly between 0 and 1, not at 0"));
  EXPECT_THAT(mistakes({"t", "--p", "~(0,1,2)"}),
              HasSubstr("the step 2 must be above 0 and fit into the range"));
  EXPECT_THAT(mistakes({"t", "--p", "~normal(0,0)"}),
              HasSubstr("the deviation must be above 0, not 0"));
  EXPECT_THAT(mistakes({"t", "--o", "~[a,,b]"}), HasSubstr("a value is missing here"));
  EXPECT_THAT(mistakes({"t", "--o", "~[a,a]"}), HasSubstr("a stands there twice"));
  EXPECT_THAT(mistakes({"t", "--o", "~[a,b"}), HasSubstr("the list is not closed"));
  EXPECT_THAT(mistakes({"t", "--o", "~[a]", "--o", "~[b]"}),
              HasSubstr("the parameter o is given twice"));
  EXPECT_THAT(mistakes({"t", "--9", "~[a]"}), HasSubstr("'--9' cannot name a parameter"));
  EXPECT_THAT(mistakes({"t", "--x", "1"}), HasSubstr("no argument has a law"));
  EXPECT_THAT(mistakes({}), HasSubstr("there is nothing to run"));
}

TEST(CommandLineSpace, ExplainsEveryLawInTheHelp) {
  const std::string help = command_line_laws_help();
  for (const char* law : {"~log(", "~uniform(", "~(0", "~int(", "~intlog(", "~logit(", "~normal(",
                          "~lognormal(", "~[adam"}) {
    EXPECT_THAT(help, HasSubstr(law));
  }
}

}  // namespace
}  // namespace hone
