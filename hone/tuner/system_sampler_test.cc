#include "hone/tuner/system_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace hone {
namespace {

constexpr std::int64_t kSecond_us = 1'000'000;

SystemReading reading(std::int64_t at_s, JobCounters job) {
  SystemReading made;
  made.at_us = at_s * kSecond_us;
  made.job = job;
  return made;
}

std::map<std::string, double> values(const std::vector<Point>& points) {
  std::map<std::string, double> by_name;
  for (const Point& point : points) by_name[point.metric] = point.value;
  return by_name;
}

TEST(SystemSampler, SaysWhatWasUsedSinceTheSampleBefore) {
  SystemSampler sampler(5 * kSecond_us);
  sampler.begin(reading(100, {}));
  SystemReading next = reading(110, {15 * kSecond_us, 4096 * 10, 8192 * 10});
  next.memory_bytes = 12345;
  next.network = {1000, 500};
  const auto points = sampler.sample(next, 42 * kSecond_us);
  EXPECT_EQ(points.front().step, 42.0);
  EXPECT_EQ(points.front().busy_us, 42 * kSecond_us);
  auto of = values(points);
  EXPECT_DOUBLE_EQ(of.at("system/cpu"), 1.5);
  EXPECT_DOUBLE_EQ(of.at("system/disk_read"), 4096);
  EXPECT_DOUBLE_EQ(of.at("system/disk_write"), 8192);
  EXPECT_DOUBLE_EQ(of.at("system/memory"), 12345);
  EXPECT_DOUBLE_EQ(of.at("system/network_in"), 100);
  EXPECT_DOUBLE_EQ(of.at("system/network_out"), 50);
  EXPECT_EQ(of.size(), 6u);
  next.at_us += 2 * kSecond_us;
  next.job.cpu_us += kSecond_us;
  next.network.sent_bytes = 20;  // an interface has gone
  of = values(sampler.sample(next, 44 * kSecond_us));
  EXPECT_DOUBLE_EQ(of.at("system/cpu"), 0.5);
  EXPECT_DOUBLE_EQ(of.at("system/network_out"), 0);
}

TEST(SystemSampler, LooksRarerLater) {
  SystemSampler sampler(5 * kSecond_us);
  EXPECT_FALSE(SystemSampler(0).is_due(1LL << 50)) << "switched off";
  sampler.begin(reading(0, {}));
  EXPECT_FALSE(sampler.is_due(4 * kSecond_us));
  std::vector<std::int64_t> at_s;
  for (std::int64_t s = 1; s <= 200; ++s) {
    if (!sampler.is_due(s * kSecond_us)) continue;
    at_s.push_back(s);
    sampler.sample(reading(s, {}), s);
  }
  EXPECT_EQ(at_s.front(), 5);
  EXPECT_EQ(at_s[1], 10);
  EXPECT_THAT(at_s, testing::Contains(120));
  EXPECT_EQ(at_s.back() - at_s[at_s.size() - 2], 15);
}

TEST(SystemSampler, NumbersTheGpusOfTheRun) {
  Gpu first{3, "GPU-a", "A", 80, 30, 50, 200.5, 61, "550"};
  Gpu second{1, "GPU-b", "B", 80, 10, std::nullopt, std::nullopt, std::nullopt, "550"};
  SystemSampler sampler(kSecond_us);
  sampler.begin(reading(0, {}));
  SystemReading next = reading(1, {});
  next.gpus = gpus_of_run({second, first}, {"3", "1"}, std::nullopt);
  auto of = values(sampler.sample(next, 1));
  EXPECT_DOUBLE_EQ(of.at("system/gpu0_utilization"), 0.5);
  EXPECT_DOUBLE_EQ(of.at("system/gpu0_power"), 200.5);
  EXPECT_DOUBLE_EQ(of.at("system/gpu0_temperature"), 61);
  EXPECT_DOUBLE_EQ(of.at("system/gpu1_memory"), 10);
  EXPECT_FALSE(of.contains("system/gpu1_utilization"));
  EXPECT_EQ(sampler.peak_gpu_bytes(), 40);
}

TEST(SystemSampler, ARunWithoutAssignedGpusShowsThoseThatItCanSee) {
  const std::vector<Gpu> all = {{0, "GPU-a", "A", 1, 1, 1, {}, {}, ""},
                                {1, "GPU-b", "B", 1, 1, 1, {}, {}, ""},
                                {-1, "MIG-c", "B part", 1, 1, 1, {}, {}, ""}};
  EXPECT_EQ(gpus_of_run(all, {}, std::nullopt).size(), 2u);
  EXPECT_EQ(gpus_of_run(all, {}, "1").front().uuid, "GPU-b");
  EXPECT_TRUE(gpus_of_run(all, {}, "").empty());
  EXPECT_EQ(gpus_of_run(all, {"MIG-c"}, "1").front().uuid, "MIG-c");
}

}  // namespace
}  // namespace hone
