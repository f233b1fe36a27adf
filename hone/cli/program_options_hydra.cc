// Hydra prints the composed configuration as YAML: every leaf of it is an option, a.b=value.
#include "hone/base/text.h"
#include "hone/cli/program_options.h"
#include "hone/study/yaml.h"

namespace hone::cli {
namespace {

using Kind = ProgramOption::Kind;

constexpr std::size_t kMostLeaves = 2000;

Kind kind_of(const Value& value) {
  if (value.is_bool()) return Kind::boolean;
  if (value.is_int()) return Kind::integer;
  if (value.is_double()) return Kind::real;
  if (value.is_list() || value.is_map()) return Kind::list;
  return value.is_null() ? Kind::unknown : Kind::text;
}

void add_leaves(const YamlNode& node, const std::string& path, ProgramHelp& into) {
  if (into.options.size() >= kMostLeaves) return;
  if (node.is_map() && !node.members.empty()) {
    for (const YamlMember& member : node.members) {
      if (!member.key.starts_with('_'))  // _target_ and the like are not values
        add_leaves(member.value, path.empty() ? member.key : path + "." + member.key, into);
    }
    return;
  }
  if (path.empty() || node.text.starts_with("${")) return;  // follows another value
  ProgramOption option;
  option.name = path;
  option.required = node.is_scalar() && node.text == "???";
  option.kind = kind_of(node.is_scalar() ? resolve_scalar(node) : to_value(node));
  if (node.is_scalar() && !option.required) option.default_text = node.text;
  into.options.push_back(std::move(option));
}

/// "model: cnn, mlp" of the groups: model=cnn chooses one.
void add_group(std::string_view line, ProgramHelp& into) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return;
  ProgramOption group;
  group.name = std::string(trim(line.substr(0, colon)));
  group.kind = Kind::text;
  for (const std::string_view one : split(line.substr(colon + 2), ','))
    group.choices.emplace_back(trim(one));
  group.help = "a group of settings";
  into.options.push_back(std::move(group));
}

}  // namespace

std::optional<ProgramHelp> read_hydra_help(std::string_view text) {
  const std::size_t config = text.find("== Config ==");
  if (config == std::string_view::npos) return std::nullopt;
  ProgramHelp help;
  help.hydra = true;
  std::string yaml;
  bool inside = false;
  for (const std::string_view line : split(text.substr(config), '\n')) {
    if (line.starts_with("Powered by Hydra")) break;
    if (inside) yaml += std::string(line) + "\n";
    if (line.starts_with("Override anything")) inside = true;
  }
  std::vector<Diagnostic> diagnostics;
  const auto tree = load_yaml(yaml, diagnostics);
  if (!tree || !tree->is_map()) return std::nullopt;
  add_leaves(*tree, "", help);
  bool groups = false;
  for (const std::string_view line : split(text.substr(0, config), '\n')) {
    if (line.starts_with("Compose your configuration"))
      groups = true;
    else if (groups)
      add_group(line, help);
  }
  return help;
}

}  // namespace hone::cli
