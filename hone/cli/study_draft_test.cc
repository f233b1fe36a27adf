// Recorded help texts of real programs (tests/data/init/NAME.help), and the study files that are
// proposed for them (NAME.yaml). HONE_REWRITE_EXPECTED=1 writes the latter anew: read them before
// they are committed.
#include "hone/cli/study_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "hone/base/file.h"
#include "hone/sampler/sampler.h"
#include "hone/scheduler/scheduler.h"
#include "hone/study/study_file.h"

namespace hone::cli {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> recorded_programs() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(HONE_INIT_CORPUS)) {
    if (entry.path().extension() == ".help") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_corpus(const std::string& file) {
  return read_file(fs::path(HONE_INIT_CORPUS) / file);
}

DraftWanted wanted_for(const std::string& name) {
  DraftWanted wanted;
  const bool compiled = name == "cli11" || name == "boost" || name == "cxxopts" ||
                        name == "gflags" || name == "getopt";
  wanted.command = compiled ? std::vector<std::string>{"./train"}
                            : std::vector<std::string>{"python3", "train.py"};
  wanted.origin = compiled ? "./train --help" : "python3 train.py --help";
  return wanted;
}

LoadedStudy load(const std::string& text) {
  LoadOptions options;
  options.folder = "/study";
  options.samplers = sampler_help();
  options.schedulers = scheduler_help();
  return load_study_file(text, "study.yaml", options);
}

class RecordedProgram : public testing::TestWithParam<std::string> {};

TEST_P(RecordedProgram, GetsTheExpectedStudyFile) {
  const std::string help = read_corpus(GetParam() + ".help");
  const StudyDraftText draft = draft_study(read_program_help(help), help, wanted_for(GetParam()));
  const fs::path expected = fs::path(HONE_INIT_CORPUS) / (GetParam() + ".yaml");
  if (const char* rewrite = std::getenv("HONE_REWRITE_EXPECTED");
      rewrite != nullptr && std::string(rewrite) == "1") {
    std::ofstream(expected) << draft.yaml;
  }
  EXPECT_EQ(draft.yaml, read_file(expected));
}

TEST_P(RecordedProgram, GetsAStudyFileWithoutErrorsOrWarnings) {
  const LoadedStudy loaded = load(read_corpus(GetParam() + ".yaml"));
  for (const Diagnostic& d : loaded.diagnostics)
    ADD_FAILURE() << d.line << ":" << d.column << ": " << d.message;
  EXPECT_TRUE(loaded.spec);
}

TEST_P(RecordedProgram, GetsOffersThatAreLegalWhenTheirCommentSignIsRemoved) {
  std::string text;
  std::string rest;
  bool parameters = false;
  std::ifstream file(fs::path(HONE_INIT_CORPUS) / (GetParam() + ".yaml"));
  for (std::string line; std::getline(file, line);) {
    if (line == "parameters:") parameters = true;
    if (!line.empty() && line[0] != ' ' && line != "parameters:") parameters = false;
    const bool offer = parameters && line.starts_with("  # ") && line.find(": {") < line.size() &&
                       line.ends_with("}");
    text += (offer ? "  " + line.substr(4) : line) + "\n";
  }
  const LoadedStudy loaded = load(text);
  for (const Diagnostic& d : loaded.diagnostics) {
    if (d.severity == Severity::error)
      ADD_FAILURE() << d.line << ":" << d.column << ": " << d.message;
  }
}

INSTANTIATE_TEST_SUITE_P(All, RecordedProgram, testing::ValuesIn(recorded_programs()),
                         [](const auto& instance) { return instance.param; });

ProgramOption only_option(const std::string& help) {
  const ProgramHelp read = read_program_help(help);
  EXPECT_EQ(read.options.size(), 1U) << help;
  return read.options.empty() ? ProgramOption{} : read.options.front();
}

TEST(ProgramHelp, ThereAreTwelveRecordedProgramsAtLeast) {
  EXPECT_GE(recorded_programs().size(), 12U);
}

TEST(ProgramHelp, ColoursBoxesAndOverstrikesAreSeenThrough) {
  const ProgramOption o =
      only_option("\x1b[1mOptions\x1b[0m:\n  \x1b[36m--lr\x1b[0m FLOAT  R\bRate  [default: 0.1]\n");
  EXPECT_EQ(o.name, "lr");
  EXPECT_EQ(o.default_text, "0.1");
  EXPECT_EQ(o.help, "Rate");
}

TEST(ProgramHelp, AUsageLineHoldsNoOptions) {
  const ProgramHelp help = read_program_help("usage: x [-h] [--a A]\n         --b B\n\nnothing\n");
  EXPECT_TRUE(help.options.empty());
}

TEST(ProgramHelp, CommandsAreNotOptions) {
  const ProgramHelp help = read_program_help(
      "Usage: x [OPTIONS] COMMAND [ARGS]...\n\nOptions:\n  --help  Show this.\n\nCommands:\n"
      "  eval   Evaluates.\n  train  Trains.\n");
  EXPECT_TRUE(help.options.empty());
  EXPECT_THAT(help.commands, ElementsAre("eval", "train"));
}

TEST(ProgramHelp, ARangeThatTheDefaultBreaksIsNone) {
  EXPECT_FALSE(only_option("  --x FLOAT  in the range [5, 15] (default: 1.0)\n").low);
  EXPECT_EQ(only_option("  --x FLOAT  in the range [5, 15] (default: 7.0)\n").low, 5.0);
}

TEST(ProgramHelp, AnyBytesAreAccepted) {
  std::string bytes = "--";
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 37 % 256);
  read_program_help(bytes);
  read_program_help("\x1b[");
  read_program_help("  --[no");
  read_program_help("  -");
  read_program_help("  --x (default: ((((");
  read_program_help("== Config ==\nOverride anything\n\t: [}\n");
}

