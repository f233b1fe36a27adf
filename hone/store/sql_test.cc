#include "hone/store/sql.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hone/store/point_frame.h"

namespace hone {
namespace {

TEST(Text, IsLeftAloneWhenItIsUtf8) {
  for (const char* good :
       {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD"}) {
    EXPECT_FALSE(sql::mend_text(good)) << good;
  }
}

TEST(Text, IsMendedWhereItIsNot) {
  EXPECT_EQ(sql::mend_text("a\xFF"
                           "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(sql::mend_text("\xC3"), "\xEF\xBF\xBD") << "cut short";
  EXPECT_EQ(sql::mend_text("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(sql::mend_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")
      << "a surrogate";
  EXPECT_EQ(sql::mend_text(std::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b")
      << "PostgreSQL holds no NUL";
}

TEST(PointFrame, ReadsBackWhatItWrote) {
  const std::vector<Point> points = {{"loss", 1, 0.5, 10},
                                     {"", -1e300, std::numeric_limits<double>::infinity(), -5},
                                     {"loss", 2, 5e-324, std::numeric_limits<std::int64_t>::max()},
                                     {"lr", 2, -0.0, std::numeric_limits<std::int64_t>::min()}};
  std::vector<Point> back = {{"before", 0, 0, 0}};
  ASSERT_TRUE(decode_points(encode_points(points), back));
  ASSERT_EQ(back.size(), 5U);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(back[i + 1].metric, points[i].metric);
    EXPECT_EQ(back[i + 1].step, points[i].step);
    EXPECT_EQ(back[i + 1].value, points[i].value);
    EXPECT_EQ(std::signbit(back[i + 1].value), std::signbit(points[i].value));
    EXPECT_EQ(back[i + 1].busy_us, points[i].busy_us);
  }
}

TEST(PointFrame, RefusesEveryFrameCutShort) {
  const std::vector<Point> points = {{"loss", 1, 0.5, 1000}, {"lr", 2, 0.25, 2000}};
  const std::string frame = encode_points(points);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    std::vector<Point> back;
    EXPECT_FALSE(decode_points(std::string_view(frame).substr(0, size), back)) << size;
    EXPECT_TRUE(back.empty());
  }
  std::vector<Point> back;
  EXPECT_FALSE(decode_points(frame + "x", back));
}

}  // namespace
}  // namespace hone
