#include "hone/mlflow/tracking_api.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "hone/base/error.h"
#include "hone/base/id.h"
#include "hone/mlflow/api_values.h"
#include "hone/mlflow/artifacts.h"

namespace hone::mlflow {
namespace {

constexpr const char* kModels = "models";  ///< the folder of logged models' artifacts
constexpr const char* kMissing = "RESOURCE_DOES_NOT_EXIST";
constexpr const char* kInvalid = "INVALID_PARAMETER_VALUE";
constexpr const char* kExists = "RESOURCE_ALREADY_EXISTS";

std::string new_id() { return fmt::format("{:016x}{:016x}", system_entropy(), system_entropy()); }

Value only(std::string_view key, Value value) {
  Value map = Value::Map{};
  map.set(key, std::move(value));
  return map;
}

std::size_t size_of(const Value* list) {
  return list != nullptr && list->is_list() ? list->as_list().size() : 0;
}

std::size_t whole_or(const Value& body, std::string_view key, std::size_t fallback) {
  const double given = number_of(body.find(key)).value_or(static_cast<double>(fallback));
  return given >= 1 && given < 1e9 ? static_cast<std::size_t>(given) : fallback;
}

/// A whole number of a call, nullopt where it is not given. Throws ApiError where it is no such.
std::optional<std::int64_t> whole_given(const Value& body, std::string_view key) {
  const Value* given = body.find(key);
  if (given == nullptr || given->is_null()) return std::nullopt;
  if (const auto number = whole_number_of(given)) return number;
  throw ApiError{400, kInvalid,
                 fmt::format("{} is to be a whole number of 64 bits, not {}", key, given->dump())};
}

/// A page of `count` items: from the place that the token says, at most `limit`.
struct Page {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::string> next;
};
Page page_of(const Value& body, std::size_t count, std::size_t limit) {
  Page page;
  const auto token = number_of(body.find("page_token"));
  if (token && *token > 0 && *token < 1e15)
    page.begin = std::min(count, static_cast<std::size_t>(*token));
  page.end = std::min(count, page.begin + limit);
  if (page.end < count) page.next = std::to_string(page.end);
  return page;
}

/// A status as its name or its number in the protocol.
std::string status_of(const Value& body, const std::string& before) {
  static constexpr std::array<const char*, 5> kNames = {"RUNNING", "SCHEDULED", "FINISHED",
                                                        "FAILED", "KILLED"};
  const Value* given = body.find("status");
  if (given == nullptr || given->is_null()) return before;
  if (given->is_int() && given->as_int() >= 1 && given->as_int() <= 5)
    return kNames[static_cast<std::size_t>(given->as_int() - 1)];
  for (const char* name : kNames) {
    if (given->is_string() && given->as_string() == name) return name;
  }
  throw ApiError{400, kInvalid, fmt::format("a run has no status {}", given->dump())};
}

}  // namespace

ApiAnswer api_error(int status, std::string_view code, std::string_view message) {
  ApiAnswer answer;
  answer.status = status;
  answer.body.set("error_code", code).set("message", message);
  return answer;
}

TrackingApi::TrackingApi(Ticket ticket, std::int64_t journal_at_most)
    : ticket_(std::move(ticket)),
      journal_at_most_(journal_at_most),
      runs_(read_tracked_runs(ticket_.folder, ticket_.study)) {}

TrackingApi::Handler TrackingApi::handler_of(std::string_view name) {
  using Api = TrackingApi;
  static const std::map<std::string_view, Handler> kHandlers = {
      {"experiments/create", &Api::create_experiment},
      {"experiments/get", &Api::get_experiment},
      {"experiments/get-by-name", &Api::get_experiment_by_name},
      {"experiments/search", &Api::search_experiments},
      {"experiments/list", &Api::search_experiments},
      {"experiments/update", &Api::update_experiment},
      {"experiments/delete", &Api::delete_experiment},
      {"experiments/restore", &Api::restore_experiment},
      {"experiments/set-experiment-tag", &Api::set_experiment_tag},
      {"experiments/delete-experiment-tag", &Api::delete_experiment_tag},
      {"runs/create", &Api::create_run},
      {"runs/get", &Api::get_run},
      {"runs/update", &Api::update_run},
      {"runs/delete", &Api::delete_run},
      {"runs/restore", &Api::restore_run},
      {"runs/search", &Api::search_runs},
      {"runs/log-metric", &Api::log_metric},
      {"runs/log-batch", &Api::log_batch},
      {"runs/log-parameter", &Api::log_parameter},
      {"runs/set-tag", &Api::set_tag},
      {"runs/delete-tag", &Api::delete_tag},
      {"runs/log-inputs", &Api::log_inputs},
      {"runs/outputs", &Api::log_outputs},
      {"runs/log-model", &Api::log_model},
      {"metrics/get-history", &Api::metric_history},
      {"artifacts/list", &Api::list_artifacts},
  };
  const auto it = kHandlers.find(name);
  return it == kHandlers.end() ? nullptr : it->second;
}

ApiAnswer TrackingApi::handle(const ApiRequest& request, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  now_ms_ = now_ms;
  try {
    if (!request.path.empty() && request.path.front() == "logged-models")
      return {200, models(request)};
    std::string name;
    for (const std::string& part : request.path) name += (name.empty() ? "" : "/") + part;
    const Handler handler = handler_of(name);
    if (handler == nullptr) {
      return api_error(404, "ENDPOINT_NOT_FOUND",
                       fmt::format("hone keeps experiments, runs, logged models and artifacts of "
                                   "MLflow; it has no {}",
                                   name));
    }
    return {200, (this->*handler)(request.body)};
  } catch (const ApiError& error) {
    return api_error(error.status, error.code, error.message);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_input) return api_error(400, kInvalid, error.what());
    return api_error(500, "INTERNAL_ERROR",
                     error.what());  // a full disk, mostly; clients try again
  } catch (const std::exception& error) {
    return api_error(500, "INTERNAL_ERROR", error.what());
  }
}

