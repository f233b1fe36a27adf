#include "hone/server/http_message.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hone/base/error.h"

namespace hone::server {
namespace {

using Words = std::vector<std::string>;

TEST(Target, IsDecodedSegmentBySegment) {
  const auto target = parse_target("/api/v1/a%20b/c%2Fd/?x=1+2&y=%C3%A4&z#behind");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (Words{"api", "v1", "a b", "c/d"}));
  EXPECT_EQ(target->query, (Pairs{{"x", "1 2"}, {"y", "\xC3\xA4"}, {"z", ""}}));
  EXPECT_TRUE(parse_target("/")->path.empty());
  EXPECT_EQ(parse_target("/?a=b")->query, (Pairs{{"a", "b"}}));
}

TEST(Target, IsRefusedWhereItLeadsElsewhere) {
  for (const char* wrong : {"", "x", "*", "http://a/", "/a/../b", "/%2e%2E/b", "/./a", "/%", "/%4",
                            "/%zz", "/%00", "/a%0ab", "/a\tb", "/a?x=%1"}) {
    EXPECT_FALSE(parse_target(wrong)) << wrong;
  }
  EXPECT_FALSE(parse_target("/" + std::string(200, '/')));
  std::string many = "/?";
  for (int i = 0; i < 65; ++i) many += "a=1&";
  EXPECT_FALSE(parse_target(many));
}

TEST(HttpRequest, WholeNumbersAreBounded) {
  HttpRequest request;
  request.query = {{"a", "12"}, {"b", "12x"}, {"c", ""}, {"d", "99999999999999999999"}};
  EXPECT_EQ(request.whole("a", 0, 20, 1), 12);
  EXPECT_EQ(request.whole("none", 0, 20, 1), 1);
  EXPECT_THROW(request.whole("a", 0, 11, 1), Error);
  for (const char* wrong : {"b", "c", "d"}) EXPECT_THROW(request.whole(wrong, 0, 99, 1), Error);
}

TEST(StrictJson, IsReadByEverybody) {
  Value value = Value::Map{};
  value.set("nan", NAN)
      .set("inf", -std::numeric_limits<double>::infinity())
      .set("text", "a\"\\\n\x01\xff\xC3\xA4<script>")
      .set("list", Value(Value::List{Value(1), Value(1.0), Value(true), Value()}));
  EXPECT_EQ(strict_json(value),
            "{\"nan\":\"NaN\",\"inf\":\"-Infinity\",\"text\":\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD"
            "\xC3\xA4<script>\",\"list\":[1,1.0,true,null]}");
}

TEST(EventText, IsOneEvent) {
  EXPECT_EQ(event_text("changes", "7", "{}"), "event: changes\nid: 7\ndata: {}\n\n");
  EXPECT_EQ(event_text("gone", "", "{}"), "event: gone\ndata: {}\n\n");
}

}  // namespace
}  // namespace hone::server
