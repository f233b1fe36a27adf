// Messages as in runner/event_file.cc, and those of the hparams plugin (numbers in brackets;
// tensorboard/plugins/hparams/plugin_data.proto, api.proto):
//
//   HParamsPluginData version [1] · experiment [2] · session_start_info [3] · session_end_info [4]
//   Experiment        name [6] · time_created_secs [3] · hparam_infos [4]* {name [1] · type [4]} ·
//                     metric_infos [5]* {name [1] {tag [2]}}
//   SessionStartInfo  hparams [1]* {key [1] · value [2]} · group_name [4] · start_time_secs [5]
//   SessionEndInfo    status [1] · end_time_secs [2]
//   protobuf.Value    number_value [2] · string_value [3] · bool_value [4]
#include "hone/cli/tensorboard_export.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "hone/base/file.h"
#include "hone/runner/event_record.h"
#include "hone/runner/protobuf_wire.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

using namespace protobuf;

constexpr std::string_view kScalars = "scalars";
constexpr std::string_view kHparams = "hparams";
enum Status { kSuccess = 1, kFailure = 2, kRunning = 3 };
enum DataType { kText = 1, kTruth = 2, kNumber = 3 };

double seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }

std::string metadata(std::string_view plugin, std::string_view content) {
  std::string data, out;
  put_bytes(data, 1, plugin);
  if (!content.empty()) put_bytes(data, 2, content);
  put_bytes(out, 1, data);
  return out;
}

/// An event file in the making.
class EventFile {
 public:
  explicit EventFile(std::int64_t at_us) {
    std::string event;
    put_double(event, 1, seconds(at_us));
    put_bytes(event, 3, "brain.Event:2");
    append_event_record(out_, event);
  }

  void scalar(std::int64_t at_us, std::int64_t step, const std::string& tag, double value) {
    std::string entry;
    put_bytes(entry, 1, tag);
    put_float(entry, 2, static_cast<float>(value));
    if (tags_.insert(tag).second) put_bytes(entry, 9, metadata(kScalars, ""));
    add(at_us, step, entry);
  }
  /// `data`: HParamsPluginData.
  void hparams(std::int64_t at_us, std::string_view tag, std::string_view data) {
    std::string entry;
    put_bytes(entry, 1, tag);
    put_bytes(entry, 9, metadata(kHparams, data));
    add(at_us, 0, entry);
  }
  void write(const fs::path& folder, std::int64_t at_us, std::string_view name) const {
    make_private_folder(folder);
    write_file_atomically(
        folder / fmt::format("{}{:010}.hone.{}", kEventFilePrefix, at_us / 1'000'000, name), out_);
  }

 private:
  void add(std::int64_t at_us, std::int64_t step, std::string_view entry) {
    std::string summary, event;
    put_bytes(summary, 1, entry);
    put_double(event, 1, seconds(at_us));
    if (step != 0) put_whole(event, 2, step);
    put_bytes(event, 5, summary);
    append_event_record(out_, event);
  }

  std::string out_;
  std::set<std::string> tags_;
};

/// A parameter as a protobuf.Value.
std::string parameter_value(const Value& value) {
  std::string out;
  if (value.is_number()) {
    put_double(out, 2, value.as_number());
  } else if (value.is_bool()) {
    put_whole(out, 4, value.as_bool() ? 1 : 0);
  } else {
    put_bytes(out, 3, value.is_string() ? value.as_string() : value.dump());
  }
  return out;
}

std::string experiment(const History& history, std::int64_t at_us) {
  const StudySpec& spec = history.spec();
  std::map<std::string, int> types;
  for (const Trial& trial : history.trials()) {
    for (const auto& [name, value] : trial.config()) {
      const int type = value.is_number() ? kNumber : value.is_bool() ? kTruth : kText;
      int& known = types.emplace(name, type).first->second;
      if (known != type) known = kText;
    }
  }
  std::string inner;
  put_double(inner, 3, seconds(at_us));
  for (const Parameter& parameter : spec.space.parameters()) {
    const auto type = types.find(parameter.name);
    if (type == types.end()) continue;
    std::string info;
    put_bytes(info, 1, parameter.name);
    put_whole(info, 4, type->second);
    put_bytes(inner, 4, info);
  }
  for (const Metric& metric : spec.metrics) {
    std::string name, info;
    put_bytes(name, 2, metric.name);
    put_bytes(info, 1, name);
    put_bytes(inner, 5, info);
  }
  put_bytes(inner, 6, spec.name);
  std::string data;
  put_bytes(data, 2, inner);
  return data;
}

