// A configuration file as a tree with places, the same for all formats.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hone/base/value.h"
#include "hone/study/config_files.h"

namespace hone {

struct ConfigNode {
  enum class Kind { scalar, list, map };
  Kind kind = Kind::scalar;
  TextSpan span;             ///< what a new value replaces
  std::string lead;          ///< to write before the new value (a blank behind a colon)
  std::string blocked;       ///< why neither it nor anything in it can be replaced; empty: it can
  std::string blocked_here;  ///< why it cannot be replaced, though what is in it can
  Value value;               ///< of a scalar
  std::vector<std::pair<std::string, ConfigNode>> members;
  std::vector<ConfigNode> items;
};

using ConfigTree = std::variant<ConfigNode, Diagnostic>;
ConfigTree parse_yaml_config(std::string_view text);
ConfigTree parse_json_config(std::string_view text);
ConfigTree parse_toml_config(std::string_view text);

/// A value in the format's notation, on one line. nullopt where the format lacks it (null in TOML).
std::optional<std::string> write_config_value(const Value& value, ConfigFormat format);

/// The whole tree as a value, to compare what was written with what was meant.
Value config_tree_value(const ConfigNode& node);

}  // namespace hone
