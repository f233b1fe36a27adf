// Routes of studies as a whole: list, headline, spec, columns, front, curves, labels, events.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"
#include "hone/server/columns.h"
#include "hone/server/event_sources.h"
#include "hone/server/thinning.h"
#include "hone/tracking/environment.h"

namespace hone::server {
namespace {

constexpr std::int64_t kShortStudy = 2000;  ///< trials of a study that is read to name its best
constexpr std::size_t kShortStudies = 50;
constexpr std::size_t kCurves = 1000;
constexpr std::size_t kNewestCurves = 200;
constexpr std::size_t kCurvePoints = 500'000;  ///< of one answer
/// A summary is made anew once so many times the time that it took has passed.
constexpr std::int64_t kSummaryShare = 10;

/// "0,4,10-19"; throws Error(invalid_input).
std::vector<std::int64_t> parse_trials(std::string_view text, std::int64_t size) {
  std::vector<std::int64_t> numbers;
  const auto wrong = [&] {
    return Error(ErrorCode::invalid_input, "trials: no list of numbers and ranges",
                 "write 0,4,10-19");
  };
  for (const std::string_view piece : split(text, ',')) {
    const std::size_t dash = piece.find('-', 1);
    const auto first = parse_whole(piece.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_whole(piece.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first) throw wrong();
    for (std::int64_t n = *first; n <= *last && n < size; ++n) {
      if (numbers.size() == kCurves) {
        throw Error(ErrorCode::invalid_input,
                    fmt::format("trials: more than {} at a time", kCurves));
      }
      numbers.push_back(n);
    }
  }
  return numbers;
}

/// Fidelities and values of a metric of a trial: of the first objective the mean over replicates.
void add_curve(const History& history, const Trial& trial, int metric, Thinner& thin) {
  if (metric == 0) {
    for (const CurvePoint& point : trial.curve)
      thin.add(point.fidelity, point.value, point.busy_us);
    return;
  }
  for (const RunId id : history.runs_of(trial.number())) {
    const RunPlan& plan = history.run(id)->plan;
    if (plan.purpose != RunPurpose::search || plan.replicate != 0) continue;
    for (const auto& point : history.series(id)) {
      if (point.metric == metric && !point.late)
        thin.add(point.fidelity, point.value, point.busy_us);
    }
  }
}

}  // namespace

HttpResponse Api::studies(Call& /*call*/) {
  Value::List list;
  std::vector<StudyInfo> studies = store_.list_studies();
  std::sort(studies.begin(), studies.end(), [](const StudyInfo& a, const StudyInfo& b) {
    return a.created_us != b.created_us ? a.created_us > b.created_us : b.id < a.id;
  });
  std::size_t read = 0;
  for (const StudyInfo& study : studies) {
    const auto spec = kept_->spec_of(store_, study);
    Value row = study_row(study, *spec, desk_.is_led(study));
    auto model = models_.find(study.id);
    if (!model && study.trials <= kShortStudy && ++read <= kShortStudies)
      model = models_.open(study.id);
    if (model) {
      model->refresh();
      model->read([&](const StudyModel::View& view) {
        const std::int64_t best = view.history.best();
        const auto value = best < 0 ? std::nullopt : view.history.trial(best).value();
        if (!value) return;
        Value named = Value::Map{};
        named.set("trial", best).set("value", *value);
        row.set("best", std::move(named));
      });
    }
    list.push_back(std::move(row));
  }
  Value body = Value::Map{};
  body.set("studies", Value(std::move(list)));
  return json_response(body);
}

HttpResponse Api::study(Call& call) {
  const auto model = models_.open(call.study.id);
  const bool led = desk_.is_led(call.study);
  return model->read([&](const StudyModel::View& view) {
    const std::int64_t version = view.history.version();
    const std::string etag = etag_of(call.study, version, led ? "led" : "");
    HttpResponse response;
    if (has_it(call.request, etag)) {
      response.status = 304;
    } else {
      Value body = study_json(call.study, view.history, view.spec_version, led, clock_.now_us());
      const std::int64_t now = clock_.monotonic_us();
      Kept::Summary summary;
      {
        const std::lock_guard lock(kept_->mutex);
        summary = kept_->summaries[call.study.id];
      }
      if (summary.version != version && now >= summary.at_us) {
        summary = {version, 0, desk_.summary(call.study, view.history)};
        const std::int64_t took = clock_.monotonic_us() - now;
        summary.at_us = now + took * kSummaryShare;  // from when on it is made anew
        const std::lock_guard lock(kept_->mutex);
        kept_->summaries[call.study.id] = summary;
      }
      for (const auto& [name, member] : summary.value.as_map()) body.set(name, member);
      response = json_response(body);
    }
    response.headers.emplace_back("ETag", etag);
    return response;
  });
}

HttpResponse Api::spec(Call& call) {
  const std::int64_t version = call.request.whole("version", 0, INT32_MAX, 0);
  const SpecRecord record = store_.spec(call.study.id, version);
  Value body = Value::Map{};
  body.set("version", record.version)
      .set("from", record.from_seq)
      .set("source", mask_secrets_in_text(record.source))
      .set("body", masked_body(Value::parse(record.body).value_or(Value::Map{})));
  return json_response(body);
}

HttpResponse Api::columns(Call& call) {
  const std::int64_t since = call.request.whole("since", 0, INT64_MAX, 0);
  const auto model = models_.open(call.study.id);
  return model->read([&](const StudyModel::View& view) {
    const std::int64_t version = view.history.version();
    const std::string etag = etag_of(call.study, version, fmt::format("columns{}", since));
    HttpResponse response;
    response.headers = {{"ETag", etag}, {"Hone-Version", std::to_string(version)}};
    if (has_it(call.request, etag)) {
      response.status = 304;
      return response;
    }
    response.type = "application/vnd.hone.columns";
    response.body = encode_columns(view, since);
    return response;
  });
}

HttpResponse Api::front(Call& call) {
  const auto model = models_.open(call.study.id);
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
    return json_response(body);
  });
}