TEST(StudyDraft, WhatTheCommandSetsIsNotTuned) {
  const std::string help = "  --lr FLOAT  [default: 0.1]\n  --dropout FLOAT  [default: 0.1]\n";
  DraftWanted wanted;
  wanted.command = {"python", "t.py", "--lr=0.3"};
  const StudyDraftText draft = draft_study(read_program_help(help), help, wanted);
  EXPECT_THAT(draft.tuned, ElementsAre("dropout"));
  EXPECT_THAT(draft.yaml, HasSubstr("set in the command: lr"));
}

TEST(StudyDraft, TheScriptsOwnMetricCountsMoreThanTheHelps) {
  const std::string help = "Prints val_loss.\n\n  --lr FLOAT  [default: 0.1]\n";
  DraftWanted wanted;
  wanted.command = {"python", "t.py"};
  wanted.source = "print({'val_accuracy': 0.3})\n";
  const StudyDraftText draft = draft_study(read_program_help(help), help, wanted);
  EXPECT_EQ(draft.metric, "val_accuracy");
  EXPECT_THAT(draft.yaml, HasSubstr("metric: {name: val_accuracy, goal: maximize}"));
}

TEST(StudyDraft, AGuessedMetricSaysSo) {
  const std::string help = "  --lr FLOAT  [default: 0.1]\n";
  DraftWanted wanted;
  wanted.command = {"python", "t.py"};
  EXPECT_THAT(draft_study(read_program_help(help), help, wanted).yaml, HasSubstr("CHECK THIS"));
  wanted.maximize = "elo";
  const StudyDraftText draft = draft_study(read_program_help(help), help, wanted);
  EXPECT_THAT(draft.yaml, Not(HasSubstr("CHECK THIS")));
  EXPECT_THAT(draft.yaml, HasSubstr("metric: {name: elo, goal: maximize}"));
}

TEST(StudyDraft, OptionsWithOneDashAreWrittenOut) {
  const std::string help = "  -c NUM   cost of a mistake (default 1)\n";
  DraftWanted wanted;
  wanted.command = {"./svm", "data.txt"};
  const StudyDraftText draft = draft_study(read_program_help(help), help, wanted);
  EXPECT_THAT(draft.yaml, HasSubstr("command: [./svm, data.txt, -c, \"${c}\"]"));
}

TEST(StudyDraft, AMetricIsFoundInText) {
  EXPECT_EQ(metric_in("logs train_loss and val_loss"), "val_loss");
  EXPECT_EQ(metric_in("monitor: val/acc"), "val/acc");
  EXPECT_EQ(metric_in("prints the validation loss"), "val_loss");
  EXPECT_EQ(metric_in("logs mean_reward"), "mean_reward");
  EXPECT_EQ(metric_in("--val_loss_weight W"), std::nullopt);
  EXPECT_EQ(metric_in("nothing"), std::nullopt);
  EXPECT_TRUE(more_is_better("val_acc1"));
  EXPECT_FALSE(more_is_better("val_loss"));
}

}  // namespace
}  // namespace hone::cli