std::string session_start(const Trial& trial, std::int64_t at_us) {
  std::string inner;
  for (const auto& [name, value] : trial.config()) {
    std::string entry;
    put_bytes(entry, 1, name);
    put_bytes(entry, 2, parameter_value(value));
    put_bytes(inner, 1, entry);
  }
  put_bytes(inner, 4, fmt::format("trial {}", trial.number()));
  put_double(inner, 5, seconds(at_us));
  std::string data;
  put_bytes(data, 3, inner);
  return data;
}

std::string session_end(Status status, std::int64_t at_us) {
  std::string inner;
  put_whole(inner, 1, status);
  if (at_us > 0) put_double(inner, 2, seconds(at_us));
  std::string data;
  put_bytes(data, 4, inner);
  return data;
}

/// One scalar of a run, before it is known whether the steps of its tag are whole.
struct Scalar {
  std::int64_t at_us;
  double position;
  double value;
};

/// TensorBoard's steps are whole numbers: where a metric's places are not, its values are counted.
void put_series(EventFile& file, const std::string& tag, const std::vector<Scalar>& series) {
  const bool whole = std::all_of(series.begin(), series.end(), [](const Scalar& each) {
    return each.position == std::floor(each.position) && std::fabs(each.position) < 9e15;
  });
  for (std::size_t i = 0; i < series.size(); ++i) {
    const auto step =
        whole ? static_cast<std::int64_t>(series[i].position) : static_cast<std::int64_t>(i);
    file.scalar(series[i].at_us, step, tag, series[i].value);
  }
}

Status status_of(const Trial& trial, const std::vector<const Run*>& runs) {
  if (runs.back()->state != RunState::ended) return kRunning;
  return trial.state == TrialState::failed ? kFailure : kSuccess;
}

/// The runs that write to one folder: those of a replicate or confirmation, one after the other.
void write_runs(const History& history, const Trial& trial, const std::vector<const Run*>& runs,
                const fs::path& folder, const std::function<std::vector<Point>(RunId)>& points_of) {
  const std::int64_t begin_us = runs.front()->started_us;
  EventFile file(begin_us);
  file.hparams(begin_us, "_hparams_/session_start_info", session_start(trial, begin_us));
  std::map<std::string, std::vector<Scalar>> series;
  std::int64_t before_us = 0;  // that the trial had run before the run
  std::int64_t end_us = begin_us;
  for (const Run* run : runs) {
    const auto instant = [&](std::int64_t busy_us) {
      return run->started_us + std::max<std::int64_t>(0, busy_us - before_us);
    };
    for (const auto& point : history.series(run->id)) {
      const std::string& name = history.spec().metrics[static_cast<std::size_t>(point.metric)].name;
      series[name].push_back({instant(point.busy_us), point.fidelity, point.value});
    }
    for (const Point& point : points_of(run->id))
      series[point.metric].push_back({instant(point.busy_us), point.step, point.value});
    if (run->state == RunState::ended) {
      before_us += run->end.busy_us;
      end_us = std::max(end_us, run->ended_us);
    }
  }
  for (const auto& [tag, values] : series) put_series(file, tag, values);
  const Status status = status_of(trial, runs);
  if (status != kRunning)
    file.hparams(end_us, "_hparams_/session_end_info", session_end(status, end_us));
  file.write(folder, begin_us, std::to_string(runs.front()->id.value));
}

}  // namespace

std::size_t write_tensorboard(const History& history, const fs::path& folder,
                              const std::function<std::vector<Point>(RunId)>& points) {
  std::size_t files = 0;
  std::int64_t first_us = 0;
  for (const Trial& trial : history.trials()) {
    std::map<std::pair<RunPurpose, int>, std::vector<const Run*>> groups;
    for (const RunId id : history.runs_of(trial.number())) {
      const Run* run = history.run(id);
      if (run->started_us > 0) groups[{run->plan.purpose, run->plan.replicate}].push_back(run);
    }
    for (const auto& [key, runs] : groups) {
      const auto& [purpose, replicate] = key;
      fs::path own = folder / std::to_string(trial.number());
      if (purpose != RunPurpose::search) {
        own /= fmt::format("{}-{}", run_purpose_name(purpose), replicate);
      } else if (replicate > 0) {
        own /= fmt::format("replicate-{}", replicate);
      }
      write_runs(history, trial, runs, own, points);
      if (first_us == 0) first_us = runs.front()->started_us;
      ++files;
    }
  }
  EventFile study(first_us);
  study.hparams(first_us, "_hparams_/experiment", experiment(history, first_us));
  study.write(folder, first_us, "study");
  return files + 1;
}

}  // namespace hone::cli
