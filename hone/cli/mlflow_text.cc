#include "hone/cli/mlflow_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "hone/base/error.h"
#include "hone/cli/ui_text.h"
#include "hone/mlflow/tracked_runs.h"

namespace hone::cli {
namespace {

constexpr std::string_view kOwnTags = "mlflow.";
constexpr std::size_t kShown = 50;  ///< parameters or tags of a run
constexpr int kShownColumns = 80;   ///< of a value

using Pairs = std::map<std::string, std::string>;

Pairs own_tags(const mlflow::TrackedRun& run) {
  Pairs tags = run.tags;
  std::erase_if(tags, [](const auto& tag) { return tag.first.starts_with(kOwnTags); });
  return tags;
}

std::string plain(std::string_view text) { return cut_to_columns(printable(text), kShownColumns); }

std::string pairs_line(std::string_view title, const Pairs& pairs) {
  if (pairs.empty()) return "";
  std::string text;
  std::size_t shown = 0;
  for (const auto& [key, value] : pairs) {
    if (++shown > kShown) break;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", plain(key), plain(value));
  }
  if (pairs.size() > kShown) text += fmt::format(", {} more", pairs.size() - kShown);
  return fmt::format("  {}: {}\n", title, text);
}

Value pairs_json(const Pairs& pairs) {
  Value map = Value::Map{};
  for (const auto& [key, value] : pairs) map.set(key, value);
  return map;
}

/// Calls `use` for the runs of each folder; one that cannot be read is left out.
template <class Use>
void for_each_run(const std::vector<std::filesystem::path>& folders, Use&& use) {
  for (const std::filesystem::path& folder : folders) {
    try {
      const mlflow::TrackedRuns runs = mlflow::read_tracked_runs(folder, "");
      for (const mlflow::TrackedRun& run : runs.runs()) {
        if (!run.deleted) use(run);
      }
    } catch (const Error&) {
      continue;  // another machine's, or being removed
    }
  }
}

}  // namespace

Value::List mlflow_json(const std::vector<std::filesystem::path>& run_folders) {
  Value::List list;
  for_each_run(run_folders, [&](const mlflow::TrackedRun& run) {
    Value entry = Value::Map{};
    entry.set("run_id", run.id)
        .set("name", run.name)
        .set("status", run.status)
        .set("params", pairs_json(run.params))
        .set("tags", pairs_json(own_tags(run)));
    list.push_back(std::move(entry));
  });
  return list;
}

std::string mlflow_text(const std::vector<std::filesystem::path>& run_folders) {
  std::string text;
  for_each_run(run_folders, [&](const mlflow::TrackedRun& run) {
    text += fmt::format("mlflow run {}: {}\n", plain(run.name), run.status);
    text += pairs_line("params", run.params) + pairs_line("tags", own_tags(run));
  });
  return text;
}

std::optional<std::string> mlflow_note(const StudySpec& spec) {
  constexpr const char* kUri = "MLFLOW_TRACKING_URI";
  const char* given = std::getenv(kUri);
  const auto& env = spec.command.env;
  const bool is_set =
      std::any_of(env.begin(), env.end(), [&](const auto& entry) { return entry.first == kUri; });
  if (given == nullptr || *given == '\0' || is_set) return std::nullopt;
  return "MLFLOW_TRACKING_URI is set: programs that use MLflow log there, not into their trials "
         "(the study file's  env: {MLFLOW_TRACKING_URI: hone}  changes that)";
}

}  // namespace hone::cli
