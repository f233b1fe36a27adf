#include "hone/mlflow/tracked_runs.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "hone/base/file.h"
#include "hone/base/text.h"

namespace hone::mlflow {
namespace {

template <class Items>
auto* find_by_id(Items& items, std::string_view id) {
  const auto it =
      std::find_if(items.rbegin(), items.rend(), [&](const auto& each) { return each.id == id; });
  return it == items.rend() ? nullptr : &*it;
}

void append_all(Value::List& to, const Value* list) {
  if (list == nullptr || !list->is_list()) return;
  for (const Value& each : list->as_list()) {
    if (to.size() < kNamesAtMost) to.push_back(each);
  }
}

void set_pairs(std::map<std::string, std::string>& map, const Value* list) {
  for (auto& [key, value] : pairs_of(list)) {
    if (map.size() < kNamesAtMost || map.contains(key)) map[key] = std::move(value);
  }
}

/// Whether the names of a list of {"key", …} objects fit beside those that are there.
template <class Item>
bool fit(const std::map<std::string, Item>& known, const Value* list) {
  if (list == nullptr || !list->is_list()) return true;
  if (known.size() + list->as_list().size() <= kNamesAtMost) return true;
  std::set<std::string> more;
  for (const Value& each : list->as_list()) {
    if (std::string key = each.string_or("key", ""); !known.contains(key))
      more.insert(std::move(key));
  }
  return known.size() + more.size() <= kNamesAtMost;
}

bool fit(const Value::List& known, const Value* list) {
  return list == nullptr || !list->is_list() ||
         known.size() + list->as_list().size() <= kNamesAtMost;
}

/// A JSON list as text, and one more in it.
std::string with_another(const std::string& list, const Value& item) {
  if (!list.starts_with('[') || !list.ends_with(']') || list == "[]")
    return "[" + item.dump() + "]";
  return list.substr(0, list.size() - 1) + "," + item.dump() + "]";
}

/// MLflow's order of the points of a metric, of which the last one is its value. NaN is lowest.
bool is_later(const MetricPoint& a, const MetricPoint& b) {
  const auto rank = [](const MetricPoint& p) {
    return std::tuple(p.step, p.timestamp_ms, !std::isnan(p.value),
                      std::isnan(p.value) ? 0 : p.value);
  };
  return rank(a) >= rank(b);
}

}  // namespace

std::optional<double> number_of(const Value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->as_number();
  if (!value->is_string()) return std::nullopt;
  if (value->as_string() == "Infinity") return INFINITY;
  if (value->as_string() == "-Infinity") return -INFINITY;
  return parse_number(value->as_string());
}

std::optional<std::int64_t> whole_number_of(const Value* value) {
  if (value != nullptr && value->is_int()) return value->as_int();
  const auto number = number_of(value);
  if (!number || !(std::abs(*number) < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::vector<std::pair<std::string, std::string>> pairs_of(const Value* list) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (list == nullptr || !list->is_list()) return pairs;
  for (const Value& each : list->as_list()) {
    std::string key = each.string_or("key", "");
    if (!key.empty()) pairs.emplace_back(std::move(key), each.string_or("value", ""));
  }
  return pairs;
}

TrackedRuns::TrackedRuns(const std::string& study) {
  experiments_.push_back({kDefaultExperiment, study, 0, false, {}});
}

const TrackedRun* TrackedRuns::run(std::string_view id) const { return find_by_id(runs_, id); }
const TrackedModel* TrackedRuns::model(std::string_view id) const {
  return find_by_id(models_, id);
}
const TrackedExperiment* TrackedRuns::experiment(std::string_view id) const {
  return find_by_id(experiments_, id);
}
const TrackedExperiment* TrackedRuns::experiment_named(std::string_view name) const {
  const auto it = std::find_if(experiments_.begin(), experiments_.end(),
                               [&](const auto& each) { return each.name == name; });
  return it == experiments_.end() ? nullptr : &*it;
}

TrackedRun* TrackedRuns::find_run(const Value& body) {
  return find_by_id(runs_, body.string_or("run_id", ""));
}

void TrackedRuns::add_metrics(TrackedRun& run, const Value& metrics) {
  if (!metrics.is_list()) return;
  for (const Value& each : metrics.as_list()) {
    const std::string key = each.string_or("key", "");
    const auto value = number_of(each.find("value"));
    if (key.empty() || !value) continue;
    const MetricPoint point{*value, whole_number_of(each.find("timestamp")).value_or(0),
                            whole_number_of(each.find("step")).value_or(0)};
    const auto known = run.latest.find(key);
    if (known == run.latest.end()) {
      if (run.latest.size() >= kNamesAtMost) continue;
      run.latest.emplace(key, point);
    } else if (is_later(point, known->second)) {
      known->second = point;
    }
    ++run.counts[key];
    if (points_ >= kPointsAtMost) continue;
    ++points_;
    run.history[key].push_back(point);
  }
}

bool TrackedRuns::has_room(const Value& body) const {
  const Value* params = body.find("params");
  const Value* tags = body.find("tags");
  if (const TrackedRun* known = run(body.string_or("run_id", ""))) {
    return fit(known->params, params) && fit(known->tags, tags) &&
           fit(known->latest, body.find("metrics")) &&
           fit(known->datasets, body.find("datasets")) &&
           fit(known->model_inputs, body.find("model_inputs")) &&
           fit(known->model_outputs, body.find("model_outputs"));
  }
  if (const TrackedModel* known = model(body.string_or("model_id", "")))
    return fit(known->params, params) && fit(known->tags, tags);
  const bool is_new = body.find("run_id") != nullptr || body.find("model_id") != nullptr;
  const TrackedExperiment* known =
      is_new ? nullptr : experiment(body.string_or("experiment_id", ""));
  const std::map<std::string, std::string> none;
  return fit(none, params) && fit(known != nullptr ? known->tags : none, tags);
}

void TrackedRuns::apply(std::string_view call, const Value& body) {
  const std::int64_t now_ms = body.int_or("at_ms", 0);
  if (call == "run") {
    TrackedRun run;
    run.id = body.string_or("run_id", "");
    run.name = body.string_or("run_name", "");
    run.experiment = body.string_or("experiment_id", kDefaultExperiment);
    run.user = body.string_or("user_id", "");
    run.start_ms = body.int_or("start_time", now_ms);
    set_pairs(run.tags, body.find("tags"));
    runs_.push_back(std::move(run));
  } else if (call == "experiment") {
    TrackedExperiment made{
        body.string_or("experiment_id", ""), body.string_or("name", ""), now_ms, false, {}};
    set_pairs(made.tags, body.find("tags"));
    experiments_.push_back(std::move(made));
  } else if (call == "experiment_change") {
    auto* found = find_by_id(experiments_, body.string_or("experiment_id", ""));
    if (found == nullptr) return;
    found->name = body.string_or("new_name", found->name);
    found->deleted = body.bool_or("deleted", found->deleted);
    set_pairs(found->tags, body.find("tags"));
    found->tags.erase(body.string_or("untag", ""));
  } else if (call == "model") {
    TrackedModel model;
    model.id = body.string_or("model_id", "");
    model.name = body.string_or("name", "");
    model.experiment = body.string_or("experiment_id", kDefaultExperiment);
    model.type = body.string_or("model_type", "");
    model.source_run = body.string_or("source_run_id", "");
    model.created_ms = model.updated_ms = now_ms;
    set_pairs(model.params, body.find("params"));
    set_pairs(model.tags, body.find("tags"));
    models_.push_back(std::move(model));
  } else if (call == "model_change") {
    auto* model = find_by_id(models_, body.string_or("model_id", ""));
    if (model == nullptr) return;
    model->status = body.string_or("status", model->status);
    model->updated_ms = now_ms;
    set_pairs(model->params, body.find("params"));
    set_pairs(model->tags, body.find("tags"));
    model->tags.erase(body.string_or("untag", ""));
  } else if (TrackedRun* run = find_run(body); run != nullptr && call == "log") {
    if (const Value* metrics = body.find("metrics")) add_metrics(*run, *metrics);
    set_pairs(run->params, body.find("params"));
    set_pairs(run->tags, body.find("tags"));
    run->tags.erase(body.string_or("untag", ""));
    if (const Value* model = body.find("logged_model"))
      run->tags[kModelHistory] = with_another(run->tags[kModelHistory], *model);
    append_all(run->datasets, body.find("datasets"));
    append_all(run->model_inputs, body.find("model_inputs"));
    append_all(run->model_outputs, body.find("model_outputs"));
  } else if (run != nullptr && call == "update") {
    run->status = body.string_or("status", run->status);
    run->end_ms = body.int_or("end_time", run->end_ms);
    run->name = body.string_or("run_name", run->name);
    run->deleted = body.bool_or("deleted", run->deleted);
  }
}

TrackedRuns read_tracked_runs(const std::filesystem::path& run_folder, const std::string& study) {
  TrackedRuns runs(study);
  const std::filesystem::path path = run_folder / kJournalFile;
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return runs;
  const std::string bytes = read_file(path, kJournalBytes);
  for (const std::string_view line : split(bytes, '\n')) {
    if (line.empty()) continue;
    const auto call = Value::parse(line);
    const Value* body = call ? call->find("body") : nullptr;
    if (body != nullptr && body->is_map()) runs.apply(call->string_or("call", ""), *body);
  }
  return runs;
}

}  // namespace hone::mlflow
