// Paths, replacing, and the check of the result; the formats are in files of their own.
#include "hone/study/config_files.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/config_files_tree.h"

namespace hone {
namespace {

constexpr std::size_t kMaxPaths = 10'000;  // looked through for a near one

struct Step {
  std::string key;
  bool index = false;  // written in brackets
};

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 9 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// nullopt for a path that is not well formed.
std::optional<std::vector<Step>> steps_of(std::string_view path) {
  std::vector<Step> steps;
  std::size_t i = 0;
  bool want_key = true;
  while (i < path.size()) {
    if (path[i] == '[') {
      const std::size_t close = path.find(']', i);
      if (close == std::string_view::npos || !is_number(path.substr(i + 1, close - i - 1)))
        return std::nullopt;
      steps.push_back({std::string(path.substr(i + 1, close - i - 1)), true});
      i = close + 1;
      want_key = false;
      continue;
    }
    if (!want_key) {
      if (path[i] != '.') return std::nullopt;
      ++i;
    }
    if (i >= path.size()) return std::nullopt;
    if (path[i] == '"' || path[i] == '\'') {
      const std::size_t close = path.find(path[i], i + 1);
      if (close == std::string_view::npos) return std::nullopt;
      steps.push_back({std::string(path.substr(i + 1, close - i - 1)), false});
      i = close + 1;
    } else {
      const std::size_t end = std::min(path.find_first_of(".[", i), path.size());
      if (end == i) return std::nullopt;
      steps.push_back({std::string(path.substr(i, end - i)), false});
      i = end;
    }
    want_key = false;
  }
  if (steps.empty()) return std::nullopt;
  return steps;
}

/// The child a step names, or null.
ConfigNode* child(ConfigNode& node, const Step& step) {
  if (node.kind == ConfigNode::Kind::list && is_number(step.key)) {
    const auto index = static_cast<std::size_t>(std::stoul(step.key));
    return index < node.items.size() ? &node.items[index] : nullptr;
  }
  if (node.kind != ConfigNode::Kind::map || step.index) return nullptr;
  for (auto& [name, member] : node.members) {
    if (name == step.key) return &member;
  }
  return nullptr;
}

struct Found {
  ConfigNode* node = nullptr;
  std::size_t missing = 0;  // the first step that is not there
  std::string blocked;
};

Found find(ConfigNode& root, const std::vector<Step>& steps) {
  Found found{&root, steps.size(), ""};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    ConfigNode* next = child(*found.node, steps[i]);
    if (next == nullptr) {
      found.missing = i;
      return found;
    }
    found.node = next;
    if (found.blocked.empty()) found.blocked = next->blocked;
  }
  return found;
}

std::string quoted_key(const std::string& key) {
  return key.find_first_of(".[") == std::string::npos ? key : "\"" + key + "\"";
}

void collect_paths(const ConfigNode& node, const std::string& prefix,
                   std::vector<std::string>& out) {
  for (const auto& [name, member] : node.members) {
    if (out.size() >= kMaxPaths) return;
    const std::string path = prefix.empty() ? quoted_key(name) : prefix + "." + quoted_key(name);
    out.push_back(path);
    collect_paths(member, path, out);
  }
  for (std::size_t i = 0; i < node.items.size() && out.size() < kMaxPaths; ++i) {
    const std::string path = fmt::format("{}[{}]", prefix, i);
    out.push_back(path);
    collect_paths(node.items[i], path, out);
  }
}

/// What the place holds instead of the step that is missing.
std::string why_missing(const ConfigNode& node, const Step& step, const std::string& where) {
  if (node.kind == ConfigNode::Kind::list) {
    return is_number(step.key) ? fmt::format("{} has {} item{}, counted from 0", where,
                                             node.items.size(), node.items.size() == 1 ? "" : "s")
                               : fmt::format("{} is a list: write {}[0]", where, where);
  }
  if (node.kind == ConfigNode::Kind::scalar) return fmt::format("{} is a single value", where);
  std::vector<std::string> names;
  for (const auto& [name, member] : node.members) {
    names.push_back(name);
    if (names.size() == 12) break;
  }
  const std::string more = node.members.size() > names.size() ? ", …" : "";
  return names.empty() ? fmt::format("{} is empty", where)
                       : fmt::format("{} has {}{}", where, join(names, ", "), more);
}

ConfigEditError missing_path(ConfigNode& root, const std::string& path,
                             const std::vector<Step>& steps, const Found& found, int index) {
  ConfigEditError error;
  error.edit = index;
  std::string where;
  for (std::size_t i = 0; i < found.missing; ++i) {
    where += steps[i].index ? "[" + steps[i].key + "]"
                            : (where.empty() ? "" : ".") + quoted_key(steps[i].key);
  }
  error.message =
      fmt::format("there is no {} in the file: {}", path,
                  why_missing(*found.node, steps[found.missing], where.empty() ? "it" : where));
  std::vector<std::string> paths;
  collect_paths(root, "", paths);
  std::erase_if(paths, [&](const std::string& p) {
    return path.compare(0, p.size(), p) == 0;
  });  // what contains it
  std::optional<std::string> near = nearest_name(path, paths);
  if (!near) {  // the same last key elsewhere
    const std::string tail = "." + quoted_key(steps.back().key);
    for (const std::string& candidate : paths) {
      if (candidate.size() > tail.size() &&
          candidate.compare(candidate.size() - tail.size(), tail.size(), tail) == 0) {
        near = candidate;
        break;
      }
    }
  }
  error.fix =
      near ? fmt::format("did you mean {}?", *near) : "add the key to the file, with any value";
  return error;
}

ConfigTree parse(std::string_view text, ConfigFormat format) {
  switch (format) {
    case ConfigFormat::yaml:
      return parse_yaml_config(text);
    case ConfigFormat::json:
      return parse_json_config(text);
    case ConfigFormat::toml:
      return parse_toml_config(text);
  }
  return parse_yaml_config(text);
}

void set_value(ConfigNode& node, const Value& value) {
  node = ConfigNode{};
  if (value.is_list()) {
    node.kind = ConfigNode::Kind::list;
    for (const Value& item : value.as_list()) set_value(node.items.emplace_back(), item);
  } else if (value.is_map()) {
    node.kind = ConfigNode::Kind::map;
    for (const auto& [name, member] : value.as_map())
      set_value(node.members.emplace_back(name, ConfigNode{}).second, member);
  } else {
    node.value = value;
  }
}

/// The values at a place: an anchor's stand where its aliases do, too.
void set_everywhere(ConfigNode& node, TextSpan span, const Value& value) {
  if (node.span.begin == span.begin && node.span.end == span.end) {
    set_value(node, value);
    node.span = span;
    return;
  }
  for (auto& [name, member] : node.members) set_everywhere(member, span, value);
  for (ConfigNode& item : node.items) set_everywhere(item, span, value);
}

/// Texts and numbers may change their notation, not their meaning.
bool same_tree(const Value& a, const Value& b) {
  if (a.is_list() && b.is_list()) {
    return a.as_list().size() == b.as_list().size() &&
           std::equal(a.as_list().begin(), a.as_list().end(), b.as_list().begin(), same_tree);
  }
  if (a.is_map() && b.is_map()) {
    const auto same_member = [](const auto& x, const auto& y) {
      return x.first == y.first && same_tree(x.second, y.second);
    };
    return a.as_map().size() == b.as_map().size() &&
           std::equal(a.as_map().begin(), a.as_map().end(), b.as_map().begin(), same_member);
  }
  return same_value(a, b) || a.dump() == b.dump();  // NaN
}

struct Replacement {
  TextSpan span;
  std::string text;
};

ConfigEditError plain_error(int edit, std::string message, std::string fix = "") {
  ConfigEditError error;
  error.edit = edit;
  error.message = std::move(message);
  error.fix = std::move(fix);
  return error;
}

/// Finds one edit's place. The value is put into `wanted`, the tree that the result must read as.
std::variant<Replacement, ConfigEditError> plan(ConfigNode& root, ConfigNode& wanted,
                                                const ConfigEdit& edit, ConfigFormat format,
                                                int index) {
  const auto steps = steps_of(edit.path);
  if (!steps) {
    return plain_error(index, fmt::format("'{}' is no path", edit.path),
                       "write optimizer.lr, layers[0].dim or \"a.b\".c");
  }
  const Found found = find(root, *steps);
  if (found.missing < steps->size()) return missing_path(root, edit.path, *steps, found, index);
  if (!found.blocked.empty())
    return plain_error(index, fmt::format("{} {}", edit.path, found.blocked));
  if (!found.node->blocked_here.empty())
    return plain_error(index, fmt::format("{} {}", edit.path, found.node->blocked_here));
  const auto text = write_config_value(edit.value, format);
  if (!text) return plain_error(index, fmt::format("{}: the format has no null", edit.path));
  const Found target = find(wanted, *steps);
  if (target.missing < steps->size())
    return plain_error(index, fmt::format("{} lies within another path that is set", edit.path));
  set_everywhere(wanted, found.node->span, edit.value);
  return Replacement{found.node->span, found.node->lead + *text};
}

}  // namespace

