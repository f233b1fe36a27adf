// What runs: program, command, environment, working folder, configuration files, checkpoints and
// where metrics come from. Placeholders are checked here, so that a misspelt one is found before
// the first trial.
#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/config_files.h"
#include "hone/study/placeholders.h"
#include "hone/study/placeholders_text.h"
#include "hone/study/study_file_launchers.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string joined(const std::string& folder, std::string path) {
  while (path.compare(0, 2, "./") == 0) path.erase(0, 2);
  if (path.empty() || path.front() == '/' || folder.empty()) return path;
  return folder + (folder.back() == '/' ? "" : "/") + path;
}

class CommandReader {
 public:
  CommandReader(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft)
      : reader_(reader), root_(root), draft_(draft), command_(draft.spec.command) {
    for (const Parameter& p : draft.parameters) scope_.parameters.push_back(p.name);
    scope_.parameters.insert(scope_.parameters.end(), draft.broken.begin(), draft.broken.end());
    scope_.has_fidelity = draft.spec.fidelity.has_value();
    scope_.has_checkpoint = root.find("checkpoint") != nullptr;
    scope_.has_program = root.find("program") != nullptr;
    scope_.sweep_method = draft.sweep_method;
    scope_.environment = reader.options().environment;
  }

  void read() {
    read_workdir();
    read_program();
    read_argv();
    read_env();
    read_files();
    read_checkpoint();
    read_metric_source();
    if (const YamlNode* tty = find("tty"))
      command_.tty = reader_.boolean(*tty, "tty").value_or(false);
    if (const YamlNode* style = find("bool_style")) {
      if (const auto word = reader_.word(*style, "bool_style", {"python", "lower"})) {
        command_.bool_style = *word == "lower" ? BoolStyle::lower : BoolStyle::python;
      }
    }
    if (const YamlNode* stop = find("stop_command")) {
      if (auto texts = read_texts(*stop, "stop_command", "[docker, stop, \"hone-${trial}\"]",
                                  PlaceholderPlace::text)) {
        command_.stop_command = std::move(*texts);
      }
    }
    check_programs();
  }

 private:
  const YamlNode* find(std::string_view key) const {
    const YamlMember* member = root_.find(key);
    return member == nullptr ? nullptr : &member->value;
  }
  FileKind kind_of(const std::string& path) const { return reader_.options().file_kind(path); }
  bool may_look() const { return static_cast<bool>(reader_.options().file_kind); }

  void check_text(const YamlNode& node, PlaceholderPlace place) {
    if (!node.is_scalar()) return;
    for (const PlaceholderProblem& p : check_placeholders(node.text, place, scope_)) {
      const TextSpan span = span_within(node, reader_.source(), p.offset, p.length);
      if (p.warning)
        reader_.warning(span, p.message, p.fix);
      else
        reader_.error(span, p.message, p.fix);
    }
  }

  std::optional<std::vector<std::string>> read_texts(const YamlNode& node, const std::string& what,
                                                     const std::string& example,
                                                     PlaceholderPlace place) {
    auto texts = reader_.texts(node, what, example);
    if (texts) {
      for (const YamlNode& item : node.items) check_text(item, place);
    }
    return texts;
  }

  void read_workdir() {
    const LoadOptions& options = reader_.options();
    command_.workdir = options.folder;
    const YamlNode* node = find("workdir");
    if (node == nullptr) return;
    const auto text = reader_.text(*node, "workdir");
    if (!text) return;
    command_.workdir = joined(options.folder, *text);
    if (may_look() && kind_of(command_.workdir) != FileKind::folder) {
      no_workdir_ = true;
      reader_.error(
          node->span,
          fmt::format("workdir: there is no folder {} (paths are relative to the study file)",
                      command_.workdir));
    }
  }

  void read_program() {
    const YamlNode* node = find("program");
    if (node == nullptr) return;
    const auto text = reader_.text(*node, "program");
    if (!text) return;
    command_.program = *text;
    if (text->find("${") != std::string::npos) {
      reader_.error(node->span,
                    "program is one file and takes no placeholders; use command for them");
    } else if (text->find(' ') != std::string::npos && !(may_look() && exists_in_workdir(*text))) {
      reader_.error(
          node->span, fmt::format("program is one file, without arguments, not '{}'", *text),
          "write command: " +
              as_list(
                  (ends_with(text->substr(0, text->find(' ')), ".py") ? "${interpreter} " : "") +
                  *text + " ${args}"));
    } else if (may_look() && !no_workdir_) {
      check_script(*node, "program", *text);
    }
  }