void TrackingApi::accept(std::string_view call, Value body, const std::string& metrics) {
  if (!runs_.has_room(body)) {
    throw ApiError{400, kInvalid,
                   fmt::format("a run has at most {} params, tags and metrics each", kNamesAtMost)};
  }
  body.set("at_ms", now_ms_);
  Value line = Value::Map{};
  line.set("call", call).set("body", body);
  const std::string text = line.dump();
  const std::filesystem::path journal = ticket_.folder / kJournalFile;
  std::error_code none;
  const auto size = std::filesystem::file_size(journal, none);
  const auto before = none ? 0 : static_cast<std::int64_t>(size);
  if (before + static_cast<std::int64_t>(text.size()) >= journal_at_most_) {
    throw ApiError{400, kInvalid,
                   fmt::format("this trial has logged {} bytes, and {} are the most: {} is full",
                               before, journal_at_most_, journal.string())};
  }
  append_line(journal, text);
  try {
    if (!metrics.empty()) append_line(ticket_.metrics, metrics);
  } catch (const Error&) {  // the client asks again: nothing may be of it twice
    std::filesystem::resize_file(journal, static_cast<std::uintmax_t>(before), none);
    throw;
  }
  runs_.apply(call, body);
}

// ---- experiments

const TrackedExperiment& TrackingApi::experiment_of(const Value& body) const {
  const std::string id = body.string_or("experiment_id", "");
  if (const auto* found = runs_.experiment(id)) return *found;
  throw ApiError{404, kMissing, fmt::format("this trial has no experiment with the id '{}'", id)};
}

Value TrackingApi::create_experiment(const Value& body) {
  const std::string name = body.string_or("name", "");
  if (name.empty()) throw ApiError{400, kInvalid, "an experiment needs a name"};
  if (runs_.experiment_named(name) != nullptr)
    throw ApiError{400, kExists, fmt::format("Experiment(name={}) already exists.", name)};
  if (runs_.experiments().size() >= kRunsAtMost)
    throw ApiError{400, kInvalid, "this trial has too many experiments"};
  const std::string id = std::to_string(runs_.experiments().size());
  Value made = only("experiment_id", id);
  made.set("name", name);
  if (const Value* tags = body.find("tags")) made.set("tags", *tags);
  accept("experiment", std::move(made));
  return only("experiment_id", id);
}

