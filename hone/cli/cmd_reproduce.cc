// hone reproduce: a run of a trial again, with the code that it had, as a study of its own. It says
// before what is otherwise now, and afterwards how the values compare. The trial stays as it is.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/checkout.h"
#include "hone/cli/commands.h"
#include "hone/cli/display.h"
#include "hone/cli/launch.h"
#include "hone/cli/outcome.h"
#include "hone/cli/prose.h"
#include "hone/cli/reproduction.h"
#include "hone/cli/terminal.h"
#include "hone/study/placeholders.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

/// The run of a trial that is to be repeated.
struct Original {
  std::int64_t trial = 0;
  RunId run;
  RunPlan plan;
  Value environment;  ///< as recorded
  StudySpec spec;     ///< under which the trial was proposed
};

class ReproduceCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY/TRIAL", words_, "The trial, usually the best one");
    line.flag("--here", here_, "With the code that is there now, not that of the record");
    line.flag("--dry-run", dry_run_, "Only says what is otherwise now");
    line.option("--replicate", replicate_, "Which of the trial's seeds; default 0, the first");
    line.option("--name", name_, "NAME", "Of the new study; default: STUDY-reproduce-TRIAL");
    common_.declare(line);
    line.examples(
        "  hone reproduce finetune/44               same values, seed, commit and changes\n"
        "  hone reproduce finetune/44 --dry-run     what is otherwise on this machine\n"
        "  hone reproduce finetune/44 --here        with the code as it is now\n");
  }
  bool wants_json() const override { return common_.json; }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    if (address.trials.size() != 1)
      throw Error(ErrorCode::invalid_input, "one trial is reproduced at a time",
                  fmt::format("hone reproduce {}/44", study_title(address.study)));
    const History history = load_history(place.store(), address.study.id);
    Original original = find(place, address.study, history, address.trials.front());
    const Value now = environment_of(original.spec);
    const std::vector<Difference> found = differences(original.environment, now);
    const Value* git = original.environment.find("git");
    const bool restore = !here_ && git != nullptr && !is_same_code(original.environment, now);
    tell_before(address.study, original, found, restore);
    if (dry_run_) {
      if (restore) check_checkout(*git, original.spec.command.workdir);
      return kOk;
    }
    std::optional<Checkout> checkout;
    if (restore) {
      checkout.emplace(*git, original.spec.command.workdir,
                       fs::absolute(place.private_folder()) / "worktrees" /
                           fmt::format("{}-{}-{}", address.study.uid, original.trial, getpid()));
      put_into(original.spec.command, *checkout);
    }
    return again(place, address.study, history, original, found, checkout ? &*checkout : nullptr);
  }

 private:
  Original find(const Workplace& place, const StudyInfo& study, const History& history,
                std::int64_t number) const;
  void tell_before(const StudyInfo& study, const Original& original,
                   const std::vector<Difference>& found, bool restore) const;
  static void put_into(hone::Command& command, const Checkout& checkout);
  StudySpec spec_of(const Workplace& place, const Original& original) const;
  int again(const Workplace& place, const StudyInfo& study, const History& history,
            const Original& original, const std::vector<Difference>& found,
            Checkout* checkout) const;

  std::vector<std::string> words_;
  bool here_ = false;
  bool dry_run_ = false;
  std::optional<int> replicate_;
  std::optional<std::string> name_;
  CommonOptions common_;
};

