#include "hone/cli/help_topics.h"

#include <fmt/core.h>

#include "hone/base/text.h"
#include "hone/cli/command_line.h"
#include "hone/cli/commands.h"
#include "hone/cli/terminal.h"
#include "hone/detector/detector.h"
#include "hone/runner/metric_parser.h"
#include "hone/sampler/sampler.h"
#include "hone/scheduler/scheduler.h"
#include "hone/study/command_line_space.h"
#include "hone/study/placeholders.h"
#include "hone/study/study_file.h"

namespace hone::cli {
namespace {

constexpr const char* kExitCodes =
    "Exit codes\n\n"
    "  0    finished, or the command did what it was asked\n"
    "  1    an error: the store, a file, the machine\n"
    "  2    bad input: arguments, study file, names that do not exist\n"
    "  3    the study is finished without a usable trial\n"
    "  130  interrupted or stopped, and resumable\n";

constexpr const char* kEnvironment =
    "Environment\n\n"
    "What hone reads:\n"
    "  HONE_STORE            the store, like --store\n"
    "  NO_COLOR, TERM=dumb   no colours\n\n"
    "What a program is given:\n"
    "  HONE_PARAM_<name>     each parameter\n"
    "  HONE_TRIAL_DIR        the trial's folder: config.json is there, write there\n"
    "  HONE_METRICS          append a line of JSON to report: {\"step\": 3, \"loss\": 0.4}\n"
    "  HONE_ARTIFACTS        a folder for pictures, tables, models: they are listed and shown\n"
    "  HONE_CHECKPOINT_DIR   save there\n"
    "  HONE_RESUME_FROM      the checkpoint to go on from; unset: from the start\n"
    "  HONE_STUDY, HONE_TRIAL, HONE_SEED, HONE_FIDELITY, HONE_RUN\n"
    "  CUDA_VISIBLE_DEVICES  the GPUs of this run, where it has some\n"
    "  OMP_NUM_THREADS and its kin, PYTHONUNBUFFERED, MASTER_ADDR, MASTER_PORT:\n"
    "                        unless you set them\n"
    "  WANDB_*               so that programs which use wandb run offline and report\n"
    "                        to hone; set WANDB_MODE to have your own way\n"
    "  MLFLOW_*              so that programs which use MLflow log into their trial, where\n"
    "                        MLFLOW_TRACKING_URI is not set already\n";

std::string metrics_text() {
  std::string out =
      "How metrics reach hone\n\n"
      "From the least to the most explicit; no import of hone is ever needed:\n"
      "  - lines that programs print anyway, in these formats (metric_source.format\n"
      "    names one to be read alone; csv is read only so):\n";
  for (const std::string& name : metric_format_names())
    out += fmt::format("      {:<17} {}\n", name, metric_format_title(name));
  return out +
         "  - a regular expression of yours: metric_source.patterns in the study file\n"
         "  - a line on stdout:  @hone {\"step\": 3, \"val_loss\": 0.41}\n"
         "  - a line of JSON appended to the file $HONE_METRICS\n"
         "  - hone log val_loss=0.41 step=3  from a shell script\n"
         "  - wandb.log(...) of programs that use wandb, log_metric of programs that use MLflow\n"
         "  - scalars of TensorBoard's event files below the trial's folder\n";
}

std::string type_text(const OptionInfo& option) {
  std::string out;
  switch (option.type) {
    case OptionType::boolean:
      return "true or false";
    case OptionType::integer:
      out = "whole number";
      break;
    case OptionType::number:
      out = "number";
      break;
    case OptionType::text:
      return option.choices.empty() ? "text" : join(option.choices, ", ");
    case OptionType::list:
      return "list";
  }
  if (option.low && option.high)
    out += fmt::format(" from {} to {}", format_number(*option.low), format_number(*option.high));
  else if (option.low)
    out += fmt::format(" from {}", format_number(*option.low));
  else if (option.high)
    out += fmt::format(" up to {}", format_number(*option.high));
  return out;
}

std::string default_text(const OptionInfo& option) {
  if (option.default_value.is_null()) return "";
  return option.default_value.is_string() ? option.default_value.as_string()
                                          : option.default_value.dump();
}

std::string list_text(const std::string& title, const std::vector<AlgorithmHelp>& algorithms,
                      const std::string& more) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const AlgorithmHelp& help : algorithms) rows.emplace_back(help.name, help.summary);
  return title + "\n\n" + two_columns(rows) + "\n" + more;
}

std::string cell(std::string text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string algorithm_markdown(const AlgorithmHelp& help) {
  std::string out = fmt::format("## {}\n\n{}\n", help.name, help.summary);
  if (help.options.empty()) return out + "\nNo options.\n";
  out += "\n| option | type | default | |\n|---|---|---|---|\n";
  for (const OptionInfo& option : help.options) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", option.name, cell(type_text(option)),
                       cell(default_text(option)), cell(option.help));
  }
  return out;
}

