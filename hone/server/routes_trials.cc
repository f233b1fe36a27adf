// Routes of trials: pages of them, one with everything, what it has logged.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/server/api_call.h"
#include "hone/server/api_json.h"
#include "hone/server/thinning.h"
#include "hone/study/lineage.h"

namespace hone::server {
namespace {

constexpr std::size_t kEvents = 200;            ///< newest changes of a trial that are told
constexpr std::size_t kRuns = 200;              ///< newest runs
constexpr std::size_t kSeriesPoints = 400'000;  ///< of one answer, whatever the number of metrics
constexpr std::size_t kChildren = 1000;

/// Numbers of the trials that fit, so many of them in order.
std::vector<std::int64_t> ordered(const History& history, const std::string& order,
                                  std::optional<TrialState> state, std::int64_t wanted) {
  std::vector<std::pair<double, std::int64_t>> ranked;
  const Goal goal = history.spec().objective().goal;
  for (const Trial& trial : history.trials()) {
    if (state && trial.state != *state) continue;
    const auto value = order == "best" ? trial.value() : std::optional<double>(0);
    if (value && !std::isnan(*value))
      ranked.emplace_back(order == "best" ? to_loss(goal, *value) : 0, trial.number());
  }
  if (order == "newest") std::reverse(ranked.begin(), ranked.end());
  if (order == "best") {
    const auto end = ranked.begin() + std::clamp<std::int64_t>(wanted, 0, std::ssize(ranked));
    std::partial_sort(ranked.begin(), end, ranked.end());
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(ranked.size());
  for (const auto& [loss, number] : ranked) numbers.push_back(number);
  return numbers;
}

Value warnings_of(const Trial& trial) {
  Value::List list;
  for (const TrialWarning& warning : trial.warnings) {
    Value one = Value::Map{};
    one.set("detector", warning.detector).set("reason", warning.reason).set("version", warning.seq);
    list.push_back(std::move(one));
  }
  return list;
}

Value lineage_of(const History& history, std::int64_t number) {
  Value::List list;
  for (const LineageStep& step : lineage(history, number)) {
    Value one = Value::Map{};
    one.set("trial", step.trial).set("from", step.from).set("config", step.config.to_value());
    list.push_back(std::move(one));
  }
  return list;
}

Value children_of(const History& history, std::int64_t number) {
  Value::List list;
  for (std::int64_t n = number + 1; n < history.size() && list.size() < kChildren; ++n) {
    if (history.trial(n).proposal->parent == number) list.emplace_back(n);
  }
  return list;
}

/// A series as it is gathered: a run and a metric.
struct Gathered {
  const Run* run = nullptr;
  std::string metric;
  bool declared = false;
  Thinner thin;
  std::optional<std::int64_t> late_from;  ///< index within the whole series
};

Value series_json(const Gathered& series) {
  Value::List steps;
  Value::List values;
  Value::List busy;
  std::optional<std::int64_t> late_from;
  for (const ThinPoint& point : series.thin.points()) {
    if (series.late_from && !late_from && point.index >= *series.late_from)
      late_from = static_cast<std::int64_t>(steps.size());
    steps.emplace_back(point.step);
    values.emplace_back(point.value);
    busy.emplace_back(seconds(point.busy_us));
  }
  const RunPlan& plan = series.run->plan;
  Value out = Value::Map{};
  out.set("metric", series.metric)
      .set("run", series.run->id.value)
      .set("purpose", run_purpose_name(plan.purpose))
      .set("replicate", plan.replicate)
      .set("segment", plan.segment)
      .set("declared", series.declared)
      .set("total", series.thin.total())
      .set("step", Value(std::move(steps)))
      .set("value", Value(std::move(values)))
      .set("busy_s", Value(std::move(busy)));
  if (late_from) out.set("late_from", *late_from);
  return out;
}

/// All series of a trial, at most so many.
class SeriesSet {
 public:
  SeriesSet(std::size_t points, std::optional<std::string> only)
      : points_(points), at_most_(kSeriesPoints / points), only_(std::move(only)) {}

  /// Null where the metric is not wanted or there are too many.
  Gathered* find(const Run& run, const std::string& metric, bool declared) {
    if (only_ && *only_ != metric) return nullptr;
    // Points of one metric come in a row more often than not.
    if (last_ != nullptr && last_->run == &run && last_->metric == metric &&
        last_->declared == declared)
      return last_;
    for (const auto& known : series_) {
      if (known->run == &run && known->declared == declared && known->metric == metric)
        return last_ = known.get();
    }
    if (series_.size() == at_most_) {
      cut_ = true;
      return nullptr;
    }
    series_.push_back(std::make_unique<Gathered>(
        Gathered{&run, metric, declared, Thinner(points_), std::nullopt}));
    return last_ = series_.back().get();
  }
  bool cut() const { return cut_; }
  Value json() const {
    Value::List list;
    for (const auto& series : series_) list.push_back(series_json(*series));
    return list;
  }

 private:
  std::size_t points_;
  std::size_t at_most_;
  std::optional<std::string> only_;
  std::vector<std::unique_ptr<Gathered>> series_;
  Gathered* last_ = nullptr;
  bool cut_ = false;
};

}  // namespace

HttpResponse Api::trials(Call& call) {
  const HttpRequest& request = call.request;
  const std::int64_t offset = request.whole("offset", 0, INT64_MAX, 0);
  const std::int64_t limit = request.whole("limit", 1, 1000, 100);
  const std::string order = request.parameter("order").value_or("number");
  if (order != "number" && order != "newest" && order != "best") {
    throw Error(ErrorCode::invalid_input, fmt::format("order: '{}' is unknown", order),
                "number, newest or best");
  }
  std::optional<TrialState> state;
  if (const auto name = request.parameter("state")) {
    state = trial_state_from_name(*name);
    if (!state)
      throw Error(ErrorCode::invalid_input, fmt::format("state: '{}' is no state of trials", *name),
                  "queued, running, paused, complete, stopped, failed or cancelled");
  }
  const auto model = models_.open(call.study.id);
  return model->read([&](const StudyModel::View& view) {
    const std::int64_t wanted = std::min(offset, view.history.size()) + limit;
    const std::vector<std::int64_t> numbers = ordered(view.history, order, state, wanted);
    Value::List list;
    for (std::int64_t i = offset; i < std::ssize(numbers) && std::ssize(list) < limit; ++i)
      list.push_back(
          trial_row(view.history, view.history.trial(numbers[static_cast<std::size_t>(i)])));
    Value body = Value::Map{};
    body.set("version", view.history.version())
        .set("total", std::ssize(numbers))
        .set("offset", offset)
        .set("trials", Value(std::move(list)));
    return json_response(body);
  });
}

HttpResponse Api::trial(Call& call) {
  Value body;
  std::vector<Run> runs;
  std::vector<std::int64_t> commits;
  std::shared_ptr<const StudySpec> spec;
  call.model->read([&](const StudyModel::View& view) {
    const History& history = view.history;
    const Trial& trial = history.trial(call.number);
    spec = history.spec_ptr();
    body = trial_row(history, trial);
    body.set("uid", trial.proposal->uid)
        .set("spec_version", trial.proposal->spec_version)
        .set("bracket", trial.proposal->bracket)
        .set("info", trial.proposal->info.is_map() ? trial.proposal->info : Value(Value::Map{}));
    if (const std::string why = desk_.why(*trial.proposal); !why.empty()) body.set("proposed", why);
    if (!trial.detail.empty()) body.set("detail", trial.detail);
    const std::vector<double> confirmed = desk_.confirmed(history, call.number);
    if (!confirmed.empty())
      body.set("confirmed", Value(Value::List(confirmed.begin(), confirmed.end())));
    if (const std::string command = desk_.command(history, call.number); !command.empty())
      body.set("command", command);
    body.set("warnings", warnings_of(trial))
        .set("lineage", lineage_of(history, call.number))
        .set("children", children_of(history, call.number));
    const auto ids = history.runs_of(call.number);
    for (const RunId id : ids.last(std::min(kRuns, ids.size()))) runs.push_back(*history.run(id));
    commits = view.events_of(call.number, kEvents);
  });
  // What follows asks the store, which may take its time.
  Value::List run_list;
  for (const Run& run : runs) run_list.push_back(run_json(run, store_.run_detail(run.id)));
  std::reverse(commits.begin(), commits.end());
  Value::List events;
  for (const std::int64_t commit : commits) {
    for (const Change& change : store_.changes_since(call.study.id, commit - 1, 1))
      events.push_back(change_json(change, *spec));
  }
  body.set("runs", Value(std::move(run_list)))
      .set("events", Value(std::move(events)))
      .set("labels", labels_json(store_.labels(call.study.id), call.number));
  return json_response(body);
}

HttpResponse Api::series(Call& call) {
  const auto points = static_cast<std::size_t>(call.request.whole("points", 4, 20'000, 1000));
  const std::int64_t only_run = call.request.whole("run", 0, INT64_MAX, -1);
  SeriesSet set(points, call.request.parameter("metric"));
  std::vector<Run> runs;
  std::int64_t version = 0;
  call.model->read([&](const StudyModel::View& view) {
    const auto ids = view.history.runs_of(call.number);
    for (const RunId id : ids.last(std::min(kRuns, ids.size()))) {
      if (only_run < 0 || id.value == only_run) runs.push_back(*view.history.run(id));
    }
    version = view.history.version();
    for (const Run& run : runs) {
      for (const auto& point : view.history.series(run.id)) {
        const auto metric = static_cast<std::size_t>(point.metric);
        Gathered* series = set.find(run, view.history.spec().metrics[metric].name, true);
        if (series == nullptr) continue;
        if (point.late && !series->late_from) series->late_from = series->thin.total();
        series->thin.add(point.fidelity, point.value, point.busy_us);
      }
    }
  });
  if (only_run >= 0 && runs.empty()) {
    throw Error(ErrorCode::not_found, fmt::format("trial {} has no run {}", call.number, only_run));
  }
  for (const Run& run : runs) {
    store_.visit_points(run.id, [&](std::span<const Point> some) {
      for (const Point& point : some) {
        if (Gathered* series = set.find(run, point.metric, false))
          series->thin.add(point.step, point.value, point.busy_us);
      }
    });
  }
  Value body = Value::Map{};
  body.set("trial", call.number)
      .set("version", version)
      .set("cut", set.cut())
      .set("series", set.json());
  return json_response(body);
}

}  // namespace hone::server
