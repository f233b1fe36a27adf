// hone run: a new study, or an existing one that goes on.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/id.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/launch.h"
#include "hone/cli/mlflow_text.h"
#include "hone/cli/prose.h"
#include "hone/cli/serving.h"
#include "hone/cli/study_loading.h"
#include "hone/cli/terminal.h"
#include "hone/tuner/algorithm_checks.h"
#include "hone/tuner/warm_points.h"

namespace hone::cli {
namespace {

/// `60` or `+40`.
struct TrialBudget {
  std::int64_t count = 0;
  bool more = false;
};

TrialBudget parse_trials(const std::string& text) {
  TrialBudget budget;
  std::string_view digits = text;
  budget.more = digits.starts_with('+');
  if (budget.more) digits.remove_prefix(1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), budget.count);
  constexpr std::int64_t kAtMost = 100'000'000;
  if (error != std::errc{} || end != digits.data() + digits.size() || budget.count < 1 ||
      budget.count > kAtMost) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("--trials: '{}' is no number of trials", text),
                "write 60, or +40 for 40 more");
  }
  return budget;
}

class RunCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("FILE", file_, "The study file");
    line.rest(study_.command, "PROGRAM ARGUMENTS…",
              "A program whose arguments hold laws: --lr '~log(1e-5,1e-1)'");
    line.option("--trials", trials_, "N", "Ends after N trials; +N: after N more");
    line.option("--time", time_, "DURATION", "Ends after so long: 30m, 8h");
    line.option("-j,--parallel", parallel_, "Runs at a time");
    line.option("--name", study_.name, "NAME", "Of the study, instead of the file's");
    line.option("--seed", seed_, "N", "Of the study");
    line.flag("--new", new_, "Starts another study beside one of that name");
    line.flag("--detach", detach_, "Goes into the background");
    line.flag_or_option("--serve", serve_, "PORT",
                        "Also serves the page and the HTTP API on this machine (port 7070)");
    line.option("--minimize", study_.minimize, "METRIC", "What to optimise, without a study file");
    line.option("--maximize", study_.maximize, "METRIC", "The same, where more is better");
    line.option("--method", study_.method, "NAME",
                "How configurations are chosen, without a study file");
    common_.declare(line);
    line.examples(
        "  hone run study.yaml                      search, or go on where it was left\n"
        "  hone run study.yaml --trials +40         40 more\n"
        "  hone run --minimize val_loss -- python train.py --lr '~log(1e-5,1e-1)'\n");
  }
  int run() override;

 private:
  ReadStudy read();
  void apply_options(StudySpec& spec, std::int64_t counted) const;
  std::string free_name(const Store& store, const StudySpec& spec) const;
  int go_on(const Workplace& place, const StudyInfo& study, const ReadStudy& read);
  void take_warm_points(const Workplace& place, ReadStudy& read) const;
  void say_diagnostics(const ReadStudy& read) const;
  std::string run_command() const {
    std::string out = "hone run";
    if (common_.store) out += " --store " + shell_quoted(*common_.store);
    if (file_) return out + " " + shell_quoted(*file_);
    return "hone resume " + shell_quoted(study_.name.value_or(""));
  }

  std::optional<std::string> file_;
  CommandStudy study_;
  std::optional<std::string> trials_;
  std::optional<std::string> time_;
  std::optional<std::string> seed_;
  std::optional<int> parallel_;
  bool new_ = false;
  bool detach_ = false;
  std::optional<std::string> serve_;
  CommonOptions common_;
  Background background_;
};

ReadStudy RunCommand::read() {
  if (file_.has_value() == !study_.command.empty()) {
    throw Error(ErrorCode::invalid_input,
                file_ ? "a study file or a program behind '--', not both" : "what should be run?",
                "hone run study.yaml, or hone run --minimize loss -- python train.py …; hone init "
                "writes a study file");
  }
  if (!file_) return make_study(study_);
  if (study_.minimize || study_.maximize || study_.method) {
    throw Error(ErrorCode::invalid_input,
                "--minimize, --maximize and --method are for a program behind '--'",
                fmt::format("change metric and method in {}", *file_));
  }
  ReadStudy read = read_study(*file_);
  if (read.loaded.spec && study_.name) read.loaded.spec->name = *study_.name;
  if (read.loaded.spec && common_.project) read.loaded.spec->project = *common_.project;
  return read;
}

