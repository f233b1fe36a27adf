// The table of placeholders, its help, and what is said about their misuse when a study file is
// read.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "hone/base/text.h"
#include "hone/study/placeholders.h"

namespace hone {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Within two edits (one of a name of two or three letters), or equal but for case. Case counts
/// otherwise: ${HOST} is no ${port}.
std::optional<std::string> nearly(const std::string& name, const std::vector<std::string>& names) {
  std::optional<std::string> best;
  int best_distance = name.size() <= 3 ? 2 : 3;
  for (const std::string& candidate : names) {
    const int distance = lower(candidate) == lower(name) ? 0 : edit_distance(name, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
  });
}

const PlaceholderInfo* find_info(std::string_view name) {
  const auto& table = placeholders();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const PlaceholderInfo& p) { return p.name == name; });
  return found == table.end() ? nullptr : &*found;
}

/// Checks one use; returns nothing where it is in order.
class UseChecker {
 public:
  UseChecker(std::string_view text, PlaceholderPlace place, const PlaceholderScope& scope)
      : text_(text), place_(place), scope_(scope) {}

  std::optional<PlaceholderProblem> check(const PlaceholderUse& use, bool whole) const {
    const std::string& name = use.name;
    if (name.compare(0, 7, "envvar:") == 0) return check_variable(use, name.substr(7));
    const bool parameter = std::find(scope_.parameters.begin(), scope_.parameters.end(), name) !=
                           scope_.parameters.end();
    const PlaceholderInfo* info = find_info(name);
    if (info != nullptr && info->whole_only) {
      if (place_ == PlaceholderPlace::text) {
        return problem(
            use, fmt::format("${{{}}} stands for arguments, so it belongs into command", name));
      }
      if (!whole && name != "env") return inside_of_text(use);
      return std::nullopt;
    }
    if (parameter) return std::nullopt;
    if (info != nullptr) return check_own(use);
    return unknown(use, whole);
  }

 private:
  static PlaceholderProblem problem(const PlaceholderUse& use, std::string message,
                                    std::string fix = "") {
    return {use.offset, use.length, std::move(message), std::move(fix), false};
  }

  PlaceholderProblem inside_of_text(const PlaceholderUse& use) const {
    const bool shell = text_.find(' ') != std::string_view::npos;
    const std::string macro = fmt::format("${{{}}}", use.name);
    return problem(
        use,
        fmt::format("{} stands for several arguments and must be an element of the list of its "
                    "own: inside of a "
                    "longer text {}",
                    macro, shell ? "a shell would have to quote them" : "they cannot be joined"),
        fmt::format("write [python, train.py, \"{}\"]", macro));
  }

  std::optional<PlaceholderProblem> check_variable(const PlaceholderUse& use,
                                                   const std::string& variable) const {
    const bool legal =
        !variable.empty() && std::all_of(variable.begin(), variable.end(), [](char c) {
          return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                 c == '_';
        });
    if (!legal)
      return problem(use,
                     fmt::format("'{}' cannot be the name of an environment variable", variable));
    if (!scope_.environment || scope_.environment(variable)) return std::nullopt;
    PlaceholderProblem p = problem(
        use, fmt::format("the environment variable {0} is not set: its name '{0}' is put in its "
                         "place, as a sweep does",
                         variable));
    p.warning = true;
    return p;
  }

  std::optional<PlaceholderProblem> check_own(const PlaceholderUse& use) const {
    const std::string& name = use.name;
    if (name == "fidelity" && !scope_.has_fidelity) {
      return problem(use, "${fidelity} needs the section fidelity, which says how far a run goes",
                     "add fidelity: {name: epoch, min: 1, max: 9}");
    }
    if (name == "program" && !scope_.has_program) {
      return problem(use, "${program} needs the key program", "add program: train.py");
    }
    if (name == "checkpoint") {
      if (!scope_.has_checkpoint) {
        return problem(
            use, "${checkpoint} needs the section checkpoint, which says where the program saves");
      }
      if (place_ != PlaceholderPlace::checkpoint_args) {
        return problem(use,
                       "${checkpoint} belongs into checkpoint.args: they are added only when there "
                       "is something to resume",
                       "move it to checkpoint: {args: [--resume, \"${checkpoint}\"]}");
      }
    }
    return std::nullopt;
  }

