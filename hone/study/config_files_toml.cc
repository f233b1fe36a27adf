// TOML 1.0 by toml++, whose nodes carry their source region (lines, and columns in code points).
#include <fmt/core.h>

#include <toml++/toml.h>
#include <sstream>

#include "hone/study/config_files_tree.h"

namespace hone {
namespace {

class TomlReader {
 public:
  explicit TomlReader(std::string_view text) : text_(text), lines_(text) {}

  ConfigNode read(const toml::node& node) const {
    ConfigNode out;
    out.span = {offset_of(node.source().begin), offset_of(node.source().end)};
    if (const toml::table* table = node.as_table()) {
      out.kind = ConfigNode::Kind::map;
      for (const auto& [key, value] : *table)
        out.members.emplace_back(std::string(key.str()), read(value));
    } else if (const toml::array* array = node.as_array()) {
      out.kind = ConfigNode::Kind::list;
      for (const toml::node& item : *array) out.items.push_back(read(item));
    } else {
      out.value = scalar(node);
    }
    return out;
  }

  Diagnostic diagnostic(const toml::parse_error& error) const {
    const std::size_t at = offset_of(error.source().begin);
    return lines_.at({at, at + 1}, Severity::error,
                     "this is no TOML: " + std::string(error.description()));
  }

 private:
  std::size_t offset_of(const toml::source_position& position) const {
    std::size_t at = lines_.line_start(static_cast<int>(position.line));
    for (std::size_t column = 1; column < position.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0U) == 0x80U) ++at;
    }
    return at;
  }

  static Value scalar(const toml::node& node) {
    if (const auto* x = node.as_integer()) return Value(x->get());
    if (const auto* x = node.as_floating_point()) return Value(x->get());
    if (const auto* x = node.as_boolean()) return Value(x->get());
    if (const auto* x = node.as_string()) return Value(x->get());
    std::ostringstream out;  // dates and times
    node.visit([&](const auto& n) {
      if constexpr (!toml::is_table<decltype(n)> && !toml::is_array<decltype(n)>) out << n.get();
    });
    return Value(out.str());
  }

  std::string_view text_;
  LineIndex lines_;
};

void shift_spans(ConfigNode& node, std::size_t by) {
  node.span.begin += by;
  node.span.end += by;
  for (auto& [name, member] : node.members) shift_spans(member, by);
  for (ConfigNode& item : node.items) shift_spans(item, by);
}

/// Tables made by headers or dotted keys, and arrays of them, have no text of their own to replace.
void block_tables(ConfigNode& node, const toml::node& source, bool root) {
  if (const toml::table* table = source.as_table()) {
    if (!table->is_inline() && !root) node.blocked_here = "is a table: set the keys in it";
    std::size_t i = 0;
    for (const auto& [key, value] : *table) block_tables(node.members[i++].second, value, false);
  } else if (const toml::array* array = source.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      block_tables(node.items[i], *array->get(i), false);
      if (array->get(i)->is_table() && !array->get(i)->as_table()->is_inline()) {
        node.blocked_here = "is an array of tables: set the keys in them";
      }
    }
  }
}

}  // namespace

ConfigTree parse_toml_config(std::string_view text) {
  const std::size_t mark = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  const std::string_view body = text.substr(mark);
  const TomlReader reader(body);
  try {
    const toml::table table = toml::parse(body);
    ConfigNode root = reader.read(table);
    block_tables(root, table, true);
    if (mark > 0) shift_spans(root, mark);
    return root;
  } catch (const toml::parse_error& error) {
    return reader.diagnostic(error);
  }
}

}  // namespace hone
