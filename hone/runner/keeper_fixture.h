// For tests with real processes: a keeper on a temporary folder, programs that run under it,
// waiting for conditions with a deadline, and the check that nothing lives afterwards.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hone/base/file.h"
#include "hone/runner/keeper_client.h"
#include "hone/runner/process.h"

namespace hone {

/// True as soon as the condition holds; false after the deadline, which only a failing test
/// reaches.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::seconds deadline = std::chrono::seconds(120)) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class KeeperFixture : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/hone-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    root_ = pattern;
    static int counter = 0;
    study_ = "T" + std::to_string(::getpid()) + "-" + std::to_string(++counter);
  }

  void TearDown() override {
    client_.reset();
    if (auto last = KeeperClient::connect(folder())) {
      const std::int64_t pid = last->keeper_pid();
      const std::uint64_t start = last->keeper_start_ticks();
      for (const LivingRun& run : last->list().value_or(std::vector<LivingRun>{})) {
        last->stop(run.run, keeper::StopHow::kill, 0);
      }
      last->quit();
      last.reset();
      EXPECT_TRUE(eventually([&] { return !is_process_alive(pid, start); })) << "the keeper lives";
    }
    EXPECT_EQ(signal_marked_processes(study_ + "/", SIGKILL), 0) << "processes were left behind";
    EXPECT_FALSE(remove_tree(root_));
  }

  std::filesystem::path folder() const { return root_ / "keeper"; }

  KeeperClient& connect(std::int64_t orphan_us = 600'000'000) {
    client_ = KeeperClient::connect_or_start({folder(), HONE_KEEPER_PROGRAM, orphan_us});
    return *client_;
  }

  std::string run_id(int number) const { return study_ + "/" + std::to_string(number) + "/1"; }
  std::filesystem::path out_path(int number) const {
    return root_ / ("out" + std::to_string(number));
  }
  std::string output(int number) const { return slurp(out_path(number)); }

  ProcessSpec spec(int number, std::vector<std::string> argv) const {
    ProcessSpec spec;
    spec.run = run_id(number);
    spec.argv = std::move(argv);
    spec.program = resolve_program(spec.argv[0], "/usr/bin:/bin", root_.string()).path;
    if (spec.program.empty()) spec.program = spec.argv[0];
    spec.env = {"PATH=/usr/bin:/bin", "HONE_RUN=" + spec.run};
    spec.folder = root_.string();
    spec.stdout_path = out_path(number).string();
    spec.stderr_path = spec.stdout_path;
    return spec;
  }
  ProcessSpec shell(int number, const std::string& script) const {
    return spec(number, {"sh", "-c", script});
  }

  StartedProcess start(const ProcessSpec& spec) {
    const SpawnOutcome outcome = client_->spawn(spec);
    if (const auto* failure = std::get_if<StartFailure>(&outcome)) {
      ADD_FAILURE() << explain_start_failure(*failure, spec);
    }
    const auto* started = std::get_if<StartedProcess>(&outcome);
    return started != nullptr ? *started : StartedProcess{};
  }

  /// Waits until the run's output holds `text`.
  void expect_output(int number, const std::string& text) {
    EXPECT_TRUE(eventually([&] { return output(number).find(text) != std::string::npos; }))
        << "output: " << output(number);
  }

  /// Waits for the `over` record of a run.
  keeper::Record wait_over(int number) {
    keeper::Record over;
    EXPECT_TRUE(eventually([&] {
      for (const keeper::Record& each : client_->take_ends()) seen_[each.run].push_back(each);
      for (const keeper::Record& each : seen_[run_id(number)]) {
        if (each.event == keeper::RecordEvent::over) over = each;
      }
      return over.run[0] != '\0';
    })) << "run "
        << number << " is not over";
    return over;
  }

  int living_marked() const { return static_cast<int>(find_marked_processes(study_ + "/").size()); }

  std::filesystem::path root_;
  std::string study_;
  std::unique_ptr<KeeperClient> client_;
  std::map<std::string, std::vector<keeper::Record>> seen_;
};

}  // namespace hone
