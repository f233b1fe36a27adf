#include "hone/cli/ui_keys.h"

#include <gtest/gtest.h>

namespace hone::cli {
namespace {

using Keys = std::vector<KeyPress>;

TEST(KeyReader, KnowsWhatTerminalsSend) {
  KeyReader keys;
  EXPECT_EQ(keys.read("a\r\x7f\t"),
            (Keys{{Key::character, 'a'}, {Key::enter}, {Key::backspace}, {Key::tab}}));
  EXPECT_EQ(keys.read("\x1b[A\x1bOB\x1b[5~\x1b[6~"),
            (Keys{{Key::up}, {Key::down}, {Key::page_up}, {Key::page_down}}));
}

TEST(KeyReader, WaitsForTheRestOfASequence) {
  KeyReader keys;
  EXPECT_EQ(keys.read("\x1b"), Keys{});
  EXPECT_EQ(keys.read("["), Keys{});
  EXPECT_EQ(keys.read("Bq"), (Keys{{Key::down}, {Key::character, 'q'}}));
}

TEST(KeyReader, AnEscapeWithNothingBehindItIsTheKey) {
  KeyReader keys;
  EXPECT_EQ(keys.read("\x1b"), Keys{});
  EXPECT_EQ(keys.pause(), Keys{{Key::escape}});
  EXPECT_EQ(keys.pause(), Keys{});
  EXPECT_EQ(keys.read("\x1b\x1b[A"), (Keys{{Key::escape}, {Key::up}}));
}

TEST(KeyReader, DropsWhatItDoesNotKnow) {
  KeyReader keys;
  EXPECT_EQ(keys.read("\x1b[1;5C\x1b[<0;10;10Mx\xc3\xa4\x01y\x1bz"),
            (Keys{{Key::character, 'x'}, {Key::character, 'y'}}));
  EXPECT_EQ(keys.read("\x1b[" + std::string(100, ';')), Keys{}) << "far too long for one";
  EXPECT_EQ(keys.read("q"), (Keys{{Key::character, 'q'}}));
}

}  // namespace
}  // namespace hone::cli
