// Routes of studies as a whole: list, headline, spec, columns, curves, labels, events.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"
#include "hone/server/columns.h"
#include "hone/server/event_sources.h"
#include "hone/server/thinning.h"
#include "hone/study/tracking_spec.h"
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
constexpr std::int64_t kSummaryWait_us = 60'000'000;  ///< for the first one, which another makes
constexpr std::size_t kSummaries = 512;
constexpr std::int64_t kPatience_ms = 60'000;
constexpr std::size_t kBests = 4096;

Value best_row(const std::pair<std::int64_t, double>& trial_and_value) {
  Value row = Value::Map{};
  row.set("trial", trial_and_value.first).set("value", trial_and_value.second);
  return row;
}

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

/// The row of a study in the list. Its best is told where it is known, or `may_read` and the study
/// is short; a study that cannot be read is a row that says so.
Value Api::listed(const StudyInfo& study, bool may_read) {
  Value row;
  try {
    row = study_row(study, *kept_->spec_of(store_, study), desk_.is_led(study));
    Kept::Best best;
    {
      const std::lock_guard lock(kept_->mutex);
      if (const auto it = kept_->bests.find(study.id); it != kept_->bests.end()) best = it->second;
    }
    // What is being looked at is as new as its events; of others the best is looked up once a
    // version.
    const auto model = models_.find(study.id);
    if (best.version != study.last_seq && (model || (may_read && study.trials <= kShortStudy))) {
      models_.open(study.id)->read([&](const StudyModel::View& view) {
        best = {view.history.version(), std::nullopt};
        const std::int64_t trial = view.history.best();
        const auto value = trial < 0 ? std::nullopt : view.history.trial(trial).value();
        if (value) best.trial_and_value = {trial, *value};
      });
      const std::lock_guard lock(kept_->mutex);
      if (kept_->bests.size() >= kBests) kept_->bests.clear();
      kept_->bests[study.id] = best;
    }
    if (best.trial_and_value) row.set("best", best_row(*best.trial_and_value));
  } catch (const std::exception& error) {
    hone::log(LogLevel::debug, fmt::format("{}: {}", study_title(study), error.what()));
    if (row.is_null()) row = study_row(study, StudySpec{}, false);
    row.set("error", error.what());
  }
  return row;
}

HttpResponse Api::studies(Call& /*call*/) {
  Value::List list;
  std::vector<StudyInfo> studies = store_.list_studies();
  std::sort(studies.begin(), studies.end(), [](const StudyInfo& a, const StudyInfo& b) {
    return a.created_us != b.created_us ? a.created_us > b.created_us : b.id < a.id;
  });
  std::size_t short_ones = 0;
  for (const StudyInfo& study : studies) {
    if (study.trials <= kShortStudy) ++short_ones;
    list.push_back(listed(study, short_ones <= kShortStudies));
  }
  Value body = Value::Map{};
  body.set("studies", Value(std::move(list)));
  return json_response(body);
}

/// What the desk says of a study, and the version that it says it of. One thread makes it; others
/// take the last one meanwhile, and wait where there is none yet.
std::pair<std::int64_t, Value> Api::summary(const StudyInfo& study, const History& history) {
  const std::int64_t begin = clock_.monotonic_us();
  {
    std::unique_lock lock(kept_->mutex);
    if (kept_->summaries.size() >= kSummaries) {
      std::erase_if(kept_->summaries, [](const auto& entry) { return !entry.second.is_made; });
    }
    if (kept_->summaries[study.id].version < 0) {
      kept_->made.wait_for(lock, std::chrono::microseconds(kSummaryWait_us),
                           [&] { return !kept_->summaries[study.id].is_made; });
    }
    // Looked up anew: while this waited, others may have cleared away.
    Kept::Summary& known = kept_->summaries[study.id];
    const bool is_right = known.version == history.version();
    if (known.is_made || is_right || (known.version >= 0 && begin < known.from_us))
      return {known.version, known.value};
    known.is_made = true;
  }
  Kept::Summary fresh;
  const auto end = [&] {
    const std::lock_guard lock(kept_->mutex);
    kept_->summaries[study.id] = fresh;
    kept_->made.notify_all();
  };
  try {
    fresh.value = desk_.summary(study, history);
    fresh.version = history.version();
    const std::int64_t now = clock_.monotonic_us();
    fresh.from_us = now + (now - begin) * kSummaryShare;
  } catch (...) {
    end();
    throw;
  }
  end();
  return {fresh.version, fresh.value};
}

/// What can be said of a study whose record is not read. A best trial only where values alone say
/// which one that is.
Value Api::brief_row(const StudyInfo& study, bool led) {
  const auto spec = kept_->spec_of(store_, study);
  Value row = study_row(study, *spec, led);
  Kept::Brief known;
  {
    const std::lock_guard lock(kept_->mutex);
    if (const auto it = kept_->briefs.find(study.id); it != kept_->briefs.end()) known = it->second;
  }
  if (known.version != study.last_seq) {
    known = {study.last_seq, store_.standing(study.id, spec->objective().goal)};
    const std::lock_guard lock(kept_->mutex);
    if (kept_->briefs.size() >= kBests) kept_->briefs.clear();
    kept_->briefs[study.id] = known;
  }
  row.set("counts", counts_json(known.standing.trials));
  const bool is_plain =
      std::all_of(spec->metrics.begin() + 1, spec->metrics.end(), [](const Metric& metric) {
        return metric.role != MetricRole::objective && metric.role != MetricRole::guard &&
               metric.role != MetricRole::constraint;
      });
  if (is_plain && known.standing.best) row.set("best", best_row(*known.standing.best));
  return row;
}

HttpResponse Api::study(Call& call) {
  const bool led = desk_.is_led(call.study);
  std::int64_t so_far = 0;
  const std::int64_t patience_us =
      call.request.whole("patience_ms", 0, kPatience_ms, kPatience_ms) * 1000;
  const auto model = call.request.has("patience_ms")
                         ? models_.open_within(call.study.id, patience_us, so_far)
                         : models_.open(call.study.id);
  if (!model) {
    Value body = brief_row(call.study, led);
    Value reading = Value::Map{};
    reading.set("version", so_far).set("of", call.study.last_seq);
    body.set("reading", std::move(reading));
    HttpResponse response = json_response(body, 202);
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  return model->read([&](const StudyModel::View& view) {
    // The summary may be an older one than the rest: what the client has is as new as both.
    const auto [of_version, said] = summary(call.study, view.history);
    const std::string etag = etag_of(call.study, view.history.version(),
                                     fmt::format("{}{}", of_version, led ? "led" : ""));
    HttpResponse response;
    if (has_it(call.request, etag)) {
      response.status = 304;
    } else {
      Value body = study_json(call.study, view.history, view.spec_version, led, clock_.now_us());
      if (said.is_map()) {
        for (const auto& [name, member] : said.as_map()) body.set(name, member);
      }
      body.set("summary_version", of_version);
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
      .set("source", mask_secrets_in_text(mask_hooks(record.source)))
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
