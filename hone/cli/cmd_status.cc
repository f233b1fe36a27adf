// hone status: how a study stands now; hone best: what it came to so far.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include "hone/base/clock.h"
#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/lines.h"
#include "hone/cli/outcome.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"
#include "hone/study/placeholders.h"
#include "hone/tuner/budget.h"

namespace hone::cli {
namespace {

std::string counts_text(const TrialCounts& counts, bool led) {
  std::string out;
  const auto add = [&](std::int64_t n, const char* name) {
    if (n > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, name);
  };
  add(counts.running, led ? "running" : "interrupted");
  add(counts.queued, "queued");
  add(counts.paused, "paused");
  add(counts.complete, "done");
  add(counts.stopped, "stopped");
  add(counts.failed, "failed");
  add(counts.cancelled, "cancelled");
  return out.empty() ? "none yet" : out;
}

std::string state_text(const Workplace& place, const StudyInfo& study, const History& history) {
  const std::string why =
      history.state_reason().empty() ? "" : fmt::format(" ({})", history.state_reason());
  if (study.state == StudyState::finished) return "finished" + why;
  if (study.state == StudyState::paused) return "stopped" + why;
  const auto now = place.store().study(study.id);
  if (is_led(place, study) && now && now->leader) {
    return fmt::format("running (process {} on {})", now->leader->pid, now->leader->host);
  }
  return fmt::format("interrupted: hone resume {} goes on", study_title(study));
}

/// "plateau in 3 trials (1, 4, 7), overfitting in 1 trial (2)"
std::string warnings_text(const History& history) {
  constexpr std::size_t kNamed = 5;
  std::map<std::string, std::vector<std::int64_t>> trials;
  for (const Trial& trial : history.trials()) {
    for (const TrialWarning& warning : trial.warnings)
      trials[warning.detector].push_back(trial.number());
  }
  std::string out;
  for (const auto& [detector, numbers] : trials) {
    std::vector<std::string> named;
    for (std::size_t i = 0; i < std::min(numbers.size(), kNamed); ++i)
      named.push_back(std::to_string(numbers[i]));
    if (numbers.size() > kNamed) named.emplace_back("…");
    out += fmt::format("{}{} in {} trial{} ({})", out.empty() ? "" : ", ", detector, numbers.size(),
                       numbers.size() == 1 ? "" : "s", join(named, ", "));
  }
  return out;
}

class StatusCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const History history = load_history(place.store(), study.id);
    const Outcome outcome = find_outcome(history);
    if (common_.json) {
      Value row = outcome_json(history, outcome, study_title(study));
      row.set("event", "status").set("led", is_led(place, study));
      Value::List running;
      for (const Trial& trial : history.trials()) {
        if (trial.state == TrialState::running) running.push_back(trial_json(history, trial));
      }
      row.set("running", Value(std::move(running)));
      Value used = Value::Map{};
      for (const BudgetUse& use : used_of(place, study, history)) {
        Value one = Value::Map{};
        used.set(use.key, one.set("used", use.used).set("limit", use.limit));
      }
      row.set("budget", std::move(used));
      std::printf("%s\n", row.dump().c_str());
      return kOk;
    }
    print(place, study, history, outcome);
    return kOk;
  }

 private:
  /// Up to now where somebody works on the study, else up to its last change.
  static std::vector<BudgetUse> used_of(const Workplace& place, const StudyInfo& study,
                                        const History& history) {
    const std::int64_t now_us = is_led(place, study) ? SystemClock().now_us() : history.last_us();
    return budget_use(history, now_us);
  }

  static void print(const Workplace& place, const StudyInfo& study, const History& history,
                    const Outcome& outcome) {
    const StudySpec& spec = history.spec();
    std::string trials = fmt::format("{} of ", history.counted());
    trials = spec.budget.trials ? trials + std::to_string(*spec.budget.trials)
                                : std::to_string(history.size());
    std::vector<std::pair<std::string, std::string>> rows = {
        {"study",
         fmt::format("{} · {} · {}{}", study_title(study), objectives_text(spec), spec.sampler.name,
                     spec.scheduler.name == "none" ? "" : " · " + spec.scheduler.name)},
        {"state", state_text(place, study, history)},
        {"trials",
         fmt::format("{}: {}", trials, counts_text(history.counts(), is_led(place, study)))}};
    if (const auto& front = outcome.front.trials; !front.empty()) {
      rows.emplace_back("front",
                        fmt::format("{} trial{}: {}", front.size(), front.size() == 1 ? "" : "s",
                                    ranges_text(history, front)));
    } else if (outcome.best >= 0) {
      const Trial& best = history.trial(outcome.best);
      const std::string gain = gain_text(outcome);
      rows.emplace_back("best", fmt::format("{} {}, trial {}{}", spec.objective().name,
                                            metric_text(outcome.value->mean), outcome.best,
                                            gain.empty() ? "" : ", " + gain));
      rows.emplace_back("", config_text(spec, best.config()));
    }
    if (const std::string failures = failures_text(outcome); !failures.empty())
      rows.emplace_back("failures", failures);
    if (const std::string warnings = warnings_text(history); !warnings.empty())
      rows.emplace_back("warnings", warnings);
    if (outcome.steps_saved)
      rows.emplace_back("saved", fmt::format("{:.0f} % of the steps, by early stopping",
                                             *outcome.steps_saved * 100));
    rows.emplace_back("time", format_duration_us(history.active_us()) + " of work");
    const auto left = time_left_us(history);
    if (study.state == StudyState::open && left)
      rows.back().second += fmt::format(", about {} left", format_duration_us(*left));
    std::vector<std::string> used;
    for (const BudgetUse& use : used_of(place, study, history)) {
      if (use.key != "trials") used.push_back(use_text(use));
    }
    if (!used.empty()) rows.emplace_back("budget", join(used, ", "));
    constexpr int kMargin = 10;
    for (const auto& [name, text] : rows)
      print_prose(stdout, fmt::format("{:<9} {}\n", name, text), kMargin);
    TextTable table;
    table.header = {"trial", "at", spec.objective().name, "parameters"};
    table.right = {true, false, true, false};
    for (const Trial& trial : history.trials()) {
      if (trial.state != TrialState::running) continue;
      table.rows.push_back({std::to_string(trial.number()), reached_text(spec, trial),
                            trial.curve.empty() ? "" : metric_text(trial.curve.back().value),
                            config_text(spec, trial.config())});
    }
    if (!table.rows.empty()) std::printf("\n%s", table.text(terminal_width(stdout)).c_str());
  }

