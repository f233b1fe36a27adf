#include "hone/cli/hooks.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdlib>

#include "hone/base/clock.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/cli/outcome.h"
#include "hone/runner/process_capture.h"
#include "hone/study/placeholders.h"

namespace hone::cli {
namespace {

/// A longer text is no variable for the kernel; what goes first is the configuration.
constexpr std::size_t kLongestVariable = 100 * 1024;

Value values_of(const History& history, const Trial& trial) {
  Value values = Value::Map{};
  for (const Result& result : trial.results) {
    const auto metric = static_cast<std::size_t>(result.metric);
    if (metric < history.spec().metrics.size())
      values.set(history.spec().metrics[metric].name, result.value);
  }
  return values;
}

std::optional<std::string> own_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// ${envvar:NAME} replaced; nullopt, and the name in `missing`, where it is not set.
std::optional<std::string> filled_in(const std::string& text, const Variable& variable,
                                     std::string& missing) {
  constexpr std::string_view kWord = "envvar:";
  std::string out;
  std::size_t from = 0;
  for (const PlaceholderUse& use : find_placeholders(text)) {
    if (!use.name.starts_with(kWord)) continue;
    const std::string name = use.name.substr(kWord.size());
    const auto value = variable(name);
    if (!value) {
      missing = name;
      return std::nullopt;
    }
    out += text.substr(from, use.offset - from) + *value;
    from = use.offset + use.length;
  }
  return out + text.substr(from);
}

bool has_ended(TrialState state) {
  return state == TrialState::complete || state == TrialState::stopped ||
         state == TrialState::failed || state == TrialState::cancelled;
}

}  // namespace

HookEvent trial_event(const History& history, const std::string& study, std::int64_t number) {
  const Trial& trial = history.trial(number);
  HookEvent event{"trial_finished", study, number, Value::Map{}};
  event.result.set("event", event.event)
      .set("study", study)
      .set("trial", number)
      .set("state", trial_state_name(trial.state))
      .set("values", values_of(history, trial))
      .set("busy_s", static_cast<double>(trial.busy_us) / 1e6);
  if (!trial.reason.empty()) event.result.set("reason", trial.reason);
  if (trial.fail_kind != FailKind::none)
    event.result.set("failure", fail_kind_name(trial.fail_kind));
  event.result.set("config", trial.config().to_value());
  return event;
}

HookEvent study_event(const History& history, const std::string& study) {
  HookEvent event{"finished", study, std::nullopt, Value::Map{}};
  const TrialCounts& counts = history.counts();
  Value trials = Value::Map{};
  trials.set("complete", counts.complete)
      .set("stopped", counts.stopped)
      .set("failed", counts.failed);
  event.result.set("event", event.event)
      .set("study", study)
      .set("state", study_state_name(history.state()))
      .set("reason", history.state_reason())
      .set("trials", std::move(trials));
  const Outcome outcome = find_outcome(history);
  if (outcome.best >= 0) {
    const Trial& best = history.trial(outcome.best);
    Value row = Value::Map{};
    row.set("trial", outcome.best).set("values", values_of(history, best));
    event.result.set("best", row.set("config", best.config().to_value()));
  }
  return event;
}

std::optional<std::vector<std::string>> hook_command(const Hook& hook, const HookEvent& event,
                                                     const std::string& folder,
                                                     const Variable& variable,
                                                     std::string& problem) {
  std::string json = event.result.dump();
  if (json.size() > kLongestVariable) {
    Value shorter = event.result;
    json = shorter.set("config", Value()).set("best", Value()).dump();
  }
  std::vector<std::string> argv = {"env"};
  if (!folder.empty()) argv.push_back("--chdir=" + folder);
  argv.push_back("HONE_EVENT=" + event.event);
  argv.push_back("HONE_STUDY=" + event.study);
  if (event.trial) argv.push_back(fmt::format("HONE_TRIAL={}", *event.trial));
  argv.push_back("HONE_RESULT_JSON=" + json);
  for (const std::string& word : hook.command) {
    std::string missing;
    const auto filled = filled_in(word, variable, missing);
    if (!filled) {
      problem = fmt::format("the variable {} is not set", missing);
      return std::nullopt;
    }
    argv.push_back(*filled);
  }
  return argv;
}

HookObserver::HookObserver(SessionObserver& next, TrackingSpec tracking, std::string study,
                           std::string folder)
    : next_(next),
      tracking_(std::move(tracking)),
      study_(std::move(study)),
      folder_(std::move(folder)) {}

HookObserver::~HookObserver() { close(false); }

void HookObserver::close(bool wait) {
  std::size_t left = 0;
  {
    std::unique_lock lock(mutex_);
    over_ = true;
    news_.notify_all();
    if (!thread_.joinable()) return;
    if (wait) {
      news_.wait_for(lock, std::chrono::microseconds(kWait_us),
                     [this] { return waiting_.empty(); });
    }
    // The first of them is under way, and ends by its own limit.
    if (waiting_.size() > 1) left = waiting_.size() - 1;
    waiting_.clear();
  }
  thread_.join();
  if (left > 0)
    log(LogLevel::warning, fmt::format("hooks: {} ends were not told, there was no time", left));
}

void HookObserver::changed(const Change& change, const SessionView& view, bool past) {
  next_.changed(change, view, past);
  if (past || !view.leads) return;
  if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    if (tracking_.trial_finished && has_ended(moved->state))
      tell(*tracking_.trial_finished, trial_event(view.history, study_, moved->trial));
  } else if (const auto* study = std::get_if<StudyMoved>(&change.body)) {
    if (tracking_.finished && study->state == StudyState::finished)
      tell(*tracking_.finished, study_event(view.history, study_));
  }
}

