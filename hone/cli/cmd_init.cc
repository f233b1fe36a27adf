// hone init: a commented study file from a program's own help text. The program is run once, with
// --help and without a shell, or a saved text is read.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/base/value.h"
#include "hone/cli/commands.h"
#include "hone/cli/prose.h"
#include "hone/cli/study_draft.h"
#include "hone/cli/study_loading.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"
#include "hone/runner/process.h"
#include "hone/runner/process_capture.h"
#include "hone/study/placeholders.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kHelpTime_us = 60'000'000;  // imports of large libraries take their time
constexpr std::int64_t kScriptLimit_bytes = 1 << 20;
constexpr std::size_t kTailLines = 5;

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The last lines of what a program printed, for an error.
std::string tail_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) {
    if (!trim(line).empty()) lines.push_back("  | " + std::string(line));
  }
  if (lines.size() > kTailLines) lines.erase(lines.begin(), lines.end() - kTailLines);
  return join(lines, "\n");
}

/// "hone init -- python train.py" with a script of this folder.
std::string example_command() {
  std::error_code ignored;
  std::string script = "train.py";
  int scripts = 0;
  for (const auto& entry : fs::directory_iterator(fs::current_path(), ignored)) {
    if (entry.path().extension() != ".py") continue;
    if (++scripts == 1 || entry.path().filename() == "train.py") script = entry.path().filename();
  }
  return "hone init -- python " + shell_quoted(script);
}

class InitCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.rest(program_, "PROGRAM ARGUMENTS…",
              "The program, with the arguments that stay as they are");
    line.option("--from-help", help_file_, "FILE",
                "Reads this saved help text in place of running the program; -: stdin");
    line.option("-o,--output", output_, "FILE", "Where to write; default study.yaml; -: stdout");
    line.flag("--force", force_, "Replaces the file if there is one");
    line.option("--minimize", minimize_, "METRIC", "What to optimise, as the program prints it");
    line.option("--maximize", maximize_, "METRIC", "The same, where more is better");
    line.flag("--json", json_, "Prints JSON");
    line.examples(
        "  hone init -- python train.py\n"
        "  hone init --minimize eval_loss -- python train.py --data corpus.txt\n"
        "  ssh gpu python train.py --help | hone init --from-help - -- python train.py\n");
  }

  int run() override {
    if (program_.empty()) {
      throw Error(ErrorCode::invalid_input, "which program should be tuned?",
                  "put it behind '--': " + example_command());
    }
    if (minimize_ && maximize_)
      throw Error(ErrorCode::invalid_input, "--minimize or --maximize, not both");
    const std::string path = output_.value_or("study.yaml");
    if (path != "-" && !force_) refuse_existing(path);
    DraftWanted wanted;
    wanted.command = program_;
    const std::string text = help_file_ ? saved_help() : asked_help(wanted.command);
    const ProgramHelp help = read_program_help(text);
    if (help.options.empty()) refuse_without_options(help, text);
    wanted.origin = shell_command(program_) + (help_file_ ? " (saved help)" : " --help");
    wanted.minimize = minimize_;
    wanted.maximize = maximize_;
    wanted.source = script_text();
    StudyDraftText draft = draft_study(help, text, wanted);
    if (draft.tuned.empty()) refuse_without_parameters(help);
    if (!draft.metric_found && ask_metric(wanted)) draft = draft_study(help, text, wanted);
    write(path, draft.yaml);
    return tell(path, draft);
  }

 private:
  [[noreturn]] static void refuse(const std::string& path) {
    throw Error(ErrorCode::exists, fmt::format("{} exists already and stays as it is", path),
                "-o FILE writes to another file, --force replaces it, -o - prints");
  }
  static void refuse_existing(const std::string& path) {
    std::error_code error;
    if (fs::symlink_status(path, error).type() != fs::file_type::not_found) refuse(path);
  }

  std::string saved_help() const {
    if (*help_file_ != "-") return read_file(*help_file_, kHelpTextLimit_bytes);
    std::string text;
    char chunk[4096];
    for (std::size_t n = 0; (n = std::fread(chunk, 1, sizeof chunk, stdin)) > 0;) {
      if (text.size() < kHelpTextLimit_bytes) text.append(chunk, n);
    }
    return text;
  }

  /// Runs the program with --help. A `python` that does not exist becomes ${interpreter}.
  std::string asked_help(std::vector<std::string>& command) const {
    std::vector<std::string> argv = command;
    const std::string paths = variable("PATH").value_or("");
    ProgramPath found = resolve_program(argv[0], paths, fs::current_path().string());
    if (found.path.empty() && argv[0] == "python") {
      argv[0] = find_interpreter(
          variable, [](const std::string& path) { return access(path.c_str(), X_OK) == 0; });
      found = resolve_program(argv[0], paths, fs::current_path().string());
      if (!found.path.empty()) command[0] = "${interpreter}";
    }
    if (found.path.empty()) {
      const bool named = argv[0].find('/') == std::string::npos;
      throw Error(ErrorCode::not_found,
                  named ? fmt::format("there is no program '{}' in PATH", argv[0]) : found.reason,
                  "check the spelling; a program of this folder is ./NAME");
    }
    argv[0] = found.path;
    if (argv.size() > 1 && argv[1].ends_with(".py") && !fs::exists(argv[1])) {
      throw Error(ErrorCode::not_found, fmt::format("there is no file {}", argv[1]),
                  "paths are seen from the current folder: " + fs::current_path().string());
    }
    argv.insert(argv.begin(),
                {"/usr/bin/env", "COLUMNS=160", "TERM=dumb", "NO_COLOR=1", "PAGER=cat"});
    argv.emplace_back("--help");
    const auto captured = run_and_capture(argv, kHelpTime_us, CaptureErrors::with_output);
    if (!captured) {
      throw Error(ErrorCode::io,
                  fmt::format("{} --help was killed, or did not end within {}",
                              shell_command(program_), format_duration_us(kHelpTime_us)),
                  "save its help text and give it: hone init --from-help FILE -- PROGRAM");
    }
    return captured->output;
  }

  [[noreturn]] void refuse_without_options(const ProgramHelp& help, const std::string& text) const {
    const std::string program = shell_command(program_);
    if (!help.commands.empty()) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("{} has commands: {}", program, join(help.commands, ", ")),
                  fmt::format("name one: hone init -- {} {}", program, help.commands.front()));
    }
    const std::string tail = tail_of(text);
    const std::string what = help_file_ ? *help_file_ : program + " --help";
    throw Error(
        ErrorCode::invalid_input,
        tail.empty() ? fmt::format("{} is empty", help_file_ ? what : "the output of " + what)
                     : fmt::format("no options in {}; it ends:\n{}", what, tail),
        "write the study file by hand (hone help study-file), or put laws into the command: "
        "hone help command-line");
  }

  [[noreturn]] void refuse_without_parameters(const ProgramHelp& help) const {
    std::vector<std::string> names;
    constexpr std::size_t kMost = 12;
    for (const ProgramOption& option : help.options) {
      if (names.size() < kMost) names.push_back(option.name);
    }
    throw Error(ErrorCode::invalid_input,
                fmt::format("none of the options of {} is known as a hyperparameter: {}{}",
                            shell_command(program_), join(names, ", "),
                            help.options.size() > kMost ? ", …" : ""),
                "put laws into the command: hone help command-line; or write the study file by "
                "hand: hone help study-file");
  }

  /// The script's text, to look for the metric's name.
  std::string script_text() const {
    for (const std::string& word : program_) {
      if (!word.ends_with(".py")) continue;
      try {
        return read_file(word, kScriptLimit_bytes);
      } catch (const Error&) {
        return "";  // a guess less
      }
    }
    return "";
  }

  /// On a terminal only.
  bool ask_metric(DraftWanted& wanted) const {
    if (json_ || !is_terminal(stdin) || !is_terminal(stderr)) return false;
    std::fprintf(stderr,
                 "Which metric should become better, as the program prints it? [val_loss] ");
    std::string answer;
    if (!std::getline(std::cin, answer) || trim(answer).empty()) return false;
    const std::string name(trim(answer));
    (more_is_better(name) ? wanted.maximize : wanted.minimize) = name;
    return true;
  }

  void write(const std::string& path, const std::string& text) const {
    if (path == "-") {
      if (!json_) std::fputs(text.c_str(), stdout);
      return;
    }
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force_ ? O_TRUNC : O_EXCL);
    const int file = open(path.c_str(), flags, 0666);
    if (file < 0 && errno == EEXIST) refuse(path);
    bool good = file >= 0;
    int wrong = errno;
    for (std::size_t at = 0; good && at < text.size();) {
      const ssize_t n = ::write(file, text.data() + at, text.size() - at);
      good = n > 0 || (n < 0 && errno == EINTR);
      wrong = errno;
      if (n > 0) at += static_cast<std::size_t>(n);
    }
    if (file >= 0 && close(file) != 0 && good) {
      good = false;
      wrong = errno;
    }
    if (!good) {
      if (file >= 0 && !force_) unlink(path.c_str());
      throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", path, std::strerror(wrong)),
                  "-o FILE writes to another place");
    }
  }

  int tell(const std::string& path, const StudyDraftText& draft) const {
    if (json_) {
      Value row = Value::Map{};
      Value::List names(draft.tuned.begin(), draft.tuned.end());
      row.set("file", path == "-" ? Value() : Value(path))
          .set("parameters", Value(std::move(names)));
      row.set("metric", draft.metric).set("metric_found", draft.metric_found);
      Value::List missing(draft.missing.begin(), draft.missing.end());
      row.set("missing", Value(std::move(missing)));
      if (path == "-") row.set("text", draft.yaml);
      std::printf("%s\n", row.dump().c_str());
      return kOk;
    }
    if (path == "-") return kOk;
    const std::size_t n = draft.tuned.size();
    std::string said = fmt::format(
        "wrote {}: {} parameter{} from {} ({})\n", path, n, n == 1 ? "" : "s",
        help_file_ ? *help_file_ : shell_command(program_) + " --help", join(draft.tuned, ", "));
    if (!draft.metric_found)
      said += "  the metric val_loss is a guess: mend it in the file, or give --minimize\n";
    if (!draft.missing.empty())
      said += fmt::format("  the program also needs {}: add it to the command in the file\n",
                          join(draft.missing, ", "));
    said += fmt::format("  check the ranges, then: hone run {}\n", shell_quoted(path));
    print_prose(stdout, said);
    const ReadStudy read = read_study(path);
    if (!read.report.empty()) print_prose(stderr, read.report);
    return kOk;
  }

  std::vector<std::string> program_;
  std::optional<std::string> help_file_;
  std::optional<std::string> output_;
  std::optional<std::string> minimize_;
  std::optional<std::string> maximize_;
  bool force_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<InitCommand>(); }

}  // namespace hone::cli
