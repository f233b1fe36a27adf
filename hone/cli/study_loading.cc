#include "hone/cli/study_loading.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/terminal.h"
#include "hone/detector/detector.h"
#include "hone/runner/metric_parser.h"
#include "hone/runner/process.h"
#include "hone/sampler/sampler.h"
#include "hone/scheduler/scheduler.h"
#include "hone/study/command_line_space.h"
#include "hone/study/placeholders.h"
#include "hone/tuner/algorithm_checks.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kStudyFileBytes = 4 << 20;
constexpr std::int64_t kConfigFileBytes = 16 << 20;
constexpr const char* kTrialFolder = "TRIAL_DIR";  // stands for a folder that is to be

FileKind kind_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return FileKind::missing;
  if (S_ISDIR(info.st_mode)) return FileKind::folder;
  return access(path.c_str(), X_OK) == 0 ? FileKind::executable : FileKind::file;
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

LoadOptions options_for(const fs::path& folder) {
  LoadOptions options;
  options.folder = folder.string();
  options.current_folder = fs::current_path().string();
  options.file_kind = kind_of;
  options.read_file = [](const std::string& path) -> std::optional<std::string> {
    try {
      return read_file(path, kConfigFileBytes);
    } catch (const Error&) {
      return std::nullopt;  // whether it is there is looked at before
    }
  };
  options.environment = variable;
  options.samplers = sampler_help();
  options.schedulers = scheduler_help();
  options.detectors = detector_help();
  options.metric_formats = metric_format_names();
  options.check_pattern = check_metric_pattern;
  options.check_sampler = sampler_problems;
  options.check_scheduler = scheduler_problems;
  return options;
}

/// What hinders `python train.py` where there is no such file; "" for any other command, and for a
/// file of the trial's own folder, which is not there yet.
std::string missing_script(const std::string& program, const std::string& script,
                           const std::string& folder) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kKinds{{{"python", ".py"},
                                                                                 {"bash", ".sh"},
                                                                                 {"sh", ".sh"},
                                                                                 {"Rscript", ".R"},
                                                                                 {"julia", ".jl"},
                                                                                 {"node", ".js"}}};
  const std::string name = fs::path(program).filename().string();
  const bool is_script = std::ranges::any_of(kKinds, [&](const auto& kind) {
    const bool versions = kind.first == "python";
    return (versions ? name.starts_with(kind.first) : name == kind.first) &&
           script.ends_with(kind.second);
  });
  if (!is_script || script.starts_with('-') || script.starts_with(kTrialFolder)) return "";
  const std::string path = (fs::path(folder) / script).string();
  if (kind_of(path) != FileKind::missing) return "";
  return fmt::format("{} would start {}, and there is no file {}", name, script, path);
}

