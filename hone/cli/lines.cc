#include "hone/cli/lines.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/analysis/shown.h"
#include "hone/base/text.h"
#include "hone/cli/background.h"
#include "hone/cli/outcome_front.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"
#include "hone/tuner/oom_retry.h"
#include "hone/tuner/race.h"

namespace hone::cli {
namespace {

constexpr int kFailuresShown = 3;  ///< with their log lines; later ones get one line

Value number(double x) { return std::isfinite(x) ? Value(x) : Value(format_number(x)); }

std::string duration(std::int64_t us) { return format_duration_us(us); }

/// Why there is another attempt: what ended the one before.
std::string why_again(const History& history, const RunPlan& plan) {
  const RunEnd* before = nullptr;
  for (const RunId id : history.runs_of(plan.trial)) {
    const Run* run = history.run(id);
    if (run->state == RunState::ended && run->plan.replicate == plan.replicate &&
        run->plan.purpose == plan.purpose && run->plan.attempt < plan.attempt)
      before = &run->end;  // in the order in which they were queued
  }
  if (before == nullptr) return "";
  if (before->outcome == RunOutcome::interrupted) return ": it was interrupted";
  if (before->outcome != RunOutcome::failed) return "";
  return ": " + (before->detail.empty() ? std::string(fail_kind_text(before->fail_kind))
                                        : split_detail(before->detail).first);
}

}  // namespace

std::string value_text(const Value& value) { return shown_value(value); }

std::string metric_text(double value) { return shown_metric(value); }

std::string config_text(const StudySpec& spec, const Config& config) {
  std::string out;
  for (const Parameter& parameter : spec.space.parameters()) {
    if (std::holds_alternative<Fixed>(parameter.domain)) continue;
    const Value* value = config.get(parameter.name);
    if (value != nullptr)
      out += fmt::format("{}{} {}", out.empty() ? "" : "  ", parameter.name, value_text(*value));
  }
  return out;
}

std::pair<std::string, std::string> split_detail(const std::string& detail) {
  const std::size_t end = detail.find('\n');
  if (end == std::string::npos) return {detail, ""};
  return {detail.substr(0, end), detail.substr(end + 1)};
}

std::string reached_text(const StudySpec& spec, const Trial& trial) {
  if (!trial.reached) return "";
  std::string out = fmt::format("{} {}", spec.fidelity ? spec.fidelity->name : "step",
                                format_number(*trial.reached, 6));
  if (spec.fidelity && spec.fidelity->max)
    out += fmt::format(" of {}", format_number(*spec.fidelity->max, 6));
  return out;
}

Value trial_json(const History& history, const Trial& trial) {
  Value row = Value::Map{};
  row.set("trial", trial.number()).set("state", trial_state_name(trial.state));
  row.set("origin", trial_origin_name(trial.proposal->origin))
      .set("config", trial.config().to_value());
  Value values = Value::Map{};
  for (const Result& result : trial.results) {
    const auto& name = history.spec().metrics[static_cast<std::size_t>(result.metric)].name;
    values.set(name, number(result.value));
  }
  row.set("values", std::move(values));
  if (trial.reached) row.set("reached", *trial.reached);
  if (!trial.reason.empty()) row.set("reason", trial.reason);
  if (trial.fail_kind != FailKind::none) {
    row.set("failure", fail_kind_name(trial.fail_kind)).set("detail", trial.detail);
  }
  if (!trial.warnings.empty()) {
    Value::List warnings;
    for (const TrialWarning& warning : trial.warnings) {
      Value entry = Value::Map{};
      warnings.push_back(entry.set("detector", warning.detector).set("reason", warning.reason));
    }
    row.set("warnings", Value(std::move(warnings)));
  }
  row.set("busy_s", static_cast<double>(trial.busy_us) / 1e6);
  if (trial.proposal->parent) row.set("parent", *trial.proposal->parent);
  return row;
}

void LineObserver::print(const std::string& line) {
  std::fputs(line.c_str(), stdout);
  std::fputc('\n', stdout);
}

void LineObserver::tick(const SessionView&) { std::fflush(stdout); }

void LineObserver::hung_up() { redirect_output(options_.log_path); }

void LineObserver::said(const std::string& sentence, const SessionView&) {
  if (options_.json) {
    Value row = Value::Map{};
    row.set("event", "note").set("text", sentence);
    print(row.dump());
  } else {
    std::fflush(stdout);
    print_prose(stderr, sentence + "\n");
  }
}

void LineObserver::changed(const Change& change, const SessionView& view, bool past) {
  if (past) {
    best_ = -2;  // not looked up for each old change
    return;
  }
  if (best_ == -2) best_ = view.history.best();
  if (options_.quiet) return;
  if (options_.json) {
    json(change, view);
  } else {
    plain(change, view);
  }
}

void LineObserver::plain(const Change& change, const SessionView& view) {
  const History& history = view.history;
  const StudySpec& spec = history.spec();
  if (const auto* claimed = std::get_if<RunClaimed>(&change.body)) {
    const Run* run = history.run(claimed->run);
    if (run == nullptr) return;
    const RunPlan& plan = run->plan;
    const Trial& trial = history.trial(plan.trial);
    if (claimed->token > 1) {
      print(fmt::format("trial {} goes on: its program outlived the hone that started it",
                        plan.trial));
    } else if (plan.purpose != RunPurpose::search) {
      print(fmt::format("trial {} {} {} of {} started", plan.trial, run_purpose_name(plan.purpose),
                        plan.replicate + 1, spec.confirm.seeds));
    } else if (plan.attempt > 0) {
      print(fmt::format("trial {} started again (attempt {}){}", plan.trial, plan.attempt + 1,
                        why_again(history, plan)));
    } else if (plan.segment > 0) {
      print(fmt::format(
          "trial {} goes on{}", plan.trial,
          plan.fidelity_target && spec.fidelity
              ? fmt::format(" to {} {}", spec.fidelity->name, format_number(*plan.fidelity_target))
              : ""));
    } else if (plan.replicate == 0) {
      const char* origin = trial.proposal->origin == TrialOrigin::default_config ? " (defaults)"
                           : trial.proposal->origin == TrialOrigin::enqueued     ? " (enqueued)"
                           : trial.proposal->origin == TrialOrigin::fork         ? " (fork)"
                                                                                 : "";
      if (trial.proposal->origin == TrialOrigin::retry_with_change)
        print(trial.proposal->info.string_or("why", ""));
      print(fmt::format("trial {} started{}  {}", plan.trial, origin,
                        toned(config_text(spec, trial.config()), Tone::dim, options_.colour)));
    }
  } else if (const auto* reported = std::get_if<Reported>(&change.body)) {
    if (!options_.verbose || reported->report.metric != 0) return;
    print(fmt::format("trial {} {} {}  {} {}", reported->report.trial,
                      spec.fidelity ? spec.fidelity->name : "step",
                      format_number(reported->report.fidelity, 6), spec.objective().name,
                      metric_text(reported->report.value)));
  } else if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    ended(*moved, view);
  } else if (const auto* run_ended = std::get_if<RunEnded>(&change.body)) {
    if (run_ended->end.outcome == RunOutcome::interrupted) {
      print(fmt::format("trial {} interrupted after {}", run_ended->trial,
                        duration(run_ended->end.busy_us)));
    } else if (run_ended->end.outcome == RunOutcome::finished && !run_ended->end.detail.empty()) {
      print(fmt::format("trial {} {}", run_ended->trial, run_ended->end.detail));
    }
  } else if (const auto* noted = std::get_if<Noted>(&change.body)) {
    if (noted->kind == "confirm")
      print(fmt::format("confirming the best with fresh seeds ({})",
                        noted->body.string_or("reason", "")));
    if (const auto warning = warning_of(*noted))
      print(fmt::format("trial {} {}  {}", warning->trial,
                        toned("warning", Tone::note, options_.colour), warning->reason));
    if (noted->kind == kRaceNote)
      print(fmt::format("trial {} runs with another seed  {}", noted->body.int_or("trial", -1),
                        noted->body.string_or("reason", "")));
    if (noted->kind == OomRetries::kNotRetried)
      print(fmt::format("trial {} is not tried again: {}", noted->body.int_or("trial", -1),
                        noted->body.string_or("reason", "")));
  } else if (const auto* handled = std::get_if<RequestHandled>(&change.body)) {
    if (handled->outcome != "joined") print(fmt::format("request: {}", handled->outcome));
  }
}