std::optional<ConfigFormat> config_format_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::string_view end =
      dot == std::string_view::npos ? std::string_view() : path.substr(dot);
  if (end == ".yaml" || end == ".yml") return ConfigFormat::yaml;
  if (end == ".json") return ConfigFormat::json;
  if (end == ".toml") return ConfigFormat::toml;
  return std::nullopt;
}

Value config_tree_value(const ConfigNode& node) {
  if (node.kind == ConfigNode::Kind::list) {
    Value::List list;
    for (const ConfigNode& item : node.items) list.push_back(config_tree_value(item));
    return Value(std::move(list));
  }
  if (node.kind == ConfigNode::Kind::map) {
    Value::Map map;
    for (const auto& [name, member] : node.members)
      map.emplace_back(name, config_tree_value(member));
    return Value(std::move(map));
  }
  return node.value;
}

std::variant<std::string, ConfigEditError> edit_config(std::string_view text, ConfigFormat format,
                                                       std::span<const ConfigEdit> edits) {
  ConfigTree tree = parse(text, format);
  if (const auto* wrong = std::get_if<Diagnostic>(&tree)) {
    ConfigEditError error = plain_error(-1, wrong->message, wrong->fix);
    error.place = *wrong;
    return error;
  }
  auto& root = std::get<ConfigNode>(tree);
  ConfigNode wanted = root;
  std::vector<Replacement> replacements;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    auto planned = plan(root, wanted, edits[i], format, static_cast<int>(i));
    if (auto* error = std::get_if<ConfigEditError>(&planned)) return std::move(*error);
    replacements.push_back(std::get<Replacement>(std::move(planned)));
  }
  std::stable_sort(
      replacements.begin(), replacements.end(),
      [](const Replacement& a, const Replacement& b) { return a.span.begin > b.span.begin; });
  std::string out(text);
  for (const Replacement& r : replacements)
    out.replace(r.span.begin, r.span.end - r.span.begin, r.text);
  ConfigTree again = parse(out, format);
  const auto* result = std::get_if<ConfigNode>(&again);
  if (result == nullptr || !same_tree(config_tree_value(*result), config_tree_value(wanted))) {
    return plain_error(
        -1, "the values cannot be set without changing something else in the file",
        "write the values that are set on lines of their own, without anchors or tags");
  }
  return out;
}