bool is_printable_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x20 || lead == 0x7f) return false;
    const int more = lead < 0x80                   ? 0
                     : lead >= 0xc2 && lead < 0xe0 ? 1
                     : lead >= 0xe0 && lead < 0xf0 ? 2
                     : lead >= 0xf0 && lead < 0xf5 ? 3
                                                   : -1;
    if (more < 0 || i + static_cast<std::size_t>(more) >= text.size()) return false;
    std::uint32_t code = more == 0 ? lead : lead & (0x3fU >> more);
    for (int k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      if ((next & 0xc0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3fU);
    }
    constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (code < kLeast[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ||
        (code >= 0x80 && code < 0xa0))
      return false;
    i += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

/// How a file that is a program, by its name, is started.
std::optional<std::string> command_of_program(const std::string& path) {
  if (kind_of(path) == FileKind::missing) return std::nullopt;
  if (path.ends_with(".py")) return "python " + shell_quoted(path);
  if (path.ends_with(".sh")) return "bash " + shell_quoted(path);
  return std::nullopt;
}

/// For excerpts that fit where they are shown.
int terminal_columns() { return is_terminal(stderr) ? terminal_width(stderr) : 0; }

/// Paths of configuration files are relative to the study file, and programs may run elsewhere.
void make_absolute(StudySpec& spec, const fs::path& folder) {
  for (ConfigFile& file : spec.command.files) {
    if (!file.from.starts_with('/') && !file.from.starts_with("${"))
      file.from = (folder / file.from).string();
  }
}

}  // namespace

ReadStudy read_study(const std::string& path) {
  ReadStudy read;
  read.path = path;
  if (kind_of(path) == FileKind::folder) {
    throw Error(ErrorCode::invalid_input, fmt::format("{} is a folder, not a study file", path),
                kind_of(path + "/study.yaml") != FileKind::missing
                    ? fmt::format("did you mean {}/study.yaml?", path)
                    : "");
  }
  if (const auto command = command_of_program(path)) {
    throw Error(ErrorCode::invalid_input, fmt::format("{} is a program, not a study file", path),
                fmt::format("hone init -- {0} proposes a study file for it; hone run --minimize "
                            "METRIC -- {0} --lr '~log(1e-5,1e-1)' needs none",
                            *command));
  }
  try {
    read.source = read_file(path, kStudyFileBytes);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw Error(
        ErrorCode::not_found, fmt::format("there is no study file {}", path),
        "hone init -- python train.py writes one; hone help study-file says what it may hold");
  }
  const fs::path folder = fs::absolute(path).lexically_normal().parent_path();
  read.loaded = load_study_file(read.source, path, options_for(folder));
  if (read.loaded.spec) make_absolute(*read.loaded.spec, folder);
  if (!read.loaded.diagnostics.empty()) {
    read.report =
        render_diagnostics(read.loaded.diagnostics, read.source, path, terminal_columns());
  }
  return read;
}

ReadStudy make_study(const CommandStudy& wanted) {
  if (wanted.minimize && wanted.maximize) {
    throw Error(ErrorCode::invalid_input, "--minimize and --maximize are given: only one of them",
                "several objectives, and limits on other metrics (guards), need a study file");
  }
  if (!wanted.minimize && !wanted.maximize) {
    throw Error(ErrorCode::invalid_input, "what should be optimised?",
                "say --minimize METRIC or --maximize METRIC, as the program prints it: hone run "
                "--minimize val_loss -- python train.py …");
  }
  const fs::path folder = fs::current_path();
  CommandLineStudy line = read_command_line(wanted.command);
  StudySpec spec;
  const bool good = fill_from_command_line(line, folder.string(), spec);
  Metric metric;
  metric.name = wanted.minimize ? *wanted.minimize : *wanted.maximize;
  metric.goal = wanted.minimize ? Goal::minimize : Goal::maximize;
  spec.metrics = {metric};
  if (wanted.method) spec.sampler.name = *wanted.method;
  spec.budget.stop_without_improvement = spec.sampler.name == "auto";
  std::string stem;
  for (const std::string& word : wanted.command) {
    if (word.ends_with(".py") || stem.empty()) stem = fs::path(word).stem().string();
    if (word.ends_with(".py")) break;
  }
  spec.name = wanted.name.value_or(stem.empty() ? "study" : stem);
  ReadStudy read;
  read.path = "command";
  read.source = line.text;
  if (!line.diagnostics.empty())
    read.report = render_diagnostics(line.diagnostics, line.text, "command", terminal_columns());
  read.loaded.diagnostics = line.diagnostics;
  if (good) read.loaded.spec = std::move(spec);
  if (good && read.loaded.spec->space.dimension() == 0) {
    throw Error(ErrorCode::invalid_input, "the command has nothing that may vary",
                "write a law where a value stands: --lr '~log(1e-5,1e-1)' --batch '~[8,16,32]'; "
                "see: hone help command-line");
  }
  return read;
}

std::string program_interpreter() {
  return find_interpreter(variable,
                          [](const std::string& path) { return access(path.c_str(), X_OK) == 0; });
}

CommandCheck check_command(const StudySpec& spec) {
  CommandCheck check;
  const Config config = spec.space.default_config();
  ExpandContext context{config, 0, 0, kTrialFolder};
  context.interpreter = program_interpreter();
  auto argv = expand_command(spec, context);
  if (const auto* wrong = std::get_if<ExpandError>(&argv)) {
    check.problem = wrong->message;
    return check;
  }
  check.words = std::get<std::vector<std::string>>(std::move(argv));
  if (check.words.empty()) {
    check.problem = "nothing is left of the command once its placeholders are filled in";
    return check;
  }
  // env(1) stands in front of the program that matters.
  const std::size_t at = check.words.size() > 1 && check.words[0] == "/usr/bin/env" ? 1 : 0;
  const ProgramPath program =
      resolve_program(check.words[at], variable("PATH").value_or(""), spec.command.workdir);
  check.program = program.path;
  check.problem = program.reason;
  if (check.program.empty() || at + 1 == check.words.size()) return check;
  const std::string missing =
      missing_script(check.words[at], check.words[at + 1], spec.command.workdir);
  if (!missing.empty()) {
    check.program.clear();
    check.problem = missing;
  }
  return check;
}

void check_has_command(const StudySpec& spec) {
  if (!spec.command.argv.empty()) return;
  throw Error(ErrorCode::invalid_input,
              fmt::format("the study '{}' has no command: a Python program evaluates its trials "
                          "(hone.Study)",
                          spec.name),
              "start that program again, or run a study file of that name which says what to run");
}

void check_study_name(const std::string& name) {
  constexpr std::size_t kLongest_bytes = 200;
  std::string problem;
  if (name.empty()) {
    problem = "the study's name is empty";
  } else if (name.size() > kLongest_bytes) {
    problem = fmt::format("the study's name has {} bytes, {} at most", name.size(), kLongest_bytes);
  } else if (name.front() == '-') {
    problem = fmt::format("the study's name '{}' looks like an option", name);
  } else if (name.find('/') != std::string::npos) {
    problem = fmt::format("the study's name '{}' holds a '/', which stands before a trial", name);
  } else if (!is_printable_utf8(name)) {
    problem = "the study's name is no printable UTF-8 text";
  }
  if (!problem.empty())
    throw Error(ErrorCode::invalid_input, problem,
                "--name NAME, or name: NAME in the study file, gives another");
}

void check_parallel(const std::optional<int>& parallel) {
  constexpr int kAtMost = 100'000;  // as in study files
  if (parallel && (*parallel < 1 || *parallel > kAtMost))
    throw Error(ErrorCode::invalid_input,
                fmt::format("--parallel: {} runs at a time; from 1 to {}", *parallel, kAtMost),
                "without it, hone takes what the machine holds");
}

std::string diagnostics_json(const ReadStudy& read) {
  std::string out;
  for (const Diagnostic& d : read.loaded.diagnostics) {
    Value row = Value::Map{};
    row.set("severity", d.severity == Severity::error     ? "error"
                        : d.severity == Severity::warning ? "warning"
                                                          : "note");
    row.set("file", read.path)
        .set("line", d.line)
        .set("column", d.column)
        .set("message", d.message);
    if (!d.fix.empty()) row.set("fix", d.fix);
    out += row.dump() + "\n";
  }
  return out;
}

}  // namespace hone::cli