Value TrackingApi::get_experiment(const Value& body) {
  return only("experiment", experiment_value(experiment_of(body)));
}

Value TrackingApi::get_experiment_by_name(const Value& body) {
  const std::string name = body.string_or("experiment_name", "");
  if (const auto* found = runs_.experiment_named(name))
    return only("experiment", experiment_value(*found));
  throw ApiError{404, kMissing, fmt::format("this trial has no experiment called '{}'", name)};
}

Value TrackingApi::search_experiments(const Value& body) {
  const auto page = page_of(body, runs_.experiments().size(), whole_or(body, "max_results", 1000));
  Value::List list;
  for (std::size_t i = page.begin; i < page.end; ++i)
    list.push_back(experiment_value(runs_.experiments()[i]));
  Value answer = only("experiments", std::move(list));
  if (page.next) answer.set("next_page_token", *page.next);
  return answer;
}

void TrackingApi::change_experiment(const Value& body, std::string_view key, Value value) {
  Value change = only("experiment_id", experiment_of(body).id);
  change.set(key, std::move(value));
  accept("experiment_change", std::move(change));
}

Value TrackingApi::update_experiment(const Value& body) {
  change_experiment(body, "new_name", body.string_or("new_name", experiment_of(body).name));
  return Value::Map{};
}
Value TrackingApi::delete_experiment(const Value& body) {
  change_experiment(body, "deleted", true);
  return Value::Map{};
}
Value TrackingApi::restore_experiment(const Value& body) {
  change_experiment(body, "deleted", false);
  return Value::Map{};
}
Value TrackingApi::set_experiment_tag(const Value& body) {
  change_experiment(body, "tags", one_pair(body));
  return Value::Map{};
}
Value TrackingApi::delete_experiment_tag(const Value& body) {
  change_experiment(body, "untag", body.string_or("key", ""));
  return Value::Map{};
}

// ---- runs

const TrackedRun& TrackingApi::run_of(const Value& body) const {
  const std::string id = body.string_or("run_id", body.string_or("run_uuid", ""));
  if (const auto* found = runs_.run(id)) return *found;
  throw ApiError{404, kMissing, fmt::format("Run with id={} not found: this trial made none", id)};
}

std::string TrackingApi::artifact_folder(const TrackedRun& run) const {
  return &run == &runs_.runs().front() ? "" : run.id;
}

Value TrackingApi::run_value(const TrackedRun& run) const { return whole_run_value(run); }

Value TrackingApi::create_run(const Value& body) {
  if (runs_.runs().size() >= kRunsAtMost)
    throw ApiError{400, kInvalid, fmt::format("a trial has at most {} runs", kRunsAtMost)};
  Value given = body;
  if (given.string_or("experiment_id", "").empty()) given.set("experiment_id", kDefaultExperiment);
  experiment_of(given);
  Value made = only("run_id", new_id());
  made.set("experiment_id", given.string_or("experiment_id", kDefaultExperiment));
  std::string name = body.string_or("run_name", "");
  if (name.empty()) {
    for (const auto& [key, value] : pairs_of(body.find("tags"))) {
      if (key == "mlflow.runName") name = value;
    }
  }
  if (name.empty()) name = fmt::format("trial-{}", ticket_.trial);
  made.set("run_name", name).set("user_id", body.string_or("user_id", ""));
  made.set("start_time", whole_given(body, "start_time").value_or(now_ms_));
  Value::List tags;
  if (size_of(body.find("tags")) > 0) tags = body.find("tags")->as_list();
  Value name_tag = only("key", "mlflow.runName");
  name_tag.set("value", name);
  tags.push_back(std::move(name_tag));
  made.set("tags", std::move(tags));
  accept("run", std::move(made));
  return only("run", run_value(runs_.runs().back()));
}

Value TrackingApi::get_run(const Value& body) { return only("run", run_value(run_of(body))); }

