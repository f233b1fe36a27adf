#include "hone/cli/ui_text.h"

#include <gtest/gtest.h>

#include "hone/base/rng.h"

namespace hone::cli {
namespace {

TEST(UiText, ControlCharactersNeverComeThrough) {
  EXPECT_EQ(printable("a\x1b[31mb\x07"), "ab?");
  EXPECT_EQ(printable("\x1b]0;title\x07"
                      "a\x1b]8;;x\x1b\\b"),
            "a?\\b");
  EXPECT_EQ(printable("a\x1b[31"), "a?[31");  // never ends
  EXPECT_EQ(printable("a\x1b"), "a?");
  EXPECT_EQ(printable("a\tb\nc\rd"), "a b c d");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");  // CSI as one C1 character
  EXPECT_EQ(printable("del\x7f"), "del?");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
}

TEST(UiText, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(printable("caf\xe9 au"), "caf? au");
  EXPECT_EQ(printable("\xf0\x9f\x98"), "???");       // cut off
  EXPECT_EQ(printable("\xc0\xaf"), "??");            // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????");  // beyond Unicode
}

TEST(UiText, MarksThatTurnOrJoinTextAreLeftOut) {
  EXPECT_EQ(printable("a\u202Eb\u200Dc\uFE0F"), "abc");
}

TEST(UiText, RandomBytesGivePrintableTextWhosePrintableTextItIs) {
  Rng rng(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (int k = 0; k < 40; ++k) bytes += static_cast<char>(rng.next_u64() & 0xFFU);
    const std::string once = printable(bytes);
    EXPECT_EQ(printable(once), once);
    for (const char c : once) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    const std::string ascii = ascii_likeness(once);
    EXPECT_EQ(columns_of(ascii), columns_of(once));
    for (const char c : ascii) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
    for (int width = 0; width < 45; ++width)
      EXPECT_LE(columns_of(cut_to_columns(once, width)), width);
  }
}

TEST(UiText, WideCharactersTakeTwoColumnsAndMarksNone) {
  EXPECT_EQ(columns_of("日本語"), 6);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("😀"), 2);
  EXPECT_EQ(columns_of("▁█⣿…"), 4);
}

TEST(UiText, CuttingNeverSplitsACharacter) {
  EXPECT_EQ(cut_to_columns("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_columns("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_to_columns("日本語", 6), "日本語");
  EXPECT_EQ(cut_to_columns("日本語", 5), "日本…");
  EXPECT_EQ(cut_to_columns("日本語", 4), "日…");
  EXPECT_EQ(cut_to_columns("abc", 1), "…");
  EXPECT_EQ(cut_to_columns("abc", 0), "");
}

TEST(UiText, AsciiKeepsColumns) {
  EXPECT_EQ(ascii_likeness("a · b… ▼ 3 日"), "a - b~ v 3 ??");
  EXPECT_EQ(ascii_likeness("▁▂▃▄▅▆▇█"), "_.,-=+*#");
  EXPECT_EQ(ascii_likeness("⠉⠒⣀⢹"), "'-.:");
}

TEST(UiText, TheLocaleDecidesAboutUtf8) {
  using Get = const char* (*)(const char*);
  const auto is = [](Get get) { return is_utf8_locale(get); };
  EXPECT_FALSE(is([](const char*) -> const char* { return nullptr; }));
  EXPECT_TRUE(is([](const char* name) -> const char* {
    return std::string_view(name) == "LANG" ? "de_DE.UTF-8" : "";
  }));
  EXPECT_FALSE(is([](const char* name) -> const char* {
    return std::string_view(name) == "LC_ALL" ? "C" : "de_DE.utf8";
  }));
}

TEST(ScreenLine, IsCutAcrossItsPieces) {
  ScreenLine line;
  line.add("best ", Tone::bold).add("日本", Tone::good).add(" end");
  EXPECT_EQ(line.width(), 13);
  for (int width = 1; width <= 13; ++width) {
    ScreenLine cut = line;
    cut.cut(width);
    EXPECT_LE(cut.width(), width);
    EXPECT_EQ(cut.width(), columns_of(cut.text())) << width;
  }
  line.cut(8);
  EXPECT_EQ(line.text(), "best 日…");
}

TEST(ScreenLine, CarriesTonesOnlyWithColour) {
  ScreenLine line;
  line.add("a").add("b", Tone::bad).add("…");
  EXPECT_EQ(line.encoded(true, false), "a\x1b[31mb\x1b[0m…");
  EXPECT_EQ(line.encoded(false, false), "ab…");
  EXPECT_EQ(line.encoded(false, true), "ab~");
}

}  // namespace
}  // namespace hone::cli