void HookObserver::tell(const Hook& hook, HookEvent event) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kWaiting) {
    if (!dropped_)
      log(LogLevel::warning,
          fmt::format("hooks: {} ends wait to be told, further ones are dropped", kWaiting));
    dropped_ = true;
    return;
  }
  waiting_.push_back({hook, std::move(event)});
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  news_.notify_all();
}

void HookObserver::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (waiting_.empty() && !over_) news_.wait_for(lock, std::chrono::seconds(1));
    if (waiting_.empty()) return;
    const Task task = waiting_.front();
    lock.unlock();
    run(task);
    lock.lock();
    if (!waiting_.empty()) waiting_.pop_front();  // it may have been given up meanwhile
    news_.notify_all();
  }
}

void HookObserver::run(const Task& task) const {
  const std::string name = "hooks." + task.event.event;
  std::string problem;
  if (!task.hook.command.empty()) {
    const auto argv = hook_command(task.hook, task.event, folder_, own_variable, problem);
    if (argv) {
      const auto captured = run_and_capture(*argv, kTimeout_us, CaptureErrors::with_output);
      if (!captured) {
        problem = fmt::format("{} was not done within {}, or was killed", task.hook.command.front(),
                              format_duration_us(kTimeout_us));
      } else if (captured->exit_code != 0) {
        const std::string_view said = trim(captured->output);
        problem = fmt::format(
            "{} ended with exit code {}{}", task.hook.command.front(), captured->exit_code,
            said.empty() ? "" : fmt::format(": {}", said.substr(0, said.find('\n'))));
      }
    }
  } else {
    std::string missing;
    const auto url = filled_in(task.hook.url, own_variable, missing);
    if (!url) {
      problem = fmt::format("the variable {} is not set", missing);
    } else if (auto wrong = post_json(*url, task.event.result.dump(), kTimeout_us)) {
      problem = *std::move(wrong);
    }
  }
  if (!problem.empty())
    log(LogLevel::warning, fmt::format("{}: {}; the study goes on", name, problem));
}

}  // namespace hone::cli