  std::optional<std::string> study_;
  CommonOptions common_;
};

/// A scalar that YAML 1.1 and 1.2 read as what it is: JSON, but 1e-05 is a text to YAML 1.1.
std::string yaml_scalar(const Value& value) {
  std::string text = value.dump();
  const std::size_t exponent = text.find('e');
  if (value.is_double() && exponent != std::string::npos) {
    if (text.find('.') == std::string::npos) text.insert(exponent, ".0");
    const std::size_t sign = text.find('e') + 1;
    if (text[sign] != '-' && text[sign] != '+') text.insert(sign, "+");
  }
  return text;
}

/// "learning_rate: 0.0021", one a line in the order of the study file.
std::string config_yaml(const StudySpec& spec, const Config& config) {
  std::string out;
  for (const Parameter& parameter : spec.space.parameters()) {
    const Value* value = config.get(parameter.name);
    if (value == nullptr) continue;
    const bool plain = parameter.name.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
                       std::string::npos;
    out += fmt::format("{}: {}\n", plain ? parameter.name : Value(parameter.name).dump(),
                       yaml_scalar(*value));
  }
  return out;
}

/// "--learning_rate=0.0021 …" as ${args} gives them to the program.
std::string config_args(const StudySpec& spec, const Config& config) {
  const auto words = expand_arguments({"${args}"}, spec, ExpandContext{config});
  if (const auto* error = std::get_if<ExpandError>(&words))
    throw Error(ErrorCode::invalid_input, error->message);
  return shell_command(std::get<std::vector<std::string>>(words)) + "\n";
}

class BestCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    line.flag("--config", config_, "Prints the configuration as one JSON object");
    line.flag("--yaml", yaml_, "Prints the configuration as YAML, one parameter a line");
    line.flag("--args", args_, "Prints the configuration as arguments, quoted for a shell");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const History history = load_history(place.store(), study.id);
    const Outcome outcome = find_outcome(history);
    if (!outcome.front.trials.empty() && (config_ || yaml_ || args_)) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{} has {} objectives and no single best trial, but a front of {}",
                              study_title(study), history.spec().objective_count(),
                              outcome.front.trials.size()),
                  fmt::format("choose one: hone show {}/{}, or hone best --json for all",
                              study_title(study), outcome.front.trials.front()));
    }
    if (config_ && outcome.best >= 0) {
      std::printf("%s\n", history.trial(outcome.best).config().to_value().dump().c_str());
      return kOk;
    }
    if ((yaml_ || args_) && outcome.best >= 0) {
      const Config& best = history.trial(outcome.best).config();
      std::fputs(
          (yaml_ ? config_yaml(history.spec(), best) : config_args(history.spec(), best)).c_str(),
          stdout);
      return kOk;
    }
    const std::string command = outcome.best >= 0 && outcome.front.trials.empty()
                                    ? reproduce_text(place, history, outcome.best)
                                    : "";
    if (common_.json) {
      const Value summary = outcome_json(history, outcome, study_title(study));
      const Value* best = summary.find("best");
      Value row = best != nullptr && best->is_map() ? *best : Value(Value::Map{});
      row.set("study", study_title(study));
      for (const char* key : {"front", "hypervolume", "gain", "confirmations", "steps_saved",
                              "importance", "findings"}) {
        if (const Value* value = summary.find(key)) row.set(key, *value);
      }
      if (!command.empty()) row.set("command", command);
      std::printf("%s\n", row.dump().c_str());
    } else {
      std::fputs(
          outcome_text(history, outcome, study_title(study), {}, wants_colour(stdout)).c_str(),
          stdout);
      if (!command.empty()) std::printf("Reproduce: %s\n", command.c_str());
    }
    return outcome.best >= 0 ? kOk : kNoUsableTrial;
  }

 private:
  std::optional<std::string> study_;
  bool config_ = false;
  bool yaml_ = false;
  bool args_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<StatusCommand>(); }
std::unique_ptr<Command> make_best() { return std::make_unique<BestCommand>(); }

}  // namespace hone::cli
