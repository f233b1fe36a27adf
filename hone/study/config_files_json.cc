// JSON (RFC 8259) with places, which Value::parse does not give: the text is scanned here; values
// of scalars are read there.
#include <fmt/core.h>

#include "hone/study/config_files_tree.h"
#include "hone/study/placeholders_text.h"
#include "hone/study/yaml.h"

namespace hone {
namespace {

constexpr int kMaxDepth = 200;

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  ConfigTree scan() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    skip_blanks();
    ConfigNode root;
    if (!value(root, 0)) return std::move(error_);
    skip_blanks();
    if (at_ < text_.size()) {
      fail("nothing may follow the value");
      return std::move(error_);
    }
    return root;
  }

 private:
  bool fail(std::string message) {
    error_ = LineIndex(text_).at({at_, at_ + 1}, Severity::error,
                                 "this is no JSON: " + std::move(message));
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  bool value(ConfigNode& node, int depth) {
    if (depth > kMaxDepth) return fail("nested too deep");
    node.span.begin = at_;
    bool good = false;
    if (peek() == '{')
      good = object(node, depth);
    else if (peek() == '[')
      good = array(node, depth);
    else
      good = scalar(node);
    node.span.end = at_;
    return good;
  }

  bool object(ConfigNode& node, int depth) {
    node.kind = ConfigNode::Kind::map;
    ++at_;
    skip_blanks();
    if (peek() == '}') return ++at_, true;
    while (true) {
      if (peek() != '"')
        return fail(peek() == '}' ? "a comma stands before '}'"
                                  : "a key in double quotes is missing");
      ConfigNode key;
      if (!scalar(key)) return false;
      skip_blanks();
      if (peek() != ':') return fail("a ':' is missing");
      ++at_;
      skip_blanks();
      for (const auto& [name, member] : node.members) {
        if (name == key.value.as_string())
          return fail(fmt::format("the key '{}' is given twice", name));
      }
      node.members.emplace_back(key.value.as_string(), ConfigNode{});
      if (!value(node.members.back().second, depth + 1)) return false;
      skip_blanks();
      if (peek() == '}') return ++at_, true;
      if (peek() != ',') return fail("a ',' or '}' is missing");
      ++at_;
      skip_blanks();
    }
  }

  bool array(ConfigNode& node, int depth) {
    node.kind = ConfigNode::Kind::list;
    ++at_;
    skip_blanks();
    if (peek() == ']') return ++at_, true;
    while (true) {
      if (!value(node.items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      if (peek() == ']') return ++at_, true;
      if (peek() != ',') return fail("a ',' or ']' is missing");
      ++at_;
      skip_blanks();
    }
  }

  bool scalar(ConfigNode& node) {
    const std::size_t begin = at_;
    std::size_t end = at_;
    if (peek() == '"') {
      for (++end; end < text_.size() && text_[end] != '"' && text_[end] != '\n'; ++end) {
        if (text_[end] == '\\') ++end;
      }
      if (end >= text_.size() || text_[end] != '"') return fail("this text is not closed");
      ++end;
    } else {
      while (end < text_.size() &&
             std::string_view(" \t\r\n,]}:").find(text_[end]) == std::string_view::npos)
        ++end;
    }
    const auto parsed = Value::parse(text_.substr(begin, end - begin));
    if (!parsed || parsed->is_list() || parsed->is_map())
      return fail(end == begin ? "a value is missing" : "this is no value");
    node.value = *parsed;
    node.span = {begin, end};
    at_ = end;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Diagnostic error_;
};

std::string json_text(const Value& value) {
  if (value.is_double()) {
    const double x = value.as_number();
    return x - x == 0 ? python_float(x)
                      : value.dump();  // NaN, Infinity as Python's json writes them
  }
  if (value.is_list()) {
    std::string out;
    for (const Value& item : value.as_list()) out += (out.empty() ? "" : ", ") + json_text(item);
    return "[" + out + "]";
  }
  if (value.is_map()) {
    std::string out;
    for (const auto& [name, member] : value.as_map())
      out += (out.empty() ? "" : ", ") + Value(name).dump() + ": " + json_text(member);
    return "{" + out + "}";
  }
  return value.dump();
}

/// A text that YAML, also 1.1, takes for the same text without quotes.
bool is_plain_text(const std::string& text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
  };
  if (text.empty() || !letter(text.front())) return false;
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '.') return false;
  }
  const Value here = literal_value(text);
  const auto there = resolve_yaml11(text);
  return here.is_string() && there && there->is_string();
}

std::optional<std::string> toml_text(const Value& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_double()) return python_float(value.as_number());
  if (value.is_list()) {
    std::string out;
    for (const Value& item : value.as_list()) {
      const auto text = toml_text(item);
      if (!text) return std::nullopt;
      out += (out.empty() ? "" : ", ") + *text;
    }
    return "[" + out + "]";
  }
  if (value.is_map()) {
    std::string out;
    for (const auto& [name, member] : value.as_map()) {
      const auto text = toml_text(member);
      if (!text) return std::nullopt;
      out += (out.empty() ? " " : ", ") + Value(name).dump() + " = " + *text;
    }
    return out.empty() ? "{}" : "{" + out + " }";
  }
  return value.dump();
}

}  // namespace

ConfigTree parse_json_config(std::string_view text) { return JsonScanner(text).scan(); }

std::optional<std::string> write_config_value(const Value& value, ConfigFormat format) {
  if (format == ConfigFormat::json) return json_text(value);
  if (format == ConfigFormat::toml) return toml_text(value);
  if (value.is_string() && is_plain_text(value.as_string())) return value.as_string();
  return yaml_flow_text(value);
}

}  // namespace hone
