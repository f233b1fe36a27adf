// GPUs on recorded listings: reading, visibility, packing; NVML against a library with its
// interface.
#include "hone/runner/gpu.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "hone/base/file.h"
#include "hone/runner/gpu_monitor.h"
#include "hone/runner/keeper_fixture.h"
#include "hone/runner/process_capture.h"

namespace hone {
namespace {

std::vector<Gpu> listing(const std::string& name) {
  return parse_nvidia_smi(
      read_file(std::filesystem::path(HONE_SOURCE_DIR) / "tests/data/gpu" / name));
}

std::vector<std::string> tokens(const std::vector<VisibleGpu>& gpus) {
  std::vector<std::string> all;
  for (const VisibleGpu& each : gpus) all.push_back(each.token);
  return all;
}
using Tokens = std::vector<std::string>;
using Chosen = std::vector<std::size_t>;

TEST(GpuListing, HasIndexNameAndMemory) {
  const std::vector<Gpu> gpus = listing("four_a100.csv");
  ASSERT_EQ(gpus.size(), 4u);
  EXPECT_EQ(gpus[1].index, 1);
  EXPECT_EQ(gpus[1].uuid, "GPU-1c7d3e25-a2f4-4a1b-9d68-4e3f2a1b0c99");
  EXPECT_EQ(gpus[1].name, "NVIDIA A100-SXM4-80GB");
  EXPECT_EQ(gpus[1].total_bytes, 81920LL << 20);
  EXPECT_EQ(gpus[1].used_bytes, 70312LL << 20);
  EXPECT_EQ(gpus[1].busy_percent, 98);
}

TEST(GpuListing, TakesMissingFiguresForMissing) {
  EXPECT_FALSE(listing("mixed.csv")[1].busy_percent);
  EXPECT_EQ(listing("mixed.csv")[1].used_bytes, 11LL << 20);
  const std::vector<Gpu> unified = listing("no_memory.csv");
  ASSERT_EQ(unified.size(), 1u);
  EXPECT_FALSE(unified[0].total_bytes);
  EXPECT_FALSE(unified[0].used_bytes);
  EXPECT_EQ(unified[0].busy_percent, 0);
}

TEST(GpuListing, ReadsNoDeviceOutOfAnErrorOrRubbish) {
  EXPECT_TRUE(listing("no_driver.txt").empty());
  EXPECT_TRUE(parse_nvidia_smi("").empty());
  EXPECT_TRUE(parse_nvidia_smi("a,b,c,d,e,f\n-1, GPU-x, n, 1, 1, 1\n,,,,,\n").empty());
  const std::vector<Gpu> comma = parse_nvidia_smi("0, GPU-x, NVIDIA, Inc. Card, 10, 5, 1\n");
  ASSERT_EQ(comma.size(), 1u);
  EXPECT_EQ(comma[0].name, "NVIDIA, Inc. Card");
  EXPECT_EQ(comma[0].total_bytes, 10LL << 20);
}

TEST(GpuVisible, WithoutTheVariableAllAre) {
  EXPECT_EQ(tokens(visible_gpus(listing("four_a100.csv"), {})), (Tokens{"0", "1", "2", "3"}));
}

TEST(GpuVisible, KeepsTheOrderAndSpellingOfTheVariable) {
  const std::vector<Gpu> gpus = listing("four_a100.csv");
  EXPECT_EQ(tokens(visible_gpus(gpus, "2,0")), (Tokens{"2", "0"}));
  EXPECT_EQ(tokens(visible_gpus(gpus, " 3 , 1")), (Tokens{"3", "1"}));
  const auto by_uuid = visible_gpus(gpus, "GPU-1c7d3e25,0");
  ASSERT_EQ(by_uuid.size(), 2u);
  EXPECT_EQ(by_uuid[0].token, "GPU-1c7d3e25");
  EXPECT_EQ(by_uuid[0].gpu->index, 1);
}

TEST(GpuVisible, EmptyMeansNoneAndSoDoesWhatSlurmWritesForNone) {
  const std::vector<Gpu> gpus = listing("four_a100.csv");
  EXPECT_TRUE(visible_gpus(gpus, "").empty());
  EXPECT_TRUE(visible_gpus(gpus, "NoDevFiles").empty());
  EXPECT_TRUE(visible_gpus(gpus, "-1").empty());
}

TEST(GpuVisible, EndsAtTheFirstInvalidOne) {
  const std::vector<Gpu> gpus = listing("four_a100.csv");
  EXPECT_EQ(tokens(visible_gpus(gpus, "1,-1,2")), Tokens{"1"});
  EXPECT_EQ(tokens(visible_gpus(gpus, "1,7,2")), Tokens{"1"});
  EXPECT_EQ(tokens(visible_gpus(gpus, "0,GPU-2d")), Tokens{"0"}) << "two devices begin so";
  EXPECT_EQ(tokens(visible_gpus(gpus, "0,1e0")), Tokens{"0"});
  EXPECT_TRUE(visible_gpus(gpus, "99999999999999999999").empty());
}

TEST(GpuVisible, TwiceTheSameMeansNone) {
  const std::vector<Gpu> gpus = listing("four_a100.csv");
  EXPECT_TRUE(visible_gpus(gpus, "0,1,0").empty());
  EXPECT_TRUE(visible_gpus(gpus, "1,GPU-1c7d").empty());
}

TEST(GpuVisible, AnInstanceOfADividedDeviceIsTakenOnTrust) {
  const auto seen = visible_gpus(listing("mig.csv"), "MIG-41b0c8ab-1f4a-5c3e-9d52-2a7c1b6f0e11");
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_FALSE(seen[0].gpu);
}

TEST(GpuNvml, ReadsDevicesAndTheirInstances) {
  const auto gpus = read_gpus_by_nvml(HONE_FAKE_NVML);
  ASSERT_TRUE(gpus);
  ASSERT_EQ(gpus->size(), 4u);
  EXPECT_EQ((*gpus)[0].index, 0);
  EXPECT_EQ((*gpus)[0].name, "NVIDIA Test 40GB");
  EXPECT_EQ((*gpus)[0].total_bytes, 40LL << 30);
  EXPECT_EQ((*gpus)[0].used_bytes, 1LL << 30);
  EXPECT_EQ((*gpus)[0].busy_percent, 37);
  EXPECT_EQ((*gpus)[0].watts, 215.5);
  EXPECT_EQ((*gpus)[0].celsius, 61);
  EXPECT_EQ((*gpus)[0].driver, "550.54.15");
  EXPECT_FALSE((*gpus)[1].busy_percent);
  EXPECT_FALSE((*gpus)[1].watts);
  EXPECT_FALSE((*gpus)[3].celsius);
  EXPECT_EQ((*gpus)[3].index, -1);
  EXPECT_EQ(tokens(visible_gpus(*gpus, {})), (Tokens{"0", "1"}));
  EXPECT_EQ(visible_gpus(*gpus, "MIG-dddd")[0].gpu->used_bytes, 5);
}

TEST(GpuMonitor, HandsOutTheNewestFinishedReadingAndNeverWaits) {
  std::promise<void> go_on;
  std::atomic<int> taken = 0;
  GpuMonitor monitor([&, wait = go_on.get_future().share()] {
    wait.wait();
    return std::vector<Gpu>(static_cast<std::size_t>(++taken));
  });
  EXPECT_TRUE(monitor.look(0).empty());
  EXPECT_TRUE(monitor.look(60'000'000).empty()) << "the first one is still being taken";
  go_on.set_value();
  while (monitor.look(60'000'000).empty()) std::this_thread::yield();
  EXPECT_GE(monitor.look(60'000'000).size(), 1u);
  while (monitor.look(120'000'000).size() < 2) std::this_thread::yield();
  EXPECT_GE(taken.load(), 2);
}

TEST(GpuNvml, FallsBackToTheToolAndThenToNone) {
  EXPECT_FALSE(read_gpus_by_nvml("libno-such-library.so.1"));
  EXPECT_TRUE(read_gpus({"libno-such-library.so.1", "no-such-nvidia-smi", 1'000'000}).empty());
  char pattern[] = "/tmp/hone-test-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern), nullptr);
  const std::filesystem::path tool = std::filesystem::path(pattern) / "smi";
  std::ofstream(tool) << "#!/bin/sh\n[ \"$2\" = --format=csv,noheader,nounits ] && cat "
                      << HONE_SOURCE_DIR << "/tests/data/gpu/four_a100.csv\n";
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);
  EXPECT_EQ(read_gpus({"libno-such-library.so.1", tool.string(), 20'000'000}).size(), 4u);
  std::filesystem::remove_all(pattern);
}

TEST(GpuAssign, WholeRequestsTakeUnusedDevicesOnly) {
  EXPECT_EQ(assign_gpus({0.5, 0, 1, 0}, 2), (Chosen{1, 3}));
  EXPECT_FALSE(assign_gpus({0.5, 0, 1, 0}, 3));
  EXPECT_EQ(assign_gpus({}, 0), Chosen{});
  EXPECT_FALSE(assign_gpus({}, 1));
}

TEST(GpuAssign, FractionsFillTheFullestFirst) {
  EXPECT_EQ(assign_gpus({0, 0.25, 0.5, 0}, 0.5), Chosen{2});
  EXPECT_EQ(assign_gpus({0, 0.25, 0.75, 0}, 0.5), Chosen{1});
  EXPECT_EQ(assign_gpus({0, 0, 1}, 0.5), Chosen{0});
  EXPECT_FALSE(assign_gpus({0.75, 0.6}, 0.5));
}

TEST(GpuAssign, ThreeThirdsFillADeviceExactly) {
  std::vector<double> load = {0, 0};
  for (int run = 0; run < 6; ++run) {
    const auto chosen = assign_gpus(load, 1.0 / 3);
    ASSERT_TRUE(chosen) << run;
    EXPECT_EQ((*chosen)[0], run < 3 ? 0u : 1u);
    load[(*chosen)[0]] += 1.0 / 3;
  }
  EXPECT_FALSE(assign_gpus(load, 1.0 / 3));
  EXPECT_FALSE(assign_gpus(load, 1));
}

TEST(GpuAssign, NeverGivesMoreThanAllOfADevice) {
  // Every order of 40 requests of mixed sizes keeps each load at 1 or below.
  const double sizes[] = {0.5, 1, 0.25, 2, 1.0 / 3, 0.1};
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::vector<double> load(4, 0);
    unsigned state = seed;
    for (int i = 0; i < 40; ++i) {
      state = state * 1664525u + 1013904223u;
      const double size = sizes[(state >> 16) % 6];
      const auto chosen = assign_gpus(load, size);
      if (!chosen) continue;
      for (const std::size_t each : *chosen) load[each] += size >= 1 ? 1 : size;
    }
    for (const double each : load) EXPECT_LE(each, 1 + 1e-6);
  }
}

