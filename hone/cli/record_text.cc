#include "hone/cli/record_text.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/server/trial_files.h"
#include "hone/tuner/job_builder.h"
#include "hone/tuner/system_sampler.h"

namespace hone::cli {
namespace {

constexpr std::size_t kCommitShown = 10;
constexpr std::size_t kPackagesShown = 6;
/// Named first where they are there: what results of training depend on most.
constexpr const char* kTelling[] = {"torch",    "tensorflow",   "jax",        "transformers",
                                    "peft",     "lightning",    "accelerate", "xgboost",
                                    "lightgbm", "scikit_learn", "numpy"};

const Value& map_of(const Value& value, const char* key) {
  static const Value kEmpty = Value::Map{};
  const Value* found = value.find(key);
  return found != nullptr && found->is_map() ? *found : kEmpty;
}

void add(std::string& text, const std::string& part) {
  if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
}

std::string machine_text(const Value& machine) {
  std::string text = machine.string_or("host", "");
  add(text, machine.string_or("system", ""));
  const std::int64_t cpus = machine.int_or("cpus", 0);
  const std::string cpu = machine.string_or("cpu", "");
  if (cpus > 0)
    add(text, cpu.empty() ? fmt::format("{} processors", cpus) : fmt::format("{} × {}", cpus, cpu));
  if (const std::int64_t bytes = machine.int_or("memory_bytes", 0); bytes > 0)
    add(text, format_bytes(bytes));
  const Value* gpus = machine.find("gpus");
  if (gpus != nullptr && gpus->is_list() && !gpus->as_list().empty()) {
    std::vector<std::string> names;
    for (const Value& name : gpus->as_list())
      names.push_back(name.is_string() ? name.as_string() : name.dump());
    const bool alike = std::all_of(names.begin(), names.end(),
                                   [&](const std::string& name) { return name == names.front(); });
    std::string list = alike && names.size() > 1 ? fmt::format("{} × {}", names.size(), names[0])
                                                 : join(names, ", ");
    if (const std::string driver = machine.string_or("gpu_driver", ""); !driver.empty())
      list += fmt::format(" (driver {})", driver);
    add(text, list);
  }
  return text;
}

std::string code_text(const Value& git) {
  const std::string commit = git.string_or("commit", "");
  if (commit.empty()) return "";
  std::string text = "commit " + commit.substr(0, kCommitShown);
  if (const std::string branch = git.string_or("branch", ""); !branch.empty() && branch != "HEAD")
    text += fmt::format(" ({})", branch);
  if (!git.bool_or("dirty", false)) return text;
  const std::string diff = git.string_or("diff", "");
  const auto lines = std::count_if(diff.begin(), diff.end(), [](char c) { return c == '\n'; });
  text += fmt::format(" with changes that were not committed ({} lines of diff{}{})", lines,
                      git.bool_or("diff_cut", false) ? ", cut" : "",
                      git.bool_or("diff_masked", false) ? ", secrets masked" : "");
  return text;
}

std::string python_text(const Value& python) {
  if (python.string_or("version", "").empty()) return "";
  std::string text = "Python " + python.string_or("version", "");
  if (text.starts_with("Python Python ")) text.erase(0, 7);  // as older records have it
  add(text, python.string_or("program", ""));
  const Value& packages = map_of(python, "packages");
  if (packages.as_map().empty()) return text;
  std::vector<std::string> named;
  for (const char* name : kTelling) {
    const Value* version = packages.find(name);
    if (version != nullptr && version->is_string() && named.size() < kPackagesShown)
      named.push_back(fmt::format("{} {}", name, version->as_string()));
  }
  add(text, fmt::format("{} packages", packages.as_map().size()));
  if (!named.empty()) text += fmt::format(" ({})", join(named, ", "));
  return text;
}

bool is_artifact(std::string_view path) {
  const std::string folder = std::string(kArtifactsFolder) + "/";
  // Of a replicate or a confirmation: one folder deeper.
  const std::size_t slash = path.find('/');
  return path.starts_with(folder) ||
         (slash != std::string_view::npos && path.substr(slash + 1).starts_with(folder));
}

}  // namespace

std::vector<std::string> environment_lines(const Value& environment) {
  std::vector<std::string> lines;
  for (const std::string& line :
       {machine_text(map_of(environment, "machine")), code_text(map_of(environment, "git")),
        python_text(map_of(environment, "python"))}) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::map<std::string, UsageFigure> usage_of(Store& store, RunId run) {
  std::map<std::string, UsageFigure> usage;
  store.visit_points(run, [&](std::span<const Point> some) {
    for (const Point& point : some) {
      if (!point.metric.starts_with(kSystemMetrics)) continue;
      UsageFigure& figure = usage[point.metric.substr(kSystemMetrics.size())];
      figure.max = figure.count == 0 ? point.value : std::max(figure.max, point.value);
      figure.sum += point.value;
      ++figure.count;
    }
  });
  return usage;
}

std::string usage_line(const std::map<std::string, UsageFigure>& usage) {
  std::string text;
  const auto find = [&](const std::string& name) {
    const auto it = usage.find(name);
    return it == usage.end() ? nullptr : &it->second;
  };
  if (const UsageFigure* cpu = find("cpu"))
    add(text, fmt::format("{} processors on average", format_number(cpu->mean(), 2)));
  if (const UsageFigure* memory = find("memory"))
    add(text,
        fmt::format("{} of memory at most", format_bytes(static_cast<std::int64_t>(memory->max))));
  for (int i = 0;; ++i) {
    const UsageFigure* busy = find(fmt::format("gpu{}_utilization", i));
    const UsageFigure* memory = find(fmt::format("gpu{}_memory", i));
    if (busy == nullptr && memory == nullptr) break;
    std::string gpu = i == 0 ? "GPU" : fmt::format("GPU {}", i);
    if (busy != nullptr) gpu += fmt::format(" {} % busy", format_number(busy->mean() * 100, 2));
    if (memory != nullptr)
      gpu += fmt::format(" ({} at most)", format_bytes(static_cast<std::int64_t>(memory->max)));
    add(text, gpu);
  }
  return text;
}

Value usage_json(const std::map<std::string, UsageFigure>& usage) {
  Value out = Value::Map{};
  for (const auto& [name, figure] : usage) {
    Value one = Value::Map{};
    out.set(name, one.set("mean", figure.mean()).set("max", figure.max).set("count", figure.count));
  }
  return out;
}

std::vector<LeftFile> files_of(const Workplace& place, const StudyInfo& study, std::int64_t trial) {
  std::vector<LeftFile> files;
  for (const server::FoundFile& file :
       server::list_below(place.trials_folder(study), {std::to_string(trial)}).files)
    files.push_back({file.path, file.bytes, is_artifact(file.path)});
  std::stable_partition(files.begin(), files.end(), [](const LeftFile& f) { return f.artifact; });
  return files;
}

std::vector<std::string> file_lines(const std::vector<LeftFile>& files, std::size_t shown) {
  std::vector<std::string> lines;
  std::size_t artifacts = 0;
  std::int64_t other_bytes = 0;
  for (const LeftFile& file : files) {
    if (!file.artifact) {
      other_bytes += file.bytes;
    } else if (++artifacts <= shown) {
      lines.push_back(fmt::format("{}  {}", file.path, format_bytes(file.bytes)));
    }
  }
  if (artifacts > shown) lines.push_back(fmt::format("… {} more artifacts", artifacts - shown));
  if (const std::size_t others = files.size() - artifacts; others > 0) {
    lines.push_back(fmt::format("{} other file{} (logs, checkpoints), {}", others,
                                others == 1 ? "" : "s", format_bytes(other_bytes)));
  }
  return lines;
}

}  // namespace hone::cli
