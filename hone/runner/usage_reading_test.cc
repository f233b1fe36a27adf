#include "hone/runner/usage_reading.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "hone/runner/keeper_fixture.h"
#include "hone/runner/proc_tree.h"

namespace hone {
namespace {

TEST(UsageReading, CountsTheTimeOfAProcessAndOfItsChildren) {
  const char* line =
      "4242 (a (b) c) S 1 2 3 0 -1 4194560 10 20 30 40 7 5 300 21 20 0 4 0 12345 1000 100";
  EXPECT_EQ(parse_cpu_ticks(line), 7 + 5 + 300 + 21);
  EXPECT_EQ(parse_cpu_ticks("4242 (cut) S 1 2"), std::nullopt);
  EXPECT_EQ(parse_cpu_ticks(""), std::nullopt);
}

TEST(UsageReading, TakesWhatReachesDisksOnly) {
  const JobCounters counters = parse_io(
      "rchar: 900\nwchar: 800\nsyscr: 1\nsyscw: 2\nread_bytes: 4096\nwrite_bytes: 8192\n"
      "cancelled_write_bytes: 5\n");
  EXPECT_EQ(counters.read_bytes, 4096);
  EXPECT_EQ(counters.written_bytes, 8192);
  EXPECT_EQ(parse_io("").read_bytes, 0);
}

TEST(UsageReading, AddsTheInterfacesUpWithoutTheMachinesOwn) {
  const NetworkCounters counters = parse_net_dev(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
      "    lo: 5000 1 0 0 0 0 0 0 6000 1 0 0 0 0 0 0\n"
      "  eth0: 100 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
      "wlan0:7 1 0 0 0 0 0 0 3 1 0 0 0 0 0 0\n");
  EXPECT_EQ(counters.received_bytes, 107);
  EXPECT_EQ(counters.sent_bytes, 23);
  EXPECT_EQ(parse_net_dev("nonsense\n: \n").received_bytes, 0);
}

TEST(UsageReading, SeesWhatAChildUses) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    if (::fork() == 0) {
      for (volatile double x = 1;;) x = x * 1.0000001;
    }
    for (;;) ::pause();
  }
  const std::vector<pid_t> roots = {parent};
  EXPECT_TRUE(eventually([&] { return tree_counters(roots).cpu_us >= 50'000; }));
  EXPECT_EQ(tree_counters({}).cpu_us, 0);
  keeper::Array<pid_t> children;
  keeper::list_children(parent, &children);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
}

}  // namespace
}  // namespace hone
