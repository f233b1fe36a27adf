// Routes that change something: what the command line asks of a study's leader, and labels.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"

namespace hone::server {
namespace {

constexpr std::int64_t kTrialsAtMost = 100'000'000;
constexpr double kSecondsAtMost = 1e9;
constexpr std::int64_t kParallelAtMost = 10'000;
constexpr std::size_t kNoteBytes = 64 * 1024;
constexpr std::size_t kTags = 100;
constexpr std::size_t kTagBytes = 100;

const Parameter& known(const StudySpec& spec, const std::string& name) {
  const int index = spec.space.index_of(name);
  if (index >= 0) return spec.space.parameter(index);
  std::vector<std::string> names;
  for (const Parameter& parameter : spec.space.parameters()) names.push_back(parameter.name);
  const auto near = nearest_name(name, names);
  throw Error(ErrorCode::invalid_input, fmt::format("the study has no parameter '{}'", name),
              near ? fmt::format("did you mean '{}'?", *near) : "parameters: " + join(names, ", "));
}

/// Sets what was given, keeps what the rest of the space makes of it; throws Error(invalid_input).
Config edited(Config config, const StudySpec& spec, const Value& given) {
  if (!given.is_map())
    throw Error(ErrorCode::invalid_input, "config: no object of values by parameter");
  for (const auto& [name, value] : given.as_map()) {
    const Parameter& parameter = known(spec, name);
    if (!parameter.is_searched()) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("'{}' is fixed or computed: it takes no value", name));
    }
    Value wanted = value;
    // 1 for a real parameter, and a choice by an equal number, mean what they say.
    if (std::holds_alternative<Real>(parameter.domain) && value.is_int())
      wanted = value.as_number();
    if (const auto* choice = std::get_if<Choice>(&parameter.domain)) {
      const int index = choice->index_of(value);
      if (index >= 0) wanted = choice->items[static_cast<std::size_t>(index)].value;
    }
    config.set(name, std::move(wanted));
  }
  config = spec.space.complete(config);
  if (const auto faults = spec.space.violations(config); !faults.empty()) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("this configuration does not fit: {}", join(faults, "; ")));
  }
  return config;
}

/// A positive number, null for "no limit"; throws Error(invalid_input).
Value limit_of(const std::string& key, const Value& value, bool as_time) {
  if (value.is_null()) return value;
  const double x = value.is_number() ? value.as_number() : NAN;
  if (!(x > 0) || !std::isfinite(x) || (as_time && x > kSecondsAtMost))
    throw Error(ErrorCode::invalid_input, fmt::format("budget.{}: no positive number", key));
  return as_time ? Value(static_cast<std::int64_t>(std::llround(x * 1e6))) : Value(x);
}

Value budget_request(const Value& given) {
  if (!given.is_map() || given.as_map().empty())
    throw Error(ErrorCode::invalid_input, "budget: no object of limits");
  Value body = Value::Map{};
  for (const auto& [key, value] : given.as_map()) {
    if (key == "trials") {
      const bool fits = value.is_null() ||
                        (value.is_int() && value.as_int() >= 1 && value.as_int() <= kTrialsAtMost);
      if (!fits) throw Error(ErrorCode::invalid_input, "budget.trials: no number of trials");
      body.set(key, value);
    } else if (key == "time_s" || key == "cpu_s" || key == "gpu_s") {
      body.set(key.substr(0, key.size() - 1) + "us", limit_of(key, value, true));
    } else if (key == "cost" || key == "fidelity") {
      body.set(key, limit_of(key, value, false));
    } else {
      throw Error(ErrorCode::invalid_input, fmt::format("budget.{} is unknown", key),
                  "trials, time_s, cpu_s, gpu_s, cost or fidelity");
    }
  }
  return body;
}

/// "trial 7" → 7.
std::optional<std::int64_t> trial_in(const std::string& outcome) {
  constexpr std::string_view kTrial = "trial ";
  if (!outcome.starts_with(kTrial)) return std::nullopt;
  return parse_whole(std::string_view(outcome).substr(kTrial.size()));
}

}  // namespace