void RunCommand::apply_options(StudySpec& spec, std::int64_t counted) const {
  if (trials_) {
    const TrialBudget budget = parse_trials(*trials_);
    spec.budget.trials = budget.more ? counted + budget.count : budget.count;
  }
  if (time_) {
    const auto us = parse_duration_us(*time_);
    if (!us || *us <= 0)
      throw Error(ErrorCode::invalid_input, fmt::format("--time: '{}' is no duration", *time_),
                  "write 30m or 8h");
    spec.budget.time_us = *us;
  }
}

std::string RunCommand::free_name(const Store& store, const StudySpec& spec) const {
  auto& open = const_cast<Store&>(store);
  std::string name = spec.name;
  for (int i = 2; open.find_study(spec.project, name); ++i)
    name = fmt::format("{}-{}", spec.name, i);
  return name;
}

void RunCommand::say_diagnostics(const ReadStudy& read) const {
  if (common_.json) {
    std::fputs(diagnostics_json(read).c_str(), stderr);
  } else if (!(common_.quiet && read.loaded.spec)) {
    print_prose(stderr, read.report);
  }
}

/// What a study file's reader has not seen: studies made of a command, and what options of the
/// command line changed. Throws Error(invalid_input).
void check_algorithms(const StudySpec& spec) {
  std::vector<std::string> mistakes;
  for (const OptionProblem& problem : sampler_problems(spec)) mistakes.push_back(problem.message);
  for (const OptionProblem& problem : scheduler_problems(spec)) mistakes.push_back(problem.message);
  if (!mistakes.empty())
    throw Error(ErrorCode::invalid_input, join(mistakes, "; "),
                "hone help samplers, hone help schedulers");
}

/// The points of earlier studies go into the spec, with a note that says so.
void RunCommand::take_warm_points(const Workplace& place, ReadStudy& read) const {
  WarmStart& warm = read.loaded.spec->warm_start;
  if (warm.studies.empty()) return;
  fill_warm_start(place.store(), *read.loaded.spec);
  std::vector<std::string> from;
  for (const WarmPoint& point : warm.points) from.push_back(point.from);
  std::vector<std::string> learns;
  for (const WarmSource& source : warm.sources)
    learns.push_back(fmt::format("{} trials of {}", source.trials.size(), source.study));
  read.loaded.notes.push_back(
      from.empty() ? fmt::format("warm_start: no complete trial of {} has a place in this space",
                                 join(warm.studies, ", "))
                   : fmt::format("starts with what was best in {}", join(from, "; ")));
  if (!learns.empty())
    read.loaded.notes.push_back(fmt::format("learns from {}", join(learns, ", ")));
}

