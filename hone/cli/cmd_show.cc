// hone show: the trials of a study as a table, or one trial with its runs, curve, failure, files
// and what it depended on.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/lines.h"
#include "hone/cli/mlflow_text.h"
#include "hone/cli/outcome.h"
#include "hone/cli/proposed.h"
#include "hone/cli/record_text.h"
#include "hone/cli/terminal.h"
#include "hone/cli/trial_text.h"
#include "hone/study/lineage.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kLogTail = 64 * 1024;

class ShowCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY[/TRIAL]", words_,
                    "A study, or trials of it: finetune/44, or finetune 44 45");
    line.flag("--command", command_, "Prints the command of the trial only");
    line.flag("--config", config_, "Prints the configuration of the trial as JSON only");
    line.flag("--log", log_, "Prints the end of the trial's output");
    line.flag("--curve", curve_, "Prints each report of the trial");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    const History history = load_history(place.store(), address.study.id);
    if (address.trials.empty()) {
      if (command_ || config_ || log_ || curve_) {
        throw Error(ErrorCode::invalid_input, "which trial?",
                    fmt::format("hone show {}/NUMBER", study_title(address.study)));
      }
      all(history);
      return kOk;
    }
    for (const std::int64_t number : address.trials) {
      if (command_) {
        std::printf("%s\n", reproduce_text(place, history, number).c_str());
      } else if (config_) {
        std::printf("%s\n", history.trial(number).config().to_value().dump().c_str());
      } else if (log_) {
        log_of(place, history, number);
      } else if (common_.json) {
        std::printf("%s\n", whole(place, address.study, history, number).dump().c_str());
      } else {
        one(place, address.study, history, number);
      }
    }
    return kOk;
  }

 private:
  void all(const History& history) const;
  void one(const Workplace& place, const StudyInfo& study, const History& history,
           std::int64_t number) const;
  static Value whole(const Workplace& place, const StudyInfo& study, const History& history,
                     std::int64_t number);
  static void log_of(const Workplace& place, const History& history, std::int64_t number);
  static void print_curve(const History& history, std::int64_t number);

  std::vector<std::string> words_;
  bool command_ = false;
  bool config_ = false;
  bool log_ = false;
  bool curve_ = false;
  CommonOptions common_;
};

void ShowCommand::all(const History& history) const {
  const StudySpec& spec = history.spec();
  TextTable table;
  table.header = {"trial", "state", spec.objective().name, "at", "time"};
  table.right = {true, false, true, false, true};
  for (std::size_t m = 1; m < spec.metrics.size(); ++m) {
    table.header.push_back(spec.metrics[m].name);
    table.right.push_back(true);
  }
  for (const int i : spec.space.searched()) table.header.push_back(spec.space.parameter(i).name);
  table.header.emplace_back("reason");
  for (const Trial& trial : history.trials()) {
    if (common_.json) {
      std::printf("%s\n", trial_json(history, trial).dump().c_str());
      continue;
    }
    const auto value = trial.value();
    std::vector<std::string> row = {std::to_string(trial.number()), trial_state_name(trial.state),
                                    value ? metric_text(*value) : "",
                                    trial.reached ? format_number(*trial.reached, 6) : "",
                                    format_duration_us(trial.busy_us)};
    for (int m = 1; m < static_cast<int>(spec.metrics.size()); ++m) {
      const auto other = trial.value_of(m);
      row.push_back(other ? metric_text(*other) : "");
    }
    for (const int i : spec.space.searched()) {
      const Value* parameter = trial.config().get(spec.space.parameter(i).name);
      row.push_back(parameter != nullptr ? value_text(*parameter) : "");
    }
    row.push_back(trial.fail_kind != FailKind::none ? fail_kind_text(trial.fail_kind)
                                                    : split_detail(trial.reason).first);
    table.rows.push_back(std::move(row));
  }
  if (!common_.json)
    std::fputs(table.text(is_terminal(stdout) ? terminal_width(stdout) : 0).c_str(), stdout);
}

/// The way of a trial that was forked: a line a step, with what changed there. "" for others.
std::string lineage_text(const History& history, std::int64_t number) {
  const std::vector<LineageStep> steps = lineage(history, number);
  if (steps.size() < 2) return "";
  const StudySpec& spec = history.spec();
  const std::string unit = spec.fidelity ? spec.fidelity->name : "step";
  std::string text = fmt::format("lineage ({} steps; hone replay {}/{} trains it anew):\n",
                                 steps.size(), shell_quoted(spec.name), number);
  const Config* before = nullptr;
  for (const LineageStep& step : steps) {
    std::vector<std::string> values;
    for (const auto& [name, value] : step.config) {
      const Value* old = before == nullptr ? nullptr : before->get(name);
      if (old != nullptr && *old == value) continue;
      values.push_back(fmt::format("{} {}", name, value_text(value)));
    }
    text += fmt::format("  {} {:>8}  trial {}: {}\n", unit, format_number(step.from, 6), step.trial,
                        values.empty() ? "unchanged" : join(values, ", "));
    before = &step.config;
  }
  return text;
}