Original ReproduceCommand::find(const Workplace& place, const StudyInfo& study,
                                const History& history, std::int64_t number) const {
  const Trial& trial = history.trial(number);
  if (trial.proposal->origin == TrialOrigin::fork) {
    throw Error(
        ErrorCode::unsupported,
        fmt::format("trial {} went on from the checkpoint of another one: no single run "
                    "repeats it",
                    number),
        fmt::format("hone replay {}/{} trains its whole way anew", study_title(study), number));
  }
  const int replicate = replicate_.value_or(0);
  Original original;
  original.trial = number;
  for (const RunId id : history.runs_of(number)) {
    const Run* run = history.run(id);
    if (run->plan.purpose != RunPurpose::search || run->plan.replicate != replicate) continue;
    if (run->started_us == 0) continue;
    original.run = id;
    original.plan = run->plan;
  }
  if (!original.run.valid()) {
    throw Error(
        ErrorCode::not_found,
        fmt::format("trial {} has no run with replicate {} that was started", number, replicate),
        fmt::format("hone show {}/{} lists its runs", study_title(study), number));
  }
  original.environment =
      Value::parse(place.store().run_detail(original.run).environment).value_or(Value::Map{});
  const SpecRecord record = place.store().spec(study.id, trial.proposal->spec_version);
  const auto body = Value::parse(record.body);
  if (!body)
    throw Error(ErrorCode::store_corrupt, fmt::format("the spec of '{}' is no JSON", study.name));
  original.spec = StudySpec::from_value(*body);
  if (original.spec.command.argv.empty() && original.spec.command.program.empty()) {
    throw Error(ErrorCode::unsupported,
                fmt::format("'{}' was evaluated within the program that asked for its trials: "
                            "there is no command to run",
                            study.name));
  }
  return original;
}

void ReproduceCommand::tell_before(const StudyInfo& study, const Original& original,
                                   const std::vector<Difference>& found, bool restore) const {
  if (common_.json) {
    if (!dry_run_) return;
    Value row = Value::Map{};
    row.set("study", study_title(study))
        .set("trial", original.trial)
        .set("run", original.run.value);
    row.set("seed", original.plan.seed).set("restores_code", restore);
    row.set("differences", differences_json(found));
    std::printf("%s\n", row.dump().c_str());
    return;
  }
  if (common_.quiet && !dry_run_) return;
  std::FILE* out = dry_run_ ? stdout : stderr;
  print_prose(out, fmt::format("{}/{}{}, seed {}\n", study_title(study), original.trial,
                               original.plan.replicate > 0
                                   ? fmt::format(" (replicate {})", original.plan.replicate)
                                   : "",
                               original.plan.seed));
  const Value* git = original.environment.find("git");
  if (git == nullptr) {
    print_prose(out, "No commit was recorded: it runs with the code that is there now.\n");
  } else if (restore) {
    print_prose(out, fmt::format("The code of commit {}{} is put into a folder of its own; your "
                                 "working tree is not touched. Files that git does not know are "
                                 "not there.\n",
                                 git->string_or("commit", "").substr(0, 10),
                                 git->bool_or("dirty", false) ? " with the recorded changes" : ""));
  } else if (here_) {
    print_prose(out, "It runs with the code that is there now.\n");
  }
  if (found.empty()) {
    print_prose(out, "Everything else that was recorded is as it was.\n");
  } else {
    std::fputs("Otherwise than then:\n", out);
    for (const std::string& line : difference_lines(found))
      std::fprintf(out, "  %s\n", line.c_str());
  }
  std::fflush(out);
}

/// Paths of the recorded working tree become paths of this one.
void ReproduceCommand::put_into(hone::Command& command, const Checkout& checkout) {
  command.workdir = checkout.workdir().string();
  command.program = checkout.moved(command.program);
  for (std::string& word : command.argv) word = checkout.moved(word);
  for (ConfigFile& file : command.files) file.from = checkout.moved(file.from);
}

StudySpec ReproduceCommand::spec_of(const Workplace& place, const Original& original) const {
  StudySpec spec = original.spec;
  const std::string base =
      name_.value_or(fmt::format("{}-reproduce-{}", spec.name, original.trial));
  spec.name = base;
  for (int n = 2; !name_ && place.store().find_study(spec.project, spec.name); ++n)
    spec.name = fmt::format("{}-{}", base, n);
  spec.description = fmt::format("trial {} of {} again", original.trial, original.spec.name);
  spec.sampler = {"random", Value::Map{}};
  spec.scheduler = {"none", Value::Map{}};
  spec.budget = {};
  spec.budget.trials = 1;
  spec.parallel = 1;
  spec.replicates = 1;
  spec.racing = false;
  spec.confirm = {};
  spec.warm_start = {};
  spec.on_oom.reset();
  spec.on_gpu_oom.reset();
  spec.run_default_first = false;
  spec.seed = original.plan.seed;  // the first run of a study has the study's seed
  for (Metric& metric : spec.metrics) metric.target.reset();
  return spec;
}

