// Holes in logs, and readings of memory against real processes.
#include "hone/runner/limits_log.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstring>

#include "hone/runner/keeper_fixture.h"
#include "hone/runner/limits_reading.h"

namespace hone {
namespace {

constexpr std::int64_t kMiB = 1LL << 20;

TEST(LogHole, KeepsHeadTailAndWhatIsUnread) {
  const std::int64_t limit = 16 * kMiB;
  EXPECT_FALSE(log_hole(16 * kMiB, 16 * kMiB, 0, limit)) << "not above the limit";
  const auto hole = log_hole(20 * kMiB + 5, 20 * kMiB, 0, limit);
  ASSERT_TRUE(hole);
  EXPECT_EQ(hole->begin, kLogHeadBytes);
  EXPECT_EQ(hole->end, 12 * kMiB);
  const auto unread = log_hole(40 * kMiB, 5 * kMiB, 0, limit);
  ASSERT_TRUE(unread);
  EXPECT_EQ(unread->end, 5 * kMiB);
  EXPECT_FALSE(log_hole(20 * kMiB + 5, 20 * kMiB, 12 * kMiB, limit)) << "that is gone already";
  EXPECT_FALSE(log_hole(2 * kMiB, 2 * kMiB, 0, kMiB)) << "head and tail are all there is";
}

TEST(LogHole, GrowsInStepsAndInWholeBlocks) {
  std::int64_t punched = 0;
  int holes = 0;
  for (std::int64_t size = 0; size < 64 * kMiB; size += 99'991) {
    if (const auto hole = log_hole(size, size, punched, 16 * kMiB)) {
      EXPECT_EQ(hole->end % kLogBlockBytes, 0);
      EXPECT_GE(hole->begin, std::max(punched, kLogHeadBytes));
      EXPECT_LE(hole->end, size - kLogTailBytes);
      punched = hole->end;
      ++holes;
    }
  }
  EXPECT_GT(punched, 54 * kMiB);
  EXPECT_LT(holes, 60);
}

TEST(MemoryReading, CountsSharedPagesOnceOverATree) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  // Of AddressSanitizer: what earlier tests have freed is kept for a while.
  GTEST_SKIP() << "the sanitizer's own memory is larger than what is counted here";
#endif
  constexpr std::size_t kSize = 64 << 20;
  void* shared = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* ready = static_cast<volatile char*>(shared);
  const pid_t parent = ::fork();
  if (parent == 0) {
    std::memset(shared, 1, kSize);
    const pid_t child = ::fork();
    std::memset(static_cast<char*>(shared) + 4096, 2, kSize - 4096);
    ready[child == 0 ? 0 : 1] = 3;
    for (;;) ::pause();
  }
  ::munmap(static_cast<char*>(shared) + 4096, kSize - 4096);  // only the two hold it
  EXPECT_TRUE(eventually([&] { return ready[0] == 3 && ready[1] == 3; }));
  const std::int64_t tree = tree_memory_bytes(std::vector<pid_t>{parent});
  EXPECT_GT(tree, 60LL << 20);
  EXPECT_LT(tree, 110LL << 20) << "the shared pages were counted twice";
  keeper::Array<pid_t> children;
  keeper::list_children(parent, &children);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  ::munmap(shared, 4096);
}

TEST(MemoryReading, AProcessThatIsGoneHasNone) {
  EXPECT_FALSE(process_memory_bytes(1 << 30));
  EXPECT_EQ(tree_memory_bytes({}), 0);
}

TEST(MemoryReading, ReadsWhatTheKernelWrites) {
  EXPECT_EQ(parse_pss_bytes("55e0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:    9 kB\nPss:      "
                            "1234 kB\nPss_Anon: 7 kB\n"),
            1234 * 1024);
  EXPECT_FALSE(parse_pss_bytes("Rss: 9 kB\n"));
  EXPECT_EQ(parse_oom_kill("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n"), 1);
  EXPECT_EQ(parse_oom_kill("nr_free_pages 5\noom_kill 0\n"), 0);
  EXPECT_FALSE(parse_oom_kill("nr_free_pages 5\n"));
}

}  // namespace
}  // namespace hone
