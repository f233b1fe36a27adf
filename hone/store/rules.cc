#include "hone/store/rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/error.h"

namespace hone::rules {

bool is_free(const std::optional<Holder>& holder, std::int64_t until_us, std::int64_t now_us,
             const LivenessProbe& probe) {
  if (!holder) return true;
  switch (probe.probe(*holder)) {
    case Liveness::alive:
      return false;
    case Liveness::gone:
      return true;
    case Liveness::unknown:
      return until_us <= now_us;
  }
  return false;
}

bool is_lost(const Holder& worker, std::int64_t until_us, std::int64_t now_us,
             const LivenessProbe& probe) {
  return until_us <= now_us && probe.probe(worker) == Liveness::unknown;
}

bool may_take_over(const Holder& worker, const Holder& heir, const LivenessProbe& probe) {
  if (worker.host != heir.host || worker.boot_id != heir.boot_id || worker == heir) return false;
  return probe.probe(worker) == Liveness::gone;
}

bool is_alive(const Holder& worker, std::int64_t until_us, std::int64_t now_us,
              std::int64_t run_pid, std::int64_t run_pid_start, const LivenessProbe& probe) {
  switch (probe.probe(worker)) {
    case Liveness::alive:
      return true;
    case Liveness::unknown:
      return until_us > now_us;
    case Liveness::gone:
      break;
  }
  if (run_pid <= 0) return false;
  return probe.probe({worker.host, worker.boot_id, run_pid, run_pid_start}) == Liveness::alive;
}

Queueing on_queue(const RunPlan& plan, TrialState state, Verdict verdict, std::int64_t open_runs) {
  if (plan.purpose != RunPurpose::search) return {state, false, Verdict::go_on};
  if (state == TrialState::queued) return {state, false, verdict};
  if (state == TrialState::running && open_runs > 0) return {state, false, verdict};
  return {TrialState::queued, true, Verdict::go_on};
}

TrialState on_claim(RunPurpose purpose, TrialState state) {
  const bool starts = purpose == RunPurpose::search && state == TrialState::queued;
  return starts ? TrialState::running : state;
}

void check_move(const TrialMoved& moved, TrialState from, std::int64_t waiting_runs) {
  if (moved.state == TrialState::queued || moved.state == TrialState::running) {
    throw Error(ErrorCode::conflict,
                fmt::format("trial {} cannot be moved to {} by hand", moved.trial,
                            trial_state_name(moved.state)),
                "Queueing a run makes a trial queued, claiming it makes it running.");
  }
  if (!may_change(from, moved.state)) {
    throw Error(ErrorCode::conflict,
                fmt::format("trial {} is {} and cannot become {}", moved.trial,
                            trial_state_name(from), trial_state_name(moved.state)),
                "Read the newest changes of the study and decide again.");
  }
  if (waiting_runs > 0) {
    throw Error(ErrorCode::conflict,
                fmt::format("trial {} cannot become {}: {} of its runs still wait to be claimed",
                            moved.trial, trial_state_name(moved.state), waiting_runs),
                "Cancel the waiting runs first, in the same transaction.");
  }
}

std::int64_t late_after(std::int64_t before, const Judged& judged) {
  if (judged.verdict == Verdict::go_on || judged.cause_seq <= 0) return before;
  return before == 0 ? judged.cause_seq : std::min(before, judged.cause_seq);
}

NewPart new_part(const ReportBatch& batch, std::int64_t next_ordinal, std::int64_t metrics) {
  std::int64_t last = -1;
  NewPart part;
  for (const Report& report : batch.reports) {
    if (report.ordinal <= last || report.ordinal >= batch.next_ordinal) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("a batch of reports is out of order: ordinal {} after {}, next is {}",
                              report.ordinal, last, batch.next_ordinal),
                  "Ordinals must rise and stay below next_ordinal.");
    }
    if (report.metric < 0 || report.metric >= metrics) {
      throw Error(
          ErrorCode::invalid_input,
          fmt::format("a report names metric {}; the study declares {}", report.metric, metrics));
    }
    if (std::isnan(report.fidelity)) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("the fidelity of report {} is NaN", report.ordinal));
    }
    last = report.ordinal;
    if (report.ordinal < next_ordinal) ++part.first_report;
  }
  part.points = batch.next_ordinal > next_ordinal && part.first_report == 0;
  part.parsed = batch.next_ordinal >= next_ordinal;
  return part;
}

Error no_study(StudyId study) {
  return Error(ErrorCode::not_found,
               fmt::format("there is no study with id {} in the store", study.value),
               "It may have been deleted. 'hone list' shows what there is.");
}
Error no_trial(std::int64_t number) {
  return Error(ErrorCode::not_found, fmt::format("the study has no trial {}", number));
}
Error no_run(RunId run) {
  return Error(ErrorCode::not_found,
               fmt::format("there is no run with id {} in the store", run.value));
}
Error no_worker(WorkerId worker) {
  return Error(ErrorCode::not_found,
               fmt::format("no worker with id {} is registered", worker.value));
}
Error no_request(RequestId request) {
  return Error(ErrorCode::not_found, fmt::format("there is no request with id {}", request.value));
}
Error no_spec(StudyId study, std::int64_t version) {
  return Error(ErrorCode::not_found,
               fmt::format("study {} has no version {} of its spec", study.value, version));
}
Error study_exists(const std::string& project, const std::string& name) {
  const std::string full = project.empty() ? name : project + "/" + name;
  return Error(ErrorCode::exists, fmt::format("a study named '{}' is in the store already", full),
               "Resume it, or choose another name.");
}
Error study_in_use(const std::string& name, const std::string& by) {
  return Error(ErrorCode::conflict, fmt::format("study '{}' is in use by {}", name, by),
               "Stop it first, then delete it.");
}
Error wrong_number(std::int64_t number, std::int64_t next) {
  return Error(ErrorCode::conflict,
               fmt::format("trial {} cannot be added: the next number is {}", number, next),
               "Read the newest changes of the study and decide again.");
}
Error run_exists(const RunPlan& plan) {
  return Error(
      ErrorCode::conflict,
      fmt::format(
          "trial {} has a run already with replicate {}, segment {}, attempt {}, purpose {}",
          plan.trial, plan.replicate, plan.segment, plan.attempt, run_purpose_name(plan.purpose)));
}
Error request_handled(RequestId request) {
  return Error(ErrorCode::conflict,
               fmt::format("request {} has been handled already", request.value));
}
Error worker_exists(const WorkerInfo& worker) {
  return Error(
      ErrorCode::exists,
      fmt::format("a worker named {} is registered already, by another process", worker.uid),
      "Give every process a uid of its own.");
}

Value start_value(const RunStart& start) {
  Value::List argv;
  for (const std::string& arg : start.argv) argv.emplace_back(arg);
  Value value = Value::Map{};
  value.set("argv", std::move(argv)).set("folder", start.folder);
  value.set("pid", start.pid).set("pid_start", start.pid_start);
  return value.set("devices", Value::parse(start.devices).value_or(Value()));
}

RunEnd reclaimed_end(const std::string& host, std::int64_t busy_us) {
  RunEnd end;
  end.outcome = RunOutcome::interrupted;
  end.detail = fmt::format("the worker on {} has gone and its lease ran out", host);
  end.busy_us = busy_us;
  return end;
}

}  // namespace hone::rules
