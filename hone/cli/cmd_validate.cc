// hone validate: checks a study file and says what it would do; with --dry-run also tries its
// defaults once, in a folder that is thrown away.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "hone/base/error.h"
#include "hone/base/scratch_folder.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/launch.h"
#include "hone/cli/lines.h"
#include "hone/cli/prose.h"
#include "hone/cli/study_loading.h"
#include "hone/cli/study_plan.h"
#include "hone/cli/terminal.h"
#include "hone/runner/metric_parser.h"
#include "hone/runner/process.h"
#include "hone/study/placeholders.h"

namespace hone::cli {
namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

class ValidateCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("FILE", file_, "The study file");
    line.flag("--dry-run", dry_run_, "Also runs one trial with the defaults, and keeps nothing");
    line.option("--show", show_, "Shows the commands of the first N trials; runs nothing");
    common_.declare(line);
    line.examples(
        "  hone validate study.yaml             every mistake, the size of the space\n"
        "  hone validate study.yaml --show 5    the commands of five trials\n"
        "  hone validate study.yaml --dry-run   does it run, is the metric found?\n");
  }

  int run() override {
    if (!file_)
      throw Error(ErrorCode::invalid_input, "which study file?", "hone validate study.yaml");
    if (show_ && (*show_ < 1 || *show_ > kShowAtMost))
      throw Error(ErrorCode::invalid_input,
                  fmt::format("--show: from 1 to {} trials, not {}", kShowAtMost, *show_));
    const ReadStudy read = read_study(*file_);
    if (common_.json) {
      std::fputs(diagnostics_json(read).c_str(), stdout);
    } else if (!read.report.empty()) {
      print_prose(stderr, read.report);
    }
    if (!read.loaded.spec) return kBadInput;
    const StudySpec& spec = *read.loaded.spec;
    say(true, *file_, describe(spec));
    say(true, "space", space_and_budget(spec));
    bool good = check(spec);
    for (const std::string& note : read.loaded.notes) say_note(note);
    if (good && (show_ || dry_run_)) show_plan(spec, read.loaded.seed_given);
    if (good && dry_run_) good = try_once(spec);
    return good ? kOk : kFailed;
  }

 private:
  void say(bool good, const std::string& what, const std::string& text) const {
    if (common_.json) {
      Value row = Value::Map{};
      row.set("check", what).set("ok", good).set("text", text);
      std::printf("%s\n", row.dump().c_str());
    } else if (!common_.quiet || !good) {
      const bool colour = wants_colour(stdout);
      const std::string_view mark = good ? "✓" : "✗";
      constexpr int kMargin = 21;
      std::string row = prose_for(stdout, fmt::format("{} {:<18} {}\n", mark, what, text), kMargin);
      row.replace(0, mark.size(), toned(mark, good ? Tone::good : Tone::bad, colour));
      std::fputs(row.c_str(), stdout);
    }
    std::fflush(stdout);
  }
  void say_note(const std::string& text) const {
    if (!common_.json && !common_.quiet) print_prose(stdout, "! " + text + "\n", 2);
  }

  static std::string describe(const StudySpec& spec) {
    int tied = 0;
    for (const Parameter& parameter : spec.space.parameters()) {
      if (std::holds_alternative<Derived>(parameter.domain)) ++tied;
    }
    const int searched = spec.space.dimension();
    std::string out = fmt::format("{} parameter{}", searched, searched == 1 ? "" : "s");
    if (tied > 0) out += fmt::format(", {} tied", tied);
    for (const Metric& metric : spec.metrics) {
      if (metric.role == MetricRole::objective)
        out += fmt::format(", {} {}", goal_name(metric.goal), metric.name);
    }
    return out;
  }

  bool check(const StudySpec& spec) const {
    if (spec.command.argv.empty()) return true;
    const CommandCheck command = check_command(spec);
    say(!command.program.empty(), "command",
        command.program.empty() ? command.problem
                                : cut_to_width(shell_command(command.words), 70) + " (found)");
    return !command.program.empty();
  }

  void show_plan(const StudySpec& spec, bool seed_given) const;
  bool try_once(StudySpec spec);
  bool report(const StudySpec& spec, const History& history, const Work& work) const;

  std::optional<std::string> file_;
  static constexpr int kShowAtMost = 1000;
  static constexpr int kShownByDryRun = 3;

  bool dry_run_ = false;
  std::optional<int> show_;
  CommonOptions common_;
};

