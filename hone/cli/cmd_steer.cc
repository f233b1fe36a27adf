// hone stop, resume, retry: what is asked of a study's leader. Where no process leads, the command
// does the leader's part itself.
#include <fmt/core.h>

#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/launch.h"
#include "hone/cli/lines.h"
#include "hone/cli/prose.h"
#include "hone/cli/serving.h"
#include "hone/cli/study_loading.h"

namespace hone::cli {
namespace {

void print_outcome(const CommonOptions& common, const StudyInfo& study, const std::string& what,
                   const std::string& outcome) {
  if (common.json) {
    Value row = Value::Map{};
    row.set("study", study_title(study)).set("request", what).set("outcome", outcome);
    std::printf("%s\n", row.dump().c_str());
  } else if (!common.quiet) {
    std::printf("%s: %s\n", study_title(study).c_str(), outcome.c_str());
  }
}

/// Where something waits and nobody is there to run it.
void say_how_to_run(const Workplace& place, const StudyInfo& study, const CommonOptions& common) {
  if (common.json || common.quiet || is_led(place, study)) return;
  if (load_history(place.store(), study.id).waiting_runs() == 0) return;
  print_prose(stderr,
              fmt::format("no process works on it now: hone resume {}\n", study_title(study)));
}

class StopCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY[/TRIAL]", words_, "A study, or trials of it");
    common_.declare(line);
    line.examples(
        "  hone stop finetune         ends its programs; hone resume goes on later\n"
        "  hone stop finetune 7 9     ends two trials for good\n");
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    const StudyInfo& study = address.study;
    if (!address.trials.empty()) {
      print_outcome(common_, study, "stop",
                    ask_leader(place, study, "stop_trials", trial_list(address.trials)));
    } else {
      if (study.state == StudyState::finished) {
        print_outcome(common_, study, "stop", "is finished already");
        return kOk;
      }
      print_outcome(common_, study, "stop", ask_leader(place, study, "stop", Value::Map{}));
    }
    return end_orphans(place, study, address.trials.empty());
  }

 private:
  /// Programs that a dead hone left behind are ended here, since nobody else will.
  int end_orphans(const Workplace& place, const StudyInfo& study, bool whole) const {
    if (!whole || is_led(place, study)) return kOk;
    const History history = load_history(place.store(), study.id);
    if (history.open_runs() <= history.waiting_runs()) return kOk;
    Work work(place, stored_spec(place.store(), study.id), {1, true, true});
    LineOptions lines;
    lines.quiet = true;
    lines.json = common_.json;
    LineObserver observer(lines);
    work.run(study, observer);
    return kOk;
  }

  std::vector<std::string> words_;
  CommonOptions common_;
};

class RetryCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY[/TRIAL]", words_,
                    "A study: all its failed trials; or some trials of it");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    Value body = trial_list(address.trials);
    if (address.trials.empty()) {
      body = Value::Map{};
      body.set("failed", true);
    }
    print_outcome(common_, address.study, "retry", ask_leader(place, address.study, "retry", body));
    say_how_to_run(place, address.study, common_);
    return kOk;
  }

 private:
  std::vector<std::string> words_;
  CommonOptions common_;
};

class ResumeCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY[/TRIAL]", words_, "A study, or stopped trials of it");
    line.option("-j,--parallel", parallel_, "Runs at a time");
    line.flag("--detach", detach_, "Goes into the background");
    line.flag_or_option("--serve", serve_, "PORT",
                        "Also serves the page and the HTTP API on this machine (port 7070)");
    common_.declare(line);
    line.examples(
        "  hone resume finetune       goes on with the study as it is stored\n"
        "  hone resume finetune/7     puts a stopped trial back into the queue\n");
  }

  int run() override {
    check_parallel(parallel_);
    if (serve_) serve_options(*serve_);
    if (detach_) {
      if (const auto code = background_.fork_off()) return *code;
    }
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    const StudyInfo& study = address.study;
    if (!address.trials.empty()) {
      print_outcome(common_, study, "resume",
                    ask_leader(place, study, "retry", trial_list(address.trials)));
      say_how_to_run(place, study, common_);
      return kOk;
    }
    const std::string command = "hone resume " + study_title(study);
    if (study.state == StudyState::finished)
      return show_finished(place, study, common_, "hone run FILE");
    const auto spec = stored_spec(place.store(), study.id);
    check_has_command(*spec);
    Work work(place, spec, {parallel_, true, false});
    if (study.state == StudyState::paused) {
      const std::vector<Action> open = {StudyMoved{StudyState::open, "resumed"}};
      if (!apply_as_leader(place, study.id, open)) ask_leader(place, study, "resume", Value::Map{});
    }
    LaunchOptions options{common_, parallel_, true, {}, command, &background_, serve_};
    return launch(place, *place.store().study(study.id), spec, work, options);
  }

 private:
  std::vector<std::string> words_;
  std::optional<int> parallel_;
  bool detach_ = false;
  std::optional<std::string> serve_;
  CommonOptions common_;
  Background background_;
};

}  // namespace

std::unique_ptr<Command> make_stop() { return std::make_unique<StopCommand>(); }
std::unique_ptr<Command> make_resume() { return std::make_unique<ResumeCommand>(); }
std::unique_ptr<Command> make_retry() { return std::make_unique<RetryCommand>(); }

}  // namespace hone::cli