  std::optional<PlaceholderProblem> unknown(const PlaceholderUse& use, bool whole) const {
    if (!is_name(use.name)) return std::nullopt;  // ${x:-y} of a shell
    std::vector<std::string> names = scope_.parameters;
    for (const PlaceholderInfo& p : placeholders()) names.push_back(p.name);
    const auto near = nearly(use.name, names);
    if (near) {
      return problem(
          use, fmt::format("${{{}}} is neither a parameter nor a placeholder", use.name),
          fmt::format("did you mean ${{{}}}? For the text itself write $${{{}}}", *near, use.name));
    }
    if (!whole || place_ == PlaceholderPlace::text) return std::nullopt;
    if (scope_.sweep_method) {
      PlaceholderProblem p =
          problem(use, fmt::format("${{{}}} is neither a parameter nor a placeholder: the element "
                                   "is left out, as a sweep does",
                                   use.name));
      p.warning = true;
      return p;
    }
    return problem(
        use,
        fmt::format(
            "${{{}}} is neither a parameter nor a placeholder (hone help placeholders lists them)",
            use.name),
        fmt::format(
            "for the text itself write $${{{}}}, for an environment variable ${{envvar:{}}}",
            use.name, use.name));
  }

  std::string_view text_;
  PlaceholderPlace place_;
  const PlaceholderScope& scope_;
};

}  // namespace

const std::vector<PlaceholderInfo>& placeholders() {
  static const std::vector<PlaceholderInfo> table = {
      {"args", "Every active parameter as --name=value, in the order of the file", true, true},
      {"args_no_equals", "As --name value, two arguments each", true, true},
      {"args_no_hyphens", "As name=value", true, true},
      {"args_no_boolean_flags", "As ${args}; true as --name, false left out", true, true},
      {"args_json", "All parameters as one JSON text", true, true},
      {"args_json_file", "Path of a JSON file with all parameters (config.json of the run)", true,
       true},
      {"args_append_hydra", "As +name=value", true, true},
      {"args_override_hydra", "As ++name=value", true, true},
      {"env", "/usr/bin/env", true, true},
      {"interpreter", "python of the active environment, else python3", false, true},
      {"program", "The key `program`", false, true},
      {"seed", "Seed of this run: another one for each replicate", false, false},
      {"trial", "Number of the trial", false, false},
      {"trial_dir", "Folder of the trial: write there", false, false},
      {"fidelity", "How far this run shall go (epochs, steps, …)", false, false},
      {"checkpoint", "What to go on from; in checkpoint.args only", false, false},
      {"gpu", "Numbers of the GPUs of this run: 0 or 0,1", false, false},
      {"port", "A port that was free when the run started", false, false},
  };
  return table;
}

std::string placeholders_help() {
  std::string out =
      "Placeholders in command, stop_command, env, files, checkpoint and metric_source:\n\n";
  const auto row = [&](const std::string& name, const std::string& help) {
    out += fmt::format("  {:<26}{}\n", name, help);
  };
  row("${NAME}", "Value of the parameter NAME");
  row("${envvar:NAME}", "Environment variable of hone; unset: its name");
  for (const PlaceholderInfo& p : placeholders())
    row("${" + p.name + "}", p.help + (p.whole_only ? " (*)" : ""));
  row("$${text}", "The text ${text} itself");
  out +=
      "\n(*) an element of the command of its own. Anything else in ${ } inside of a longer text "
      "stays as it is.\n"
      "Values are written as Python's str() does: True, None, [1, 2], 1e-05; `bool_style: lower` "
      "gives true and null.\n"
      "An element that names an inactive parameter is left out, and the flag before it.\n"
      "A run also gets HONE_PARAM_NAME for every parameter and all of them in "
      "$HONE_TRIAL_DIR/config.json.\n";
  return out;
}

std::vector<PlaceholderProblem> check_placeholders(std::string_view text, PlaceholderPlace place,
                                                   const PlaceholderScope& scope) {
  std::vector<PlaceholderProblem> problems;
  const auto uses = find_placeholders(text);
  const UseChecker checker(text, place, scope);
  for (const PlaceholderUse& use : uses) {
    const bool whole = uses.size() == 1 && use.offset == 0 && use.length == text.size();
    if (auto wrong = checker.check(use, whole)) problems.push_back(std::move(*wrong));
  }
  const std::size_t last = uses.empty() ? 0 : uses.back().offset + uses.back().length;
  const std::size_t open = text.find("${", last);
  if (open != std::string_view::npos && (open == 0 || text[open - 1] != '$') &&
      text.find('}', open) == std::string_view::npos) {
    problems.push_back({open, text.size() - open,
                        "this placeholder has no closing '}', so it stays as it is", "", true});
  }
  return problems;
}

}  // namespace hone
