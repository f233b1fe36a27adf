#include "hone/cli/ui_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Frame, TheFirstOneDrawsAllAndReturnsToItsBegin) {
  FrameWriter writer;
  EXPECT_EQ(writer.frame({}, {"a", "b", "c"}, false),
            "\x1b[?2026h\r\x1b[Ja\r\nb\r\nc\r\x1b[2A\x1b[?2026l");
  EXPECT_TRUE(writer.is_shown());
}

TEST(Frame, TheSameLinesCostNothing) {
  FrameWriter writer;
  writer.frame({}, {"a", "b"}, false);
  EXPECT_EQ(writer.frame({}, {"a", "b"}, false), "");
}

TEST(Frame, OnlyLinesThatChangedAreWritten) {
  FrameWriter writer;
  writer.frame({}, {"a", "b", "c", "d"}, false);
  const std::string bytes = writer.frame({}, {"a", "B", "c", "D"}, false);
  EXPECT_EQ(bytes, "\x1b[?2026h\x1b[1BB\x1b[K\r\x1b[2BD\x1b[K\r\x1b[3A\x1b[?2026l");
}

TEST(Frame, LinesAboveComeFirstAndTheBlockBelowThem) {
  FrameWriter writer;
  writer.frame({}, {"a", "b"}, false);
  EXPECT_THAT(writer.frame({"said"}, {"a", "b"}, false), HasSubstr("\r\x1b[Jsaid\r\na\r\nb"));
}

TEST(Frame, DrawsAnewWhenAskedOrWhenItsHeightChanges) {
  FrameWriter writer;
  writer.frame({}, {"a", "b"}, false);
  EXPECT_THAT(writer.frame({}, {"a", "b"}, true), HasSubstr("\x1b[Ja\r\nb"));
  EXPECT_THAT(writer.frame({}, {"a"}, false), HasSubstr("\x1b[Ja\r\x1b"));
  EXPECT_THAT(writer.frame({}, {"a", "b"}, false), HasSubstr("\x1b[Ja\r\nb"));
}

TEST(Frame, RemovingErasesFromTheBeginOfTheBlock) {
  FrameWriter writer;
  EXPECT_EQ(writer.removed(), "");
  writer.frame({}, {"a", "b"}, false);
  EXPECT_EQ(writer.removed(), "\r\x1b[J");
  EXPECT_FALSE(writer.is_shown());
  EXPECT_THAT(writer.frame({}, {"a", "b"}, false), HasSubstr("a\r\nb"));
}

}  // namespace
}  // namespace hone::cli