Value TrackingApi::update_run(const Value& body) {
  const TrackedRun& run = run_of(body);
  Value change = only("run_id", run.id);
  change.set("status", status_of(body, run.status));
  if (const auto end = whole_given(body, "end_time")) change.set("end_time", *end);
  if (const std::string name = body.string_or("run_name", ""); !name.empty())
    change.set("run_name", name);
  accept("update", std::move(change));
  return only("run_info", run_info_value(run));
}

Value TrackingApi::delete_run(const Value& body) {
  Value change = only("run_id", run_of(body).id);
  accept("update", std::move(change.set("deleted", true)));
  return Value::Map{};
}
Value TrackingApi::restore_run(const Value& body) {
  Value change = only("run_id", run_of(body).id);
  accept("update", std::move(change.set("deleted", false)));
  return Value::Map{};
}

Value TrackingApi::search_runs(const Value& body) {
  const std::vector<const TrackedRun*> found = matching_runs(runs_, body);
  const auto page =
      page_of(body, found.size(), std::min(whole_or(body, "max_results", 1000), kSearchAtMost));
  Value::List list;
  for (std::size_t i = page.begin; i < page.end; ++i) list.push_back(run_value(*found[i]));
  Value answer = only("runs", std::move(list));
  if (page.next) answer.set("next_page_token", *page.next);
  return answer;
}

// ---- what is logged

void TrackingApi::check_params(const TrackedRun& run, const Value* params) const {
  for (const auto& [key, value] : pairs_of(params)) {
    const auto known = run.params.find(key);
    if (known == run.params.end() || known->second == value) continue;
    throw ApiError{400, kInvalid,
                   fmt::format("Changing param values is not allowed. Param with key='{}' was "
                               "already logged with value='{}' for run ID='{}'. Attempted logging "
                               "new value '{}'.",
                               key, known->second, run.id, value)};
  }
}

std::string TrackingApi::metric_lines(const TrackedRun& run, const Value& metrics) const {
  // What shares a step becomes one line. A program that gives no steps logs all at step 0: the
  // values of a metric are then counted.
  constexpr std::size_t kPerLine = 100;
  struct Known {
    bool at_zero = false;  ///< as far as it goes
    std::int64_t count = 0;
  };
  std::map<std::string, Known> known;
  std::string text;
  Value line = Value::Map{};
  std::int64_t line_step = 0;
  const auto end_line = [&] {
    if (line.as_map().empty()) return;
    line.set(line.find("step") != nullptr ? "_step" : "step", line_step);
    text += (text.empty() ? "" : "\n") + ("@hone " + line.dump());
    line = Value::Map{};
  };
  for (const Value& each : metrics.as_list()) {
    const std::string key = each.string_or("key", "");
    const auto [it, is_first] = known.try_emplace(key);
    if (const auto before = run.latest.find(key); is_first && before != run.latest.end())
      it->second = {before->second.step == 0, run.counts.at(key)};
    std::int64_t step = whole_number_of(each.find("step")).value_or(0);
    if (step == 0) step = std::exchange(it->second.at_zero, true) ? it->second.count : 0;
    ++it->second.count;
    if (step != line_step || line.find(key) != nullptr || line.as_map().size() >= kPerLine)
      end_line();
    line_step = step;
    line.set(key, *number_of(each.find("value")));
  }
  end_line();
  return text;
}

void TrackingApi::log(const TrackedRun& run, Value changes) {
  if (run.deleted)
    throw ApiError{400, "INVALID_STATE", fmt::format("the run {} has been deleted", run.id)};
  const Value* metrics = changes.find("metrics");
  const std::size_t count = size_of(metrics);
  if (count > kMetricsPerCall || size_of(changes.find("params")) > kParamsPerCall)
    throw ApiError{400, kInvalid, fmt::format("a call has at most {} metrics", kMetricsPerCall)};
  for (std::size_t i = 0; i < count; ++i) {
    const Value& each = metrics->as_list()[i];
    if (each.string_or("key", "").empty() || !number_of(each.find("value"))) {
      throw ApiError{
          400, kInvalid,
          fmt::format("a metric needs a key and a number as its value: {}", each.dump())};
    }
    whole_given(each, "step");
    whole_given(each, "timestamp");
  }
  check_params(run, changes.find("params"));
  const std::string lines = count > 0 ? metric_lines(run, *metrics) : "";
  changes.set("run_id", run.id);
  accept("log", std::move(changes), lines);
}