int ReproduceCommand::again(const Workplace& place, const StudyInfo& study, const History& history,
                            const Original& original, const std::vector<Difference>& found,
                            Checkout* checkout) const {
  const Trial& trial = history.trial(original.trial);
  StudySpec spec = spec_of(place, original);
  // A trial that was stopped early is as long again where its program can be told.
  if (spec.fidelity && spec.fidelity->max && trial.reached && command_uses(spec, "fidelity"))
    spec.fidelity->max = std::max(spec.fidelity->min, *trial.reached);
  const auto shared = std::make_shared<const StudySpec>(spec);
  Work work(place, shared, {1, true, false});
  const StudyInfo made = create_study(
      place.store(), spec,
      fmt::format("# hone reproduce {}/{}\n", study_title(study), original.trial), actor());
  Value body = Value::Map{};
  place.store().add_request(made.id, "enqueue", body.set("config", trial.config().to_value()),
                            actor());
  LineOptions lines;
  lines.json = common_.json;
  lines.quiet = common_.quiet || common_.json;
  lines.verbose = common_.verbose;
  lines.colour = wants_colour(stdout);
  lines.log_path = log_path(place, made);
  DisplayOptions shown{lines, study_title(made), false, &place.clock(), {}};
  shown.where = [&place](RunId run) { return devices_of(place.store(), run); };
  std::unique_ptr<SessionObserver> display = make_display(shown);
  const SessionEnd end = work.run(made, *display);
  display.reset();
  const History& outcome = work.history();
  const auto runs = outcome.size() > 0 ? outcome.runs_of(0) : std::span<const RunId>{};
  if (end != SessionEnd::finished || runs.empty()) {
    if (checkout != nullptr) checkout->keep();  // the study's command is in it
    if (!common_.quiet) {
      print_prose(stderr, fmt::format("Not finished. Go on: hone resume {}{}\n",
                                      shell_quoted(study_title(made)), place.store_option()));
      if (checkout != nullptr) {
        print_prose(stderr, fmt::format("Its code stays in a folder of its own for that. Remove it "
                                        "afterwards: git -C {} worktree remove --force {}\n",
                                        shell_quoted(checkout->repository().string()),
                                        shell_quoted(checkout->root().string())));
      }
    }
    return kInterrupted;
  }
  const Comparison comparison = compare_runs(history, original.run, outcome, runs.back());
  const bool usable = outcome.trial(0).state == TrialState::complete && comparison.now;
  if (common_.json) {
    Value row = Value::Map{};
    row.set("study", study_title(study))
        .set("trial", original.trial)
        .set("run", original.run.value);
    row.set("seed", original.plan.seed).set("reproduced_as", study_title(made));
    row.set("state", trial_state_name(outcome.trial(0).state));
    row.set("differences", differences_json(found)).set("comparison", comparison_json(comparison));
    std::printf("%s\n", row.dump().c_str());
    return usable ? kOk : kNoUsableTrial;
  }
  if (outcome.trial(0).state == TrialState::failed) {
    const Trial& failed = outcome.trial(0);
    print_prose(stdout, fmt::format("It failed: {}\n", failed.reason));
  }
  print_prose(stdout,
              comparison_text(comparison, spec.fidelity ? spec.fidelity->name : "step") + "\n");
  if (!common_.quiet)
    std::printf("Details: hone show %s/0%s\n", shell_quoted(study_title(made)).c_str(),
                place.store_option().c_str());
  return usable ? kOk : kNoUsableTrial;
}

}  // namespace

std::unique_ptr<Command> make_reproduce() { return std::make_unique<ReproduceCommand>(); }

}  // namespace hone::cli