  bool exists_in_workdir(const std::string& path) const {
    const FileKind kind = kind_of(joined(command_.workdir, path));
    return kind == FileKind::file || kind == FileKind::executable;
  }

  /// A file that must exist relative to the folder in which the program runs.
  void check_script(const YamlNode& node, const std::string& what, const std::string& path) {
    if (exists_in_workdir(path)) return;
    const std::string wanted = joined(command_.workdir, path);
    const std::string& current = reader_.options().current_folder;
    if (kind_of(wanted) == FileKind::folder) {
      reader_.error(node.span, fmt::format("{}: {} is a folder, not a program", what, wanted));
    } else if (!current.empty() && current != command_.workdir && path.front() != '/' &&
               kind_of(joined(current, path)) != FileKind::missing) {
      reader_.error(
          node.span,
          fmt::format(
              "{}: {} does not exist; programs run in the folder of the study file. There is {}",
              what, wanted, joined(current, path)),
          fmt::format("move the study file, or add workdir: {}", current));
    } else {
      reader_.error(node.span,
                    fmt::format("{}: {} does not exist (paths are relative to {})", what, wanted,
                                root_.find("workdir") != nullptr ? "workdir" : "the study file"));
    }
  }

  static std::string as_list(const std::string& text) {
    std::string out = "[";
    for (const std::string_view piece : split(text, ' ')) {
      if (piece.empty()) continue;
      const bool quote = piece.find_first_of("${}[],:#&*!|>'\"%@`") != std::string_view::npos;
      out += fmt::format("{}{}{}{}", out.size() > 1 ? ", " : "", quote ? "\"" : "", piece,
                         quote ? "\"" : "");
    }
    return out + "]";
  }

  void read_argv() {
    const YamlNode* node = find("command");
    if (node == nullptr) return default_command();
    if (node->is_scalar()) {
      reader_.error(node->span, "command must be a list: there is no shell that would split a text",
                    "write " + as_list(node->text));
      return;
    }
    const std::size_t errors = reader_.error_count();
    auto texts =
        read_texts(*node, "command", "[python, train.py, \"${args}\"]", PlaceholderPlace::command);
    if (!texts) return;
    if (texts->empty() || texts->front().empty()) {
      reader_.error(node->span, "command is empty: there is nothing to run",
                    "write [python, train.py, \"${args}\"]");
      return;
    }
    command_.argv = std::move(*texts);
    for (const YamlNode& item : node->items) draft_.command_nodes.push_back(&item);
    if (reader_.error_count() == errors) check_parameters_reach(*node);
    warn_of_launcher();
  }

  void default_command() {
    if (command_.program.empty()) {
      if (find("program") == nullptr && reader_.options().command_required) {
        reader_.error_overall(
            "there is nothing to run: add program: train.py, or command: [python, train.py, "
            "\"${args}\"]");
      }
      return;
    }
    const bool script = ends_with(command_.program, ".py");
    if (!script && may_look() &&
        kind_of(joined(command_.workdir, command_.program)) == FileKind::executable) {
      if (command_.program.find('/') == std::string::npos)
        command_.program = "./" + command_.program;
      command_.argv = {"${program}", "${args}"};
    } else {
      command_.argv = {"${env}", "${interpreter}", "${program}", "${args}"};
    }
  }

  /// Warns where a command names no parameter: every trial would run the same.
  void check_parameters_reach(const YamlNode& node) {
    bool used = find("files") != nullptr || find("env") != nullptr;
    for (const std::string& text : command_.argv) {
      for (const PlaceholderUse& use : find_placeholders(text)) {
        used = used || use.name.compare(0, 4, "args") == 0 ||
               std::find(scope_.parameters.begin(), scope_.parameters.end(), use.name) !=
                   scope_.parameters.end();
      }
    }
    if (used || draft_.sweep_method) return;  // programs of sweeps may read wandb.config
    reader_.warning(node.span,
                    "the command passes no parameter: every trial runs with the same arguments "
                    "unless the program reads "
                    "HONE_PARAM_*, $HONE_TRIAL_DIR/config.json or wandb.config",
                    "add \"${args}\"");
  }