/// The runs of a trial, a few lines each; their folders.
std::vector<fs::path> print_runs(const Workplace& place, const History& history,
                                 std::int64_t number, bool colour) {
  std::vector<fs::path> folders;
  std::string before;  // most often all runs have one environment: it is told once
  for (const RunId id : history.runs_of(number)) {
    const Run* run = history.run(id);
    const Store::RunDetail detail = place.store().run_detail(id);
    const auto started = Value::parse(detail.started).value_or(Value::Map{});
    std::string text = fmt::format("run {}-{}", run->plan.segment, run->plan.attempt);
    if (run->plan.purpose != RunPurpose::search)
      text += fmt::format(" ({} {})", run_purpose_name(run->plan.purpose), run->plan.replicate + 1);
    if (run->plan.purpose == RunPurpose::search && run->plan.replicate > 0)
      text += fmt::format(" (replicate {})", run->plan.replicate);
    text += run->state == RunState::ended
                ? fmt::format(": {} after {}", run_outcome_name(run->end.outcome),
                              format_duration_us(run->end.busy_us))
                : fmt::format(": {}", run_state_name(run->state));
    const std::string usage = usage_line(usage_of(place.store(), id));
    if (!usage.empty()) {
      text += ", " + usage;
    } else if (run->end.peak_bytes > 0) {
      text += fmt::format(", {} of memory", format_bytes(run->end.peak_bytes));
    }
    if (run->end.outcome == RunOutcome::finished && !run->end.detail.empty())
      text += "; " + run->end.detail;
    std::printf("%s\n", text.c_str());
    const std::string folder = started.string_or("folder", "");
    if (!folder.empty()) {
      std::printf("  %s\n", toned(folder, Tone::dim, colour).c_str());
      folders.emplace_back(folder);
    }
    if (detail.environment == before) continue;
    before = detail.environment;
    for (const std::string& line :
         environment_lines(Value::parse(detail.environment).value_or(Value::Map{})))
      std::printf("  %s\n", toned(line, Tone::dim, colour).c_str());
  }
  return folders;
}

void ShowCommand::one(const Workplace& place, const StudyInfo& study, const History& history,
                      std::int64_t number) const {
  const Trial& trial = history.trial(number);
  const bool colour = wants_colour(stdout);
  std::string head = fmt::format("trial {} · {}", number, trial_state_name(trial.state));
  if (trial.proposal->origin != TrialOrigin::sampler)
    head += fmt::format(" · {}", trial_origin_name(trial.proposal->origin));
  if (trial.proposal->parent) head += fmt::format(" of {}", *trial.proposal->parent);
  std::printf("%s\n", toned(head, Tone::bold, colour).c_str());
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto& [name, value] : trial.config()) parameters.emplace_back(name, value_text(value));
  std::fputs(two_columns(parameters).c_str(), stdout);
  if (const std::string why = proposed_text(*trial.proposal); !why.empty())
    std::printf("proposed: %s\n", why.c_str());
  std::fputs(lineage_text(history, number).c_str(), stdout);
  for (const std::string& text : result_texts(history, number)) std::printf("%s\n", text.c_str());
  for (const std::string& text : ending_texts(trial)) std::printf("%s\n", text.c_str());
  if (trial.state == TrialState::failed) {
    const auto [sentence, lines] = split_detail(trial.detail.empty() ? trial.reason : trial.detail);
    std::printf("%s: %s\n", fail_kind_text(trial.fail_kind), sentence.c_str());
    if (!lines.empty()) {
      for (const std::string_view line : split(lines, '\n'))
        std::printf("  | %.*s\n", static_cast<int>(line.size()), line.data());
    }
  }
  const std::vector<fs::path> folders = print_runs(place, history, number, colour);
  const std::vector<LeftFile> files = files_of(place, study, number);
  if (std::any_of(files.begin(), files.end(), [](const LeftFile& file) { return file.artifact; })) {
    std::printf("files:\n");
    for (const std::string& line : file_lines(files)) std::printf("  %s\n", line.c_str());
  }
  std::fputs(mlflow_text(folders).c_str(), stdout);
  const std::string command = reproduce_text(place, history, number);
  if (!command.empty()) std::printf("command: %s\n", command.c_str());
  if (curve_) print_curve(history, number);
}

void ShowCommand::print_curve(const History& history, std::int64_t number) {
  const StudySpec& spec = history.spec();
  for (const RunId id : history.runs_of(number)) {
    for (const auto& point : history.series(id)) {
      std::printf("%s %s  %s %s%s\n", spec.fidelity ? spec.fidelity->name.c_str() : "step",
                  format_number(point.fidelity, 6).c_str(),
                  spec.metrics[static_cast<std::size_t>(point.metric)].name.c_str(),
                  metric_text(point.value).c_str(), point.late ? "  (late)" : "");
    }
  }
}