void LineObserver::ended(const TrialMoved& moved, const SessionView& view) {
  const Trial& trial = view.history.trial(moved.trial);
  const StudySpec& spec = view.history.spec();
  const std::string head = fmt::format("trial {} ", trial.number());
  const auto value = trial.value();
  const std::string result =
      value ? fmt::format("{} {}", spec.objective().name, metric_text(*value)) : "";
  switch (moved.state) {
    case TrialState::failed:
      failed(trial, view);
      return;
    case TrialState::complete: {
      if (spec.objective_count() > 1) {
        const auto front = view.history.front();
        const bool on = std::binary_search(front.begin(), front.end(), trial.number());
        print(head + toned("done", Tone::good, options_.colour) +
              fmt::format("  {} after {}", ranges_text(view.history, {trial.number()}),
                          duration(trial.busy_us)) +
              (on ? toned(fmt::format("  on the front, of {}", front.size()), Tone::bold,
                          options_.colour)
                  : ""));
        return;
      }
      const std::int64_t best = view.history.best();
      const bool is_best = best == trial.number() && best != best_;
      best_ = best;
      print(head + toned("done", Tone::good, options_.colour) +
            fmt::format("  {} after {}", result, duration(trial.busy_us)) +
            (is_best ? toned("  best so far", Tone::bold, options_.colour) : ""));
      return;
    }
    case TrialState::stopped: {
      const std::string at = reached_text(spec, trial);
      print(head + "stopped" + (at.empty() ? "" : " at " + at) +
            (result.empty() ? "" : "  " + result) +
            (trial.reason.empty() ? "" : "  " + trial.reason));
      return;
    }
    case TrialState::paused:
      print(head + "paused  " + trial.reason);
      return;
    case TrialState::cancelled:
      print(head + "cancelled  " + trial.reason);
      return;
    case TrialState::queued:
    case TrialState::running:
      return;
  }
}

