// Reading /proc: identity, names with brackets, trees by both ways, signals to exactly one process.
#include "hone/runner/proc_tree.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <thread>

#include "hone/runner/keeper_fixture.h"
#include "hone/runner/keeper_log.h"

namespace hone {
namespace {

using namespace keeper;

/// A child that waits; it is killed and reaped at the end.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) : pid_(::fork()) {
    if (pid_ == 0) {
      body();
      for (;;) ::pause();
    }
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(ProcTree, ReadsAProcessWhoseNameHoldsBracketsAndBlanks) {
  const Child child([] { ::prctl(PR_SET_NAME, "a) R 1 (b"); });
  ProcStat stat;
  ASSERT_TRUE(
      eventually([&] { return read_proc_stat(child.pid(), &stat) && stat.name[0] == 'a'; }));
  EXPECT_STREQ(stat.name, "a__R_1__b");
  EXPECT_EQ(stat.parent, ::getpid());
  EXPECT_EQ(stat.group, ::getpgrp());
  EXPECT_EQ(stat.session, ::getsid(0));
  EXPECT_GT(stat.start_ticks, 0u);
#ifndef __SANITIZE_THREAD__  // which adds a thread of its own
  EXPECT_EQ(stat.threads, 1);
#endif
}

TEST(ProcTree, KnowsNothingOfAProcessThatIsGone) {
  pid_t pid = 0;
  {
    const Child child([] {});
    pid = child.pid();
  }
  ProcStat stat;
  EXPECT_FALSE(read_proc_stat(pid, &stat));
  EXPECT_FALSE(is_process_alive(pid, 1));
}

TEST(ProcTree, AZombieHasEnded) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ProcStat stat;
  EXPECT_TRUE(eventually([&] { return read_proc_stat(pid, &stat) && stat.has_ended(); }));
  EXPECT_FALSE(is_process_alive(pid, stat.start_ticks));
  Array<pid_t> roots;
  roots.push(pid);
  Array<ProcStat> tree;
  ASSERT_TRUE(list_tree(roots, &tree));
  EXPECT_EQ(tree.size(), 0u);
  ::waitpid(pid, nullptr, 0);
}

TEST(ProcTree, ListsChildrenOfEveryThreadInBothWays) {
  pid_t of_thread = 0;
  std::thread([&] {
    of_thread = ::fork();
    if (of_thread == 0)
      for (;;) ::pause();
  }).join();
  const Child child([] {
    if (::fork() == 0 && ::fork() == 0) ::prctl(PR_SET_NAME, "deepest");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  });
  Array<pid_t> roots;
  roots.push(::getpid());
  for (const bool scan_all : {false, true}) {
    Array<ProcStat> tree;
    EXPECT_TRUE(eventually([&] {
      if (!list_tree(roots, &tree, scan_all)) return false;
      bool deepest = false;
      bool by_thread = false;
      for (const ProcStat& each : tree) {
        deepest = deepest || std::string(each.name) == "deepest";
        by_thread = by_thread || each.pid == of_thread;
      }
      return deepest && by_thread && tree.size() == 5;
    })) << scan_all
        << " " << tree.size();
    EXPECT_EQ(tree[0].pid, ::getpid());
  }
  ::kill(of_thread, SIGKILL);
  ::waitpid(of_thread, nullptr, 0);
}

TEST(ProcTree, SignalsNoOtherProcessThatTookTheNumber) {
  const Child child([] {});
  ProcStat stat;
  ASSERT_TRUE(read_proc_stat(child.pid(), &stat));
  EXPECT_FALSE(signal_process(child.pid(), stat.start_ticks + 1, SIGKILL));
  EXPECT_TRUE(is_process_alive(child.pid(), stat.start_ticks));
  EXPECT_TRUE(signal_process(child.pid(), stat.start_ticks, SIGKILL));
  EXPECT_TRUE(eventually([&] { return !is_process_alive(child.pid(), stat.start_ticks); }));
}

TEST(ProcTree, NeverSignalsItsOwnGroup) {
  ProcStat self;
  ASSERT_TRUE(read_proc_stat(::getpid(), &self));
  Array<ProcStat> tree;
  self.pid = -5;  // no process: only the group is left to signal
  tree.push(self);
  kill_tree(tree);
  SUCCEED();
}

TEST(ProcTree, ReadsAVariableOfTheStartEnvironmentOnly) {
  char value[64];
  EXPECT_FALSE(read_start_environment(::getpid(), "HONE_NO_SUCH", value, sizeof value));
  EXPECT_TRUE(read_start_environment(::getpid(), "PATH", value, 2) == false) << "it does not fit";
  ::setenv("HONE_LATER", "1", 1);
  EXPECT_FALSE(read_start_environment(::getpid(), "HONE_LATER", value, sizeof value));
}

TEST(EndLog, RecordsReadBackAsTheyWere) {
  Record r;
  r.event = RecordEvent::exited;
  std::snprintf(r.run, sizeof r.run, "%s", std::string(kMaxRunId, 'r').c_str());
  r.pid = 4194303;
  r.start_ticks = ~0ull;
  r.started_us = -1;
  r.ended_us = 1LL << 62;
  r.by_signal = true;
  r.number = 9;
  r.user_us = r.system_us = r.peak_kib = ~0ull;
  r.flags = r.left_behind = ~0u;
  std::snprintf(r.left_behind_name, sizeof r.left_behind_name, "%s", std::string(31, 'n').c_str());
  char line[kMaxRecord];
  const std::size_t size = format_record(r, line);
  ASSERT_LT(size, kMaxRecord);
  Record back;
  ASSERT_TRUE(parse_record({line, size - 1}, &back));
  EXPECT_STREQ(back.run, r.run);
  EXPECT_EQ(back.event, r.event);
  EXPECT_EQ(back.start_ticks, r.start_ticks);
  EXPECT_EQ(back.ended_us, r.ended_us);
  EXPECT_EQ(back.started_us, -1);
  EXPECT_TRUE(back.by_signal);
  EXPECT_EQ(back.flags, r.flags);
  EXPECT_STREQ(back.left_behind_name, r.left_behind_name);
}

TEST(EndLog, RefusesEveryTornOrAlteredLine) {
  Record r;
  std::snprintf(r.run, sizeof r.run, "study/7/1");
  char line[kMaxRecord];
  const std::string whole(line, format_record(r, line) - 1);
  Record back;
  ASSERT_TRUE(parse_record(whole, &back));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(parse_record(whole.substr(0, cut), &back)) << cut;
    std::string altered = whole;
    altered[cut] = altered[cut] == '1' ? '2' : '1';
    EXPECT_FALSE(parse_record(altered, &back)) << cut;
  }
  EXPECT_FALSE(parse_record(whole + whole, &back));
}

