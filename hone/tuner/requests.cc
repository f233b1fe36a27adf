// What users ask of the leader: each request is answered by actions and an outcome in the same
// transaction.
#include <fmt/core.h>

#include "hone/base/error.h"
#include "hone/base/id.h"
#include "hone/base/text.h"
#include "hone/tuner/budget.h"
#include "hone/tuner/tuner.h"
#include "hone/tuner/tuner_round.h"

namespace hone {
namespace {

std::vector<std::int64_t> trial_list(const Value& body, const History& history) {
  std::vector<std::int64_t> numbers;
  if (const Value* list = body.find("trials"); list != nullptr && list->is_list()) {
    for (const Value& v : list->as_list()) {
      if (v.is_int() && v.as_int() >= 0 && v.as_int() < history.size())
        numbers.push_back(v.as_int());
    }
  } else if (body.bool_or("failed", false)) {
    for (const Trial& trial : history.trials()) {
      if (trial.state == TrialState::failed) numbers.push_back(trial.number());
    }
  }
  return numbers;
}

bool has_replicate(const History& history, std::int64_t number, int replicate) {
  const auto runs = history.runs_of(number);
  return std::any_of(runs.begin(), runs.end(), [&](RunId id) {
    const RunPlan& plan = history.run(id)->plan;
    return plan.purpose == RunPurpose::search && plan.replicate == replicate;
  });
}

}  // namespace

void Tuner::handle_requests(Round& round) {
  // One a round: the next is answered from what the one before it has changed.
  const std::vector<Request> open = store_.open_requests(study_);
  if (!open.empty()) handle_request(open.front(), round);
}

std::string Tuner::stop_trials(const std::vector<std::int64_t>& numbers, const std::string& actor,
                               Round& round) {
  int count = 0;
  const std::string reason =
      actor.empty() ? "stopped by the user" : fmt::format("stopped by {}", actor);
  for (const std::int64_t number : numbers) {
    const Trial& trial = history_->trial(number);
    if (trial.state == TrialState::paused) {
      TrialMoved moved{number, TrialState::stopped,     FailKind::none,
                       reason, history_->judge(number), trial.reached};
      round.actions.push_back(std::move(moved));
    } else if (trial.runs_open > 0 && trial.verdict != Verdict::stop &&
               !round.judged.contains(number)) {
      round.judged.insert(number);
      round.actions.push_back(Judged{number, Verdict::stop, reason, "user", 0, FailKind::none});
      for (const RunId id : history_->runs_of(number)) {
        if (history_->run(id)->state == RunState::waiting) round.actions.push_back(CancelRun{id});
      }
    } else {
      continue;
    }
    ++count;
  }
  return fmt::format("{} stopped", count);
}

std::string Tuner::retry_trials(const std::vector<std::int64_t>& numbers, Round& round) {
  int count = 0;
  std::string refused;
  if (numbers.empty()) return "no trial has failed, so none runs again";
  for (const std::int64_t number : numbers) {
    const Trial& trial = history_->trial(number);
    const bool may = trial.runs_open == 0 &&
                     (trial.state == TrialState::failed || trial.state == TrialState::stopped ||
                      trial.state == TrialState::cancelled || trial.state == TrialState::paused);
    if (!may || unsettled_.contains(number)) {
      refused = fmt::format("trial {} is {}", number,
                            trial.runs_open > 0 ? "not at its end" : trial_state_name(trial.state));
      continue;
    }
    for (int r = 0; r < std::max(1, spec_->replicates); ++r) {
      if (r > 0 && !has_replicate(*history_, number, r)) continue;  // it raced, and lost
      round.actions.push_back(QueueRun{next_attempt(*history_, number, r)});
    }
    ++count;
  }
  if (count > 0 && history_->state() != StudyState::open) {
    round.actions.push_back(StudyMoved{StudyState::open, "trials to run again"});
  }
  if (count == 0)
    return fmt::format("refused: {}; failed, stopped, paused and cancelled trials run again",
                       refused);
  return fmt::format("{} queued again", count);
}

std::string Tuner::enqueue(const Value& body, Round& round) {
  const Value* values = body.find("config");
  const auto config = values != nullptr ? Config::from_value(*values) : std::nullopt;
  if (!config) return "refused: no configuration given";
  const Config whole = spec_->space.complete(*config);
  const auto faults = spec_->space.violations(whole);
  if (!faults.empty()) return "refused: " + faults.front();
  // "imported": it was evaluated elsewhere, and whoever asked tells what came of it.
  const bool imported = body.bool_or("imported", false);
  std::optional<std::int64_t> of;
  if (const Value* trial = body.find("clone_of"); trial != nullptr && trial->is_int()) {
    if (trial->as_int() < 0 || trial->as_int() >= history_->size())
      return fmt::format("refused: there is no trial {}", trial->as_int());
    of = trial->as_int();
  }
  Suggestion suggestion{whole, Value::Map{}};
  suggestion.info.set("rule", imported ? "imported" : of ? "clone" : "enqueued");
  const std::int64_t number = history_->size() + round.new_trials;
  const TrialOrigin origin = imported ? TrialOrigin::imported
                             : of     ? TrialOrigin::clone
                                      : TrialOrigin::enqueued;
  add_trial(std::move(suggestion), origin, LaunchNew{}, round, of);
  if (history_->state() == StudyState::finished) {
    round.actions.push_back(StudyMoved{StudyState::open, "a trial was enqueued"});
  }
  return fmt::format("trial {}", number);
}

std::string Tuner::change_budget(const Value& body, const std::string& actor, Round& round) {
  StudySpec changed = *spec_;
  // With the runs at a time, both are changed or none.
  const std::optional<std::int64_t> parallel =
      body.find("parallel") != nullptr ? std::optional(body.int_or("parallel", 0)) : std::nullopt;
  if (parallel && (*parallel < 1 || *parallel > kRunsAtMost))
    return fmt::format("refused: runs at a time are 1 to {}", kRunsAtMost);
  if (parallel) changed.parallel = static_cast<int>(*parallel);
  Budget& budget = changed.budget;
  if (const Value* trials = body.find("trials"); trials != nullptr && trials->is_int()) {
    budget.trials =
        body.bool_or("relative", false) ? history_->counted() + trials->as_int() : trials->as_int();
  }
  if (const Value* trials = body.find("trials"); trials != nullptr && trials->is_null())
    budget.trials.reset();
  const std::pair<const char*, std::optional<std::int64_t>*> times[] = {
      {"time_us", &budget.time_us}, {"cpu_us", &budget.cpu_us}, {"gpu_us", &budget.gpu_us}};
  for (const auto& [key, limit] : times) {
    const Value* value = body.find(key);
    if (value != nullptr && value->is_int()) *limit = value->as_int();
    if (value != nullptr && value->is_null()) limit->reset();
  }
  const std::pair<const char*, std::optional<double>*> amounts[] = {{"cost", &budget.cost},
                                                                    {"fidelity", &budget.fidelity}};
  for (const auto& [key, limit] : amounts) {
    const Value* value = body.find(key);
    if (value != nullptr && value->is_number()) *limit = value->as_number();
    if (value != nullptr && value->is_null()) limit->reset();
  }
  round.actions.push_back(PutSpec{store_.spec(study_).source, changed.to_value().dump(), actor});
  if (history_->state() != StudyState::open)
    round.actions.push_back(StudyMoved{StudyState::open, "budget changed"});
  if (parallel && options_.parallel_changed) options_.parallel_changed(*changed.parallel);
  const std::vector<std::string> limits = limit_texts(changed);
  const std::string outcome = limits.empty() ? "no budget: it goes on until it is stopped"
                                             : "budget: " + join(limits, ", ");
  return parallel
             ? fmt::format("{}; {} run{} at a time", outcome, *parallel, *parallel == 1 ? "" : "s")
             : outcome;
}

std::string Tuner::change_parallel(const Value& body, const std::string& actor, Round& round) {
  const std::int64_t wanted = body.int_or("parallel", 0);
  if (wanted < 1 || wanted > kRunsAtMost)
    return fmt::format("refused: runs at a time are 1 to {}", kRunsAtMost);
  StudySpec changed = *spec_;
  changed.parallel = static_cast<int>(wanted);
  round.actions.push_back(PutSpec{store_.spec(study_).source, changed.to_value().dump(), actor});
  if (options_.parallel_changed) options_.parallel_changed(*changed.parallel);
  return fmt::format("{} run{} at a time", wanted, wanted == 1 ? "" : "s");
}

std::string Tuner::end_study(const std::string& actor, Round& round) {
  if (history_->state() == StudyState::finished) return "is finished already";
  std::vector<std::int64_t> open;
  for (const Trial& trial : history_->trials()) {
    if (trial.runs_open > 0) open.push_back(trial.number());
  }
  stop_trials(open, actor, round);
  finish(actor.empty() ? "ended by the user" : fmt::format("ended by {}", actor), round);
  return "finished";
}

void Tuner::handle_request(const Request& request, Round& round) {
  std::string outcome;
  if (request.kind == "stop") {
    if (history_->state() == StudyState::open) {
      round.actions.push_back(
          StudyMoved{StudyState::paused, request.body.string_or("reason", "stopped by the user")});
    }
    outcome = "stopped";
  } else if (request.kind == "resume") {
    if (history_->state() != StudyState::open)
      round.actions.push_back(StudyMoved{StudyState::open, "resumed"});
    outcome = "resumed";
  } else if (request.kind == "stop_trials") {
    outcome = stop_trials(trial_list(request.body, *history_), request.actor, round);
  } else if (request.kind == "retry") {
    outcome = retry_trials(trial_list(request.body, *history_), round);
  } else if (request.kind == "enqueue") {
    outcome = enqueue(request.body, round);
  } else if (request.kind == "budget") {
    outcome = change_budget(request.body, request.actor, round);
  } else if (request.kind == "parallel") {
    outcome = change_parallel(request.body, request.actor, round);
  } else if (request.kind == "finish") {
    outcome = end_study(request.actor, round);
  } else if (auto answer =
                 options_.other_request ? options_.other_request(request) : std::nullopt) {
    outcome = std::move(*answer);
  } else {
    outcome = fmt::format("refused: unknown request '{}'", request.kind);
  }
  round.actions.push_back(RequestHandled{request.id, outcome});
}

}  // namespace hone
