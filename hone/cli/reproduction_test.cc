#include "hone/cli/reproduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hone::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Value record(const std::string& text) { return Value::parse(text).value(); }

TEST(Differences, NameWhatIsOtherwiseAndPassOverWhatOneSideDoesNotKnow) {
  const Value then = record(
      R"({"hone": "1", "git": {"commit": "aaaaaaaaaaaaaaaa", "diff": "x\n"},
          "python": {"version": "3.11.2", "packages": {"torch": "2.1.0", "gone": "1", "same": "4"}},
          "machine": {"host": "a", "cpus": 8, "gpus": ["A100"]},
          "variables": {"OMP_NUM_THREADS": "4"}})");
  const Value now = record(
      R"({"hone": "1", "git": {"commit": "bbbbbbbbbbbbbbbb"},
          "python": {"version": "3.11.2", "packages": {"torch": "2.4.1", "new": "2", "same": "4"}},
          "machine": {"host": "b", "cpus": 8},
          "variables": {}})");
  EXPECT_THAT(
      difference_lines(differences(then, now)),
      ElementsAre("commit: aaaaaaaaaa, now bbbbbbbbbb",
                  "changes that are not committed: 1 lines of diff, now none", "machine: a, now b",
                  "package gone: 1, now not there", "package new: not there, now 2",
                  "package torch: 2.1.0, now 2.4.1", "variable OMP_NUM_THREADS: 4, now not there"));
  EXPECT_TRUE(differences(then, then).empty());
  EXPECT_TRUE(differences(Value::Map{}, now).empty()) << "an older record that has little";
}

TEST(Differences, CountPackagesAfterSomeOfThem) {
  Value then = record(R"({"python": {"packages": {}}})");
  Value now = then;
  Value packages = Value::Map{};
  for (int i = 0; i < 20; ++i) packages.set("p" + std::to_string(10 + i), "1");
  Value python = Value::Map{};
  now.set("python", python.set("packages", packages));
  const auto lines = difference_lines(differences(then, now), 5);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines.back(), "… and 15 more packages");
}

TEST(Differences, TheSameCodeIsTheSameCommitWithTheSameChanges) {
  const Value clean = record(R"({"git": {"commit": "a", "dirty": false}})");
  const Value dirty = record(R"({"git": {"commit": "a", "dirty": true, "diff": "x"}})");
  EXPECT_TRUE(is_same_code(clean, clean));
  EXPECT_TRUE(is_same_code(dirty, dirty));
  EXPECT_FALSE(is_same_code(clean, dirty));
  EXPECT_FALSE(is_same_code(clean, record(R"({"git": {"commit": "b"}})")));
}

TEST(Comparisons, SayWhetherAndHowFarAValueCameOutOtherwise) {
  Comparison comparison;
  comparison.metric = "loss";
  EXPECT_EQ(comparison_text(comparison, "epoch"), "loss: nothing was reported this time");
  comparison.now = 0.5;
  EXPECT_THAT(comparison_text(comparison, "epoch"), HasSubstr("nothing is recorded"));
  comparison.recorded = 0.5;
  comparison.has_curves = true;
  EXPECT_EQ(comparison_text(comparison, "epoch"),
            "loss: 0.5 now, 0.5 recorded: the same to the last digit");
  comparison.now = 0.55;
  comparison.part_at = 3;
  comparison.replicates = Spread{0.5, 0.1, 3};
  EXPECT_EQ(
      comparison_text(comparison, "epoch"),
      "loss: 0.55 now, 0.5 recorded: 0.05 higher (10 %); its 3 runs with other seeds spread by "
      "0.1 (standard deviation); the curves part at epoch 3");
}

}  // namespace
}  // namespace hone::cli