std::string commands_markdown() {
  std::string out = "# Commands\n\n```\n" + overview() + "```\n";
  for (const CommandEntry& entry : commands()) {
    const auto command = entry.make();
    CommandLine line(entry.name, entry.summary);
    command->declare(line);
    out += fmt::format("\n## hone {}\n\n```\n{}```\n", entry.name, line.help());
  }
  return out;
}

}  // namespace

std::vector<HelpTopic> help_topics() {
  return {{"study-file", "What a study file may hold; hone help study-file SECTION for a part"},
          {"placeholders", "${lr}, ${args}, ${trial_dir} … in commands and files"},
          {"command-line", "Laws in a command, without a study file: ~log(1e-5,1e-1)"},
          {"samplers", "How configurations are chosen; hone help NAME for one"},
          {"schedulers", "How bad trials are stopped early; hone help NAME for one"},
          {"detectors", "What is done about curves that go wrong; hone help NAME for one"},
          {"metrics", "How metrics reach hone"},
          {"environment", "Variables that hone reads and sets"},
          {"exit-codes", "What the exit codes mean"}};
}

std::string algorithm_text(const AlgorithmHelp& help) {
  std::string out = help.name + ": ";
  const auto summary = wrapped(help.summary, 78 - static_cast<int>(help.name.size()));
  out += join(summary, "\n  ") + "\n";
  if (help.options.empty()) return out + "\nNo options.\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const OptionInfo& option : help.options) {
    const std::string standard = default_text(option);
    rows.emplace_back(option.name, fmt::format("{} ({}{})", option.help, type_text(option),
                                               standard.empty() ? "" : "; default " + standard));
  }
  return out + "\nOptions\n" + two_columns(rows);
}

std::optional<std::string> help_text(std::string_view topic, std::string_view part) {
  if (topic == "study-file") return study_file_help(part);
  if (topic == "placeholders") return placeholders_help();
  if (topic == "command-line") return command_line_laws_help();
  if (topic == "samplers")
    return list_text("Samplers (method: NAME)", sampler_help(),
                     "hone help NAME shows the options of one.\n");
  if (topic == "schedulers" || topic == "pruners") {
    return list_text("Schedulers (scheduler: NAME)", scheduler_help(),
                     "hone help NAME shows the options of one.\n");
  }
  if (topic == "detectors") {
    return list_text("Detectors (detectors: {NAME: off, warn or stop})", detector_help(),
                     "hone help NAME shows the options of one.\n");
  }
  if (topic == "metrics") return metrics_text();
  if (topic == "environment") return kEnvironment;
  if (topic == "exit-codes") return kExitCodes;
  for (const auto& algorithms : {sampler_help(), scheduler_help(), detector_help()}) {
    for (const AlgorithmHelp& help : algorithms) {
      if (help.name == topic) return algorithm_text(help);
    }
  }
  return std::nullopt;
}

std::vector<std::string> help_names() {
  std::vector<std::string> names;
  for (const HelpTopic& topic : help_topics()) names.push_back(topic.name);
  for (const auto& algorithms : {sampler_help(), scheduler_help(), detector_help()}) {
    for (const AlgorithmHelp& help : algorithms) names.push_back(help.name);
  }
  for (const CommandEntry& entry : commands()) names.emplace_back(entry.name);
  return names;
}

std::vector<ReferencePage> reference_pages() {
  std::string samplers =
      "# Samplers\n\nHow configurations are chosen: `method: NAME`, or `method: {name: NAME, "
      "option: value}`.\n";
  for (const AlgorithmHelp& help : sampler_help()) samplers += "\n" + algorithm_markdown(help);
  std::string schedulers =
      "# Schedulers\n\nHow bad trials are stopped early: `scheduler: NAME`, or `scheduler: {type: "
      "NAME, option: value}`.\n";
  for (const AlgorithmHelp& help : scheduler_help()) schedulers += "\n" + algorithm_markdown(help);
  std::string detectors =
      "# Detectors\n\nWhat is done when a trial's curves show that something is wrong: `detectors: "
      "{NAME: off, warn or stop}`, or `detectors: {NAME: {action: stop, option: value}}`.\n";
  for (const AlgorithmHelp& help : detector_help()) detectors += "\n" + algorithm_markdown(help);
  const auto block = [](const std::string& title, const std::string& text) {
    return fmt::format("# {}\n\n```\n{}```\n", title, text);
  };
  return {{"study-file.md", study_file_reference()},
          {"samplers.md", samplers},
          {"schedulers.md", schedulers},
          {"detectors.md", detectors},
          {"commands.md", commands_markdown()},
          {"placeholders.md", block("Placeholders", placeholders_help())},
          {"command-line.md", block("Laws on the command line", command_line_laws_help())},
          {"metrics.md", block("Metrics", metrics_text())},
          {"environment.md", block("Environment", kEnvironment)},
          {"exit-codes.md", block("Exit codes", kExitCodes)}};
}

}  // namespace hone::cli