/// The same for programs: none for a trial that began by itself.
std::optional<Value> lineage_json(const History& history, std::int64_t number) {
  const std::vector<LineageStep> steps = lineage(history, number);
  if (steps.size() < 2) return std::nullopt;
  Value::List list;
  for (const LineageStep& step : steps) {
    Value entry = Value::Map{};
    entry.set("trial", step.trial).set("from", step.from);
    if (step.until) entry.set("until", *step.until);
    list.push_back(std::move(entry.set("config", step.config.to_value())));
  }
  return Value(std::move(list));
}

Value ShowCommand::whole(const Workplace& place, const StudyInfo& study, const History& history,
                         std::int64_t number) {
  Value row = trial_json(history, history.trial(number));
  row.set("proposed", history.trial(number).proposal->info);
  if (auto steps = lineage_json(history, number)) row.set("lineage", *std::move(steps));
  Value::List runs;
  std::vector<fs::path> folders;
  for (const RunId id : history.runs_of(number)) {
    const Run* run = history.run(id);
    const Store::RunDetail detail = place.store().run_detail(id);
    Value entry = Value::Map{};
    entry.set("run", id.value)
        .set("state", run_state_name(run->state))
        .set("purpose", run_purpose_name(run->plan.purpose));
    entry.set("segment", run->plan.segment)
        .set("attempt", run->plan.attempt)
        .set("replicate", run->plan.replicate);
    entry.set("seed", run->plan.seed);
    if (run->state == RunState::ended) {
      entry.set("outcome", run_outcome_name(run->end.outcome))
          .set("busy_s", static_cast<double>(run->end.busy_us) / 1e6);
      if (run->end.exit_code) entry.set("exit_code", *run->end.exit_code);
      if (run->end.signal) entry.set("signal", *run->end.signal);
      entry.set("peak_bytes", run->end.peak_bytes);
      if (run->end.peak_gpu_bytes > 0) entry.set("peak_gpu_bytes", run->end.peak_gpu_bytes);
    }
    if (const auto usage = usage_of(place.store(), id); !usage.empty())
      entry.set("usage", usage_json(usage));
    Value started = Value::parse(detail.started).value_or(Value::Map{});
    if (const std::string folder = started.string_or("folder", ""); !folder.empty())
      folders.emplace_back(folder);
    entry.set("started", std::move(started));
    entry.set("environment", Value::parse(detail.environment).value_or(Value::Map{}));
    Value::List series;
    for (const auto& point : history.series(id)) {
      Value p = Value::Map{};
      p.set("metric", history.spec().metrics[static_cast<std::size_t>(point.metric)].name)
          .set("fidelity", point.fidelity);
      p.set("value", point.value).set("busy_s", static_cast<double>(point.busy_us) / 1e6);
      if (point.late) p.set("late", true);
      series.push_back(std::move(p));
    }
    entry.set("reports", Value(std::move(series)));
    runs.push_back(std::move(entry));
  }
  row.set("runs", Value(std::move(runs)));
  if (Value::List mlflow = mlflow_json(folders); !mlflow.empty())
    row.set("mlflow", Value(std::move(mlflow)));
  Value::List files;
  for (const LeftFile& file : files_of(place, study, number)) {
    Value one = Value::Map{};
    files.push_back(
        one.set("path", file.path).set("bytes", file.bytes).set("artifact", file.artifact));
  }
  row.set("files", Value(std::move(files)));
  return row;
}

void ShowCommand::log_of(const Workplace& place, const History& history, std::int64_t number) {
  std::string folder;
  for (const RunId id : history.runs_of(number)) {
    const auto started = Value::parse(place.store().run_detail(id).started).value_or(Value::Map{});
    const std::string one = started.string_or("folder", "");
    if (!one.empty()) folder = one;
  }
  if (folder.empty())
    throw Error(ErrorCode::not_found, fmt::format("trial {} has not been started yet", number));
  for (const char* name : {"stdout.log", "stderr.log"}) {
    const fs::path path = fs::path(folder) / name;
    if (!fs::exists(path))
      throw Error(ErrorCode::not_found,
                  fmt::format("there is no {} on this machine", path.string()));
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) throw Error(ErrorCode::io, fmt::format("cannot read {}", path.string()));
    const auto size = static_cast<std::int64_t>(fs::file_size(path));
    if (size > kLogTail) std::fseek(file, static_cast<long>(size - kLogTail), SEEK_SET);
    char buffer[16384];
    std::FILE* out = std::string_view(name) == "stdout.log" ? stdout : stderr;
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file))
      std::fwrite(buffer, 1, got, out);
    std::fclose(file);
    std::fflush(out);
  }
}

}  // namespace

std::unique_ptr<Command> make_show() { return std::make_unique<ShowCommand>(); }

}  // namespace hone::cli