  void warn_of_launcher() {
    for (std::size_t i = 0; i < command_.argv.size(); ++i) {
      const auto advice = launcher_advice(command_.argv, i);
      if (advice) {
        reader_.warning(draft_.command_nodes[i]->span, advice->message, advice->fix);
        return;
      }
      // Only what begins the command is a launcher.
      const std::string& text = command_.argv[i];
      if (text != "${env}" && text != "env" && text != "/usr/bin/env") return;
    }
  }

  void read_env() {
    const YamlNode* node = find("env");
    if (node == nullptr || !reader_.is_map(*node, "env", "{OMP_NUM_THREADS: \"4\"}")) return;
    for (const YamlMember& member : node->members) {
      const bool legal =
          !member.key.empty() && member.key.find_first_of("= \t\n") == std::string::npos;
      if (!legal) {
        reader_.error(
            member.key_span,
            fmt::format("'{}' cannot be the name of an environment variable", member.key));
        continue;
      }
      if (member.value.is_null()) {
        command_.env.emplace_back(member.key, "");
        continue;
      }
      const auto text = reader_.text(member.value, "env." + member.key, true);
      if (!text) continue;
      check_text(member.value, PlaceholderPlace::text);
      command_.env.emplace_back(member.key, *text);
    }
  }

  void read_files() {
    const YamlNode* node = find("files");
    if (node == nullptr) return;
    if (!node->is_sequence()) {
      reader_.error(node->span,
                    fmt::format("files must be a list of maps, not {}", reader_.shown(*node)),
                    "write [{from: base.yaml, to: …, set: {…}}]");
      return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      const std::string what = fmt::format("files[{}]", i);
      const YamlNode& item = node->items[i];
      if (!reader_.is_map(item, what, "{from: base.yaml, to: …, set: {…}}")) continue;
      reader_.check_keys(item, study_file_section("files"), what);
      read_file(item, what);
    }
  }

  void read_file(const YamlNode& item, const std::string& what) {
    ConfigFile file;
    for (const char* key : {"from", "to", "set"}) {
      const YamlMember* member = item.find(key);
      if (member == nullptr) {
        reader_.error(item.span, fmt::format("{} needs '{}'", what, key));
        continue;
      }
      if (std::string_view(key) == "set") {
        read_set(member->value, what + ".set", file);
        continue;
      }
      const auto text = reader_.text(member->value, what + "." + key);
      if (!text) continue;
      check_text(member->value, PlaceholderPlace::text);
      (std::string_view(key) == "from" ? file.from : file.to) = *text;
    }
    const YamlMember* from = item.find("from");
    if (from != nullptr && !file.from.empty() && may_look() &&
        file.from.find("${") == std::string::npos) {
      const std::string path = joined(reader_.options().folder, file.from);
      if (kind_of(path) == FileKind::missing) {
        reader_.error(from->value.span, fmt::format("{}.from: {} does not exist", what, path));
      }
    }
    if (!file.from.empty() && file.from == file.to) {
      reader_.error(
          item.find("to")->value.span,
          fmt::format("{}: from and to are the same file, which each run would overwrite", what),
          "write to: \"${trial_dir}/config.yaml\"");
    } else if (!file.to.empty() && draft_.spec.parallel.value_or(2) > 1 &&
               file.to.find("${") == std::string::npos) {
      reader_.error(
          item.find("to")->value.span,
          fmt::format("{}.to is one file for all runs, which run at the same time", what),
          fmt::format("write to: \"${{trial_dir}}/{}\"", file.to.substr(file.to.rfind('/') + 1)));
    }
    if (const YamlMember* set = item.find("set"); set != nullptr && set->value.is_map())
      check_paths(set->value, what, file);
    // Programs may run elsewhere: the path is made whole here.
    if (file.from.compare(0, 2, "${") != 0) file.from = joined(reader_.options().folder, file.from);
    command_.files.push_back(std::move(file));
  }

  /// The paths that are set must be in the file.
  void check_paths(const YamlNode& set, const std::string& what, const ConfigFile& file) {
    if (file.from.empty() || file.from.find("${") != std::string::npos) return;
    const auto format = config_format_of(file.from);
    if (!format) {
      reader_.error(
          set.span,
          fmt::format("{}: values can be set in .yaml, .yml, .json and .toml files, not in {}",
                      what, file.from));
      return;
    }
    const auto& read = reader_.options().read_file;
    const auto text = read ? read(joined(reader_.options().folder, file.from)) : std::nullopt;
    if (!text) return;
    for (const YamlMember& member : set.members) {
      const ConfigEdit edit{member.key, Value(1)};
      const auto result = edit_config(*text, *format, std::span(&edit, 1));
      const auto* wrong = std::get_if<ConfigEditError>(&result);
      if (wrong == nullptr) continue;
      const std::string place = wrong->place.line > 0
                                    ? fmt::format(":{}:{}", wrong->place.line, wrong->place.column)
                                    : "";
      reader_.error(member.key_span,
                    fmt::format("{}: {}{}: {}", what, file.from, place, wrong->message),
                    wrong->fix);
      if (!place.empty()) return;  // the file itself is wrong
    }
  }