std::optional<Value> config_value(std::string_view text, ConfigFormat format,
                                  std::string_view path) {
  ConfigTree tree = parse(text, format);
  auto* root = std::get_if<ConfigNode>(&tree);
  const auto steps = steps_of(path);
  if (root == nullptr || !steps) return std::nullopt;
  const Found found = find(*root, *steps);
  if (found.missing < steps->size()) return std::nullopt;
  return config_tree_value(*found.node);
}

std::variant<std::string, ExpandError> expand_config_file(const ConfigFile& file,
                                                          std::string_view text,
                                                          const StudySpec& spec,
                                                          const ExpandContext& context) {
  const auto format = config_format_of(file.from);
  if (!format)
    return ExpandError{
        fmt::format("{}: only .yaml, .yml, .json and .toml files can be edited", file.from)};
  std::vector<ConfigEdit> edits;
  for (const auto& [path, source] : file.set) {
    auto value = expand_value(source, spec, context);
    if (const auto* wrong = std::get_if<ExpandError>(&value))
      return ExpandError{fmt::format("{}: {}: {}", file.from, path, wrong->message)};
    if (auto& known = std::get<std::optional<Value>>(value))
      edits.push_back({path, std::move(*known)});
  }
  auto edited = edit_config(text, *format, edits);
  if (const auto* error = std::get_if<ConfigEditError>(&edited)) {
    const std::string place =
        error->place.line > 0 ? fmt::format(":{}:{}", error->place.line, error->place.column) : "";
    return ExpandError{fmt::format("{}{}: {}{}{}", file.from, place, error->message,
                                   error->fix.empty() ? "" : "; ", error->fix)};
  }
  return std::get<std::string>(std::move(edited));
}

}  // namespace hone
