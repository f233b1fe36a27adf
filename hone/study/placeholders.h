// Placeholders in commands, environment values and paths: `${lr}`, `${trial_dir}`, the macros of
// sweep files (`${args}` and its forms), and what else a run is told: HONE_PARAM_* variables,
// config.json, the parameter file of wandb. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hone/study/study_spec.h"

namespace hone {

/// One placeholder, for help, checks and "did you mean".
struct PlaceholderInfo {
  std::string name;  ///< without ${ }
  std::string help;
  bool whole_only = false;  ///< must be an element of the command of its own
  bool from_sweep = false;
};

/// All but the parameters' names, in the order of the help.
const std::vector<PlaceholderInfo>& placeholders();
/// `hone help placeholders`.
std::string placeholders_help();

/// What the placeholders of one run stand for.
struct ExpandContext {
  const Config& config;
  std::int64_t seed = 0;
  std::int64_t trial = 0;
  std::string trial_dir = {};
  std::optional<double> fidelity = {};         ///< target of this run; none: the full one
  std::optional<std::string> checkpoint = {};  ///< to go on from; none: from the start
  std::string gpu = {};                        ///< "0", "0,1", or empty
  std::optional<int> port = {};                ///< a free one, where the command uses it
  std::string interpreter = "python3";
  /// Of hone's own environment, for ${envvar:NAME}; empty: nothing is set.
  std::function<std::optional<std::string>(const std::string&)> environment = {};
};

/// Why a placeholder has no value.
struct ExpandError {
  std::string message;
};

/// The argument vector; `checkpoint.args` are appended where there is something to go on from. An
/// element that names an inactive parameter is left out, and so is a flag (`--rank`) just before an
/// element that is only that placeholder.
std::variant<std::vector<std::string>, ExpandError> expand_command(const StudySpec& spec,
                                                                   const ExpandContext& context);
/// Any list of arguments by the same rules (stop_command).
std::variant<std::vector<std::string>, ExpandError> expand_arguments(
    const std::vector<std::string>& arguments, const StudySpec& spec, const ExpandContext& context);
/// A text that is no argument list: a path, an environment value. An inactive parameter is an
/// error.
std::variant<std::string, ExpandError> expand_text(std::string_view text, const StudySpec& spec,
                                                   const ExpandContext& context);
/// The value that `files: set` writes: typed where the text is one placeholder of a parameter or a
/// literal. nullopt where it names an inactive parameter: the file keeps what it has.
std::variant<std::optional<Value>, ExpandError> expand_value(std::string_view text,
                                                             const StudySpec& spec,
                                                             const ExpandContext& context);

/// Whether any text of the spec's command uses `${name}` (files, environment and checkpoint
/// included).
bool command_uses(const StudySpec& spec, std::string_view name);

/// A parameter's value as an argument: a choice's source text, else Python's str().
std::string parameter_text(const StudySpec& spec, std::string_view name, const Value& value);
/// HONE_PARAM_<name> for every active parameter, characters other than letters and digits as '_'.
std::vector<std::pair<std::string, std::string>> parameter_environment(const StudySpec& spec,
                                                                       const Config& config);
/// The configuration with dotted names as nested maps, in the order of the file.
Value nested_config(const StudySpec& spec, const Config& config);
/// Content of config.json.
std::string config_json(const StudySpec& spec, const Config& config);
/// Content of the file that WANDB_SWEEP_PARAM_PATH names: YAML that PyYAML reads back exactly.
std::string wandb_parameter_file(const StudySpec& spec, const Config& config);

/// `python` of the active environment (VIRTUAL_ENV, CONDA_PREFIX, PATH), else python3. `exists`
/// tells whether a path is a program.
std::string find_interpreter(
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const std::function<bool(const std::string&)>& exists);

/// A `${…}` in a text. `$${…}` is none.
struct PlaceholderUse {
  std::size_t offset = 0;  ///< of the '$'
  std::size_t length = 0;  ///< with braces
  std::string name;        ///< what stands within
};
std::vector<PlaceholderUse> find_placeholders(std::string_view text);

/// What is wrong with the placeholders of a text, for the loader.
struct PlaceholderProblem {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string message;
  std::string fix;
  bool warning = false;
};
/// Where a text stands decides what it may hold.
enum class PlaceholderPlace { command, checkpoint_args, text };
struct PlaceholderScope {
  std::vector<std::string> parameters;
  bool has_fidelity = false;
  bool has_checkpoint = false;
  bool has_program = false;
  bool sweep_method = false;
  std::function<std::optional<std::string>(const std::string&)> environment;  ///< empty: not asked
};
std::vector<PlaceholderProblem> check_placeholders(std::string_view text, PlaceholderPlace place,
                                                   const PlaceholderScope& scope);

}  // namespace hone
