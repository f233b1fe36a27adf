#include "hone/server/api_json.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hone/tracking/environment.h"

namespace hone::server {
namespace {

constexpr const char* kRoles[] = {"objective", "constraint", "guard", "cost",
                                  "fidelity",  "tracked",    "system"};

const char* law_name(Law law) {
  switch (law) {
    case Law::uniform:
      return "uniform";
    case Law::log_uniform:
      return "log_uniform";
    case Law::logit_uniform:
      return "logit_uniform";
    case Law::normal:
      return "normal";
    case Law::log_normal:
      return "log_normal";
    case Law::beta:
      return "beta";
  }
  return "uniform";
}

void set_if(Value& map, const char* key, const std::optional<double>& value) {
  if (value) map.set(key, *value);
}
void set_if(Value& map, const char* key, const std::string& text) {
  if (!text.empty()) map.set(key, text);
}
void set_time(Value& map, const char* key, std::int64_t at_us) {
  if (at_us > 0) map.set(key, seconds(at_us));
}
void set_failure(Value& map, FailKind kind) {
  if (kind != FailKind::none) map.set("failure", fail_kind_name(kind));
}

struct DescribeDomain {
  Value& out;
  void operator()(const Real& real) const {
    out.set("kind", "real").set("law", law_name(real.law));
    if (std::isfinite(real.low)) out.set("low", real.low);
    if (std::isfinite(real.high)) out.set("high", real.high);
    if (real.quantum) out.set("step", real.quantum->step);
  }
  void operator()(const Integer& integer) const {
    out.set("kind", "integer").set("law", law_name(integer.law));
    out.set("low", integer.low).set("high", integer.high).set("step", integer.step);
  }
  void operator()(const Choice& choice) const {
    Value::List values;
    for (const ChoiceItem& item : choice.items) values.push_back(item.value);
    out.set("kind", "choice").set("values", Value(std::move(values)));
    out.set("ordered", choice.ordered);
  }
  void operator()(const Derived& derived) const {
    out.set("kind", "expression").set("feature", derived.feature);
  }
  void operator()(const Fixed& fixed) const {
    out.set("kind", "fixed").set("values", Value(Value::List{fixed.value}));
  }
};

Value warnings_json(const History& history) {
  constexpr std::size_t kNamed = 1000;
  std::map<std::string, Value::List> trials;
  for (const Trial& trial : history.trials()) {
    for (const TrialWarning& warning : trial.warnings) {
      Value::List& numbers = trials[warning.detector];
      if (numbers.size() < kNamed) numbers.emplace_back(trial.number());
    }
  }
  Value out = Value::Map{};
  for (auto& [detector, numbers] : trials) out.set(detector, Value(std::move(numbers)));
  return out;
}

struct DescribeChange {
  Value& out;
  const StudySpec& spec;

