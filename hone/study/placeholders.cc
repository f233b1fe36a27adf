// Expansion. A macro of the sweep file is replaced where it is an element of its own; inside of
// longer texts hone replaces parameters and its own names and leaves everything else as it is, so
// that `bash -c "cd ${HOME} && …"` keeps its meaning.
#include "hone/study/placeholders.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/study/placeholders_text.h"

namespace hone {
namespace {

constexpr std::string_view kEnvironmentPrefix = "envvar:";

using Text = std::variant<std::string, ExpandError>;

/// What one placeholder stands for.
struct Missing {};   // not known: left as it is
struct Inactive {};  // a parameter that does not exist in this configuration
using Replacement = std::variant<std::string, Missing, Inactive, ExpandError>;

bool is_whole(std::string_view text, const std::vector<PlaceholderUse>& uses) {
  return uses.size() == 1 && uses[0].offset == 0 && uses[0].length == text.size();
}

std::string number_text(double x) {
  if (std::floor(x) == x && std::abs(x) < 9e15) return std::to_string(static_cast<std::int64_t>(x));
  return python_float(x);
}

class Expander {
 public:
  Expander(const StudySpec& spec, const ExpandContext& context) : spec_(spec), context_(context) {}

  std::variant<std::vector<std::string>, ExpandError> arguments(
      const std::vector<std::string>& given) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (auto wrong = argument(given, i)) return *wrong;
    }
    return std::move(out_);
  }

  Text text(std::string_view given, bool& inactive) {
    std::string out;
    std::size_t done = 0;
    for (const PlaceholderUse& use : find_placeholders(given)) {
      out += unescaped(given.substr(done, use.offset - done));
      done = use.offset + use.length;
      const Replacement replacement = look_up(use.name);
      if (const auto* wrong = std::get_if<ExpandError>(&replacement)) return *wrong;
      if (std::holds_alternative<Inactive>(replacement)) {
        inactive = true;
        continue;
      }
      const auto* value = std::get_if<std::string>(&replacement);
      out += value != nullptr ? *value : std::string(given.substr(use.offset, use.length));
    }
    return out + unescaped(given.substr(done));
  }

 private:
  /// `$${` to `${`.
  static std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.substr(i, 3) == "$${") ++i;
      out += text[i];
    }
    return out;
  }

  std::optional<ExpandError> argument(const std::vector<std::string>& given, std::size_t i) {
    const std::string& element = given[i];
    const auto uses = find_placeholders(element);
    const bool whole = is_whole(element, uses);
    if (whole && add_macro(uses[0].name)) return std::nullopt;
    bool inactive = false;
    Text expanded = text(element, inactive);
    if (const auto* wrong = std::get_if<ExpandError>(&expanded)) return *wrong;
    if (inactive) {
      const bool flag_before = whole && i > 0 && given[i - 1].size() > 1 &&
                               given[i - 1][0] == '-' && find_placeholders(given[i - 1]).empty() &&
                               !out_.empty();
      if (flag_before) out_.pop_back();
      return std::nullopt;
    }
    // A sweep's agent drops a whole element that it does not know; loading has said so.
    if (whole && std::holds_alternative<Missing>(look_up(uses[0].name))) return std::nullopt;
    out_.push_back(std::get<std::string>(std::move(expanded)));
    return std::nullopt;
  }

  /// The macros that stand for any number of arguments; false if it is none.
  bool add_macro(const std::string& name) {
    if (name == "env") {
      out_.emplace_back("/usr/bin/env");
    } else if (name == "args_json") {
      out_.push_back(args_json());
    } else if (name == "args_json_file") {
      out_.push_back(context_.trial_dir + "/config.json");
    } else if (name.compare(0, 4, "args") == 0 &&
               std::any_of(placeholders().begin(), placeholders().end(),
                           [&](const PlaceholderInfo& p) { return p.name == name; })) {
      for (const Parameter& parameter : spec_.space.parameters()) {
        const Value* value = context_.config.get(parameter.name);
        if (value != nullptr && !parameter.is_feature()) add_flag(name, parameter.name, *value);
      }
    } else {
      return false;
    }
    return true;
  }

  void add_flag(const std::string& form, const std::string& name, const Value& value) {
    const std::string text = parameter_text(spec_, name, value);
    if (form == "args_no_equals") {
      out_.push_back("--" + name);
      out_.push_back(text);
    } else if (form == "args_no_hyphens") {
      out_.push_back(name + "=" + text);
    } else if (form == "args_append_hydra") {
      out_.push_back("+" + name + "=" + text);
    } else if (form == "args_override_hydra") {
      out_.push_back("++" + name + "=" + text);
    } else if (form == "args_no_boolean_flags" && value.is_bool()) {
      if (value.as_bool()) out_.push_back("--" + name);
    } else {
      out_.push_back("--" + name + "=" + text);
    }
  }

  std::string args_json() const { return python_json(nested_config(spec_, context_.config)); }

  Replacement look_up(const std::string& name) const {
    if (name.compare(0, kEnvironmentPrefix.size(), kEnvironmentPrefix) == 0) {
      const std::string variable = name.substr(kEnvironmentPrefix.size());
      const auto value = context_.environment ? context_.environment(variable) : std::nullopt;
      return value.value_or(variable);  // an unset variable gives its name, as in a sweep
    }
    if (name == "program") return spec_.command.program;
    if (name == "interpreter") return context_.interpreter;
    if (spec_.space.index_of(name) >= 0) {
      const Value* value = context_.config.get(name);
      if (value == nullptr) return Inactive{};
      return parameter_text(spec_, name, *value);
    }
    if (name == "seed") return std::to_string(context_.seed);
    if (name == "trial") return std::to_string(context_.trial);
    if (name == "trial_dir") return context_.trial_dir;
    if (name == "gpu") return context_.gpu;
    if (name == "fidelity") return fidelity();
    if (name == "checkpoint") {
      if (!context_.checkpoint)
        return ExpandError{"${checkpoint} has no value: this run starts from the beginning"};
      return *context_.checkpoint;
    }
    if (name == "port") {
      if (!context_.port) return ExpandError{"${port} has no value: no free port was found"};
      return std::to_string(*context_.port);
    }
    return Missing{};
  }

  Replacement fidelity() const {
    if (context_.fidelity) return number_text(*context_.fidelity);
    if (spec_.fidelity && spec_.fidelity->max) return number_text(*spec_.fidelity->max);
    return ExpandError{"${fidelity} has no value: fidelity.max says how far a full run goes"};
  }

  const StudySpec& spec_;
  const ExpandContext& context_;
  std::vector<std::string> out_;
};

