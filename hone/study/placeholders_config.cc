// What a run is told besides its arguments: HONE_PARAM_* variables, config.json, wandb's parameter
// file.
#include <algorithm>

#include "hone/study/placeholders.h"
#include "hone/study/placeholders_text.h"

namespace hone {
namespace {

bool is_flat(const StudySpec& spec, const std::string& name) {
  const auto& flat = spec.command.flat_names;
  return std::find(flat.begin(), flat.end(), name) != flat.end();
}

/// Sets `value` at the dotted path, making maps on the way. Where a shorter name holds a value
/// already the rest stays one key.
void set_nested(Value& map, std::string_view path, const Value& value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    map.set(path, value);
    return;
  }
  const std::string_view head = path.substr(0, dot);
  const Value* held = map.find(head);
  if (held != nullptr && !held->is_map()) {
    map.set(path, value);
    return;
  }
  if (held == nullptr) map.set(head, Value(Value::Map{}));
  for (auto& [name, member] : map.as_map()) {
    if (name == head) return set_nested(member, path.substr(dot + 1), value);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parameter_environment(const StudySpec& spec,
                                                                       const Config& config) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Parameter& parameter : spec.space.parameters()) {
    const Value* value = config.get(parameter.name);
    if (value == nullptr || parameter.is_feature()) continue;
    std::string name = "HONE_PARAM_" + parameter.name;
    for (char& c : name) {
      const bool plain =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (!plain) c = '_';
    }
    out.emplace_back(std::move(name), parameter_text(spec, parameter.name, *value));
  }
  return out;
}

Value nested_config(const StudySpec& spec, const Config& config) {
  Value out{Value::Map{}};
  for (const Parameter& parameter : spec.space.parameters()) {
    const Value* value = config.get(parameter.name);
    if (value == nullptr || parameter.is_feature()) continue;
    if (is_flat(spec, parameter.name))
      out.set(parameter.name, *value);
    else
      set_nested(out, parameter.name, *value);
  }
  return out;
}

std::string config_json(const StudySpec& spec, const Config& config) {
  return nested_config(spec, config).dump() + "\n";
}

std::string wandb_parameter_file(const StudySpec& spec, const Config& config) {
  std::string out = "wandb_version: 1\n";
  const Value nested = nested_config(spec, config);
  for (const auto& [name, value] : nested.as_map()) {
    out += Value(name).dump() + ":\n  value: " + yaml_flow_text(value) + "\n";
  }
  return out;
}

}  // namespace hone
