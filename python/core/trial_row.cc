#include "python/core/trial_row.h"

#include <algorithm>
#include <cmath>

namespace hone::python {
namespace {

Value instant(std::int64_t at_us) {
  return at_us <= 0 ? Value() : Value(static_cast<double>(at_us) / 1e6);
}

Value or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value or_null(std::optional<double> number) { return number ? Value(*number) : Value(); }

Value trial_row(const Trial& trial, const StudySpec& spec) {
  Value values = Value::Map{};
  for (const Result& result : trial.results) {
    values.set(spec.metrics[static_cast<std::size_t>(result.metric)].name, result.value);
  }
  Value curve = Value::List{};
  for (const CurvePoint& point : trial.curve) {
    curve.as_list().emplace_back(Value::List{Value(point.fidelity), Value(point.value)});
  }
  Value row = Value::Map{};
  row.set("number", trial.number())
      .set("state", trial_state_name(trial.state))
      .set("value", or_null(trial.value()))
      .set("params", trial.config().to_value())
      .set("values", std::move(values))
      .set("curve", std::move(curve))
      .set("reason", or_null(trial.reason))
      .set("fail_kind",
           trial.fail_kind == FailKind::none ? Value() : Value(fail_kind_name(trial.fail_kind)))
      .set("origin", trial_origin_name(trial.proposal->origin))
      .set("rule", or_null(trial.proposal->info.string_or("rule", "")))
      .set("duration_s",
           trial.busy_us > 0 ? Value(static_cast<double>(trial.busy_us) / 1e6) : Value())
      .set("ended", instant(trial.ended_us));
  return row;
}

}  // namespace

Value trial_rows(const History& history, std::int64_t from) {
  Value::List rows;
  for (std::int64_t i = std::max<std::int64_t>(0, from); i < history.size(); ++i) {
    rows.push_back(trial_row(history.trial(i), history.spec()));
  }
  return {std::move(rows)};
}

Value status_row(const History& history) {
  const TrialCounts& counts = history.counts();
  Value row = Value::Map{};
  row.set("state", study_state_name(history.state())).set("reason", history.state_reason());
  row.set("trials", history.size())
      .set("queued", counts.queued)
      .set("running", counts.running)
      .set("paused", counts.paused)
      .set("complete", counts.complete)
      .set("stopped", counts.stopped)
      .set("failed", counts.failed)
      .set("cancelled", counts.cancelled);
  return row;
}

}  // namespace hone::python