Value TrackingApi::log_metric(const Value& body) {
  Value metric = Value::Map{};
  for (const char* key : {"key", "value", "timestamp", "step"}) {
    if (const Value* given = body.find(key)) metric.set(key, *given);
  }
  log(run_of(body), only("metrics", Value::List{std::move(metric)}));
  return Value::Map{};
}

Value TrackingApi::log_batch(const Value& body) {
  Value changes = Value::Map{};
  for (const char* key : {"metrics", "params", "tags"}) {
    if (size_of(body.find(key)) > 0) changes.set(key, *body.find(key));
  }
  log(run_of(body), std::move(changes));
  return Value::Map{};
}

Value TrackingApi::log_parameter(const Value& body) {
  log(run_of(body), only("params", one_pair(body)));
  return Value::Map{};
}

Value TrackingApi::set_tag(const Value& body) {
  log(run_of(body), only("tags", one_pair(body)));
  return Value::Map{};
}

Value TrackingApi::delete_tag(const Value& body) {
  const TrackedRun& run = run_of(body);
  const std::string key = body.string_or("key", "");
  if (!run.tags.contains(key)) {
    throw ApiError{404, kMissing,
                   fmt::format("No tag with name: {} in run with id {}", key, run.id)};
  }
  log(run, only("untag", key));
  return Value::Map{};
}

Value TrackingApi::log_inputs(const Value& body) {
  Value changes = Value::Map{};
  if (size_of(body.find("datasets")) > 0) changes.set("datasets", *body.find("datasets"));
  if (size_of(body.find("models")) > 0) changes.set("model_inputs", *body.find("models"));
  log(run_of(body), std::move(changes));
  return Value::Map{};
}

Value TrackingApi::log_outputs(const Value& body) {
  Value changes = Value::Map{};
  if (size_of(body.find("models")) > 0) changes.set("model_outputs", *body.find("models"));
  log(run_of(body), std::move(changes));
  return Value::Map{};
}

/// The description of a model that a client before version 3 logged: kept as its tag, as there.
Value TrackingApi::log_model(const Value& body) {
  const TrackedRun& run = run_of(body);
  auto model = Value::parse(body.string_or("model_json", ""));
  if (!model || !model->is_map()) throw ApiError{400, kInvalid, "model_json is no JSON object"};
  log(run, only("logged_model", *std::move(model)));
  return Value::Map{};
}

Value TrackingApi::metric_history(const Value& body) {
  const TrackedRun& run = run_of(body);
  const std::string key = body.string_or("metric_key", "");
  const auto found = run.history.find(key);
  const std::size_t count = found == run.history.end() ? 0 : found->second.size();
  const auto page =
      page_of(body, count, std::min(whole_or(body, "max_results", kHistoryPage), kHistoryPage));
  Value::List list;
  for (std::size_t i = page.begin; i < page.end; ++i)
    list.push_back(metric_value(key, found->second[i]));
  Value answer = only("metrics", std::move(list));
  if (page.next) answer.set("next_page_token", *page.next);
  return answer;
}

// ---- models and artifacts

const TrackedModel& TrackingApi::model_of(std::string_view id) const {
  if (const auto* found = runs_.model(id)) return *found;
  throw ApiError{404, kMissing, fmt::format("this trial has no logged model '{}'", id)};
}

