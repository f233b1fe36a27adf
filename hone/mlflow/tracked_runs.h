// What the program of one hone run has logged through MLflow: experiments, runs and models as
// MLflow's clients see them. The state is a fold of the accepted calls, which are kept one a line
// in the run's folder (kJournalFile), so that a receiver that was killed, and whoever shows the
// trial, read the same. Metrics are handed on to $HONE_METRICS besides: that is how hone gets them.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/value.h"
#include "hone/runner/mlflow_ticket.h"

namespace hone::mlflow {

struct MetricPoint {
  double value = 0;  ///< NaN and infinities too
  std::int64_t timestamp_ms = 0;
  std::int64_t step = 0;
};

/// What may be kept of one run's program; calls beyond are refused, or (points) told to hone and
/// not kept for those who ask for a metric's history.
inline constexpr std::size_t kRunsAtMost = 10'000;
inline constexpr std::size_t kPointsAtMost = 1'000'000;
inline constexpr std::size_t kNamesAtMost = 100'000;  ///< of one run: params; tags; metrics; …
inline constexpr std::int64_t kJournalBytes = 1LL << 30;

struct TrackedRun {
  std::string id;  ///< 32 hexadecimal digits
  std::string name;
  std::string experiment;
  std::string user;
  std::string status = "RUNNING";  ///< RUNNING, SCHEDULED, FINISHED, FAILED, KILLED
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  ///< 0: it has not ended
  bool deleted = false;
  std::map<std::string, std::string> params;
  std::map<std::string, std::string> tags;
  std::map<std::string, MetricPoint> latest;  ///< by step, then time, then value
  std::map<std::string, std::vector<MetricPoint>> history;
  std::map<std::string, std::int64_t> counts;         ///< values of each metric so far
  Value::List datasets, model_inputs, model_outputs;  ///< as logged
};

struct TrackedModel {
  std::string id;
  std::string name;
  std::string experiment;
  std::string type;
  std::string source_run;
  std::string status = "LOGGED_MODEL_PENDING";
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::map<std::string, std::string> params;
  std::map<std::string, std::string> tags;
};

struct TrackedExperiment {
  std::string id;
  std::string name;
  std::int64_t created_ms = 0;
  bool deleted = false;
  std::map<std::string, std::string> tags;
};

/// The tag of the models that a client before version 3 logged: a JSON list.
inline constexpr const char* kModelHistory = "mlflow.log-model.history";

/// The id of the experiment that is there from the begin; it is called like the study.
inline constexpr const char* kDefaultExperiment = "0";

/// One owner at a time.
class TrackedRuns {
 public:
  explicit TrackedRuns(const std::string& study);

  /// Folds one accepted call; what it names must exist. Unknown calls change nothing (a later
  /// version wrote them).
  void apply(std::string_view call, const Value& body);
  /// Whether all that a call names can be kept (kNamesAtMost).
  bool has_room(const Value& body) const;

  const std::deque<TrackedRun>& runs() const { return runs_; }
  const std::deque<TrackedModel>& models() const { return models_; }
  const std::deque<TrackedExperiment>& experiments() const { return experiments_; }
  const TrackedRun* run(std::string_view id) const;
  const TrackedModel* model(std::string_view id) const;
  const TrackedExperiment* experiment(std::string_view id) const;
  const TrackedExperiment* experiment_named(std::string_view name) const;

 private:
  TrackedRun* find_run(const Value& body);
  void add_metrics(TrackedRun& run, const Value& metrics);

  std::deque<TrackedRun> runs_;  ///< in the order in which they were made
  std::deque<TrackedModel> models_;
  std::deque<TrackedExperiment> experiments_;
  std::size_t points_ = 0;
};

/// Reads what is kept in a run's folder; nothing where its program did not use MLflow. Lines that
/// are cut off or damaged are passed over. Throws Error(io).
TrackedRuns read_tracked_runs(const std::filesystem::path& run_folder, const std::string& study);

/// A number of a call: JSON number, or "NaN", "Infinity", "-Infinity", or digits in quotes.
std::optional<double> number_of(const Value* value);
/// A whole number of a call; a fraction is cut off. nullopt where it is none or has not room in 64
/// bits.
std::optional<std::int64_t> whole_number_of(const Value* value);
/// Key and value of {"key", "value"} objects, in their order; others are passed over.
std::vector<std::pair<std::string, std::string>> pairs_of(const Value* list);

}  // namespace hone::mlflow
