#include "hone/mlflow/api_values.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "hone/base/error.h"
#include "hone/base/owned_file.h"

namespace hone::mlflow {
namespace {

Value pairs_value(const std::map<std::string, std::string>& pairs) {
  Value::List list;
  for (const auto& [key, value] : pairs) {
    Value pair = Value::Map{};
    list.push_back(std::move(pair.set("key", key).set("value", value)));
  }
  return list;
}

/// A double as protobuf's JSON has it.
Value double_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

const char* stage(bool deleted) { return deleted ? "deleted" : "active"; }

}  // namespace

std::string artifact_uri(const TrackedRun& run) {
  return fmt::format("mlflow-artifacts:/{}/{}", run.id, kArtifactsFolder);
}

Value experiment_value(const TrackedExperiment& experiment) {
  Value value = Value::Map{};
  value.set("experiment_id", experiment.id)
      .set("name", experiment.name)
      .set("artifact_location", "mlflow-artifacts:/")
      .set("lifecycle_stage", stage(experiment.deleted))
      .set("creation_time", experiment.created_ms)
      .set("last_update_time", experiment.created_ms);
  if (!experiment.tags.empty()) value.set("tags", pairs_value(experiment.tags));
  return value;
}

Value run_info_value(const TrackedRun& run) {
  Value info = Value::Map{};
  info.set("run_id", run.id)
      .set("run_uuid", run.id)
      .set("run_name", run.name)
      .set("experiment_id", run.experiment)
      .set("user_id", run.user)
      .set("status", run.status)
      .set("start_time", run.start_ms)
      .set("artifact_uri", artifact_uri(run))
      .set("lifecycle_stage", stage(run.deleted));
  if (run.end_ms > 0) info.set("end_time", run.end_ms);
  return info;
}

Value whole_run_value(const TrackedRun& run) {
  Value data = Value::Map{};
  Value::List metrics;
  for (const auto& [key, point] : run.latest) metrics.push_back(metric_value(key, point));
  data.set("metrics", std::move(metrics))
      .set("params", pairs_value(run.params))
      .set("tags", pairs_value(run.tags));
  Value inputs = Value::Map{};
  inputs.set("dataset_inputs", run.datasets).set("model_inputs", run.model_inputs);
  Value outputs = Value::Map{};
  outputs.set("model_outputs", run.model_outputs);
  Value value = Value::Map{};
  value.set("info", run_info_value(run))
      .set("data", std::move(data))
      .set("inputs", std::move(inputs))
      .set("outputs", std::move(outputs));
  return value;
}

Value model_value(const TrackedModel& model) {
  Value info = Value::Map{};
  info.set("model_id", model.id)
      .set("experiment_id", model.experiment)
      .set("name", model.name)
      .set("creation_timestamp_ms", model.created_ms)
      .set("last_updated_timestamp_ms", model.updated_ms)
      .set("artifact_uri",
           fmt::format("mlflow-artifacts:/models/{}/{}", model.id, kArtifactsFolder))
      .set("status", model.status)
      .set("tags", pairs_value(model.tags));
  if (!model.type.empty()) info.set("model_type", model.type);
  if (!model.source_run.empty()) info.set("source_run_id", model.source_run);
  Value data = Value::Map{};
  data.set("params", pairs_value(model.params));
  Value value = Value::Map{};
  value.set("info", std::move(info)).set("data", std::move(data));
  return value;
}

Value metric_value(const std::string& key, const MetricPoint& point) {
  Value value = Value::Map{};
  value.set("key", key)
      .set("value", double_value(point.value))
      .set("timestamp", point.timestamp_ms)
      .set("step", point.step);
  return value;
}

Value one_pair(const Value& body) {
  const std::string key = body.string_or("key", "");
  if (key.empty()) throw ApiError{400, "INVALID_PARAMETER_VALUE", "the call has no key"};
  Value pair = Value::Map{};
  pair.set("key", key).set("value", body.string_or("value", ""));
  return Value::List{std::move(pair)};
}

void append_line(const std::filesystem::path& path, const std::string& line) {
  const std::string text = line + "\n";
  const OwnedFile file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  const ssize_t written = !file.is_open() ? -1 : ::write(file.get(), text.data(), text.size());
  const int error = errno;
  if (written > 0 && written < static_cast<ssize_t>(text.size())) {
    // The disk is full: what was begun must not swallow the line after it.
    [[maybe_unused]] const ssize_t ended = ::write(file.get(), "\n", 1);
  }
  if (written == static_cast<ssize_t>(text.size())) return;
  const bool full = written >= 0 || error == ENOSPC || error == EDQUOT;
  throw Error(full ? ErrorCode::store_full : ErrorCode::io,
              fmt::format("cannot write {}: {}", path.string(),
                          written >= 0 ? "the disk is full" : std::strerror(error)));
}

}  // namespace hone::mlflow
