#include "hone/cli/record_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone::cli {
namespace {

using testing::ElementsAre;

TEST(RecordText, SaysWhereARunRanInThreeLines) {
  const auto record = Value::parse(
      R"({"machine": {"host": "node3", "system": "Linux 6.1 x86_64", "cpu": "EPYC", "cpus": 8,
                      "memory_bytes": 68719476736, "gpus": ["H100", "H100"], "gpu_driver": "550.54"},
          "git": {"commit": "0123456789abcdef", "branch": "main", "dirty": true, "diff": "a\nb\n",
                  "diff_cut": true},
          "python": {"program": "/venv/bin/python", "version": "3.11.2",
                     "packages": {"aaa": "1", "numpy": "2.1.0", "torch": "2.4.1"}}})");
  ASSERT_TRUE(record);
  EXPECT_THAT(
      environment_lines(*record),
      ElementsAre("node3, Linux 6.1 x86_64, 8 × EPYC, 64.0 GiB, 2 × H100 (driver 550.54)",
                  "commit 0123456789 (main) with changes that were not committed (2 lines of diff, "
                  "cut)",
                  "Python 3.11.2, /venv/bin/python, 3 packages (torch 2.4.1, numpy 2.1.0)"));
  EXPECT_TRUE(environment_lines(Value::Map{}).empty());
}

TEST(RecordText, SaysWhatARunUsed) {
  std::map<std::string, UsageFigure> usage;
  EXPECT_EQ(usage_line(usage), "");
  usage["cpu"] = {2, 3.6, 2.0};
  usage["memory"] = {2, 3e9, 2147483648.0};
  usage["gpu0_utilization"] = {2, 1.5, 0.9};
  usage["gpu0_memory"] = {2, 1, 1073741824.0};
  EXPECT_EQ(
      usage_line(usage),
      "1.8 processors on average, 2.0 GiB of memory at most, GPU 75 % busy (1.0 GiB at most)");
}

TEST(RecordText, ListsArtifactsAndCountsTheOtherFiles) {
  const std::vector<LeftFile> files = {{"artifacts/a.png", 1024, true},
                                       {"replicate-1/artifacts/b", 5, true},
                                       {"config.json", 10, false},
                                       {"run-0-0/stdout.log", 2038, false}};
  EXPECT_THAT(file_lines(files),
              ElementsAre("artifacts/a.png  1.0 KiB", "replicate-1/artifacts/b  5 B",
                          "2 other files (logs, checkpoints), 2.0 KiB"));
  EXPECT_THAT(file_lines(files, 1).at(1), "… 1 more artifacts");
}

}  // namespace
}  // namespace hone::cli
