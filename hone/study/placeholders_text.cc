// Python's float repr: the shortest digits that read back the same, in positional form for
// exponents −4 ≤ e < 16, else with an exponent of at least two digits. Strings inside of lists and
// maps are written with repr()'s quotes.
#include "hone/study/placeholders_text.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "hone/study/yaml.h"

namespace hone {
namespace {

std::string python_string(const std::string& text) {
  const bool single = text.find('\'') == std::string::npos || text.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (c == quote) out += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out + quote;
}

std::string text_of(const Value& value, BoolStyle style, bool inside) {
  const bool python = style == BoolStyle::python;
  if (value.is_null()) return python ? "None" : "null";
  if (value.is_bool()) {
    if (python) return value.as_bool() ? "True" : "False";
    return value.as_bool() ? "true" : "false";
  }
  if (value.is_int()) return std::to_string(value.as_int());
  if (value.is_double()) return python_float(value.as_number());
  if (value.is_string()) return inside ? python_string(value.as_string()) : value.as_string();
  std::string out;
  if (value.is_list()) {
    for (const Value& item : value.as_list()) {
      if (!out.empty()) out += ", ";
      out += text_of(item, style, true);
    }
    return "[" + out + "]";
  }
  for (const auto& [key, member] : value.as_map()) {
    if (!out.empty()) out += ", ";
    out += python_string(key) + ": " + text_of(member, style, true);
  }
  return "{" + out + "}";
}

void append_escaped(std::string& out, char32_t c) {
  if (c >= 0x10000) {
    c -= 0x10000;
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (c >> 10), 0xDC00 + (c & 0x3FFU));
  } else {
    out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
  }
}

/// JSON's escapes, then everything beyond ASCII as \uXXXX.
std::string json_string(const std::string& text) {
  const std::string quoted = Value(text).dump();
  std::string out;
  for (std::size_t i = 0; i < quoted.size();) {
    const auto first = static_cast<unsigned char>(quoted[i]);
    const std::size_t size = first < 0xC0 ? 1U : first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U;
    if (size == 1 || i + size > quoted.size()) {
      out += quoted[i++];
      continue;
    }
    char32_t c = first & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) {
      c = (c << 6) | (static_cast<unsigned char>(quoted[i + k]) & 0x3FU);
    }
    append_escaped(out, c);
    i += size;
  }
  return out;
}

std::string yaml_scalar(const Value& value) {
  if (!value.is_double()) return value.dump();
  std::string text = python_float(value.as_number());
  if (text == "inf") return ".inf";
  if (text == "-inf") return "-.inf";
  if (text == "nan") return ".nan";
  // YAML 1.1 wants a point in a number with an exponent.
  const std::size_t e = text.find('e');
  if (e != std::string::npos && text.find('.') == std::string::npos) text.insert(e, ".0");
  return text;
}

}  // namespace

std::string python_json(const Value& value) {
  std::string out;
  if (value.is_list()) {
    for (const Value& item : value.as_list()) out += (out.empty() ? "" : ", ") + python_json(item);
    return "[" + out + "]";
  }
  if (value.is_map()) {
    for (const auto& [key, member] : value.as_map()) {
      out += (out.empty() ? "" : ", ") + json_string(key) + ": " + python_json(member);
    }
    return "{" + out + "}";
  }
  if (value.is_string()) return json_string(value.as_string());
  if (value.is_double() && std::isfinite(value.as_number())) return python_float(value.as_number());
  return value.dump();
}

std::string yaml_flow_text(const Value& value) {
  std::string out;
  if (value.is_list()) {
    for (const Value& item : value.as_list())
      out += (out.empty() ? "" : ", ") + yaml_flow_text(item);
    return "[" + out + "]";
  }
  if (value.is_map()) {
    for (const auto& [name, member] : value.as_map()) {
      out += (out.empty() ? "" : ", ") + Value(name).dump() + ": " + yaml_flow_text(member);
    }
    return "{" + out + "}";
  }
  return yaml_scalar(value);
}

Value literal_value(std::string_view text) {
  if (!text.empty() && (text.front() == '"' || text.front() == '[' || text.front() == '{')) {
    if (auto value = Value::parse(text)) return *value;
  }
  YamlNode scalar;
  scalar.kind = YamlNode::Kind::scalar;
  scalar.text = text;
  scalar.plain = true;
  return resolve_scalar(scalar);
}

std::string literal_text(const Value& value) {
  if (value.is_string() && literal_value(value.as_string()) == value) return value.as_string();
  if (value.is_double() && std::isfinite(value.as_number())) return python_float(value.as_number());
  return value.dump();
}

std::string python_float(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific).ptr;
  std::string text(buffer, end);  // d.ddde±XX
  const std::string sign = text.front() == '-' ? "-" : "";
  text.erase(0, sign.size());
  const std::size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  std::string digits = text.substr(0, 1) + (e > 2 ? text.substr(2, e - 2) : "");
  if (exponent < -4 || exponent >= 16) {
    const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
    return fmt::format("{}{}{}e{}{:02}", sign, digits.substr(0, 1), fraction,
                       exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string argument_text(const Value& value, BoolStyle style) {
  return text_of(value, style, false);
}

}  // namespace hone
