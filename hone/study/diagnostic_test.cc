#include "hone/study/diagnostic.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(Diagnostics, CountCharactersNotBytes) {
  const LineIndex lines("größe: 1\r\n日本: 2\n");
  EXPECT_EQ(lines.line_of(0), 1);
  EXPECT_EQ(lines.column_of(7), 6);  // behind ö and ß
  EXPECT_EQ(lines.line(1), "größe: 1");
  EXPECT_EQ(lines.line_of(12), 2);
  EXPECT_EQ(lines.line_count(), 3);
  EXPECT_EQ(lines.line_of(9999), 3);
}

TEST(Diagnostics, PutCaretsUnderWideCharactersAndTabs) {
  const std::string text = "\ta: [日本, é, x]\n";
  const LineIndex lines(text);
  const std::size_t at = text.find('x');
  const std::string shown =
      render_diagnostic(lines.at({at, at + 1}, Severity::error, "m", "f"), text, "p.yaml");
  EXPECT_EQ(shown,
            "p.yaml:1:13: error: m\n"
            "   1 |     a: [日本, é, x]\n"
            "     |                  ^ f\n");
}

TEST(Diagnostics, UnderlineOnlyTheFirstLineOfARange) {
  const std::string text = "ab\ncd\n";
  const Diagnostic d = LineIndex(text).at({1, 5}, Severity::warning, "m");
  EXPECT_EQ(d.length, 1);
  EXPECT_EQ(render_diagnostic(d, text, "p"), "p:1:2: warning: m\n   1 | ab\n     |  ^\n");
}

TEST(Diagnostics, CutLongLinesAroundThePlace) {
  const std::string text = std::string(200, 'a') + "X" + std::string(200, 'b');
  for (const int columns : {0, 109, 69, 39}) {
    const std::string shown = render_diagnostic(
        LineIndex(text).at({200, 201}, Severity::error, "m", "f"), text, "p", columns);
    for (std::size_t from = 0; from < shown.size();) {
      const std::size_t to = shown.find('\n', from);
      EXPECT_LE(display_width(shown.substr(from, to - from)), columns == 0 ? 109 : columns);
      from = to + 1;
    }
    const std::size_t second = shown.find("\n     | ");
    const std::size_t first = shown.find("   1 | ");
    const std::string line = shown.substr(first, second - first);
    const std::string carets = shown.substr(second + 1);
    EXPECT_EQ(display_width(line.substr(0, line.find('X'))),
              display_width(carets.substr(0, carets.find('^'))));
  }
}

TEST(Diagnostics, GiveTheFixALineOfItsOwnWhereThereIsNoRoom) {
  const std::string text = "abc: {min: 1, max: 0}\n";
  const Diagnostic d = LineIndex(text).at({5, 21}, Severity::error, "m", "did you mean that?");
  const std::string line = "p:1:6: error: m\n   1 | abc: {min: 1, max: 0}\n     |      ";
  EXPECT_EQ(render_diagnostic(d, text, "p"), line + "^^^^^^^^^^^^^^^^ did you mean that?\n");
  EXPECT_EQ(render_diagnostic(d, text, "p", 47), line + "^^^^^^^^^^^^^^^^ did you mean that?\n");
  EXPECT_EQ(render_diagnostic(d, text, "p", 46),
            line + "^^^^^^^^^^^^^^^^\n     | did you mean that?\n");
}

TEST(Diagnostics, SumUpAndSayThatNothingStarted) {
  std::vector<Diagnostic> list(3);
  list[1].severity = Severity::warning;
  list[2].severity = Severity::note;
  for (Diagnostic& d : list) d.message = "m";
  EXPECT_EQ(render_diagnostics(list, "", "p"),
            "p: error: m\np: warning: m\np: note: m\n1 error, 1 warning: nothing was started\n");
  list.erase(list.begin());
  EXPECT_EQ(render_diagnostics(list, "", "p"), "p: warning: m\np: note: m\n0 errors, 1 warning\n");
  list.erase(list.begin());
  EXPECT_EQ(render_diagnostics(list, "", "p"), "p: note: m\n");
}

TEST(Diagnostics, AreSortedWithoutRepeats) {
  std::vector<Diagnostic> list(4);
  list[0].line = 3;
  list[1].line = 1;
  list[2].line = 3;
  list[3].line = 0;
  sort_diagnostics(list);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].line, 0);
  EXPECT_EQ(list[2].line, 3);
}

TEST(Diagnostics, SurviveBytesThatAreNoText) {
  const std::string text("a\xFF\x01\0b", 5);
  Diagnostic d = LineIndex(text).at({1, 4}, Severity::error, "m");
  EXPECT_EQ(render_diagnostic(d, text, "p"), "p:1:2: error: m\n   1 | a???b\n     |  ^^^\n");
  d.column = 99;
  d.length = 99;
  EXPECT_FALSE(render_diagnostic(d, text, "p").empty());
}

}  // namespace
}  // namespace hone