TEST(GpuAssign, AskingForOneAndAHalfMakesNoSense) {
  EXPECT_FALSE(is_valid_gpu_request(1.5));
  EXPECT_FALSE(is_valid_gpu_request(-1));
  EXPECT_FALSE(is_valid_gpu_request(std::numeric_limits<double>::quiet_NaN()));
  for (const double fine : {0.0, 0.5, 1.0, 8.0}) EXPECT_TRUE(is_valid_gpu_request(fine));
}

TEST(GpuRelease, WaitsForTheMemoryButNotForEver) {
  const std::int64_t gib = 1LL << 30;
  EXPECT_FALSE(is_gpu_released(20 * gib, 1 * gib, 0));
  EXPECT_TRUE(is_gpu_released(1 * gib + kGpuSlack_bytes, 1 * gib, 0));
  EXPECT_TRUE(is_gpu_released(20 * gib, 1 * gib, kGpuWait_us));
  EXPECT_TRUE(is_gpu_released({}, 0, 0));
}

TEST(GpuVariables, HideTheDevicesThatARunDoesNotHave) {
  EXPECT_EQ(gpu_variables({"2", "0"})[0].second, "2,0");
  EXPECT_EQ(gpu_variables({})[0].second, "");
}

TEST(ProcessCapture, KeepsOutputAndExitCode) {
  const auto captured = run_and_capture({"sh", "-c", "echo out; echo err >&2; exit 3"}, 20'000'000);
  ASSERT_TRUE(captured);
  EXPECT_EQ(captured->output, "out\n");
  EXPECT_EQ(captured->exit_code, 3);
}

TEST(ProcessCapture, KillsWhatTakesTooLong) {
  EXPECT_FALSE(run_and_capture({"sh", "-c", "sleep 1000 & sleep 1000"}, 50'000));
  EXPECT_FALSE(run_and_capture({"no-such-program-here"}, 1'000'000));
  EXPECT_FALSE(run_and_capture({"sh", "-c", "kill -9 $$"}, 20'000'000));
}

}  // namespace
}  // namespace hone
