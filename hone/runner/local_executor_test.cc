// The executor with real programs: the order of what it tells, output in full, stops, lost keepers,
// take-overs.
#include "hone/runner/local_executor.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <thread>

#include "hone/base/file.h"
#include "hone/runner/keeper_fixture.h"
#include "hone/runner/proc_tree.h"

namespace hone {
namespace {

/// What the test has heard of one run.
struct Heard {
  bool started = false;
  std::optional<std::string> not_started;
  std::map<int, std::string> output;
  std::map<int, std::int64_t> next_offset;
  std::optional<JobEnded> ended;
  std::int64_t pid = 0;
  std::int64_t pid_start = 0;
};

class LocalExecutorTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/hone-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    static int counter = 0;
    study_ = "X" + std::to_string(::getpid()) + "-" + std::to_string(++counter);
    make_executor();
  }
  void TearDown() override {
    for (const auto& [id, heard] : heard_) {
      if (!heard.ended && !heard.not_started && executor_)
        executor_->stop(RunId{id}, StopHow::kill, 0);
    }
    if (executor_) {
      eventually([&] {
        take(10'000);
        return std::all_of(heard_.begin(), heard_.end(), [](const auto& each) {
          return each.second.ended || each.second.not_started || !each.second.started;
        });
      });
    }
    executor_.reset();
    EXPECT_TRUE(eventually([&] { return signal_marked_processes(study_ + "/", SIGKILL) == 0; }));
    std::filesystem::remove_all(root_);
  }

  void make_executor(std::int64_t leak_us = 5'000'000) {
    LocalExecutorOptions options;
    options.folder = root_ / "keepers";
    options.keeper_program = HONE_KEEPER_PROGRAM;
    options.leak_us = leak_us;
    executor_ = std::make_unique<LocalExecutor>(options);
  }

  Job job(int run, std::vector<std::string> argv) {
    Job job;
    job.run = RunId{run};
    job.token = 1;
    job.study_uid = study_;
    job.argv = std::move(argv);
    job.env = {{"PATH", "/usr/bin:/bin"}};
    job.workdir = root_.string();
    const std::filesystem::path folder = root_ / ("run" + std::to_string(run));
    job.folder = folder.string();
    job.sources = {{"stdout", (folder / "stdout.log").string(), 0},
                   {"stderr", (folder / "stderr.log").string(), 0},
                   {"metrics", (folder / "deep" / "metrics.jsonl").string(), 0}};
    return job;
  }
  Job shell(int run, const std::string& script) { return job(run, {"sh", "-c", script}); }

  void take(std::int64_t timeout_us) {
    for (JobEvent& event : executor_->poll(timeout_us)) {
      const std::int64_t id = std::visit([](const auto& e) { return e.run.value; }, event);
      Heard& heard = heard_[id];
      EXPECT_FALSE(heard.ended) << "something came after the end of run " << id;
      if (auto* started = std::get_if<JobStarted>(&event)) {
        EXPECT_FALSE(heard.started);
        heard.started = true;
        heard.pid = started->pid;
        heard.pid_start = started->pid_start;
      } else if (auto* refused = std::get_if<JobNotStarted>(&event)) {
        heard.not_started = refused->reason;
      } else if (auto* output = std::get_if<JobOutput>(&event)) {
        const auto at = heard.next_offset.find(output->source);
        if (at != heard.next_offset.end()) {
          EXPECT_EQ(output->offset, at->second);
        }
        heard.next_offset[output->source] =
            output->offset + static_cast<std::int64_t>(output->bytes.size());
        heard.output[output->source] += output->bytes;
      } else {
        heard.ended = std::get<JobEnded>(event);
      }
    }
  }
  Heard& until(int run, const std::function<bool(const Heard&)>& condition) {
    EXPECT_TRUE(eventually([&] {
      if (!condition(heard_[run])) take(100'000);
      return condition(heard_[run]);
    })) << "run "
        << run;
    return heard_[run];
  }
  Heard& until_end(int run) {
    return until(run, [](const Heard& h) { return h.ended || h.not_started; });
  }
  Heard& until_output(int run, const std::string& text, int source = 0) {
    return until(run, [&](const Heard& h) {
      const auto it = h.output.find(source);
      return it != h.output.end() && it->second.find(text) != std::string::npos;
    });
  }
  AdoptedJob adopted(const Job& job, bool with_pid = true) {
    const Heard& heard = heard_[job.run.value];
    AdoptedJob again{job, with_pid ? heard.pid : 0, with_pid ? heard.pid_start : 0};
    again.job.token = 2;  // claimed anew
    for (const auto& [source, offset] : heard.next_offset) {
      again.job.sources[static_cast<std::size_t>(source)].offset = offset;
    }
    return again;
  }
  std::int64_t keeper_pid(int run) {
    keeper::ProcStat stat;
    EXPECT_TRUE(keeper::read_proc_stat(static_cast<pid_t>(heard_[run].pid), &stat));
    return stat.parent;
  }

  std::filesystem::path root_;
  std::string study_;
  std::unique_ptr<LocalExecutor> executor_;
  std::map<std::int64_t, Heard> heard_;
};

TEST_F(LocalExecutorTest, TellsStartOutputOfEverySourceAndEnd) {
  executor_->start(shell(
      1, "echo out; echo err >&2; mkdir run1/deep; echo metric > run1/deep/metrics.jsonl; exit 3"));
  const Heard& h = until_end(1);
  EXPECT_TRUE(h.started);
  EXPECT_GT(h.pid, 0);
  EXPECT_EQ(h.output.at(0), "out\n");
  EXPECT_EQ(h.output.at(1), "err\n");
  EXPECT_EQ(h.output.at(2), "metric\n");
  ASSERT_TRUE(h.ended);
  EXPECT_EQ(h.ended->exit_code, 3);
  EXPECT_FALSE(h.ended->signal);
  EXPECT_FALSE(h.ended->vanished || h.ended->leaked || h.ended->out_of_memory);
  EXPECT_GT(h.ended->wall_us, 0);
  EXPECT_GT(h.ended->peak_bytes, 0);
}

TEST_F(LocalExecutorTest, DeliversOutputWhileTheProgramRuns) {
  executor_->start(
      shell(1,
            "echo first; until [ -e go ]; do sleep 0.01; done; mkdir run1/deep; "
            "echo second >> run1/deep/metrics.jsonl; until [ -e end ]; do sleep 0.01; done"));
  until_output(1, "first\n");
  EXPECT_FALSE(heard_[1].ended);
  std::ofstream(root_ / "go") << "";
  until_output(1, "second\n", 2);
  EXPECT_FALSE(heard_[1].ended);
  std::ofstream(root_ / "end") << "";
  EXPECT_EQ(until_end(1).ended->exit_code, 0);
}

TEST_F(LocalExecutorTest, DeliversEveryByteOfALongOutputBeforeTheEnd) {
  executor_->start(shell(1, "seq 1 2000000"));
  const Heard& h = until_end(1);
  EXPECT_EQ(h.output.at(0).size(), 14888896u);
  EXPECT_TRUE(h.output.at(0).ends_with("\n2000000\n"));
  EXPECT_TRUE(h.output.at(0).starts_with("1\n2\n3\n"));
}

TEST_F(LocalExecutorTest, BoundsALogByAHoleInItsMiddle) {
  Job talkative = shell(1, "seq 1 6000000; until [ -e end ]; do sleep 0.01; done");  // 46.9 MB
  talkative.output_limit_bytes = 12 << 20;
  executor_->start(talkative);
  const Heard& h = until_output(1, "\n6000000\n");
  EXPECT_EQ(h.output.at(0).size(), 46888896u) << "what is read is whole";
  std::ofstream(root_ / "end") << "";
  until_end(1);
  struct stat info {};
  ASSERT_EQ(::stat(talkative.sources[0].path.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 46888896);
  EXPECT_LT(info.st_blocks * 512, 14 << 20);
  const std::string kept = slurp(talkative.sources[0].path);
  EXPECT_TRUE(kept.starts_with("1\n2\n3\n"));
  EXPECT_TRUE(kept.ends_with("\n6000000\n"));
  OutputReader again(talkative.sources[0].path, 0);
  std::size_t read = 0;
  while (const auto piece = again.read(1 << 20, 0)) {
    read += piece->bytes.size();
    EXPECT_EQ(piece->bytes.find('\0', 8192), std::string::npos) << "a hole was read";
  }
  EXPECT_LT(read, 14u << 20);
}

TEST_F(LocalExecutorTest, SaysWhyAProgramCannotStart) {
  executor_->start(job(1, {"no-such-program-at-all"}));
  executor_->start(job(2, {}));
  Job nowhere = job(3, {"true"});
  nowhere.workdir = (root_ / "nowhere").string();
  executor_->start(nowhere);
  executor_->start(job(4, {"python", "-c", "pass"}));
  EXPECT_NE(until_end(1).not_started->find("'no-such-program-at-all' is in no folder of PATH"),
            std::string::npos);
  EXPECT_EQ(*until_end(2).not_started, "the command is empty");
  EXPECT_NE(until_end(3).not_started->find("cannot enter the working folder"), std::string::npos);
  EXPECT_FALSE(heard_[1].started || heard_[3].started);
}

TEST_F(LocalExecutorTest, MarksEveryRunAndHandsTheEnvironmentOver) {
  Job marked = shell(1, "echo $HONE_RUN $OTHER");
  marked.env.emplace_back("HONE_RUN", "a lie");
  marked.env.emplace_back("OTHER", "value with = and blank");
  executor_->start(marked);
  EXPECT_EQ(until_end(1).output.at(0), study_ + "/1/1 value with = and blank\n");
}

TEST_F(LocalExecutorTest, AsksThenKills) {
  executor_->start(
      shell(1, "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.01; done"));
  executor_->start(shell(2, "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  until_output(1, "ready");
  until_output(2, "ready");
  executor_->stop(RunId{1}, StopHow::ask, 20'000'000);
  executor_->stop(RunId{1}, StopHow::ask, 20'000'000);
  EXPECT_EQ(until_end(1).ended->exit_code, 0);
  EXPECT_NE(heard_[1].output.at(0).find("saved"), std::string::npos);
  executor_->stop(RunId{2}, StopHow::ask, 3'600'000'000);
  executor_->stop(RunId{2}, StopHow::kill, 0);
  EXPECT_EQ(until_end(2).ended->signal, SIGKILL);
  EXPECT_FALSE(heard_[2].ended->vanished);
  EXPECT_FALSE(heard_[2].ended->out_of_memory);
  executor_->stop(RunId{2}, StopHow::kill, 0);   // over
  executor_->stop(RunId{99}, StopHow::kill, 0);  // never was
}

TEST_F(LocalExecutorTest, TellsOfALeak) {
  make_executor(50'000);
  executor_->start(shell(1, "setsid -f sleep 1000; exit 0"));
  const Heard& h = until_end(1);
  EXPECT_EQ(h.ended->exit_code, 0);
  EXPECT_TRUE(h.ended->leaked);
  EXPECT_EQ(find_marked_processes(study_ + "/").size(), 0u);
}

TEST_F(LocalExecutorTest, ReadsMemoryOfTheTreeAndSizeOfTheOutput) {
  executor_->start(shell(1, "echo 12345; setsid -f sleep 1000; sleep 1000"));
  until_output(1, "12345");
  EXPECT_TRUE(eventually([&] { return executor_->usage(RunId{1})->memory_bytes > 0; }));
  EXPECT_EQ(executor_->usage(RunId{1})->output_bytes, 6);
  EXPECT_FALSE(executor_->usage(RunId{2}));
}

TEST_F(LocalExecutorTest, WakeEndsAWaitFromAnotherThread) {
  executor_->start(job(1, {"sleep", "1000"}));
  until(1, [](const Heard& h) { return h.started; });
  std::thread other([&] { executor_->wake(); });
  EXPECT_TRUE(executor_->poll(60'000'000).empty());
  other.join();
}

TEST_F(LocalExecutorTest, RunsManyShortProgramsAndTellsOfEachOnce) {
  for (int i = 0; i < 200; ++i) executor_->start(shell(i, "echo " + std::to_string(i)));
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(until_end(i).output.at(0), std::to_string(i) + "\n");
    EXPECT_EQ(heard_[i].ended->exit_code, 0);
  }
}

TEST_F(LocalExecutorTest, TakesOverALivingRunWhereItsOutputWasLeft) {
  const Job first = shell(1, "echo one; until [ -e go ]; do sleep 0.01; done; echo two; exit 5");
  executor_->start(first);
  until_output(1, "one\n");
  const std::int64_t parent = keeper_pid(1);
  executor_.reset();  // the worker dies
  make_executor();
  executor_->adopt({adopted(first)});
  EXPECT_EQ(keeper_pid(1), parent);
  std::ofstream(root_ / "go") << "";
  const Heard& h = until_end(1);
  EXPECT_EQ(h.output.at(0), "one\ntwo\n");
  EXPECT_EQ(h.ended->exit_code, 5);
  EXPECT_FALSE(h.ended->vanished);
  keeper::ProcStat stat;
  EXPECT_TRUE(eventually([&] {
    take(1000);
    return !keeper::read_proc_stat(static_cast<pid_t>(parent), &stat) || stat.has_ended();
  })) << "the old keeper stays without a run";
}

TEST_F(LocalExecutorTest, LearnsOfEndsThatHappenedMeanwhile) {
  const Job first = shell(1, "until [ -e go ]; do sleep 0.01; done; echo late; exit 6");
  executor_->start(first);
  until(1, [](const Heard& h) { return h.started; });
  const AdoptedJob again = adopted(first);
  executor_.reset();
  std::ofstream(root_ / "go") << "";
  EXPECT_TRUE(eventually([&] { return find_marked_processes(study_ + "/").empty(); }));
  make_executor();
  executor_->adopt({again});
  const Heard& h = until_end(1);
  EXPECT_EQ(h.ended->exit_code, 6);
  EXPECT_EQ(h.output.at(0), "late\n");
}

TEST_F(LocalExecutorTest, FindsARunWhosePidWasNeverWrittenDown) {
  const Job first = shell(1, "echo one; until [ -e go ]; do sleep 0.01; done");
  executor_->start(first);
  until_output(1, "one\n");
  const AdoptedJob again = adopted(first, false);
  const std::int64_t pid = heard_[1].pid;
  heard_[1].started = false;
  executor_.reset();
  make_executor();
  executor_->adopt({again});
  EXPECT_EQ(until(1, [](const Heard& h) { return h.started; }).pid, pid);
  std::ofstream(root_ / "go") << "";
  EXPECT_EQ(until_end(1).ended->exit_code, 0);
}

TEST_F(LocalExecutorTest, ARunThatNobodyKnowsHasVanished) {
  AdoptedJob lost{shell(1, "true"), 4'000'000, 77};
  make_private_folder(lost.job.folder);
  std::ofstream(lost.job.sources[0].path) << "what it wrote";
  executor_->adopt({lost});
  const Heard& h = until_end(1);
  EXPECT_TRUE(h.ended->vanished);
  EXPECT_EQ(h.output.at(0), "what it wrote");
  EXPECT_FALSE(h.ended->exit_code || h.ended->signal);
}

TEST_F(LocalExecutorTest, ARunEndedForWantOfAWorkerHasVanished) {
  Job orphan = shell(1, "sleep 1000");
  orphan.orphan_us = 50'000;
  executor_->start(orphan);
  until(1, [](const Heard& h) { return h.started; });
  const AdoptedJob again = adopted(orphan);
  executor_.reset();
  EXPECT_TRUE(eventually([&] { return find_marked_processes(study_ + "/").empty(); }));
  make_executor();
  executor_->adopt({again});
  EXPECT_TRUE(until_end(1).ended->vanished);
}

TEST_F(LocalExecutorTest, WhenTheKeeperIsKilledItsRunsAreEndedAndOthersStart) {
  executor_->start(shell(1, "echo ready; setsid -f sleep 1000; sleep 1000"));
  executor_->start(shell(2, "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  until_output(1, "ready");
  until_output(2, "ready");
  ::kill(static_cast<pid_t>(keeper_pid(1)), SIGKILL);
  EXPECT_TRUE(until_end(1).ended->vanished);
  executor_->stop(RunId{2}, StopHow::kill, 0);
  EXPECT_TRUE(until_end(2).ended->vanished);
  EXPECT_EQ(find_marked_processes(study_ + "/").size(), 0u);
  executor_->start(shell(3, "exit 9"));
  EXPECT_EQ(until_end(3).ended->exit_code, 9);
}

TEST_F(LocalExecutorTest, AControlGroupHoldsWhatLeftTheTreeAndItsMarks) {
  const auto own = find_own_cgroup();
  if (!own) GTEST_SKIP() << "no control groups can be made here";
  executor_->start(shell(
      1, "env -i setsid -f sh -c 'echo $$ > escaped; exec sleep 1000'; echo ready; sleep 1000"));
  until_output(1, "ready");
  std::int64_t escaped = 0;
  EXPECT_TRUE(
      eventually([&] { return std::ifstream(root_ / "escaped") >> escaped && escaped > 0; }));
  const auto began = process_start_ticks(escaped);
  ASSERT_TRUE(began);
  ::kill(static_cast<pid_t>(keeper_pid(1)), SIGKILL);
  EXPECT_TRUE(until_end(1).ended->vanished);
  EXPECT_FALSE(is_process_alive(escaped, *began));
  for (const auto& each : std::filesystem::directory_iterator(*own)) {
    EXPECT_EQ(each.path().string().find(study_), std::string::npos) << "a group is left";
  }
}

TEST_F(LocalExecutorTest, EndsRunsInControlGroupsAsElsewhere) {
  const auto own = find_own_cgroup();
  if (!own) GTEST_SKIP() << "no control groups can be made here";
  executor_->start(shell(1, "cat /proc/self/cgroup; setsid -f sleep 1000; sleep 1000"));
  until_output(1, "0::");
  EXPECT_TRUE(eventually([&] { return find_marked_processes(study_ + "/").size() == 3; }));
  executor_->stop(RunId{1}, StopHow::kill, 0);
  EXPECT_EQ(until_end(1).ended->signal, SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(*own / ("hone-" + study_ + "-1-1")));
}

TEST(OwnCgroup, IsFoundBelowItsMount) {
  constexpr std::string_view kMounts =
      "24 1 0:22 / /proc rw - proc proc rw\n"
      "33 28 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
  EXPECT_EQ(parse_own_cgroup(kMounts, "0::/user.slice/a.scope\n"),
            "/sys/fs/cgroup/user.slice/a.scope");
  EXPECT_EQ(parse_own_cgroup(kMounts, "4:memory:/x\n0::/\n"), "/sys/fs/cgroup");
  EXPECT_FALSE(parse_own_cgroup(kMounts, "4:memory:/x\n"));
  EXPECT_FALSE(parse_own_cgroup("24 1 0:22 / /proc rw - proc proc rw\n", "0::/\n"));
  constexpr std::string_view kPart = "33 28 0:29 /box /mnt/cg rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(parse_own_cgroup(kPart, "0::/box/inner\n"), "/mnt/cg/inner");
  EXPECT_FALSE(parse_own_cgroup(kPart, "0::/boxes\n"));
}

TEST_F(LocalExecutorTest, AKeeperKilledJustBeforeAStartIsNoticed) {
  executor_->start(shell(1, "sleep 1000"));
  until(1, [](const Heard& h) { return h.started; });
  const std::int64_t parent = keeper_pid(1);
  ::kill(static_cast<pid_t>(parent), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    keeper::ProcStat stat;
    return !keeper::read_proc_stat(static_cast<pid_t>(parent), &stat) || stat.has_ended();
  }));
  executor_->start(shell(2, "exit 9"));
  EXPECT_TRUE(until_end(1).ended->vanished);
  const Heard& h = until_end(2);
  EXPECT_TRUE(h.ended->vanished || h.ended->exit_code == 9);
}

TEST_F(LocalExecutorTest, EndsAProgramThatIsBornAfterItsKeeperIsGone) {
  // As when a keeper is killed between the fork and the exec of a program.
  AdoptedJob unknown{shell(1, "never started"), 0, 0};
  executor_->adopt({unknown});
  take(0);  // the first look finds nothing
  ASSERT_FALSE(heard_[1].ended) << "one look is not enough";
  const std::string mark = "HONE_RUN=" + LocalExecutor::mark_of(unknown.job);
  std::string program = "/bin/sleep";
  std::string seconds = "1000";
  char* argv[] = {program.data(), seconds.data(), nullptr};
  char* env[] = {const_cast<char*>(mark.c_str()), nullptr};
  pid_t late = -1;
  ASSERT_EQ(::posix_spawn(&late, argv[0], nullptr, nullptr, argv, env), 0);
  keeper::ProcStat stat;
  ASSERT_TRUE(keeper::read_proc_stat(late, &stat));
  EXPECT_TRUE(until_end(1).ended->vanished);
  EXPECT_FALSE(is_process_alive(late, stat.start_ticks));
  ::kill(late, SIGKILL);
  ::waitpid(late, nullptr, 0);
}

TEST_F(LocalExecutorTest, LeavesNothingBehindWhenAllIsDone) {
  executor_->start(job(1, {"true"}));
  until_end(1);
  executor_.reset();
  int folders = 0;
  for (const auto& boot : std::filesystem::directory_iterator(root_ / "keepers")) {
    folders +=
        static_cast<int>(std::distance(std::filesystem::directory_iterator(boot.path()), {}));
  }
  EXPECT_EQ(folders, 0);
}

TEST(OutputReaderTest, StartsAnewOnlyWhenAFileStaysShorter) {
  char pattern[] = "/tmp/hone-test-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern), nullptr);
  const std::filesystem::path path = std::filesystem::path(pattern) / "metrics.csv";
  OutputReader reader(path.string(), 0);
  EXPECT_FALSE(reader.read(100, 0)) << "it does not exist yet";
  std::ofstream(path) << "a,b\n1,2\n";
  EXPECT_EQ(reader.read(4, 0)->bytes, "a,b\n");
  EXPECT_EQ(reader.read(100, 0)->bytes, "1,2\n");
  std::ofstream(path) << "a,b\n";  // as it is being rewritten
  EXPECT_FALSE(reader.read(100, 1000));
  std::ofstream(path) << "a,b\n1,2\n3,4\n";
  EXPECT_EQ(reader.read(100, 2000)->bytes, "3,4\n") << "the part that was read has come back";
  std::ofstream(path) << "x\n";
  EXPECT_FALSE(reader.read(100, 3000));
  const auto anew = reader.read(100, 3000 + OutputReader::kShorter_us);
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->offset, 0);
  EXPECT_EQ(anew->bytes, "x\n");
  ::mkfifo((path.string() + ".pipe").c_str(), 0600);
  OutputReader pipe(path.string() + ".pipe", 0);
  EXPECT_FALSE(pipe.read(100, 0)) << "a pipe would block";
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace hone
