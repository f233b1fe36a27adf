// MLflow's REST API 2.0 for one hone run, without a socket: what `mlflow.start_run()`, log_*,
// set_tag, autologging, log_model and the reads of a client ask. Paths and messages are those of
// MLflow's service.proto (https://mlflow.org/docs/latest/rest-api.html). A program sees its own
// runs only. Traces, registered models and the other services are answered as not there.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hone/base/value.h"
#include "hone/mlflow/artifacts.h"
#include "hone/mlflow/tracked_runs.h"
#include "hone/runner/mlflow_ticket.h"

namespace hone::mlflow {

/// One call. `path` is what follows /api/2.0/mlflow: {"runs", "log-batch"}.
struct ApiRequest {
  std::string method;
  std::vector<std::string> path;
  Value body = Value::Map{};  ///< of a GET: the query, a name that comes several times as a list
};

struct ApiAnswer {
  int status = 200;
  Value body = Value::Map{};  ///< of an error: {"error_code", "message"}
};

ApiAnswer api_error(int status, std::string_view code, std::string_view message);

// Limits of one call, those of MLflow's own server where it has them.
inline constexpr std::size_t kMetricsPerCall = 1000;
inline constexpr std::size_t kParamsPerCall = 1000;
inline constexpr std::size_t kSearchAtMost = 50'000;
inline constexpr std::size_t kHistoryPage = 25'000;

/// Safe for use from several threads.
class TrackingApi {
 public:
  /// Goes on from what the run's folder has. Throws Error(io).
  explicit TrackingApi(Ticket ticket, std::int64_t journal_at_most = kJournalBytes);

  /// Never throws: what goes wrong is an answer.
  ApiAnswer handle(const ApiRequest& request, std::int64_t now_ms);

  /// Where an artifact lies below the trial's artifacts folder, for the path of a client below
  /// `mlflow-artifacts:/`; nullopt where it belongs to none of this program's runs and models. The
  /// first run's artifacts lie at the top, those of others in a folder of their own.
  std::optional<std::vector<std::string>> artifact_place(const std::vector<std::string>& path);

  /// What lies in the folder of such a path.
  std::vector<ArtifactEntry> artifacts_in(const std::vector<std::string>& path);

  const Ticket& ticket() const { return ticket_; }

 private:
  using Handler = Value (TrackingApi::*)(const Value& body);
  static Handler handler_of(std::string_view name);
  Value models(const ApiRequest& request);

  Value create_experiment(const Value& body);
  Value get_experiment(const Value& body);
  Value get_experiment_by_name(const Value& body);
  Value search_experiments(const Value& body);
  Value update_experiment(const Value& body);
  Value delete_experiment(const Value& body);
  Value restore_experiment(const Value& body);
  Value set_experiment_tag(const Value& body);
  Value delete_experiment_tag(const Value& body);
  Value create_run(const Value& body);
  Value get_run(const Value& body);
  Value update_run(const Value& body);
  Value delete_run(const Value& body);
  Value restore_run(const Value& body);
  Value search_runs(const Value& body);
  Value log_metric(const Value& body);
  Value log_batch(const Value& body);
  Value log_parameter(const Value& body);
  Value set_tag(const Value& body);
  Value delete_tag(const Value& body);
  Value log_inputs(const Value& body);
  Value log_outputs(const Value& body);
  Value log_model(const Value& body);
  Value metric_history(const Value& body);
  Value list_artifacts(const Value& body);

  const TrackedRun& run_of(const Value& body) const;
  const TrackedExperiment& experiment_of(const Value& body) const;
  const TrackedModel& model_of(std::string_view id) const;
  void change_experiment(const Value& body, std::string_view key, Value value);
  void log(const TrackedRun& run, Value changes);
  void check_params(const TrackedRun& run, const Value* params) const;
  /// Lines for $HONE_METRICS, without the last line's end.
  std::string metric_lines(const TrackedRun& run, const Value& metrics) const;
  /// Keeps a call, hands its metrics on, and folds it: all or nothing.
  void accept(std::string_view call, Value body, const std::string& metrics = "");
  std::vector<ArtifactEntry> entries_at(const std::vector<std::string>& place) const;
  std::string artifact_folder(const TrackedRun& run) const;
  Value run_value(const TrackedRun& run) const;

  Ticket ticket_;
  std::int64_t journal_at_most_;
  std::mutex mutex_;
  TrackedRuns runs_;
  std::int64_t now_ms_ = 0;  ///< of the call that is being handled
};

}  // namespace hone::mlflow
