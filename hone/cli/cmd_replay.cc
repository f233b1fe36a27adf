// hone replay: the way of a trial trained anew, from the start and without the population that
// found it: a study of its own with the scheduler `replay`.
#include <fmt/core.h>

#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/launch.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"
#include "hone/scheduler/scheduler.h"
#include "hone/study/lineage.h"

namespace hone::cli {
namespace {

class ReplayCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY/TRIAL", words_, "The trial, usually the best one");
    line.option("--repeats", repeats_, "N", "Fresh runs, each with a seed of its own; default 1");
    line.option("--name", name_, "NAME", "Of the new study; default: STUDY-replay-TRIAL");
    line.option("--seed", seed_, "N", "Of the new study; default: that of the old one");
    line.option("-j,--parallel", parallel_, "Runs at a time");
    line.flag("--print", print_, "Prints the schedule as JSON lines and runs nothing");
    common_.declare(line);
    line.examples(
        "  hone replay pretrain/31                  once, with the study's seed\n"
        "  hone replay pretrain/31 --repeats 5      five fresh runs\n"
        "  hone replay pretrain/31 --print          only the schedule\n");
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    if (address.trials.size() != 1)
      throw Error(ErrorCode::invalid_input, "one trial is replayed at a time",
                  fmt::format("hone replay {}/31", study_title(address.study)));
    const std::int64_t number = address.trials.front();
    const History history = load_history(place.store(), address.study.id);
    Value::List schedule;
    for (const LineageStep& step : lineage(history, number)) {
      Value item = Value::Map{};
      item.set("from", step.from).set("config", step.config.to_value());
      schedule.push_back(std::move(item));
    }
    if (print_) {
      for (const Value& item : schedule) std::printf("%s\n", item.dump().c_str());
      return kOk;
    }
    StudySpec spec = history.spec();
    spec.name = name_.value_or(fmt::format("{}-replay-{}", spec.name, number));
    spec.description =
        fmt::format("the way of trial {} of {}, trained anew", number, study_title(address.study));
    spec.sampler = {"random", Value::Map{}};
    spec.scheduler = {"replay", Value::Map{}};
    spec.scheduler.options.set("schedule", Value(schedule))
        .set("repeats", whole("--repeats", repeats_.value_or("1"), 1, 10'000));
    if (seed_) spec.seed = whole("--seed", *seed_, 0, 2147483647);
    spec.budget = {};
    spec.confirm = {};
    spec.warm_start = {};
    spec.run_default_first = false;
    std::vector<OptionProblem> problems;
    make_scheduler(spec, problems);
    if (!problems.empty()) throw Error(ErrorCode::invalid_input, problems.front().message);
    if (place.store().find_study(spec.project, spec.name)) {
      throw Error(ErrorCode::exists, fmt::format("there is a study '{}' already", spec.name),
                  fmt::format("hone resume {} goes on with it; --name gives another name",
                              shell_quoted(spec.name)));
    }
    const auto shared = std::make_shared<const StudySpec>(spec);
    Work work(place, shared, {parallel_, true, false});
    const StudyInfo study = create_study(
        place.store(), spec,
        fmt::format("# hone replay {}/{}\n", study_title(address.study), number), actor());
    LaunchOptions options{common_, parallel_, true, {}, "hone resume " + shell_quoted(spec.name),
                          nullptr};
    options.notes.push_back(fmt::format("replays a schedule of {} configuration{}", schedule.size(),
                                        schedule.size() == 1 ? "" : "s"));
    return launch(place, study, shared, work, options);
  }

 private:
  static std::int64_t whole(const char* option, const std::string& text, double low, double high) {
    const auto number = parse_number(text);
    if (!number || *number < low || *number > high ||
        *number != static_cast<double>(static_cast<std::int64_t>(*number))) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{}: '{}' is no whole number from {} to {}", option, text,
                              format_number(low), format_number(high, 12)));
    }
    return static_cast<std::int64_t>(*number);
  }

  std::vector<std::string> words_;
  std::optional<std::string> repeats_, name_, seed_;
  std::optional<int> parallel_;
  bool print_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_replay() { return std::make_unique<ReplayCommand>(); }

}  // namespace hone::cli
