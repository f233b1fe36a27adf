#include "hone/study/change.h"

#include <fmt/core.h>

#include <array>

#include "hone/base/assert.h"
#include "hone/base/error.h"

namespace hone {
namespace {

// Stored numbers; never renumber.
enum Kind {
  kTrialAdded = 1,
  kRunQueued = 2,
  kRunClaimed = 3,
  kReported = 4,  // a row of `report`, never of `event`
  kJudged = 5,
  kRunEnded = 6,
  kTrialMoved = 7,
  kStudyMoved = 8,
  kSpecChanged = 9,
  kRequestHandled = 10,
  kNoted = 11,
};
constexpr std::array<const char*, 12> kKindNames = {
    "",          "trial_added", "run_queued",  "run_claimed",  "reported",        "judged",
    "run_ended", "trial_moved", "study_moved", "spec_changed", "request_handled", "noted"};

void set_if(Value& map, std::string_view key, const std::optional<double>& x) {
  if (x) map.set(key, *x);
}
void set_if(Value& map, std::string_view key, const std::string& text) {
  if (!text.empty()) map.set(key, text);
}
void set_if(Value& map, std::string_view key, std::int64_t x) {
  if (x != 0) map.set(key, x);
}
std::optional<double> number_at(const Value& map, std::string_view key) {
  const Value* v = map.find(key);
  if (v == nullptr || !v->is_number()) return std::nullopt;
  return v->as_number();
}
int small_at(const Value& map, std::string_view key) {
  return static_cast<int>(map.int_or(key, 0));
}

Value plan_body(const RunPlan& plan) {
  Value v = Value::Map{};
  set_if(v, "replicate", plan.replicate);
  set_if(v, "segment", plan.segment);
  set_if(v, "attempt", plan.attempt);
  set_if(v, "purpose", static_cast<std::int64_t>(plan.purpose));
  set_if(v, "resume_from", plan.resume_from);
  set_if(v, "fidelity_target", plan.fidelity_target);
  v.set("seed", plan.seed);
  if (plan.resources.is_map() && !plan.resources.as_map().empty())
    v.set("resources", plan.resources);
  set_if(v, "priority", plan.priority);
  return v;
}

RunPlan parse_plan(std::int64_t trial, const Value& v) {
  RunPlan plan;
  plan.trial = trial;
  plan.replicate = small_at(v, "replicate");
  plan.segment = small_at(v, "segment");
  plan.attempt = small_at(v, "attempt");
  plan.purpose = static_cast<RunPurpose>(small_at(v, "purpose"));
  plan.resume_from = v.string_or("resume_from", "");
  plan.fidelity_target = number_at(v, "fidelity_target");
  plan.seed = v.int_or("seed", 0);
  if (const Value* resources = v.find("resources")) plan.resources = *resources;
  plan.priority = small_at(v, "priority");
  return plan;
}

Value end_body(const RunEnd& end) {
  Value v = Value::Map{};
  v.set("outcome", static_cast<std::int64_t>(end.outcome));
  set_if(v, "fail_kind", static_cast<std::int64_t>(end.fail_kind));
  if (end.exit_code) v.set("exit_code", std::int64_t{*end.exit_code});
  if (end.signal) v.set("signal", std::int64_t{*end.signal});
  set_if(v, "detail", end.detail);
  set_if(v, "busy_us", end.busy_us);
  set_if(v, "peak_bytes", end.peak_bytes);
  set_if(v, "peak_gpu_bytes", end.peak_gpu_bytes);
  return v;
}

RunEnd parse_end(const Value& v) {
  RunEnd end;
  end.outcome = static_cast<RunOutcome>(small_at(v, "outcome"));
  end.fail_kind = static_cast<FailKind>(small_at(v, "fail_kind"));
  if (v.find("exit_code") != nullptr) end.exit_code = small_at(v, "exit_code");
  if (v.find("signal") != nullptr) end.signal = small_at(v, "signal");
  end.detail = v.string_or("detail", "");
  end.busy_us = v.int_or("busy_us", 0);
  end.peak_bytes = v.int_or("peak_bytes", 0);
  end.peak_gpu_bytes = v.int_or("peak_gpu_bytes", 0);
  return end;
}

Value results_body(const std::vector<Result>& results) {
  Value::List list;
  for (const Result& r : results) {
    Value v = Value::Map{};
    v.set("metric", std::int64_t{r.metric}).set("value", r.value);
    set_if(v, "at_fidelity", r.at_fidelity);
    if (r.count != 1) v.set("count", std::int64_t{r.count});
    set_if(v, "sd", r.sd);
    list.push_back(std::move(v));
  }
  return list;
}

std::vector<Result> parse_results(const Value* list) {
  std::vector<Result> results;
  if (list == nullptr || !list->is_list()) return results;
  for (const Value& v : list->as_list()) {
    Result r;
    r.metric = small_at(v, "metric");
    r.value = v.number_or("value", 0);
    r.at_fidelity = number_at(v, "at_fidelity");
    r.count = static_cast<int>(v.int_or("count", 1));
    r.sd = number_at(v, "sd");
    results.push_back(r);
  }
  return results;
}

struct BodyOf {
  Value operator()(const TrialAdded&) const { return Value::Map{}; }
  Value operator()(const RunQueued& e) const { return plan_body(e.plan); }
  Value operator()(const RunClaimed& e) const {
    Value v = Value::Map{};
    return v.set("token", e.token).set("worker", e.worker.value);
  }
  Value operator()(const Reported&) const {
    HONE_ASSERT(false, "a report is no event row");
    return {};
  }
  Value operator()(const Judged& e) const {
    Value v = Value::Map{};
    v.set("verdict", static_cast<std::int64_t>(e.verdict));
    set_if(v, "reason", e.reason);
    set_if(v, "rule", e.rule);
    set_if(v, "cause_seq", e.cause_seq);
    set_if(v, "fail_kind", static_cast<std::int64_t>(e.fail_kind));
    return v;
  }
  Value operator()(const RunEnded& e) const { return end_body(e.end); }
  Value operator()(const TrialMoved& e) const {
    Value v = Value::Map{};
    v.set("state", static_cast<std::int64_t>(e.state));
    set_if(v, "fail_kind", static_cast<std::int64_t>(e.fail_kind));
    set_if(v, "reason", e.reason);
    if (!e.results.empty()) v.set("results", results_body(e.results));
    set_if(v, "reached", e.reached);
    return v;
  }
  Value operator()(const StudyMoved& e) const {
    Value v = Value::Map{};
    v.set("state", static_cast<std::int64_t>(e.state));
    set_if(v, "reason", e.reason);
    return v;
  }
  Value operator()(const SpecChanged& e) const {
    Value v = Value::Map{};
    return v.set("version", e.version);
  }
  Value operator()(const RequestHandled& e) const {
    Value v = Value::Map{};
    return v.set("request", e.request.value).set("outcome", e.outcome);
  }
  Value operator()(const Noted& e) const {
    Value v = Value::Map{};
    return v.set("kind", e.kind).set("body", e.body);
  }
};

}  // namespace

Noted to_note(const WarningNote& warning) {
  Value body = Value::Map{};
  body.set("trial", warning.trial)
      .set("detector", warning.detector)
      .set("reason", warning.reason)
      .set("cause_seq", warning.cause_seq);
  return {kWarningNote, std::move(body)};
}

std::optional<WarningNote> warning_of(const Noted& noted) {
  if (noted.kind != kWarningNote || !noted.body.is_map()) return std::nullopt;
  return WarningNote{noted.body.int_or("trial", -1), noted.body.string_or("detector", ""),
                     noted.body.string_or("reason", ""), noted.body.int_or("cause_seq", 0)};
}

const char* study_state_name(StudyState state) {
  switch (state) {
    case StudyState::open:
      return "open";
    case StudyState::paused:
      return "paused";
    case StudyState::finished:
      return "finished";
  }
  return "";
}

int event_kind(const ChangeBody& body) { return static_cast<int>(body.index()) + 1; }

const char* event_kind_name(int kind) {
  return kind >= 1 && kind <= kNoted ? kKindNames[static_cast<std::size_t>(kind)] : "unknown";
}

Value event_body(const ChangeBody& body) { return std::visit(BodyOf{}, body); }

ChangeBody parse_event(int kind, std::optional<std::int64_t> trial, std::optional<std::int64_t> run,
                       const Value& body) {
  const std::int64_t t = trial.value_or(-1);
  const RunId r{run.value_or(-1)};
  if (!body.is_map()) {
    throw Error(
        ErrorCode::store_corrupt,
        fmt::format("an event of kind {} has no JSON object as its body", event_kind_name(kind)));
  }
  switch (kind) {
    case kTrialAdded: {
      auto proposal = std::make_shared<Proposal>();
      proposal->number = t;
      return TrialAdded{std::move(proposal)};
    }
    case kRunQueued:
      return RunQueued{r, parse_plan(t, body)};
    case kRunClaimed:
      return RunClaimed{r, t, body.int_or("token", 0), WorkerId{body.int_or("worker", -1)}};
    case kJudged:
      return Judged{t,
                    static_cast<Verdict>(small_at(body, "verdict")),
                    body.string_or("reason", ""),
                    body.string_or("rule", ""),
                    body.int_or("cause_seq", 0),
                    static_cast<FailKind>(small_at(body, "fail_kind"))};
    case kRunEnded:
      return RunEnded{r, t, parse_end(body)};
    case kTrialMoved:
      return TrialMoved{t,
                        static_cast<TrialState>(small_at(body, "state")),
                        static_cast<FailKind>(small_at(body, "fail_kind")),
                        body.string_or("reason", ""),
                        parse_results(body.find("results")),
                        number_at(body, "reached")};
    case kStudyMoved:
      return StudyMoved{static_cast<StudyState>(small_at(body, "state")),
                        body.string_or("reason", "")};
    case kSpecChanged:
      return SpecChanged{body.int_or("version", 1)};
    case kRequestHandled:
      return RequestHandled{RequestId{body.int_or("request", -1)}, body.string_or("outcome", "")};
    case kNoted: {
      const Value* inner = body.find("body");
      return Noted{body.string_or("kind", ""), inner != nullptr ? *inner : Value()};
    }
    default:
      throw Error(ErrorCode::store_corrupt, fmt::format("unknown kind of event: {}", kind),
                  "The store may have been written by a newer hone.");
  }
}

std::optional<std::int64_t> trial_of(const ChangeBody& body) {
  struct Of {
    std::optional<std::int64_t> operator()(const TrialAdded& e) const { return e.proposal->number; }
    std::optional<std::int64_t> operator()(const RunQueued& e) const { return e.plan.trial; }
    std::optional<std::int64_t> operator()(const RunClaimed& e) const { return e.trial; }
    std::optional<std::int64_t> operator()(const Reported& e) const { return e.report.trial; }
    std::optional<std::int64_t> operator()(const Judged& e) const { return e.trial; }
    std::optional<std::int64_t> operator()(const RunEnded& e) const { return e.trial; }
    std::optional<std::int64_t> operator()(const TrialMoved& e) const { return e.trial; }
    std::optional<std::int64_t> operator()(const StudyMoved&) const { return std::nullopt; }
    std::optional<std::int64_t> operator()(const SpecChanged&) const { return std::nullopt; }
    std::optional<std::int64_t> operator()(const RequestHandled&) const { return std::nullopt; }
    std::optional<std::int64_t> operator()(const Noted&) const { return std::nullopt; }
  };
  return std::visit(Of{}, body);
}

std::optional<std::int64_t> run_of(const ChangeBody& body) {
  if (const auto* e = std::get_if<RunQueued>(&body)) return e->run.value;
  if (const auto* e = std::get_if<RunClaimed>(&body)) return e->run.value;
  if (const auto* e = std::get_if<RunEnded>(&body)) return e->run.value;
  if (const auto* e = std::get_if<Reported>(&body)) return e->report.run.value;
  return std::nullopt;
}

}  // namespace hone