void LineObserver::failed(const Trial& trial, const SessionView&) {
  const auto [sentence, lines] = split_detail(trial.detail.empty() ? trial.reason : trial.detail);
  print(fmt::format("trial {} {} after {}: {}", trial.number(),
                    toned("failed", Tone::bad, options_.colour), duration(trial.busy_us),
                    sentence));
  if (lines.empty() || ++failures_shown_ > kFailuresShown) return;
  for (const std::string_view line : split(lines, '\n'))
    print(toned(fmt::format("  | {}", line), Tone::dim, options_.colour));
}

void LineObserver::json(const Change& change, const SessionView& view) {
  Value row = Value::Map{};
  row.set("event", event_kind_name(event_kind(change.body))).set("seq", change.seq);
  row.set("time", static_cast<double>(change.at_us) / 1e6);
  if (const auto* reported = std::get_if<Reported>(&change.body)) {
    const Report& report = reported->report;
    row.set("event", "report").set("trial", report.trial).set("fidelity", report.fidelity);
    row.set("metric", view.history.spec().metrics[static_cast<std::size_t>(report.metric)].name);
    row.set("value", number(report.value));
  } else if (const auto* added = std::get_if<TrialAdded>(&change.body)) {
    row.set("trial", added->proposal->number)
        .set("origin", trial_origin_name(added->proposal->origin));
    row.set("config", added->proposal->config.to_value());
  } else if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    const Value trial = trial_json(view.history, view.history.trial(moved->trial));
    for (const auto& [key, value] : trial.as_map()) row.set(key, value);
  } else {
    if (const auto trial = trial_of(change.body)) row.set("trial", *trial);
    if (const auto run = run_of(change.body)) row.set("run", *run);
    const auto* noted = std::get_if<Noted>(&change.body);
    const bool warns = noted != nullptr && warning_of(*noted).has_value();
    const Value body = warns ? noted->body : event_body(change.body);
    for (const auto& [key, value] : body.as_map()) {
      if (row.find(key) == nullptr) row.set(key, value);
    }
    if (warns) row.set("event", kWarningNote);
    if (const auto* study = std::get_if<StudyMoved>(&change.body))
      row.set("state", study_state_name(study->state));
    if (const auto* judged = std::get_if<Judged>(&change.body))
      row.set("verdict", verdict_name(judged->verdict));
    if (const auto* run = std::get_if<RunEnded>(&change.body))
      row.set("outcome", run_outcome_name(run->end.outcome));
  }
  print(row.dump());
}

}  // namespace hone::cli