int RunCommand::run() {
  check_parallel(parallel_);
  if (serve_) serve_options(*serve_);
  if (trials_) parse_trials(*trials_);
  ReadStudy read = this->read();
  if (!read.loaded.spec) {
    say_diagnostics(read);
    return kBadInput;
  }
  StudySpec& spec = *read.loaded.spec;
  if (seed_) {
    const auto seed = parse_number(*seed_);
    constexpr double kSeedAtMost = 2147483647;
    if (!seed || *seed < 0 || *seed > kSeedAtMost ||
        *seed != static_cast<double>(static_cast<std::int64_t>(*seed))) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("--seed: '{}' is no whole number from 0 to 2147483647", *seed_));
    }
    spec.seed = static_cast<std::int64_t>(*seed);
    read.loaded.seed_given = true;
  }
  check_study_name(spec.name);
  if (!study_.name) study_.name = spec.name;
  if (detach_) {
    if (const auto code = background_.fork_off()) return *code;
  }
  const Workplace place =
      Workplace::open(common_, OpenMode::create,
                      file_ ? std::optional<std::filesystem::path>(*file_) : std::nullopt);
  if (new_) spec.name = free_name(place.store(), spec);
  if (const auto existing = place.store().find_study(spec.project, spec.name))
    return go_on(place, *existing, read);
  if (!read.loaded.seed_given)
    spec.seed = static_cast<std::int64_t>(system_entropy() & 0x7fffffffU);
  apply_options(spec, 0);
  take_warm_points(place, read);
  say_diagnostics(read);
  check_algorithms(spec);
  const CommandCheck command = check_command(spec);
  if (command.program.empty())
    throw Error(ErrorCode::invalid_input, command.problem + ": nothing was started",
                "hone validate looks at the command without starting it");
  const auto shared = std::make_shared<const StudySpec>(spec);
  Work work(place, shared, {parallel_, true, false});
  const StudyInfo study = create_study(place.store(), spec, read.source, actor());
  std::vector<std::string> notes = read.loaded.notes;
  if (auto note = mlflow_note(spec)) notes.push_back(*std::move(note));
  LaunchOptions options{common_,       parallel_,    true,  std::move(notes),
                        run_command(), &background_, serve_};
  return launch(place, study, shared, work, options);
}

int RunCommand::go_on(const Workplace& place, const StudyInfo& study, const ReadStudy& read) {
  const SpecRecord record = place.store().spec(study.id);
  const std::shared_ptr<const StudySpec> stored = stored_spec(place.store(), study.id);
  const bool same_file = record.source == read.source;
  StudySpec wanted = same_file ? *stored : *read.loaded.spec;
  if (!same_file) {
    say_diagnostics(read);
    check_algorithms(wanted);
  }
  LaunchOptions options{common_, parallel_, true, {}, run_command(), &background_, serve_};
  const SpecChanges changes = compare_specs(*stored, wanted);
  if (!changes.refused.empty()) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("{} has changed in a way that '{}' cannot go on with:\n  {}", read.path,
                            study.name, join(changes.refused, "\n  ")),
                fmt::format("{} --new starts another study", run_command()));
  }
  wanted.seed = stored->seed;
  if (wanted.warm_start.studies != stored->warm_start.studies)
    options.notes.push_back(
        "warm_start counts when a study is created: this one keeps what it has");
  wanted.warm_start = stored->warm_start;
  wanted.command.workdir = read.loaded.spec->command.workdir;
  const History history = load_history(place.store(), study.id);
  apply_options(wanted, history.counted());
  const std::string body = wanted.to_value().dump();
  // Hooks and the like are no part of the body: they are read from the file that is stored.
  const bool tracks_otherwise =
      file_.has_value() && tracking_of(record.source) != read.loaded.tracking;
  const bool changed = body != record.body || tracks_otherwise;
  const bool asks_for_more = trials_.has_value() || time_.has_value() || !changes.applied.empty();
  if (study.state == StudyState::finished && !asks_for_more)
    return show_finished(place, study, common_, run_command());

  std::vector<Action> actions;
  if (changed) actions.emplace_back(PutSpec{read.source, body, actor()});
  if (study.state != StudyState::open) {
    actions.emplace_back(
        StudyMoved{StudyState::open, study.state == StudyState::paused ? "resumed" : "more to do"});
  }
  auto spec = std::make_shared<const StudySpec>(wanted);
  Work work(place, spec, {parallel_, true, false});
  if (!actions.empty() && !apply_as_leader(place, study.id, actions)) {
    if (changed)
      options.notes.push_back(
          "the study is led by another hone, which goes on with the file as it was; changes apply "
          "after it has ended");
    if (study.state != StudyState::open) ask_leader(place, study, "resume", Value::Map{});
  } else if (changed) {
    for (const std::string& sentence : changes.applied)
      options.notes.push_back("changed: " + sentence);
    if (tracks_otherwise) options.notes.emplace_back("changed: hooks or system_metrics");
  }
  return launch(place, *place.store().study(study.id), spec, work, options);
}

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<RunCommand>(); }

}  // namespace hone::cli