  static bool holds_placeholder(const YamlNode& node) {
    if (node.is_scalar()) return !find_placeholders(node.text).empty();
    return std::ranges::any_of(node.items, holds_placeholder) ||
           std::ranges::any_of(node.members,
                               [](const YamlMember& m) { return holds_placeholder(m.value); });
  }

  void read_set(const YamlNode& node, const std::string& what, ConfigFile& file) {
    if (!reader_.is_map(node, what, "{optimizer.lr: \"${lr}\"}")) return;
    for (const YamlMember& member : node.members) {
      if (member.value.is_scalar() && !find_placeholders(member.value.text).empty()) {
        check_text(member.value, PlaceholderPlace::text);
        file.set.emplace_back(member.key, member.value.text);
      } else if (holds_placeholder(member.value)) {
        reader_.error(member.value.span,
                      fmt::format("{}: {} is a {} with placeholders; they are filled in where they "
                                  "stand in a single value",
                                  what, member.key, member.value.is_map() ? "map" : "list"),
                      fmt::format("set its parts one by one: {}{}: …", member.key,
                                  member.value.is_map() ? "." + member.value.members.front().key
                                                        : std::string("[0]")));
      } else {
        file.set.emplace_back(member.key, literal_text(reader_.value(member.value)));
      }
    }
  }

  void read_checkpoint() {
    const YamlNode* node = find("checkpoint");
    if (node == nullptr || !reader_.is_map(*node, "checkpoint", "{path: …, args: […]}")) return;
    reader_.check_keys(*node, study_file_section("checkpoint"), "checkpoint");
    CheckpointSpec checkpoint;
    if (const YamlMember* path = node->find("path")) {
      if (const auto text = reader_.text(path->value, "checkpoint.path")) checkpoint.path = *text;
      check_text(path->value, PlaceholderPlace::text);
    } else {
      reader_.error(node->span, "checkpoint needs 'path': where the program saves its state");
    }
    if (const YamlMember* ready = node->find("ready")) {
      checkpoint.ready = reader_.text(ready->value, "checkpoint.ready").value_or("");
    }
    if (const YamlMember* args = node->find("args")) {
      auto texts = read_texts(args->value, "checkpoint.args", "[--resume, \"${checkpoint}\"]",
                              PlaceholderPlace::checkpoint_args);
      if (texts) checkpoint.args = std::move(*texts);
    }
    read_retention(*node, checkpoint);
    draft_.spec.checkpoint = std::move(checkpoint);
  }

  void read_retention(const YamlNode& node, CheckpointSpec& checkpoint) {
    const YamlMember* keep = node.find("keep");
    const YamlMember* limit = node.find("limit");
    if (keep != nullptr) read_keep(keep->value, checkpoint);
    if (limit != nullptr) checkpoint.limit_bytes = reader_.bytes(limit->value, "checkpoint.limit");
    const bool removes = checkpoint.keep || checkpoint.keep_best_only || checkpoint.limit_bytes;
    const YamlMember* path = node.find("path");
    const bool own = checkpoint.path.starts_with("${trial_dir}/") &&
                     checkpoint.path.find("..") == std::string::npos;
    if (removes && path != nullptr && !own) {
      reader_.error(
          path->value.span,
          fmt::format("checkpoint.{} removes what lies in the folders of trials, and this "
                      "is elsewhere",
                      keep != nullptr ? "keep" : "limit"),
          "let the program save below ${trial_dir}: path: \"${trial_dir}/…\"");
    }
  }

  void read_keep(const YamlNode& node, CheckpointSpec& checkpoint) {
    if (node.is_scalar() && node.text == "all") return;
    if (node.is_scalar() && node.text == "best") {
      checkpoint.keep_best_only = true;
    } else if (node.is_scalar() && node.text == "last") {
      checkpoint.keep = 1;
    } else if (node.is_scalar() && resolve_scalar(node).is_int()) {
      if (const auto count = reader_.whole(node, "checkpoint.keep", 1, 1'000'000))
        checkpoint.keep = static_cast<int>(*count);
    } else {
      reader_.error(node.span,
                    fmt::format("checkpoint.keep must be all, last, best or a number, not {}",
                                reader_.shown(node)));
    }
  }

