// Processors: quotas as the kernel writes them, shares, assignment.
#include "hone/runner/cpu.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <map>

namespace hone {
namespace {

bool nothing_set(const std::string&) { return false; }

TEST(Cpu, ReadsQuotasOfControlGroups) {
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 1.5);
  EXPECT_FALSE(parse_cpu_max("max 100000\n"));
  EXPECT_FALSE(parse_cpu_max(""));
  EXPECT_FALSE(parse_cpu_max("5"));
  EXPECT_FALSE(parse_cpu_max("0 100000"));
}

TEST(Cpu, UsableIsTheSmallerOfMaskAndQuota) {
  EXPECT_EQ((CpuInventory{{0, 1, 2, 3}, {}}.usable()), 4);
  EXPECT_EQ((CpuInventory{{0, 1, 2, 3}, 2.5}.usable()), 2);
  EXPECT_EQ((CpuInventory{{0, 1}, 0.25}.usable()), 1);
  EXPECT_EQ((CpuInventory{{0, 1}, 64.0}.usable()), 2);
  EXPECT_EQ((CpuInventory{}.usable()), 1);
}

TEST(Cpu, TheInventoryIsWhatTheMaskAllows) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  const CpuInventory all = read_cpu_inventory();
  EXPECT_EQ(static_cast<int>(all.cpus.size()), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(all.cpus.back()), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(read_cpu_inventory().cpus, std::vector<int>{all.cpus.back()});
  ::sched_setaffinity(0, sizeof before, &before);
}

TEST(Cpu, RunsShareTheProcessorsByThreadCounts) {
  const CpuInventory eight{{0, 1, 2, 3, 4, 5, 6, 7}, {}};
  for (const auto& [name, value] : thread_variables(eight, 3, {}, nothing_set))
    EXPECT_EQ(value, "2") << name;
  EXPECT_EQ(thread_variables(eight, 3, {}, nothing_set).size(), 6u);
  EXPECT_EQ(thread_variables(eight, 99, {}, nothing_set)[0].second, "1");
  EXPECT_EQ(thread_variables(eight, 2, 3, nothing_set)[0].second, "3");
}

TEST(Cpu, AValueThatTheUserGaveStays) {
  const auto variables = thread_variables(
      {{0, 1}, {}}, 1, {}, [](const std::string& name) { return name == "OMP_NUM_THREADS"; });
  for (const auto& [name, value] : variables) EXPECT_NE(name, "OMP_NUM_THREADS");
  EXPECT_EQ(variables.size(), 5u);
}

TEST(Cpu, AssignsTheLowestFreeOnesOrNone) {
  const CpuInventory odd{{1, 3, 5, 7}, {}};
  EXPECT_EQ(assign_cpus(odd, {3}, 2), (std::vector<int>{1, 5}));
  EXPECT_FALSE(assign_cpus(odd, {3, 5}, 3));
  EXPECT_EQ(assign_cpus(odd, {}, 0), std::vector<int>{});
}

}  // namespace
}  // namespace hone
