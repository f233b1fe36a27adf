#include "hone/store/sql.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "hone/base/rng.h"
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

void expect_same(const std::vector<Point>& points, std::span<const Point> back) {
  ASSERT_EQ(back.size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(back[i].metric, points[i].metric);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back[i].step),
              std::bit_cast<std::uint64_t>(points[i].step));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back[i].value),
              std::bit_cast<std::uint64_t>(points[i].value));
    EXPECT_EQ(back[i].busy_us, points[i].busy_us);
  }
}

TEST(PointFrame, ReadsBackWhatItWrote) {
  const std::vector<Point> points = {{"loss", 1, 0.5, 10},
                                     {"", -1e300, std::numeric_limits<double>::infinity(), -5},
                                     {"loss", 2, 5e-324, std::numeric_limits<std::int64_t>::max()},
                                     {"lr", 2, -0.0, std::numeric_limits<std::int64_t>::min()}};
  std::vector<Point> back = {{"before", 0, 0, 0}};
  ASSERT_TRUE(decode_points(kPointFrameCodec, encode_points(points), back));
  expect_same(points, std::span(back).subspan(1));
}

TEST(PointFrame, ReadsBackWhateverProgramsLog) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng = Rng(7).split("points", seed);
    std::vector<Point> points;
    double step = 0;
    for (std::uint64_t left = rng.below(200); left > 0; --left) {
      if (rng.chance(0.3)) step += static_cast<double>(rng.below(5)) - 1;
      if (rng.chance(0.05))
        step = rng.chance(0.5) ? rng.uniform(-9, 9) : (rng.chance(0.5) ? 0x1p53 - 1 : 1 - 0x1p53);
      if (rng.chance(0.02)) step = std::numeric_limits<double>::quiet_NaN();
      if (rng.chance(0.02)) step = rng.chance(0.5) ? -0.0 : 3;
      const double value = rng.chance(0.5)   ? static_cast<float>(rng.uniform(-2, 2))
                           : rng.chance(0.5) ? rng.uniform(-2, 2)
                                             : static_cast<double>(rng.below(1000));
      points.push_back({fmt::format("metric {}", rng.below(4)), step, value,
                        static_cast<std::int64_t>(rng.next_u64() >> rng.below(64))});
    }
    std::vector<Point> back;
    ASSERT_TRUE(decode_points(kPointFrameCodec, encode_points(points), back)) << seed;
    expect_same(points, back);
  }
}

TEST(PointFrame, SpendsFewBytesOnLinesOfManyMetrics) {
  std::vector<Point> points;
  for (int step = 0; step < 50; ++step) {
    for (int metric = 0; metric < 20; ++metric)
      points.push_back({fmt::format("train/metric_{}", metric), 10.0 * step, 1.0 / (3 + step),
                        1'000'000LL * step});
  }
  EXPECT_LT(encode_points(points).size(), points.size() * 10);
  for (Point& point : points) point.value = static_cast<float>(point.value);
  EXPECT_LT(encode_points(points).size(), points.size() * 7);
}

TEST(PointFrame, ReadsFramesOfTheFirstCodec) {
  // One name, "lr"; two points at steps 1 and 2 with 0.5, busy 5 and 4.
  using namespace std::string_literals;
  const std::string frame =
      "\x01\x02lr\x02"
      "\0\0\0\0\0\0\0\xF0\x3F\0\0\0\0\0\0\xE0\x3F\x0A"
      "\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\xE0\x3F\x01"s;
  std::vector<Point> back;
  ASSERT_TRUE(decode_points(1, frame, back));
  expect_same({{"lr", 1, 0.5, 5}, {"lr", 2, 0.5, 4}}, back);
  EXPECT_FALSE(decode_points(3, frame, back));
}

TEST(PointFrame, RefusesEveryFrameCutShort) {
  const std::vector<Point> points = {{"loss", 1, 0.5, 1000}, {"lr", 2, 0.3, 2000}};
  const std::string frame = encode_points(points);
  for (std::size_t size = 0; size < frame.size(); ++size) {
    std::vector<Point> back;
    EXPECT_FALSE(decode_points(kPointFrameCodec, std::string_view(frame).substr(0, size), back))
        << size;
    EXPECT_TRUE(back.empty());
  }
  std::vector<Point> back;
  EXPECT_FALSE(decode_points(kPointFrameCodec, frame + "x", back));
}

TEST(PointFrame, RefusesNoiseWithoutHarm) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng = Rng(8).split("noise", seed);
    std::string bytes = encode_points(std::vector<Point>(rng.below(4), {"loss", 1, 0.3, 9}));
    for (std::uint64_t i = 1 + rng.below(3); i > 0; --i) {
      if (!bytes.empty()) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    }
    std::vector<Point> back;
    decode_points(static_cast<int>(rng.below(3)), bytes, back);
    EXPECT_LE(back.size(), bytes.size());
  }
}

}  // namespace
}  // namespace hone