HttpResponse Api::curves(Call& call) {
  const auto wanted = static_cast<std::size_t>(call.request.whole("points", 4, 20'000, 1000));
  const auto model = models_.open(call.study.id);
  return model->read([&](const StudyModel::View& view) {
    const History& history = view.history;
    const StudySpec& spec = history.spec();
    const std::string name = call.request.parameter("metric").value_or(spec.objective().name);
    const int metric = spec.metric_index(name);
    if (metric < 0) {
      std::vector<std::string> names;
      for (const Metric& declared : spec.metrics) names.push_back(declared.name);
      throw Error(ErrorCode::not_found, fmt::format("the study declares no metric '{}'", name),
                  "declared: " + join(names, ", "));
    }
    std::vector<std::int64_t> numbers;
    if (const auto trials = call.request.parameter("trials")) {
      numbers = parse_trials(*trials, history.size());
    } else {
      const auto newest = static_cast<std::int64_t>(kNewestCurves);
      for (std::int64_t n = std::max<std::int64_t>(0, history.size() - newest); n < history.size();
           ++n)
        numbers.push_back(n);
    }
    const std::size_t points =
        std::min(wanted, kCurvePoints / std::max<std::size_t>(1, numbers.size()));
    Value::List curves;
    for (const std::int64_t number : numbers) {
      Thinner thin(points);
      add_curve(history, history.trial(number), metric, thin);
      Value::List fidelities;
      Value::List values;
      for (const ThinPoint& point : thin.points()) {
        fidelities.emplace_back(point.step);
        values.emplace_back(point.value);
      }
      Value curve = Value::Map{};
      curve.set("trial", number)
          .set("fidelity", Value(std::move(fidelities)))
          .set("value", Value(std::move(values)));
      curves.push_back(std::move(curve));
    }
    Value body = Value::Map{};
    body.set("metric", name)
        .set("fidelity", spec.fidelity ? spec.fidelity->name : "step")
        .set("version", history.version())
        .set("curves", Value(std::move(curves)));
    return json_response(body);
  });
}

HttpResponse Api::events(Call& call) {
  std::optional<std::int64_t> since;
  if (call.request.has("since")) since = call.request.whole("since", 0, INT64_MAX, 0);
  if (const auto last = parse_whole(call.request.header("last-event-id")); last && *last >= 0)
    since = *last;
  HttpResponse response;
  response.type = "text/event-stream";
  response.events = std::make_shared<StudyEvents>(store_, models_.open(call.study.id), since);
  return response;
}

Value labels_json(std::span<const Label> labels, std::optional<std::int64_t> trial) {
  Value::List tags;
  bool star = false;
  std::optional<std::string> note;
  for (const Label& label : labels) {
    if (label.trial != trial) continue;
    if (label.kind == LabelKind::note) note = label.text;
    if (label.kind == LabelKind::tag) tags.emplace_back(label.name);
    if (label.kind == LabelKind::star) star = true;
  }
  Value out = Value::Map{};
  if (note) out.set("note", *note);
  return out.set("tags", Value(std::move(tags))).set("star", star);
}

HttpResponse Api::labels(Call& call) {
  const std::vector<Label> labels = store_.labels(call.study.id);
  Value trials = Value::Map{};
  // They come trial by trial.
  for (std::size_t from = 0; from < labels.size();) {
    std::size_t to = from;
    while (to < labels.size() && labels[to].trial == labels[from].trial) ++to;
    if (labels[from].trial) {
      trials.as_map().emplace_back(
          std::to_string(*labels[from].trial),
          labels_json(std::span(labels).subspan(from, to - from), labels[from].trial));
    }
    from = to;
  }
  Value body = Value::Map{};
  body.set("study", labels_json(labels, std::nullopt)).set("trials", std::move(trials));
  return json_response(body);
}

}  // namespace hone::server
