#include "hone/tuner/outage.h"

#include <gtest/gtest.h>

#include "hone/base/log.h"

namespace hone {
namespace {

constexpr std::int64_t kPatience_us = 10'000'000;

Error busy() { return {ErrorCode::store_busy, "the store is locked"}; }

TEST(Outage, BearsFailuresUntilTheyHaveLastedTooLong) {
  Outage outage;
  EXPECT_TRUE(outage.bears(busy(), 1'000'000, kPatience_us));
  EXPECT_TRUE(outage.bears(busy(), 11'000'000, kPatience_us));
  EXPECT_FALSE(outage.bears(busy(), 11'000'001, kPatience_us));
}

TEST(Outage, CountsAnewAfterAnAnswer) {
  Outage outage;
  EXPECT_TRUE(outage.bears(busy(), 1'000'000, kPatience_us));
  outage.end();
  EXPECT_TRUE(outage.bears(busy(), 20'000'000, kPatience_us));
  EXPECT_TRUE(outage.bears(busy(), 30'000'000, kPatience_us));
}

TEST(Outage, DoesNotBearWhatTimeDoesNotMend) {
  Outage outage;
  EXPECT_FALSE(outage.bears({ErrorCode::store_corrupt, "damaged"}, 1, kPatience_us));
}

TEST(Outage, WarnsOnceAMinute) {
  int warnings = 0;
  set_log_sink([&](LogLevel level, std::string_view line) {
    if (level == LogLevel::warning && line.find("locked; trying again") != line.npos) ++warnings;
  });
  Outage outage;
  for (std::int64_t now = 1; now < 130'000'000; now += 1'000'000)
    EXPECT_TRUE(outage.bears(busy(), now, 1'000'000'000));
  set_log_sink({});
  EXPECT_EQ(warnings, 3);
}

}  // namespace
}  // namespace hone