void ValidateCommand::show_plan(const StudySpec& spec, bool seed_given) const {
  const auto trials =
      plan_trials(spec, show_ ? *show_ : kShownByDryRun, variable, program_interpreter());
  if (common_.json) {
    for (const PlannedTrial& trial : trials) {
      Value row = Value::Map{};
      row.set("trial", trial.number).set("defaults", trial.defaults);
      row.set("params", nested_config(spec, trial.config));
      row.set("argv", Value(Value::List(trial.argv.begin(), trial.argv.end())));
      Value::List files;
      for (const auto& [path, lines] : trial.files) {
        Value file = Value::Map{};
        file.set("path", path).set("set", Value(Value::List(lines.begin(), lines.end())));
        files.push_back(std::move(file));
      }
      row.set("files", Value(std::move(files)));
      std::printf("%s\n", row.dump().c_str());
    }
    return;
  }
  if (common_.quiet) return;
  print_prose(stdout, fmt::format("\nTrials would be started so{}:\n",
                                  seed_given ? ""
                                             : " (with seed 0; the file names none, so a run draws "
                                               "one)"));
  for (const PlannedTrial& trial : trials) {
    std::printf("  %lld%s\n    %s\n", static_cast<long long>(trial.number),
                trial.defaults ? " (defaults)" : "", shell_command(trial.argv).c_str());
    for (const auto& [path, lines] : trial.files) {
      std::printf("    with %s\n", path.c_str());
      for (const std::string& row : lines) std::printf("      %s\n", row.c_str());
    }
  }
  std::printf("\n");
  std::fflush(stdout);
}

bool ValidateCommand::try_once(StudySpec spec) {
  const ScratchFolder scratch("hone-try");
  spec.sampler = {"random", Value::Map{}};
  spec.scheduler = {"none", Value::Map{}};
  spec.budget = Budget{};
  spec.budget.trials = 1;
  spec.confirm = {};
  spec.replicates = 1;
  spec.run_default_first = true;
  spec.limits.retries = 0;
  for (Metric& metric : spec.metrics) metric.target.reset();
  const auto shared = std::make_shared<const StudySpec>(spec);
  const Workplace place = Workplace::scratch(scratch.path());
  const StudyInfo study = create_study(place.store(), spec, "", "");
  Work work(place, shared, {1, true, false});
  if (!common_.json && !common_.quiet) std::fprintf(stderr, "running one trial …\n");
  LineOptions lines;
  lines.quiet = true;
  LineObserver observer(lines);
  const SessionEnd end = work.run(study, observer);
  if (end != SessionEnd::finished) throw Error(ErrorCode::interrupted, "interrupted");
  return report(spec, work.history(), work);
}

bool ValidateCommand::report(const StudySpec& spec, const History& history,
                             const Work& work) const {
  if (history.size() == 0) {
    say(false, "one trial", history.state_reason());
    return false;
  }
  const Trial& trial = history.trial(0);
  const std::string& objective = spec.objective().name;
  const std::string what = fmt::format("one trial, {}", format_duration_us(trial.busy_us));
  std::set<double> positions;
  std::size_t reports = 0;
  std::int64_t first_us = -1;
  std::int64_t last_us = 0;
  for (const RunId id : history.runs_of(0)) {
    for (const auto& point : history.series(id)) {
      if (point.metric != 0) continue;
      positions.insert(point.fidelity);
      ++reports;
      if (first_us < 0) first_us = point.busy_us;
      last_us = point.busy_us;
    }
  }
  if (trial.state == TrialState::complete) {
    std::string text = fmt::format("{} reported {}", objective,
                                   reports == 1 ? "once" : fmt::format("{} times", reports));
    if (!work.recognised().empty())
      text += fmt::format(", recognised as {}", metric_format_title(work.recognised()));
    if (spec.fidelity && positions.size() > 1) {
      text +=
          fmt::format("; {} {} to {}", spec.fidelity->name, format_number(*positions.begin(), 6),
                      format_number(*positions.rbegin(), 6));
    }
    say(true, what, text);
    constexpr std::int64_t kLong_us = 5'000'000;
    if (reports > 3 && trial.busy_us > kLong_us && (last_us - first_us) * 50 < trial.busy_us) {
      say_note(
          "The reports came all at once: the program holds back its output, so nothing can be "
          "stopped early. "
          "Flush after each line (print(…, flush=True)), or put stdbuf -oL in front of the "
          "command.");
    }
    if (reports == 1 && spec.scheduler.name == "none" && trial.busy_us > 60'000'000) {
      say_note(fmt::format(
          "{} comes once, at the end: report it along the way to have bad trials stopped early.",
          objective));
    }
    return true;
  }
  const auto [sentence, log] = split_detail(trial.detail.empty() ? trial.reason : trial.detail);
  say(false, what, sentence);
  if (!common_.json && !log.empty()) {
    for (const std::string_view row : split(log, '\n'))
      std::printf("  | %.*s\n", static_cast<int>(row.size()), row.data());
  }
  if (trial.fail_kind == FailKind::no_metric) {
    const auto seen = work.seen_metrics();
    if (!seen.empty()) say_note("The program reported: " + join(seen, ", "));
    if (const auto meant = match_metric_name(objective, seen))
      say_note(fmt::format("Did you mean metric: {{name: {}}}?", *meant));
    if (seen.empty()) say_note("Nothing it printed reads as a metric: hone help metrics");
  }
  return false;
}

}  // namespace

std::unique_ptr<Command> make_validate() { return std::make_unique<ValidateCommand>(); }

}  // namespace hone::cli