HttpResponse Api::asked(Call& call, const char* kind, const Value& body) {
  const std::string outcome = desk_.ask(call.study, kind, body);
  log(LogLevel::info, fmt::format("{}: {}: {}", study_title(call.study), kind, outcome));
  const bool led = desk_.is_led(call.study);
  Value answer = Value::Map{};
  answer.set("outcome", outcome).set("led", led);
  if (!led) {
    if (const std::string hint = desk_.how_to_run(call.study); !hint.empty())
      answer.set("hint", hint);
  }
  if (const auto trial = trial_in(outcome)) answer.set("trial", *trial);
  return json_response(answer);
}

HttpResponse Api::change_study(Call& call) {
  const Value given = call.body({"budget", "parallel"});
  const Value* budget = given.find("budget");
  const Value* parallel = given.find("parallel");
  if (budget == nullptr && parallel == nullptr)
    throw Error(ErrorCode::invalid_input, "nothing to change", "budget or parallel");
  // Both are checked before either is asked for.
  const Value limits = budget != nullptr ? budget_request(*budget) : Value();
  if (parallel != nullptr &&
      !(parallel->is_int() && parallel->as_int() >= 1 && parallel->as_int() <= kParallelAtMost)) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("parallel: no whole number from 1 to {}", kParallelAtMost));
  }
  // One request for both, so that both are done or none.
  Value body = budget != nullptr ? limits : Value(Value::Map{});
  if (parallel != nullptr) body.set("parallel", *parallel);
  return asked(call, budget != nullptr ? "budget" : "parallel", body);
}

HttpResponse Api::study_request(Call& call, const char* kind) {
  return asked(call, kind, Value::Map{});
}

HttpResponse Api::trial_request(Call& call, const char* kind) {
  Value body = Value::Map{};
  body.set("trials", Value(Value::List{Value(call.number)}));
  return asked(call, kind, body);
}

HttpResponse Api::enqueue(Call& call, bool clone) {
  const Value given = call.body({"config"});
  const Value* values = given.find("config");
  if (values == nullptr && !clone)
    throw Error(ErrorCode::invalid_input, "no configuration given",
                R"({"config": {"NAME": VALUE}}; what is left out takes its default)");
  const auto spec = kept_->spec_of(store_, call.study);
  Config config = spec->space.default_config();
  if (clone) {
    // Of an older version of the space, what there still is.
    const Config old = call.model->read(
        [&](const StudyModel::View& view) { return view.history.trial(call.number).config(); });
    for (const auto& [name, value] : old) {
      const int index = spec->space.index_of(name);
      if (index >= 0 && spec->space.parameter(index).is_searched()) config.set(name, value);
    }
  }
  config = edited(std::move(config), *spec, values != nullptr ? *values : Value(Value::Map{}));
  Value body = Value::Map{};
  body.set("config", config.to_value());
  if (clone) body.set("clone_of", call.number);
  return asked(call, "enqueue", body);
}

HttpResponse Api::edit_labels(Call& call, std::optional<std::int64_t> trial) {
  const Value given = call.body({"note", "tags", "star"});
  std::vector<LabelEdit> edits;
  if (const Value* note = given.find("note")) {
    if (!note->is_string() || note->as_string().size() > kNoteBytes) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("note: no text of at most {} bytes", kNoteBytes));
    }
    edits.push_back({{trial, LabelKind::note, "", note->as_string()}, note->as_string().empty()});
  }
  if (const Value* tags = given.find("tags")) {
    const auto is_tag = [](const Value& tag) {
      return tag.is_string() && !tag.as_string().empty() && tag.as_string().size() <= kTagBytes;
    };
    if (!tags->is_list() || tags->as_list().size() > kTags ||
        !std::all_of(tags->as_list().begin(), tags->as_list().end(), is_tag)) {
      throw Error(
          ErrorCode::invalid_input,
          fmt::format("tags: no list of at most {} texts of 1 to {} bytes", kTags, kTagBytes));
    }
    edits.push_back({{trial, LabelKind::tag, "", ""}, true});  // all that there are
    for (const Value& tag : tags->as_list())
      edits.push_back({{trial, LabelKind::tag, tag.as_string(), ""}, false});
  }
  if (const Value* star = given.find("star")) {
    if (!star->is_bool()) throw Error(ErrorCode::invalid_input, "star: true or false");
    edits.push_back({{trial, LabelKind::star, "", ""}, !star->as_bool()});
  }
  if (edits.empty())
    throw Error(ErrorCode::invalid_input, "nothing to change", "note, tags or star");
  store_.edit_labels(call.study.id, edits, "page");
  return json_response(labels_json(store_.labels(call.study.id), trial));
}

}  // namespace hone::server
