#include "hone/cli/launch.h"

#include <fmt/core.h>
#include <unistd.h>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/display.h"
#include "hone/cli/outcome.h"
#include "hone/cli/prose.h"
#include "hone/cli/serving.h"
#include "hone/cli/terminal.h"
#include "hone/tuner/budget.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kLeadTtl_us = 30'000'000;

std::string budget_text(const StudySpec& spec) {
  std::string out = join(limit_texts(spec), " or ");
  if (out.empty())
    out = spec.budget.stop_without_improvement ? "until nothing improves" : "until stopped";
  return out;
}

std::string header(const StudyInfo& study, const StudySpec& spec, const SessionPlan& plan) {
  std::string out =
      fmt::format("{} · {} · {}", study_title(study), objectives_text(spec), spec.sampler.name);
  if (spec.scheduler.name != "none") out += " · " + spec.scheduler.name;
  out += fmt::format(" · {} · {} at a time", budget_text(spec), plan.parallel);
  if (!plan.why.empty()) out += fmt::format(" ({})", plan.why);
  return out;
}

void say_start(const Workplace& place, const StudyInfo& study, const StudySpec& spec,
               const SessionPlan& plan, const LaunchOptions& options, bool live) {
  if (options.common.json && !options.common.quiet) {
    Value row = Value::Map{};
    row.set("event", "start")
        .set("study", study.name)
        .set("project", study.project)
        .set("store", place.address());
    row.set("parallel", plan.parallel).set("trials_before", study.trials).set("seed", spec.seed);
    std::printf("%s\n", row.dump().c_str());
  } else if (!options.common.quiet) {
    if (!live) std::printf("%s\n", header(study, spec, plan).c_str());
    if (study.trials > 0) {
      print_prose(stdout, fmt::format("goes on with {} trial{} in {}\n", study.trials,
                                      study.trials == 1 ? "" : "s", place.address()));
    }
  }
  for (const std::string& note : options.notes) {
    if (!options.common.quiet) print_prose(stderr, note + "\n");
  }
  std::fflush(stdout);
}

/// Prints what a study came to; whether it has a usable trial.
bool print_outcome(const Workplace& place, const StudyInfo& study, const History& history,
                   const CommonOptions& common, const std::vector<std::string>& seen) {
  const Outcome outcome = find_outcome(history);
  if (common.json) {
    std::printf("%s\n", outcome_json(history, outcome, study_title(study)).dump().c_str());
    return outcome.best >= 0;
  }
  std::fputs(outcome_text(history, outcome, study_title(study), seen, wants_colour(stdout)).c_str(),
             stdout);
  if (outcome.best >= 0) {
    const bool several = !outcome.front.trials.empty();  // each of the front has its own command
    const std::string command = several ? "" : reproduce_text(place, history, outcome.best);
    if (!command.empty()) std::printf("Reproduce: %s\n", command.c_str());
    if (!common.quiet)
      std::printf("Details:   hone show %s/%lld%s\n", study_title(study).c_str(),
                  static_cast<long long>(outcome.best), place.store_option().c_str());
  }
  return outcome.best >= 0;
}

}  // namespace

std::string log_path(const Workplace& place, const StudyInfo& study) {
  const std::filesystem::path folder = place.trials_folder(study);
  return (place.private_folder() / "logs" / (folder.filename().string() + ".log")).string();
}

bool apply_as_leader(const Workplace& place, StudyId study, std::span<const Action> actions) {
  const LeadResult lead = place.store().lead(study, this_process_holder(), kLeadTtl_us);
  if (lead.state == LeaseState::lost) return false;
  if (actions.empty()) return true;
  return place.store().apply(study, lead.token, actions) == LeaseState::held;
}

int launch(const Workplace& place, const StudyInfo& study, std::shared_ptr<const StudySpec> spec,
           Work& work, const LaunchOptions& options) {
  LineOptions lines;
  lines.json = options.common.json;
  lines.quiet = options.common.quiet;
  lines.verbose = options.common.verbose;
  lines.colour = wants_colour(stdout);
  lines.log_path = log_path(place, study);
  if (options.background != nullptr && options.background->is_child()) {
    std::string sentence;
    if (options.common.json) {
      Value row = Value::Map{};
      row.set("event", "detached")
          .set("study", study.name)
          .set("pid", static_cast<std::int64_t>(getpid()))
          .set("log", lines.log_path);
      sentence = row.dump() + "\n";
    } else {
      sentence = fmt::format(
          "{0} runs in the background (process {1}, log {2})\n  watch it: hone attach {0}{3}   end "
          "it: hone stop {0}{3}\n",
          study_title(study), getpid(), lines.log_path, place.store_option());
    }
    options.background->started(sentence, lines.log_path);
    lines.colour = false;
  }
  say_start(place, study, *spec, work.plan(), options, is_live(lines));
  std::optional<Serving> serving;
  if (options.serve) {
    serving.emplace(place, serve_options(*options.serve));
    say_address(*serving, options.common, stderr);
  }
  DisplayOptions shown{lines, study_title(study), false, &place.clock(), {}};
  shown.where = [&place](RunId run) { return devices_of(place.store(), run); };
  std::unique_ptr<SessionObserver> display = make_display(shown);
  const SessionEnd end = work.run(study, *display);
  serving.reset();
  display.reset();  // gives way to what the study came to
  const History& history = work.history();
  if (end == SessionEnd::finished) {
    return print_outcome(place, study, history, options.common, work.seen_metrics())
               ? kOk
               : kNoUsableTrial;
  }
  if (history.counts().complete > 0 || options.common.json)
    print_outcome(place, study, history, options.common, {});
  if (!options.common.json) {
    const TrialCounts& counts = history.counts();
    print_prose(
        stdout,
        fmt::format("{} after {} trial{}{}. Go on: {}\n",
                    end == SessionEnd::paused ? "Stopped" : "Interrupted", history.size(),
                    history.size() == 1 ? "" : "s",
                    counts.queued > 0 ? fmt::format("; {} will run again", counts.queued) : "",
                    options.resume_command));
  }
  return kInterrupted;
}

int show_finished(const Workplace& place, const StudyInfo& study, const CommonOptions& common,
                  const std::string& run_command) {
  const History history = load_history(place.store(), study.id);
  const bool usable = print_outcome(place, study, history, common, {});
  if (!common.json && !common.quiet) {
    const std::string& reason = history.state_reason();
    print_prose(stdout, fmt::format("The study is finished{}. {} --trials +40 goes on, {} --new "
                                    "starts another one.\n",
                                    reason.empty() ? "" : fmt::format(" ({})", reason), run_command,
                                    run_command));
  }
  return usable ? kOk : kNoUsableTrial;
}

}  // namespace hone::cli
