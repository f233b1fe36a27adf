// YAML: places from the loader's tree. A container in block style is replaced from behind its key's
// colon, so that the new value may stand on the key's line whatever the indentation was.
#include <algorithm>

#include "hone/study/config_files_tree.h"
#include "hone/study/placeholders_text.h"
#include "hone/study/yaml.h"

namespace hone {
namespace {

ConfigNode from_yaml(const YamlNode& node, std::string_view text, std::size_t offset) {
  ConfigNode out;
  out.span = {node.span.begin + offset, node.span.end + offset};
  if (node.span.begin == node.span.end) out.lead = " ";  // nothing stands behind the colon
  if (node.aliased)
    out.blocked = "is an alias (*name): set it where its anchor stands, or write the value out";
  if (node.is_sequence()) {
    out.kind = ConfigNode::Kind::list;
    for (const YamlNode& item : node.items) out.items.push_back(from_yaml(item, text, offset));
  } else if (node.is_map()) {
    out.kind = ConfigNode::Kind::map;
    for (const YamlMember& member : node.members) {
      ConfigNode value = from_yaml(member.value, text, offset);
      const bool block =
          member.value.block && (member.value.is_map() || member.value.is_sequence());
      if (block && !member.value.aliased && !member.merged) {
        const std::size_t colon = text.find(':', member.key_span.end);
        value.span.begin = colon + 1 + offset;
        value.lead = " ";
      }
      if (member.merged)
        value.blocked =
            "comes from a merge (<<): set it where its anchor stands, or write the key out";
      out.members.emplace_back(member.key, std::move(value));
    }
  } else {
    out.value = resolve_scalar(node);
  }
  return out;
}

}  // namespace

ConfigTree parse_yaml_config(std::string_view text) {
  std::vector<Diagnostic> diagnostics;
  const auto root = load_yaml(text, diagnostics);
  if (has_errors(diagnostics)) return diagnostics.front();
  const std::string_view body = without_byte_order_mark(text);
  return from_yaml(*root, body, text.size() - body.size());
}

}  // namespace hone