  void read_metric_source() {
    const YamlNode* node = find("metric_source");
    if (node == nullptr || !reader_.is_map(*node, "metric_source", "{patterns: [...]}")) return;
    reader_.check_keys(*node, study_file_section("metric_source"), "metric_source");
    MetricSource& source = draft_.spec.metric_source;
    if (const YamlMember* patterns = node->find("patterns")) {
      auto texts =
          reader_.texts(patterns->value, "metric_source.patterns", "['loss=(?<loss>\\S+)']");
      if (texts) source.patterns = std::move(*texts);
      for (std::size_t i = 0; i < source.patterns.size() && reader_.options().check_pattern; ++i) {
        const auto wrong = reader_.options().check_pattern(source.patterns[i]);
        if (wrong) {
          reader_.error(patterns->value.items[i].span,
                        fmt::format("metric_source.patterns[{}]: {}", i, *wrong));
        }
      }
    }
    if (const YamlMember* format = node->find("format")) {
      const auto& formats = reader_.options().metric_formats;
      source.format = formats.empty()
                          ? reader_.text(format->value, "metric_source.format")
                          : reader_.word(format->value, "metric_source.format", formats);
    }
    if (const YamlMember* files = node->find("files")) {
      auto texts = read_texts(files->value, "metric_source.files",
                              "[\"${trial_dir}/metrics.jsonl\"]", PlaceholderPlace::text);
      if (texts) source.files = std::move(*texts);
    }
  }

  /// The first element and the script behind an interpreter must exist.
  void check_programs() {
    if (!may_look() || no_workdir_ || draft_.command_nodes.empty()) return;
    std::size_t first = 0;
    const auto is_env = [&](const std::string& text) {
      return text == "${env}" || text == "env" || text == "/usr/bin/env";
    };
    while (first + 1 < command_.argv.size() && is_env(command_.argv[first])) ++first;
    const std::string& program = command_.argv[first];
    if (program.find("${") == std::string::npos)
      check_program(*draft_.command_nodes[first], program);
    const std::string base = program.substr(program.rfind('/') + 1);
    const bool python = base.compare(0, 6, "python") == 0 || program == "${interpreter}";
    if (!python || first + 1 >= command_.argv.size()) return;
    const std::string& script = command_.argv[first + 1];
    if (ends_with(script, ".py") && script.find("${") == std::string::npos) {
      check_script(*draft_.command_nodes[first + 1], "command", script);
    }
  }

  void check_program(const YamlNode& node, const std::string& program) {
    if (program.find('=') != std::string::npos) return;  // VAR=x behind env
    if (program.find('/') != std::string::npos) {
      const std::string path = joined(command_.workdir, program);
      if (kind_of(path) == FileKind::executable) return;
      reader_.error(node.span,
                    kind_of(path) == FileKind::file
                        ? fmt::format("command: {} is not executable", path)
                        : fmt::format("command: there is no program {}", path),
                    kind_of(path) == FileKind::file ? fmt::format("run chmod +x {}", path) : "");
      return;
    }
    if (in_path(program)) return;
    std::string fix;
    if (program == "python" && in_path("python3"))
      fix = "write python3, or \"${interpreter}\"";
    else if (exists_in_workdir(program))
      fix = fmt::format("write ./{}", program);
    reader_.error(node.span, fmt::format("command: there is no program '{}' in PATH", program),
                  fix);
  }

  bool in_path(const std::string& program) const {
    const auto& environment = reader_.options().environment;
    const auto path = environment ? environment("PATH") : std::nullopt;
    if (!path) return true;  // not known
    for (const std::string_view folder : split(*path, ':')) {
      if (!folder.empty() && kind_of(joined(std::string(folder), program)) == FileKind::executable)
        return true;
    }
    return false;
  }

  StudyFileReader& reader_;
  const YamlNode& root_;
  StudyDraft& draft_;
  Command& command_;
  PlaceholderScope scope_;
  bool no_workdir_ = false;  // told already: paths in it are not looked for
};

}  // namespace

void read_command(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  CommandReader(reader, root, draft).read();
}

}  // namespace hone
