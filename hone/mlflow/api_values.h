// What MLflow's clients are sent: experiments, runs, models and metrics as the messages of
// service.proto in JSON; which runs a search finds; lines that are appended to a run's files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/value.h"
#include "hone/mlflow/tracked_runs.h"

namespace hone::mlflow {

/// What a call is refused with.
struct ApiError {
  int status = 400;
  std::string code;
  std::string message;
};

/// "mlflow-artifacts:/<run>/artifacts"
std::string artifact_uri(const TrackedRun& run);

Value experiment_value(const TrackedExperiment& experiment);
Value run_info_value(const TrackedRun& run);
/// With its data, inputs and outputs.
Value whole_run_value(const TrackedRun& run);
Value model_value(const TrackedModel& model);
Value metric_value(const std::string& key, const MetricPoint& point);
/// A list of the one pair "key", "value" of a call. Throws ApiError where it has no key.
Value one_pair(const Value& body);

/// The runs that a call of runs/search means, in its order: `experiment_ids`, `run_view_type`,
/// `filter`, `order_by`. Throws ApiError for a filter that cannot be read.
std::vector<const TrackedRun*> matching_runs(const TrackedRuns& runs, const Value& body);

/// Appends `line` and a line end with one write; the file is made for its user only. Throws
/// Error(io, store_full).
void append_line(const std::filesystem::path& path, const std::string& line);

}  // namespace hone::mlflow
