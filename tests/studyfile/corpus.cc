#include "corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "hone/base/file.h"
#include "hone/scheduler/scheduler.h"
#include "hone/tuner/algorithm_checks.h"

namespace hone::corpus {

std::vector<Case> cases(const std::string& folder) {
  std::vector<Case> all;
  const std::filesystem::path root = std::filesystem::path(HONE_CORPUS) / folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() != ".yaml") continue;
    Case one;
    one.name = entry.path().filename().string();
    one.text = read_file(entry.path());
    one.expected_path = (root / (entry.path().stem().string() + ".expected")).string();
    all.push_back(std::move(one));
  }
  std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return all;
}

LoadOptions options() {
  static const std::map<std::string, FileKind> files = {
      {"/study", FileKind::folder},
      {"/study/src", FileKind::folder},
      {"/study/train.py", FileKind::file},
      {"/study/train.sh", FileKind::executable},
      {"/study/notes.txt", FileKind::file},
      {"/study/base.yaml", FileKind::file},
      {"/study/config.toml", FileKind::file},
      {"/study/src/main.py", FileKind::file},
      {"/home/ann/elsewhere.py", FileKind::file},
  };
  static const std::set<std::string> programs = {"python3", "bash",      "env",      "conda",
                                                 "docker",  "srun",      "torchrun", "accelerate",
                                                 "wandb",   "deepspeed", "sbatch"};
  static const std::map<std::string, std::string> variables = {
      {"PATH", "/usr/local/bin:/usr/bin"}, {"HOME", "/home/ann"}, {"DATA", "/data/set"}};
  LoadOptions options;
  options.folder = "/study";
  options.current_folder = "/home/ann";
  options.file_kind = [](const std::string& path) {
    if (const auto file = files.find(path); file != files.end()) return file->second;
    const std::string bin = "/usr/bin/";
    const bool program =
        path.compare(0, bin.size(), bin) == 0 && programs.count(path.substr(bin.size())) > 0;
    return program ? FileKind::executable : FileKind::missing;
  };
  options.read_file = [](const std::string& path) -> std::optional<std::string> {
    if (path == "/study/base.yaml")
      return "optimizer:\n  lr: 0.001  # default\n  name: adam\nepochs: 3\nlayers:\n- dim: 8\n";
    if (path == "/study/config.toml") return "[optimizer]\nlr = 0.001\n";
    return std::nullopt;
  };
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  const OptionInfo candidates{"candidates", OptionType::integer,        Value(24), 1, 10000,
                              {},           "Candidates per suggestion"};
  const OptionInfo gamma{"gamma", OptionType::number, Value(0.1), 0, 1, {}, "Share of good trials"};
  const OptionInfo repeat{
      "repeat", OptionType::boolean, Value(false), {}, {}, {}, "Configurations may come again"};
  const OptionInfo points{
      "points", OptionType::integer, Value(), 1, 1000, {}, "Values of a continuous parameter"};
  options.samplers = {{"auto", "", {}},
                      {"grid", "", {points}},
                      {"random", "", {repeat}},
                      {"sobol", "", {}},
                      {"tpe", "", {candidates, gamma}}};
  const OptionInfo eta{"eta", OptionType::number, Value(3.0), 1.1, 1000, {}, "One in eta goes on"};
  const OptionInfo mode{"mode",
                        OptionType::text,
                        Value("auto"),
                        {},
                        {},
                        {"auto", "stop", "promote"},
                        "What a rung does"};
  options.schedulers = {{"asha", "", {eta, mode}}, {"median", "", {}}, {"none", "", {}}};
  for (AlgorithmHelp& help : scheduler_help()) {
    if (help.name == "pbt") options.schedulers.push_back(std::move(help));
  }
  options.check_scheduler = scheduler_problems;
  const auto detector = [](const char* name, const char* action, std::vector<OptionInfo> more) {
    AlgorithmHelp help{name,
                       "",
                       {{"action",
                         OptionType::text,
                         Value(action),
                         {},
                         {},
                         {"off", "warn", "stop"},
                         "What is done about it"}}};
    for (OptionInfo& row : more) help.options.push_back(std::move(row));
    return help;
  };
  const OptionInfo patience{"patience", OptionType::integer, Value(5), 1, 1000, {}, "Reports"};
  const OptionInfo train{"train", OptionType::text, Value(""), {}, {}, {}, "A declared metric"};
  options.detectors = {detector("nan", "stop", {}), detector("divergence", "stop", {patience}),
                       detector("plateau", "warn", {patience}),
                       detector("overfitting", "warn", {patience, train})};
  options.metric_formats = {"csv", "hf_trainer", "json_lines", "keras"};
  options.check_pattern = [](const std::string& pattern) -> std::optional<std::string> {
    if (pattern.find("(?<") != std::string::npos || pattern.find("(?P<") != std::string::npos)
      return std::nullopt;
    return "the pattern has no named group such as (?<loss>…)";
  };
  return options;
}

void expect_same(const Case& one, const std::string& actual) {
  if (std::getenv("HONE_REWRITE_EXPECTED") != nullptr) {
    std::ofstream(one.expected_path, std::ios::binary) << actual;
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(one.expected_path)) << one.name << " has no expectation";
  EXPECT_EQ(read_file(one.expected_path), actual) << one.name;
}

}  // namespace hone::corpus
