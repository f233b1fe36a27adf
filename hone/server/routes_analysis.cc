// Routes of what a study taught: findings, importance, interactions, seeds, the front. What takes
// seconds is found beside the requests (analyses.h); they tell what there is, and of which version.
#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "hone/analysis/analysis_json.h"
#include "hone/analysis/fanova.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"

namespace hone::server {
namespace {

/// Of the objective that a request names, or of the first. Throws Error(not_found).
const Analysis::OfObjective& objective_of(const Analysis& found, const HttpRequest& request) {
  const auto name = request.parameter("metric");
  for (const auto& objective : found.objectives) {
    if (!name || objective.metric == *name) return objective;
  }
  std::vector<std::string> names;
  for (const auto& objective : found.objectives) names.push_back(objective.metric);
  throw Error(ErrorCode::not_found,
              fmt::format("the study has no objective '{}'", name.value_or("")),
              "objectives: " + join(names, ", "));
}

}  // namespace

template <class Tell>
HttpResponse Api::analysed(Call& call, std::string_view part, const Tell& tell) {
  const auto model = models_.open(call.study.id);
  const Analyses::Answer answer = analyses_.get(model);
  if (!answer.found) {
    Value body = Value::Map{};
    body.set("version", model->version()).set("computing", true);
    HttpResponse response = json_response(body, 202);
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  if (!answer.found->error.empty())
    throw std::runtime_error("the analysis of the study failed: " + answer.found->error);
  const std::string etag = etag_of(call.study, answer.found->version,
                                   fmt::format("{}{}", part, answer.is_coming ? "-more" : ""));
  HttpResponse response;
  if (has_it(call.request, etag)) {
    response.status = 304;
  } else {
    Value body = tell(*answer.found);
    body.set("version", answer.found->version).set("computing", answer.is_coming);
    response = json_response(body);
  }
  response.headers.emplace_back("ETag", etag);
  return response;
}

HttpResponse Api::findings(Call& call) {
  return analysed(call, "findings", [](const Analysis& found) { return found.findings; });
}

HttpResponse Api::importance(Call& call) {
  return analysed(
      call, "importance" + call.request.parameter("metric").value_or(""),
      [&](const Analysis& found) { return objective_of(found, call.request).importance; });
}

HttpResponse Api::seeds(Call& call) {
  return analysed(call, "seeds", [](const Analysis& found) { return found.seeds; });
}

HttpResponse Api::interactions(Call& call) {
  const auto first = call.request.parameter("first");
  const auto second = call.request.parameter("second");
  if (first.has_value() != second.has_value())
    throw Error(ErrorCode::invalid_input, "a pair needs both first and second");
  const std::string part = "interactions" + call.request.parameter("metric").value_or("") +
                           first.value_or("") + "/" + second.value_or("");
  return analysed(call, part, [&](const Analysis& found) {
    const Analysis::OfObjective& objective = objective_of(found, call.request);
    if (!first) return objective.interactions;
    const auto& pairs = objective.forest->pairs;
    const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const FanovaPair& one) {
      return (one.first == *first && one.second == *second) ||
             (one.first == *second && one.second == *first);
    });
    if (pair == pairs.end()) {
      throw Error(ErrorCode::not_found,
                  fmt::format("'{}' and '{}' were not looked at together", *first, *second),
                  "pairs are looked at among the ten parameters with the largest effects, once "
                  "there are enough trials; …/interactions lists them");
    }
    Value body = Value::Map{};
    body.set("metric", objective.metric)
        .set("by_order", objective.forest->by_order)
        .set("first", pair->first)
        .set("second", pair->second)
        .set("share", to_json(pair->share))
        .set("active", pair->active)
        .set("dependence", to_json(pair->dependence));
    return body;
  });
}

HttpResponse Api::front(Call& call) {
  const auto model = models_.open(call.study.id);
  Analyses::Answer answer;
  const bool is_front = model->read([](const StudyModel::View& view) {
    return view.history.spec().objective_count();
  }) > 1;
  if (is_front) answer = analyses_.get(model);
  return model->read([&](const StudyModel::View& view) {
    const History& history = view.history;
    Value::List objectives;
    for (int m = 0; m < history.spec().objective_count(); ++m)
      objectives.emplace_back(history.spec().metrics[static_cast<std::size_t>(m)].name);
    Value::List trials;
    for (const std::int64_t number : history.front())
      trials.push_back(trial_row(history, history.trial(number)));
    Value body = Value::Map{};
    body.set("version", history.version())
        .set("objectives", Value(std::move(objectives)))
        .set("trials", Value(std::move(trials)));
    if (answer.found && answer.found->front.is_map()) {
      Value volume = answer.found->front;
      volume.set("version", answer.found->version);
      body.set("dominated", std::move(volume));
    }
    if (is_front) body.set("computing", answer.is_coming);
    return json_response(body);
  });
}

}  // namespace hone::server