Value TrackingApi::models(const ApiRequest& request) {
  const auto& path = request.path;
  const Value& body = request.body;
  if (path.size() == 1) {
    if (runs_.models().size() >= kRunsAtMost)
      throw ApiError{400, kInvalid, fmt::format("a trial has at most {} models", kRunsAtMost)};
    Value made = only("model_id", "m-" + new_id());
    for (const char* key : {"experiment_id", "name", "model_type", "source_run_id"}) {
      if (const std::string given = body.string_or(key, ""); !given.empty()) made.set(key, given);
    }
    if (made.string_or("name", "").empty()) made.set("name", "model");
    for (const char* key : {"params", "tags"}) {
      if (size_of(body.find(key)) > 0) made.set(key, *body.find(key));
    }
    accept("model", std::move(made));
    return only("model", model_value(runs_.models().back()));
  }
  if (path.size() == 2 && path[1] == "search") {
    Value::List list;
    for (const TrackedModel& model : runs_.models()) list.push_back(model_value(model));
    return only("models", std::move(list));
  }
  const TrackedModel& model = model_of(path[1]);
  Value change = only("model_id", model.id);
  if (path.size() == 2 && request.method == "GET") return only("model", model_value(model));
  if (path.size() == 2 && request.method == "PATCH") {
    const std::string status = body.string_or("status", "");
    if (!status.starts_with("LOGGED_MODEL_"))
      throw ApiError{400, kInvalid, fmt::format("a model has no status '{}'", status)};
    change.set("status", status);
  } else if (path.size() == 3 && path[2] == "params") {
    if (size_of(body.find("params")) > 0) change.set("params", *body.find("params"));
  } else if (path.size() == 3 && path[2] == "tags") {
    if (size_of(body.find("tags")) > 0) change.set("tags", *body.find("tags"));
  } else if (path.size() == 4 && path[2] == "tags" && request.method == "DELETE") {
    change.set("untag", path[3]);
  } else {
    throw ApiError{404, "ENDPOINT_NOT_FOUND", "hone has no such call for logged models"};
  }
  accept("model_change", std::move(change));
  return only("model", model_value(model));
}

std::vector<ArtifactEntry> TrackingApi::entries_at(const std::vector<std::string>& place) const {
  auto entries = list_artifact_folder(ticket_.trial_dir / kArtifactsFolder, place);
  // At the top, the first run's, lie the folders of others too.
  if (place.empty()) {
    std::erase_if(entries, [&](const ArtifactEntry& entry) {
      return entry.is_folder && (runs_.run(entry.name) != nullptr ||
                                 (entry.name == kModels && !runs_.models().empty()));
    });
  }
  return entries;
}

std::vector<ArtifactEntry> TrackingApi::artifacts_in(const std::vector<std::string>& path) {
  const auto place = artifact_place(path);
  const std::lock_guard lock(mutex_);
  return place ? entries_at(*place) : std::vector<ArtifactEntry>{};
}

std::optional<std::vector<std::string>> TrackingApi::artifact_place(
    const std::vector<std::string>& path) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> place;
  // <run>/artifacts/… or models/<model>/artifacts/…: the uris that runs and models are given.
  std::size_t at = 0;
  if (!path.empty() && path[0] == kModels) {
    if (path.size() < 3 || runs_.model(path[1]) == nullptr || path[2] != kArtifactsFolder)
      return std::nullopt;
    place = {kModels, path[1]};
    at = 3;
  } else {
    const TrackedRun* run = path.empty() ? nullptr : runs_.run(path[0]);
    if (run == nullptr || path.size() < 2 || path[1] != kArtifactsFolder) return std::nullopt;
    if (const std::string own = artifact_folder(*run); !own.empty()) place = {own};
    at = 2;
  }
  for (; at < path.size(); ++at) {
    if (!path[at].empty()) place.push_back(path[at]);
  }
  return place;
}

Value TrackingApi::list_artifacts(const Value& body) {
  const TrackedRun& run = run_of(body);
  std::vector<std::string> place;
  if (const std::string own = artifact_folder(run); !own.empty()) place.push_back(own);
  const std::string below = body.string_or("path", "");
  for (std::string& part : path_parts(below)) place.push_back(std::move(part));
  Value answer = only("root_uri", artifact_uri(run));
  Value::List files;
  for (const ArtifactEntry& entry : entries_at(place)) {
    Value file = only("path", below.empty() ? entry.name : below + "/" + entry.name);
    file.set("is_dir", entry.is_folder);
    if (!entry.is_folder) file.set("file_size", entry.bytes);
    files.push_back(std::move(file));
  }
  answer.set("files", std::move(files));
  return answer;
}

}  // namespace hone::mlflow
