// The keeper with real processes: starts, ends, stops, leaks, lost workers.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/runner/keeper_fixture.h"
#include "hone/runner/keeper_main.h"
#include "hone/runner/proc_tree.h"

namespace hone {
namespace {

using namespace keeper;

class Keeper : public KeeperFixture {};

TEST_F(Keeper, RecordsExitStatusAndUsage) {
  connect();
  start(shell(1, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo hello; exit 7"));
  const Record over = wait_over(1);
  EXPECT_FALSE(over.by_signal);
  EXPECT_EQ(over.number, 7);
  EXPECT_GT(over.user_us + over.system_us, 0u);
  EXPECT_GT(over.peak_kib, 100u);
  EXPECT_GE(over.ended_us, over.started_us);
  EXPECT_EQ(over.flags, 0u);
  EXPECT_EQ(output(1), "hello\n");
}

TEST_F(Keeper, RecordsTheSignalThatEndedARun) {
  connect();
  start(shell(1, "kill -SEGV $$"));
  const Record over = wait_over(1);
  EXPECT_TRUE(over.by_signal);
  EXPECT_EQ(over.number, SIGSEGV);
}

TEST_F(Keeper, WritesEveryEndToTheLog) {
  connect();
  for (int i = 1; i <= 20; ++i) start(shell(i, "exit " + std::to_string(i)));
  for (int i = 1; i <= 20; ++i) wait_over(i);
  const EndLogContent log = read_end_log(folder());
  EXPECT_EQ(log.damaged_lines, 0);
  ASSERT_EQ(log.records.size(), 20u);
  for (const Record& each : log.records) {
    EXPECT_EQ(run_id(each.number), each.run) << "exit code and run do not match";
  }
}

TEST_F(Keeper, GivesARunItsOwnSessionNoTerminalNoFilesAndDefaultSignals) {
  connect();
  start(shell(1,
              "ls /proc/self/fd | tr '\\n' ' '; readlink /proc/$$/fd/0; "
              "grep -E 'SigBlk|SigIgn' /proc/self/status; "
              "cut -d' ' -f1,5,6 /proc/$$/stat; pwd; env | sort"));
  const Record over = wait_over(1);
  const std::string text = output(1);
  // ls opens the folder itself as 3.
  EXPECT_EQ(text.find("0 1 2 3 /dev/null\n"), 0u) << text;
  EXPECT_NE(text.find("SigBlk:\t0000000000000000"), std::string::npos) << text;
  // 32 and 33 belong to the C library, which neither sets nor resets them.
  const std::size_t ignored = text.find("SigIgn:\t");
  ASSERT_NE(ignored, std::string::npos) << text;
  EXPECT_EQ(std::stoull(text.substr(ignored + 8, 16), nullptr, 16) & ~0x180000000ULL, 0u) << text;
  const std::string pid = std::to_string(over.pid);
  EXPECT_NE(text.find(pid + " " + pid + " " + pid + "\n"), std::string::npos) << text;
  EXPECT_NE(text.find(root_.string() + "\n"), std::string::npos) << text;
  EXPECT_NE(text.find("HONE_RUN=" + run_id(1)), std::string::npos) << text;
}

TEST_F(Keeper, AppendsToOutputThatIsThere) {
  connect();
  std::ofstream(out_path(1)) << "before\n";
  start(shell(1, "echo after"));
  wait_over(1);
  EXPECT_EQ(output(1), "before\nafter\n");
}

TEST_F(Keeper, SeparatesStdoutAndStderrWhenAsked) {
  connect();
  ProcessSpec two = shell(1, "echo out; echo err >&2");
  two.stderr_path = (root_ / "err").string();
  start(two);
  wait_over(1);
  EXPECT_EQ(output(1), "out\n");
  EXPECT_EQ(slurp(root_ / "err"), "err\n");
}

TEST_F(Keeper, GivesATerminalWhenAsked) {
  connect();
  ProcessSpec wants = shell(1,
                            "test -t 1 && test -t 2 && ! test -t 0 && echo terminal; "
                            "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done");
  wants.tty = true;
  start(wants);
  EXPECT_EQ(wait_over(1).number, 0);
  const std::string text = output(1);
  EXPECT_EQ(text.find("terminal\nline 0\n"), 0u) << text.substr(0, 200);
  EXPECT_TRUE(text.ends_with("line 2999\n")) << text.size();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3001);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST_F(Keeper, PinsARunAndSetsItsLimitsAndKeepsItsOwnProcessors) {
  connect();
  cpu_set_t mine;
  ASSERT_EQ(::sched_getaffinity(0, sizeof mine, &mine), 0);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &mine)) ++cpu;
  ProcessSpec pinned = shell(1, "grep Cpus_allowed_list /proc/self/status");
  pinned.cpus = {cpu};
  start(pinned);
  wait_over(1);
  EXPECT_NE(output(1).find("Cpus_allowed_list:\t" + std::to_string(cpu) + "\n"), std::string::npos)
      << output(1);
  ProcessSpec limited = shell(2,
                              "while ! grep -q 'Max core file size *4096 *4096' /proc/self/limits;"
                              " do :; done; while [ $(nice) != 5 ]; do :; done; echo limited");
  limited.limits = {{RLIMIT_CORE, 4096, 4096}};
  limited.niceness = 5;
  start(limited);
  EXPECT_EQ(wait_over(2).number, 0);
  start(shell(3, "grep Cpus_allowed: /proc/self/status; grep Cpus_allowed: /proc/$PPID/status"));
  wait_over(3);
  const std::string text = output(3);
  EXPECT_EQ(text.substr(0, text.size() / 2), text.substr(text.size() / 2)) << text;
}

TEST_F(Keeper, CarriesAnEnvironmentLargerThanAPacket) {
  connect();
  ProcessSpec large = shell(1, "echo ${#V0} ${#V7}");
  for (int i = 0; i < 8; ++i) {
    large.env.push_back("V" + std::to_string(i) + "=" + std::string(100'000, 'x'));
  }
  start(large);
  wait_over(1);
  EXPECT_EQ(output(1), "100000 100000\n");
}

TEST_F(Keeper, RefusesARunThatLives) {
  connect();
  start(spec(1, {"sleep", "1000"}));
  const SpawnOutcome second = client_->spawn(spec(1, {"sleep", "1000"}));
  ASSERT_TRUE(std::holds_alternative<StartFailure>(second));
  EXPECT_EQ(std::get<StartFailure>(second).error, EEXIST);
  EXPECT_TRUE(eventually([&] { return living_marked() == 1; }));
}

TEST_F(Keeper, NamesWhatFailedWhenAProgramCannotStart) {
  connect();
  const auto reason = [&](const ProcessSpec& spec) {
    const SpawnOutcome outcome = client_->spawn(spec);
    const auto* failure = std::get_if<StartFailure>(&outcome);
    return failure != nullptr ? explain_start_failure(*failure, spec) : "it started";
  };
  const std::string missing = (root_ / "missing").string();
  EXPECT_EQ(reason(spec(1, {missing})),
            "the program " + missing + " does not exist: No such file or directory");
  const std::string plain = (root_ / "plain").string();
  std::ofstream(plain) << "echo no\n";
  EXPECT_EQ(reason(spec(1, {plain})),
            plain + " may not be executed: chmod +x it, or put its interpreter first");
  std::filesystem::permissions(plain, std::filesystem::perms::owner_all);
  EXPECT_NE(reason(spec(1, {plain})).find("neither a program for this machine nor a script"),
            std::string::npos);
  std::ofstream(plain) << "#!/no/such/interpreter -x\n";
  EXPECT_NE(reason(spec(1, {plain})).find("names the interpreter '/no/such/interpreter -x'"),
            std::string::npos)
      << reason(spec(1, {plain}));
  std::ofstream(plain) << "#!/bin/sh\r\necho\r\n";
  EXPECT_NE(reason(spec(1, {plain})).find("Windows line ends"), std::string::npos);
  ProcessSpec elsewhere = spec(1, {"true"});
  elsewhere.folder = missing;
  EXPECT_EQ(reason(elsewhere),
            "cannot enter the working folder " + missing + ": No such file or directory");
  ProcessSpec mute = spec(1, {"true"});
  mute.stdout_path = missing + "/out";
  EXPECT_EQ(reason(mute),
            "cannot write the output file " + missing + "/out: No such file or directory");
  ProcessSpec nowhere = spec(1, {"true"});
  nowhere.cpus = {8000};
  EXPECT_NE(reason(nowhere).find("processors it was given"), std::string::npos);
  ProcessSpec huge = spec(1, {"true"});
  huge.env.push_back("X=" + std::string(200'000, 'x'));  // one string above the kernel's 128 KiB
  EXPECT_NE(reason(huge).find("too large for the kernel"), std::string::npos) << reason(huge);
  EXPECT_EQ(client_->list()->size(), 0u);
  EXPECT_TRUE(read_end_log(folder()).records.empty());
}

TEST_F(Keeper, AsksBeforeItKills) {
  connect();
  start(shell(1, "trap 'echo saved; exit 3' TERM; echo ready; while :; do sleep 0.01; done"));
  expect_output(1, "ready");
  EXPECT_EQ(client_->stop(run_id(1), StopHow::term, 20'000'000), StopOutcome::asked);
  const Record over = wait_over(1);
  EXPECT_EQ(over.number, 3);
  EXPECT_EQ(over.flags, kAskedToStop);
  EXPECT_NE(output(1).find("saved"), std::string::npos);
}

TEST_F(Keeper, KillsWhatIgnoresTheRequest) {
  connect();
  start(shell(1, "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  expect_output(1, "ready");
  client_->stop(run_id(1), StopHow::term, 50'000);
  const Record over = wait_over(1);
  EXPECT_EQ(over.number, SIGKILL);
  EXPECT_EQ(over.flags, kAskedToStop | kGotKilled);
  EXPECT_EQ(living_marked(), 0);
}

TEST_F(Keeper, WakesAStoppedProcessToLetItEnd) {
  connect();
  const StartedProcess run = start(shell(
      1,
      "trap 'echo saved; exit 0' TERM; echo ready; kill -STOP $$; while :; do sleep 0.01; done"));
  expect_output(1, "ready");
  ASSERT_TRUE(eventually([&] {
    ProcStat stat;
    return read_proc_stat(static_cast<pid_t>(run.pid), &stat) && stat.state == 'T';
  }));
  client_->stop(run_id(1), StopHow::term, 20'000'000);
  EXPECT_EQ(wait_over(1).number, 0);
  EXPECT_NE(output(1).find("saved"), std::string::npos);
}

TEST_F(Keeper, EndsSessionLeadersAndBackgroundGroupsTooWhenItStops) {
  connect();
  start(shell(1,
              "setsid sh -c 'trap \"echo session saved; exit 0\" TERM; echo one; while :; do sleep "
              "0.01; done' & "
              "timeout 1000 sh -c 'trap \"echo group saved; exit 0\" TERM; echo two; while :; do "
              "sleep 0.01; done' & "
              "trap 'wait; exit 0' TERM; wait"));
  expect_output(1, "one");
  expect_output(1, "two");
  client_->stop(run_id(1), StopHow::term, 20'000'000);
  const Record over = wait_over(1);
  EXPECT_EQ(over.flags, kAskedToStop);
  EXPECT_NE(output(1).find("session saved"), std::string::npos) << output(1);
  EXPECT_NE(output(1).find("group saved"), std::string::npos) << output(1);
}

TEST_F(Keeper, KillsDaemonsThatForkedTwiceAndChangedTheirSession) {
  connect();
  start(shell(1,
              "setsid -f sleep 1000; setsid -f sh -c 'setsid -f sleep 1000; sleep 1000'; echo "
              "ready; sleep 1000"));
  expect_output(1, "ready");
  EXPECT_TRUE(eventually([&] { return living_marked() >= 5; })) << living_marked();
  client_->stop(run_id(1), StopHow::kill, 0);
  wait_over(1);
  EXPECT_EQ(living_marked(), 0);
}

TEST_F(Keeper, EndsWhatOutlivesTheMainProcessAndSaysSo) {
  connect();
  ProcessSpec leaking = shell(1, "setsid -f sleep 1000; exit 0");
  leaking.leak_us = 50'000;
  start(leaking);
  const Record over = wait_over(1);
  EXPECT_EQ(over.number, 0);
  EXPECT_FALSE(over.by_signal);
  EXPECT_EQ(over.flags & kLeftBehind, kLeftBehind);
  EXPECT_EQ(over.left_behind, 1u);
  EXPECT_STREQ(over.left_behind_name, "sleep");
  EXPECT_EQ(living_marked(), 0);
  const std::vector<Record> records = read_end_log(folder()).records;
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].event, RecordEvent::exited);
}

TEST_F(Keeper, WaitsForWhatEndsByItselfWithinTheLeakTime) {
  connect();
  // The second program lives until the test has seen that the first has ended.
  ProcessSpec two = shell(1, "setsid -f sh -c 'until [ -e go ]; do sleep 0.01; done'; exit 0");
  two.leak_us = 60'000'000;
  start(two);
  EXPECT_TRUE(eventually([&] {
    const auto runs = client_->list();
    return runs && runs->size() == 1 && runs->front().main_ended;
  }));
  std::ofstream(root_ / "go") << "go";
  EXPECT_EQ(wait_over(1).flags, 0u);
}

TEST_F(Keeper, EndsAnEscapeeWithoutAnyMark) {
  connect();
  // Another session, another parent and no HONE_RUN: only the parentage is left to tell whose it
  // is.
  ProcessSpec escaping = shell(1, "env -i setsid -f sleep 1000; echo ready; exit 0");
  escaping.leak_us = 50'000;
  start(escaping);
  const Record over = wait_over(1);
  EXPECT_EQ(over.left_behind, 1u);
  Array<pid_t> children;
  list_children(static_cast<pid_t>(client_->keeper_pid()), &children);
  EXPECT_EQ(children.size(), 0u);
}

TEST_F(Keeper, EndsAnUnmarkedEscapeeWithTheLastRunItMayHaveComeFrom) {
  connect();
  ProcessSpec one = shell(1, "until [ -e go1 ]; do sleep 0.01; done");
  ProcessSpec two =
      shell(2, "env -i setsid -f sleep 1000; echo ready; until [ -e go2 ]; do sleep 0.01; done");
  one.leak_us = two.leak_us = 50'000;
  start(one);
  start(two);
  expect_output(2, "ready");
  std::ofstream(root_ / "go2") << "go";
  EXPECT_EQ(wait_over(2).flags, 0u) << "it may be the other's";
  std::ofstream(root_ / "go1") << "go";
  EXPECT_EQ(wait_over(1).left_behind, 1u);
}

TEST_F(Keeper, EndsProcessesThatForkFasterThanOneCanLook) {
  connect();
  // Each process starts its successor and ends, so no look at the tree finds one that still lives a
  // moment later. Eight chains in as many sessions: always about as many processes, never more.
  start(shell(1,
              "cat > chain <<'E'\n[ -e enough ] || sh ./chain &\nE\n"
              "for i in 1 2 3 4 5 6 7 8; do setsid sh ./chain; done; echo ready; sleep 1000"));
  expect_output(1, "ready");
  client_->stop(run_id(1), StopHow::kill, 0);
  const bool over = wait_over(1).run[0] != '\0';
  std::ofstream(root_ / "enough") << "";  // a failing test must not leave them running
  EXPECT_TRUE(over);
  EXPECT_TRUE(eventually([&] { return living_marked() == 0; }));
}

TEST_F(Keeper, TellsOfARunThatIsNotThere) {
  connect();
  EXPECT_EQ(client_->stop(run_id(5), StopHow::term, 1000), StopOutcome::not_living);
}

TEST_F(Keeper, RunsGoOnWithoutTheWorkerWhichLearnsOfEndsLater) {
  connect();
  start(shell(1, "until [ -e go ]; do sleep 0.01; done; exit 4"));
  start(spec(2, {"sleep", "1000"}));
  const std::int64_t keeper = client_->keeper_pid();
  client_.reset();  // as when a worker is killed
  std::ofstream(root_ / "go") << "go";
  EXPECT_TRUE(eventually([&] { return read_end_log(folder()).records.size() == 1; }));
  connect();
  EXPECT_EQ(client_->keeper_pid(), keeper);
  const auto runs = client_->list();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(runs->front().run, run_id(2));
  EXPECT_TRUE(is_process_alive(runs->front().pid, runs->front().start_ticks));
  EXPECT_EQ(read_end_log(folder()).records[0].number, 4);
}

TEST_F(Keeper, EndsItsRunsAndItselfWithoutAWorker) {
  connect(100'000);
  ProcessSpec stubborn = shell(1, "trap '' TERM; echo ready; while :; do sleep 0.01; done");
  stubborn.grace_us = 50'000;
  start(stubborn);
  expect_output(1, "ready");
  const std::int64_t keeper = client_->keeper_pid();
  const std::uint64_t began = client_->keeper_start_ticks();
  client_.reset();
  EXPECT_TRUE(eventually([&] { return !is_process_alive(keeper, began); }));
  EXPECT_EQ(living_marked(), 0);
  const std::vector<Record> records = read_end_log(folder()).records;
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.back().event, RecordEvent::over);
  EXPECT_EQ(records.back().flags & kOrphaned, kOrphaned);
  EXPECT_EQ(records.back().number, SIGKILL);
}

TEST_F(Keeper, AnObserverKeepsNoRunAlive) {
  connect(100'000);
  start(spec(1, {"sleep", "1000"}));
  auto observer = KeeperClient::connect(folder(), Role::observer);
  ASSERT_NE(observer, nullptr);
  client_.reset();
  EXPECT_TRUE(eventually([&] {
    for (const Record& each : observer->take_ends()) {
      if ((each.flags & kOrphaned) != 0) return true;
    }
    return false;
  }));
}

TEST_F(Keeper, EndsWhenNobodyNeedsIt) {
  connect();
  const std::int64_t keeper = client_->keeper_pid();
  const std::uint64_t began = client_->keeper_start_ticks();
  start(spec(1, {"true"}));
  wait_over(1);
  client_.reset();
  EXPECT_TRUE(eventually([&] { return !is_process_alive(keeper, began); }));
  EXPECT_FALSE(std::filesystem::exists(folder() / kKeeperSocket));
  connect();
  EXPECT_NE(client_->keeper_pid(), keeper);
}

TEST_F(Keeper, EndsItsRunsWhenItIsTerminated) {
  connect();
  start(spec(1, {"sleep", "1000"}));
  const std::int64_t keeper = client_->keeper_pid();
  ::kill(static_cast<pid_t>(keeper), SIGTERM);
  const Record over = wait_over(1);
  EXPECT_EQ(over.number, SIGTERM);
  EXPECT_EQ(over.flags, kOrphaned);
  EXPECT_TRUE(eventually([&] {
    client_->take_ends();
    return client_->is_gone();
  }));
}

TEST_F(Keeper, IsFoundByItsRunsMarksWhenItIsKilled) {
  connect();
  start(shell(1, "setsid -f sleep 1000; sleep 1000"));
  EXPECT_TRUE(eventually([&] { return living_marked() == 3; })) << living_marked();
  ::kill(static_cast<pid_t>(client_->keeper_pid()), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    client_->take_ends();
    return client_->is_gone();
  }));
  EXPECT_TRUE(std::holds_alternative<KeeperGone>(client_->spawn(spec(2, {"true"}))));
  EXPECT_EQ(find_marked_processes(run_id(1)).size(), 3u);
  EXPECT_EQ(find_marked_processes(study_ + "/9/").size(), 0u);
  EXPECT_EQ(signal_marked_processes(run_id(1), SIGTERM), 3);
  EXPECT_TRUE(eventually([&] { return signal_marked_processes(run_id(1), SIGKILL) == 0; }));
  connect();  // a new one takes the place of the stale socket and lock
  start(spec(2, {"true"}));
  EXPECT_EQ(wait_over(2).number, 0);
}

TEST_F(Keeper, ContinuesALogThatEndsTorn) {
  connect();
  start(spec(1, {"true"}));
  wait_over(1);
  client_->quit();
  EXPECT_TRUE(eventually([&] { return KeeperClient::connect(folder()) == nullptr; }));
  const std::string log = slurp(folder() / kKeeperEnds);
  std::ofstream(folder() / kKeeperEnds, std::ios::app) << log.substr(0, log.size() / 2);
  client_.reset();
  connect();
  start(spec(2, {"false"}));
  wait_over(2);
  const EndLogContent content = read_end_log(folder());
  EXPECT_EQ(content.damaged_lines, 1);
  ASSERT_EQ(content.records.size(), 2u);
  EXPECT_EQ(content.records[1].run, run_id(2));
}

TEST_F(Keeper, SurvivesMalformedMessages) {
  connect();
  start(spec(1, {"sleep", "1000"}));
  for (int kind = 0; kind < 12; ++kind) {
    auto rude = KeeperClient::connect(folder());
    ASSERT_NE(rude, nullptr) << kind;
    std::string packet(40, static_cast<char>(kind * 37));
    Header header{kMagic, static_cast<Kind>(kind % 7), static_cast<std::uint16_t>(kind & 1), 9, 24};
    if (kind % 3 != 0)
      packet.replace(0, sizeof header, reinterpret_cast<const char*>(&header), sizeof header);
    for (int i = 0; i < 40; ++i) {
      if (::send(rude->socket(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::send(rude->socket(), packet.data(), 3, MSG_NOSIGNAL);
    ::send(rude->socket(), std::string(90'000, 'x').data(), 90'000, MSG_NOSIGNAL);
  }
  const auto runs = client_->list();
  ASSERT_TRUE(runs);
  EXPECT_EQ(runs->size(), 1u);
}

TEST_F(Keeper, DropsAClientThatDoesNotRead) {
  connect();
  auto deaf = KeeperClient::connect(folder());
  ASSERT_NE(deaf, nullptr);
  Writer nothing;
  int error = 0;
  for (int i = 0; i < 200'000 && error != EPIPE && error != ECONNRESET; ++i) {
    error = send_message(deaf->socket(), Kind::list, 1, nothing.payload());
    if (error == EAGAIN) std::this_thread::yield();
  }
  EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << error;
  EXPECT_TRUE(client_->list());
}

TEST_F(Keeper, WorksInAFolderWithALongPath) {
  std::filesystem::path deep = root_;
  for (int i = 0; i < 6; ++i) deep /= std::string(40, static_cast<char>('a' + i));
  std::filesystem::create_directories(deep);
  auto far = KeeperClient::connect_or_start({deep / "keeper", HONE_KEEPER_PROGRAM, 1'000'000});
  ASSERT_NE(far, nullptr);
  EXPECT_TRUE(far->list());
  const std::int64_t pid = far->keeper_pid();
  const std::uint64_t began = far->keeper_start_ticks();
  far.reset();
  EXPECT_TRUE(eventually([&] { return !is_process_alive(pid, began); }));
}

TEST_F(Keeper, RefusesAFolderThatOthersMayEnter) {
  std::filesystem::create_directories(folder());
  std::filesystem::permissions(folder(), std::filesystem::perms(0755));
  try {
    connect();
    FAIL() << "it started in an open folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::process);
    EXPECT_NE(error.hint().find("700"), std::string::npos);
  }
}

TEST_F(Keeper, HoldsNothingOfTheWorker) {
  const int inherited = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const int high = ::dup2(inherited, 200);
  connect();
  const std::filesystem::path files = "/proc/" + std::to_string(client_->keeper_pid()) + "/fd";
  for (const auto& each : std::filesystem::directory_iterator(files)) {
    EXPECT_LT(std::stoi(each.path().filename().string()), 20) << each.path();
  }
  ProcStat stat;
  ASSERT_TRUE(read_proc_stat(static_cast<pid_t>(client_->keeper_pid()), &stat));
  EXPECT_STREQ(stat.name, "hone-keeper");
  EXPECT_NE(stat.session, ::getsid(0));
  ::close(inherited);
  ::close(high);
}

}  // namespace
}  // namespace hone