  void operator()(const TrialAdded& added) const { out.set("trial", added.proposal->number); }
  void operator()(const RunQueued& queued) const {
    out.set("trial", queued.plan.trial).set("run", queued.run.value);
    out.set("purpose", run_purpose_name(queued.plan.purpose))
        .set("replicate", queued.plan.replicate);
    out.set("segment", queued.plan.segment).set("attempt", queued.plan.attempt);
  }
  void operator()(const RunClaimed& claimed) const {
    out.set("trial", claimed.trial).set("run", claimed.run.value);
  }
  void operator()(const Reported& reported) const {
    const Report& report = reported.report;
    out.set("trial", report.trial).set("run", report.run.value);
    const auto metric = static_cast<std::size_t>(report.metric);
    if (report.metric >= 0 && metric < spec.metrics.size())
      out.set("metric", spec.metrics[metric].name);
    out.set("fidelity", report.fidelity).set("value", report.value);
    if (reported.late) out.set("late", true);
  }
  void operator()(const Judged& judged) const {
    out.set("trial", judged.trial).set("verdict", verdict_name(judged.verdict));
    set_if(out, "rule", judged.rule);
    set_if(out, "reason", judged.reason);
    set_failure(out, judged.fail_kind);
  }
  void operator()(const RunEnded& ended) const {
    out.set("trial", ended.trial).set("run", ended.run.value);
    out.set("outcome", run_outcome_name(ended.end.outcome));
    set_if(out, "reason", ended.end.detail);
    set_failure(out, ended.end.fail_kind);
  }
  void operator()(const TrialMoved& moved) const {
    out.set("trial", moved.trial).set("state", trial_state_name(moved.state));
    set_if(out, "reason", moved.reason);
    set_failure(out, moved.fail_kind);
  }
  void operator()(const StudyMoved& moved) const {
    out.set("state", study_state_name(moved.state));
    set_if(out, "reason", moved.reason);
  }
  void operator()(const SpecChanged& changed) const { out.set("spec_version", changed.version); }
  void operator()(const RequestHandled& handled) const { out.set("outcome", handled.outcome); }
  void operator()(const Noted& noted) const {
    out.set("note", noted.kind);
    if (const auto warning = warning_of(noted)) {
      out.set("trial", warning->trial).set("detector", warning->detector);
      set_if(out, "reason", warning->reason);
    }
  }
};

}  // namespace

Value counts_json(const TrialCounts& counts) {
  Value out = Value::Map{};
  out.set("queued", counts.queued)
      .set("running", counts.running)
      .set("paused", counts.paused)
      .set("complete", counts.complete)
      .set("stopped", counts.stopped)
      .set("failed", counts.failed)
      .set("cancelled", counts.cancelled)
      .set("total", counts.total());
  return out;
}

std::string study_title(const StudyInfo& study) {
  return study.project.empty() ? study.name : study.project + "/" + study.name;
}

Value metric_json(const Metric& metric) {
  Value out = Value::Map{};
  out.set("name", metric.name)
      .set("role", kRoles[static_cast<std::size_t>(metric.role)])
      .set("goal", goal_name(metric.goal));
  set_if(out, "target", metric.target);
  set_if(out, "min", metric.min);
  set_if(out, "max", metric.max);
  return out;
}

Value parameter_json(const Parameter& parameter) {
  Value out = Value::Map{};
  out.set("name", parameter.name);
  std::visit(DescribeDomain{out}, parameter.domain);
  if (!parameter.conditions.empty()) out.set("conditional", true);
  if (parameter.default_value) out.set("default", *parameter.default_value);
  return out;
}

Value study_row(const StudyInfo& study, const StudySpec& spec, bool led) {
  Value out = Value::Map{};
  out.set("id", study.id.value)
      .set("uid", study.uid)
      .set("name", study.name)
      .set("project", study.project)
      .set("title", study_title(study))
      .set("state", study_state_name(study.state))
      .set("led", led)
      .set("trials", study.trials)
      .set("version", study.last_seq)
      .set("created_s", seconds(study.created_us));
  Value::List objectives;
  for (int m = 0; m < spec.objective_count(); ++m)
    objectives.push_back(metric_json(spec.metrics[static_cast<std::size_t>(m)]));
  out.set("objectives", Value(std::move(objectives)));
  return out;
}

Value study_json(const StudyInfo& study, const History& history, std::int64_t spec_version,
                 bool led, std::int64_t now_us) {
  const StudySpec& spec = history.spec();
  Value out = study_row(study, spec, led);
  if (led && study.leader) {
    Value leader = Value::Map{};
    leader.set("host", study.leader->host).set("pid", study.leader->pid);
    out.set("leader", std::move(leader));
  }
  out.set("trials", history.size())
      .set("state", study_state_name(history.state()))
      .set("version", history.version())
      .set("description", spec.description)
      .set("reason", history.state_reason())
      .set("spec_version", spec_version)
      .set("changed_s", seconds(history.version() > 0 ? history.last_us() : study.created_us))
      .set("now_s", seconds(now_us));
  Value::List metrics;
  for (const Metric& metric : spec.metrics) metrics.push_back(metric_json(metric));
  out.set("metrics", Value(std::move(metrics)));
  Value::List parameters;
  for (const Parameter& parameter : spec.space.parameters())
    parameters.push_back(parameter_json(parameter));
  out.set("parameters", Value(std::move(parameters)));
  Value fidelity = Value::Map{};
  fidelity.set("name", spec.fidelity ? spec.fidelity->name : "step")
      .set("declared", spec.fidelity.has_value());
  if (spec.fidelity) {
    fidelity.set("min", spec.fidelity->min);
    set_if(fidelity, "max", spec.fidelity->max);
  }
  out.set("fidelity", std::move(fidelity))
      .set("sampler", spec.sampler.name)
      .set("scheduler", spec.scheduler.name)
      .set("seed", spec.seed);
  if (spec.parallel) out.set("parallel", *spec.parallel);
  Value runs = Value::Map{};
  runs.set("running", history.open_runs() - history.waiting_runs())
      .set("waiting", history.waiting_runs());
  out.set("counts", counts_json(history.counts()))
      .set("counted", history.counted())
      .set("runs", std::move(runs));
  std::int64_t active_us = history.active_us();
  if (led && !history.held_runs().empty())
    active_us += std::max<std::int64_t>(0, now_us - history.last_us());
  out.set("active_s", seconds(active_us)).set("warnings", warnings_json(history));
  return out;
}

Value trial_row(const History& history, const Trial& trial) {
  const Proposal& proposal = *trial.proposal;
  Value out = Value::Map{};
  out.set("number", trial.number())
      .set("state", trial_state_name(trial.state))
      .set("origin", trial_origin_name(proposal.origin));
  if (proposal.parent) out.set("parent", *proposal.parent);
  out.set("config", proposal.config.to_value());
  Value::List results;
  for (const Result& result : trial.results) {
    const auto metric = static_cast<std::size_t>(result.metric);
    if (result.metric < 0 || metric >= history.spec().metrics.size()) continue;
    Value one = Value::Map{};
    one.set("metric", history.spec().metrics[metric].name).set("value", result.value);
    set_if(one, "at", result.at_fidelity);
    one.set("count", result.count);
    set_if(one, "sd", result.sd);
    results.push_back(std::move(one));
  }
  out.set("results", Value(std::move(results)));
  if (!trial.curve.empty()) out.set("newest", trial.curve.back().value);
  set_if(out, "reached", trial.reached);
  set_if(out, "target", trial.fidelity_target);
  set_failure(out, trial.fail_kind);
  set_if(out, "reason", trial.reason);
  if (!trial.results.empty() && !history.satisfies_guards(trial)) out.set("infeasible", true);
  out.set("busy_s", seconds(trial.busy_us)).set("created_s", seconds(proposal.created_us));
  set_time(out, "started_s", trial.first_started_us);
  set_time(out, "ended_s", trial.ended_us);
  return out;
}

Value run_json(const Run& run, const Store::RunDetail& detail) {
  const RunPlan& plan = run.plan;
  Value out = Value::Map{};
  out.set("run", run.id.value)
      .set("state", run_state_name(run.state))
      .set("purpose", run_purpose_name(plan.purpose))
      .set("replicate", plan.replicate)
      .set("segment", plan.segment)
      .set("attempt", plan.attempt)
      .set("seed", plan.seed);
  set_if(out, "resume_from", plan.resume_from);
  set_if(out, "target", plan.fidelity_target);
  set_time(out, "started_s", run.started_us);
  if (run.state == RunState::ended) {
    set_time(out, "ended_s", run.ended_us);
    out.set("outcome", run_outcome_name(run.end.outcome));
    set_failure(out, run.end.fail_kind);
    if (run.end.exit_code) out.set("exit_code", *run.end.exit_code);
    if (run.end.signal) out.set("signal", *run.end.signal);
    set_if(out, "detail", run.end.detail);
    out.set("busy_s", seconds(run.end.busy_us));
    if (run.end.peak_bytes > 0) out.set("peak_bytes", run.end.peak_bytes);
    if (run.end.peak_gpu_bytes > 0) out.set("peak_gpu_bytes", run.end.peak_gpu_bytes);
  }
  const Value started = Value::parse(detail.started).value_or(Value::Map{});
  if (const std::int64_t pid = started.int_or("pid", 0); pid > 0) out.set("pid", pid);
  if (const Value* argv = started.find("argv"); argv != nullptr && argv->is_list()) {
    std::vector<std::string> words;
    for (const Value& word : argv->as_list())
      words.push_back(word.is_string() ? word.as_string() : word.dump());
    words = mask_secrets(std::move(words));
    out.set("argv", Value(Value::List(words.begin(), words.end())));
  }
  set_if(out, "folder", started.string_or("folder", ""));
  if (const Value* devices = started.find("devices"); devices != nullptr) {
    // Stored as a text that is JSON.
    out.set("devices", devices->is_string() ? Value::parse(devices->as_string()).value_or(*devices)
                                            : *devices);
  }
  if (auto environment = Value::parse(detail.environment); environment && environment->is_map())
    out.set("environment", std::move(*environment));
  return out;
}

Value change_json(const Change& change, const StudySpec& spec) {
  Value out = Value::Map{};
  out.set("version", change.seq).set("at_s", seconds(change.at_us));
  out.set("kind", event_kind_name(event_kind(change.body)));
  std::visit(DescribeChange{out, spec}, change.body);
  return out;
}

Value masked_body(Value body) {
  const Value* command = body.find("command");
  const Value* environment = command != nullptr ? command->find("env") : nullptr;
  if (environment == nullptr) return body;
  // As arguments NAME=VALUE, which is what the masking knows.
  const auto masked = [](const std::string& name, const Value& value) {
    if (!value.is_string()) return value;
    const std::string given = name + "=" + value.as_string();
    const std::string shown = mask_secrets({given}).front();
    return shown == given ? value : Value("***");
  };
  Value kept = *environment;
  if (kept.is_map()) {
    for (auto& [name, value] : kept.as_map()) value = masked(name, value);
  } else if (kept.is_list()) {
    for (Value& entry : kept.as_list()) {
      if (!entry.is_list() || entry.as_list().size() != 2 || !entry.as_list()[0].is_string())
        continue;
      entry.as_list()[1] = masked(entry.as_list()[0].as_string(), entry.as_list()[1]);
    }
  }
  Value changed = *command;
  changed.set("env", std::move(kept));
  body.set("command", std::move(changed));
  return body;
}

}  // namespace hone::server