template <class Visit>
void for_each_text(const StudySpec& spec, const Visit& visit) {
  const Command& command = spec.command;
  for (const std::string& text : command.argv) visit(text);
  for (const std::string& text : command.stop_command) visit(text);
  for (const auto& [name, text] : command.env) visit(text);
  for (const ConfigFile& file : command.files) {
    visit(file.from);
    visit(file.to);
    for (const auto& [path, text] : file.set) visit(text);
  }
  if (spec.checkpoint) {
    visit(spec.checkpoint->path);
    for (const std::string& text : spec.checkpoint->args) visit(text);
  }
  for (const std::string& text : spec.metric_source.files) visit(text);
}

}  // namespace

std::vector<PlaceholderUse> find_placeholders(std::string_view text) {
  std::vector<PlaceholderUse> uses;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '$' || text[i + 1] != '{') continue;
    if (i > 0 && text[i - 1] == '$') continue;  // $${: literal
    const std::size_t close = text.find('}', i);
    if (close == std::string_view::npos) break;
    uses.push_back({i, close + 1 - i, std::string(text.substr(i + 2, close - i - 2))});
    i = close;
  }
  return uses;
}

std::variant<std::vector<std::string>, ExpandError> expand_arguments(
    const std::vector<std::string>& arguments, const StudySpec& spec,
    const ExpandContext& context) {
  return Expander(spec, context).arguments(arguments);
}

std::variant<std::vector<std::string>, ExpandError> expand_command(const StudySpec& spec,
                                                                   const ExpandContext& context) {
  std::vector<std::string> arguments = spec.command.argv;
  if (spec.checkpoint && context.checkpoint) {
    arguments.insert(arguments.end(), spec.checkpoint->args.begin(), spec.checkpoint->args.end());
  }
  return expand_arguments(arguments, spec, context);
}

std::variant<std::string, ExpandError> expand_text(std::string_view text, const StudySpec& spec,
                                                   const ExpandContext& context) {
  bool inactive = false;
  Text expanded = Expander(spec, context).text(text, inactive);
  if (inactive) {
    return ExpandError{
        fmt::format("'{}' names a parameter that is not active in this configuration", text)};
  }
  return expanded;
}

std::variant<std::optional<Value>, ExpandError> expand_value(std::string_view text,
                                                             const StudySpec& spec,
                                                             const ExpandContext& context) {
  const auto uses = find_placeholders(text);
  if (is_whole(text, uses) && spec.space.index_of(uses[0].name) >= 0) {
    const Value* value = context.config.get(uses[0].name);
    if (value == nullptr) return std::optional<Value>();
    return std::optional<Value>(*value);
  }
  bool inactive = false;
  Text expanded = Expander(spec, context).text(text, inactive);
  if (const auto* wrong = std::get_if<ExpandError>(&expanded)) return *wrong;
  if (inactive) return std::optional<Value>();
  const std::string& plain = std::get<std::string>(expanded);
  if (uses.empty() || is_whole(text, uses)) return std::optional<Value>(literal_value(plain));
  return std::optional<Value>(Value(plain));
}

bool command_uses(const StudySpec& spec, std::string_view name) {
  bool found = false;
  for_each_text(spec, [&](const std::string& text) {
    for (const PlaceholderUse& use : find_placeholders(text)) found = found || use.name == name;
  });
  return found;
}

std::string parameter_text(const StudySpec& spec, std::string_view name, const Value& value) {
  const int index = spec.space.index_of(name);
  if (index >= 0 && value.is_number()) {
    const Domain& domain = spec.space.parameter(index).domain;
    if (const auto* choice = std::get_if<Choice>(&domain)) {
      const int item = choice->index_of(value);
      if (item >= 0) return choice->items[static_cast<std::size_t>(item)].text;
    }
    if (const auto* fixed = std::get_if<Fixed>(&domain);
        fixed != nullptr && same_value(fixed->value, value)) {
      return fixed->text;
    }
  }
  return argument_text(value, spec.command.bool_style);
}

std::string find_interpreter(
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const std::function<bool(const std::string&)>& exists) {
  if (!environment) return "python3";
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const auto folder = environment(variable);
    if (!folder || folder->empty()) continue;
    const std::string python = *folder + "/bin/python";
    if (exists(python)) return python;
  }
  const std::string path = environment("PATH").value_or("");
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t to = std::min(path.find(':', from), path.size());
    if (to > from && exists(path.substr(from, to - from) + "/python")) return "python";
    from = to + 1;
  }
  return "python3";
}

}  // namespace hone