TEST(EndLog, TheChecksumIsCrc32) { EXPECT_EQ(crc32("123456789", 9), 0xcbf43926u); }

TEST(EndLog, KeepsLinesInMemoryWhileTheDiskIsFull) {
  char pattern[] = "/tmp/hone-test-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern), nullptr);
  const std::filesystem::path root = pattern;
  const int folder = ::open(pattern, O_RDONLY | O_DIRECTORY);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = ::signal(SIGXFSZ, SIG_IGN);
  {
    EndLog log;
    ASSERT_TRUE(log.open_at(folder, "ends.log"));
    const rlimit small{150, before.rlim_max};  // the second line is cut in its middle
    ::setrlimit(RLIMIT_FSIZE, &small);
    Record r;
    for (int i = 0; i < 3; ++i) {
      std::snprintf(r.run, sizeof r.run, "study/%d/1", i);
      log.add(r);
      log.flush(i);
    }
    EXPECT_NE(log.error(), 0);
    EXPECT_FALSE(log.unwritten().empty());
    EXPECT_EQ(std::count(log.announcements().begin(), log.announcements().end(), '\n'), 3);
    EXPECT_GT(log.next_flush_us(), 0);
    ::setrlimit(RLIMIT_FSIZE, &before);
    log.flush(EndLog::kRetryEvery_us + 10);
    EXPECT_EQ(log.error(), 0);
    EXPECT_TRUE(log.unwritten().empty());
  }
  ::signal(SIGXFSZ, old);
  ::close(folder);
  int whole = 0;
  int damaged = 0;
  std::string line;
  std::ifstream file(root / "ends.log");
  while (std::getline(file, line)) {
    Record r;
    (parse_record(line, &r) ? whole : damaged) += 1;
  }
  EXPECT_EQ(whole, 3);
  EXPECT_EQ(damaged, 1);
  std::filesystem::remove_all(root);
}

TEST(KeeperWire, AReaderNeverLeavesItsPayload) {
  Writer w;
  w.number(7);
  w.text("text");
  w.number(3);
  const std::string bytes(w.payload().data(), w.payload().size());
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string part =
        bytes.substr(0, cut);  // a copy of its own, so that a sanitizer sees every step outside
    Reader r(part.data(), part.size());
    r.number();
    r.text();
    r.number();
    EXPECT_EQ(r.complete(), cut == bytes.size()) << cut;
    EXPECT_EQ(r.ok(), cut == bytes.size()) << cut;
  }
  Writer inner;
  inner.number(3);
  const std::string lie(inner.payload().data(), inner.payload().size());
  Reader r(lie.data(), lie.size());
  EXPECT_STREQ(r.text(), "");
  EXPECT_FALSE(r.ok());
}

TEST(KeeperWire, RunIdsAreOneWord) {
  EXPECT_TRUE(is_run_id("01HX3/12/3"));
  EXPECT_FALSE(is_run_id(""));
  EXPECT_FALSE(is_run_id("a b"));
  EXPECT_FALSE(is_run_id("a\nb"));
  EXPECT_FALSE(is_run_id(std::string(kMaxRunId + 1, 'a')));
}

}  // namespace
}  // namespace hone
