#include "hone/cli/prose.h"

#include <gtest/gtest.h>

#include "hone/base/text.h"
#include "hone/study/diagnostic.h"

namespace hone::cli {
namespace {

TEST(Prose, ThatFitsIsLeftAlone) {
  EXPECT_EQ(folded("hone: error: short\n  two  blanks\n", 40),
            "hone: error: short\n  two  blanks\n");
  EXPECT_EQ(folded("", 40), "");
}

TEST(Prose, FoldsAtBlanksAndSetsLaterLinesIn) {
  EXPECT_EQ(folded("hone: error: one two three four five\n", 20),
            "hone: error: one two\n    three four five\n");
}

TEST(Prose, SetsTheLinesOfAHintInLikeItsFirst) {
  EXPECT_EQ(folded("  say what should be made better", 20), "  say what should be\n  made better");
}

TEST(Prose, KeepsPathsAndQuotesAndBracketsInOnePiece) {
  EXPECT_EQ(folded("cannot open /a/very/long/path/of/a/store.sqlite: no such file", 20),
            "cannot open\n    /a/very/long/path/of/a/store.sqlite:\n    no such file");
  EXPECT_EQ(folded("there is no study 'one of mine', here", 24),
            "there is no study\n    'one of mine', here");
  EXPECT_EQ(folded("did you mean metric: {name: {a: [1, 2]}}? it may be", 30),
            "did you mean metric:\n    {name: {a: [1, 2]}}? it\n    may be");
  // What never closes holds nothing together.
  EXPECT_EQ(folded("the users' wish is {open and goes on", 24),
            "the users' wish is {open\n    and goes on");
}

TEST(Prose, KeepsCommandsInOnePiece) {
  EXPECT_EQ(folded("  no process leads it: hone resume walk --store /tmp/a; then look", 36),
            "  no process leads it:\n  hone resume walk --store /tmp/a;\n  then look");
  EXPECT_EQ(folded("Mend it and say hone retry finetune && hone run study.yaml, then wait", 30),
            "Mend it and say\n    hone retry finetune && hone run study.yaml,\n    then wait");
  EXPECT_EQ(folded("  hone init -- python train.py proposes a study file for it; or write one", 36),
            "  hone init -- python train.py\n  proposes a study file for it; or\n  write one");
  EXPECT_EQ(folded("  hone run FILE -- python t.py --lr '~log(1, 2)' needs no file", 20),
            "  hone run FILE -- python t.py --lr '~log(1, 2)'\n  needs no file");
  // A command within a sentence ends where its words are no arguments any more.
  EXPECT_EQ(folded("then hone run FILE --trials +40 goes on with it, as it was before", 44),
            "then hone run FILE --trials +40 goes on with\n    it, as it was before");
}

TEST(Prose, KeepsTheColumnsOfARow) {
  EXPECT_EQ(folded("✓ space        two parameters and a list of them, of three", 46, 15),
            "✓ space        two parameters and a list of\n               them, of three");
  // Where there is no room for columns, the text matters more.
  EXPECT_EQ(folded("✓ space        two parameters and a list", 30, 15),
            "✓ space        two parameters\n    and a list");
}

TEST(Prose, LeavesExcerptsAndCaretsAlone) {
  const std::string text =
      "   7 |   learning_rate: {min: 1e-2, max: 1e-5}\n"
      "     |                  ^^^^^^^^^^^ did you mean that?\n"
      "  | ModuleNotFoundError: No module named 'peft'\n";
  EXPECT_EQ(folded(text, 20), text);
}

TEST(Prose, CountsColumnsNotBytes) {
  EXPECT_EQ(folded("größer größer größer", 20), "größer größer größer");
  EXPECT_EQ(folded("日本日本 日本日本 日本日本", 20), "日本日本 日本日本\n    日本日本");
}

TEST(Prose, NeverLosesAWordNorExceedsTheWidthByBlanks) {
  const std::string text =
      "hone: error: the store /x/y.sqlite is held by 'hone run (1234)' since 3 m 2 s; end it: hone "
      "stop walk --store /x/y.sqlite, or wait until it is done with what it does";
  for (int width = 10; width < 200; ++width) {
    std::string joined;
    const std::string shown = folded(text, width);
    for (const std::string_view line : split(shown, '\n')) {
      const std::string_view words = trim(line);
      EXPECT_TRUE(display_width(line) <= width || words.starts_with("hone stop") ||
                  words.find(' ') == std::string_view::npos || words[0] == '\'')
          << width << ": " << line;
      joined += (joined.empty() ? "" : " ") + std::string(words);
    }
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace hone::cli
