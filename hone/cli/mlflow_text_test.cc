#include "hone/cli/mlflow_text.h"

#include <gtest/gtest.h>

#include <fstream>

#include "hone/base/file.h"
#include "hone/mlflow/tracked_runs.h"

namespace hone::cli {
namespace {

TEST(MlflowTextTest, ShowsNothingThatATerminalWouldObeyAndCutsBetweenCharacters) {
  std::string folder =
      (std::filesystem::temp_directory_path() / "hone-mlflow-text-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::string name = "x";  // so that a character lies across any even number of bytes
  for (int i = 0; i < 100; ++i) name += "ä";
  Value tag = Value::Map{};
  tag.set("key", "k")
      .set("value",
           "a\xc2\x9b"
           "2Jb");
  Value body = Value::Map{};
  body.set("run_id", "1").set("run_name", name).set("tags", Value::List{tag});
  Value line = Value::Map{};
  line.set("call", "run").set("body", body);
  std::ofstream(std::filesystem::path(folder) / mlflow::kJournalFile) << line.dump() << "\n";
  const std::string text = mlflow_text({folder});
  remove_tree(folder);
  std::string shown = "x";
  for (int i = 0; i < 78; ++i) shown += "ä";
  EXPECT_EQ(text.substr(0, text.find('\n')), "mlflow run " + shown + "…: RUNNING");
  EXPECT_EQ(text.find('\x9b'), std::string::npos) << text;
}

}  // namespace
}  // namespace hone::cli
