// What a plain scalar means: YAML 1.2.2 core schema (section 10.3.2) for hone, and YAML 1.1 with
// PyYAML's patterns for comparison.
#include <charconv>
#include <cmath>
#include <limits>

#include "hone/base/text.h"
#include "hone/study/yaml.h"

namespace hone {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

/// Digits of a base, at least one; underscores are skipped where allowed. nullopt if there is
/// anything else.
std::optional<Value> digits(std::string_view text, int base, bool negative, bool underscores) {
  std::string plain = negative ? "-" : "";
  for (const char c : text) {
    if (c == '_' && underscores) continue;
    plain += c;
  }
  if (plain.size() == (negative ? 1U : 0U)) return std::nullopt;
  std::int64_t whole = 0;
  const auto result = std::from_chars(plain.data(), plain.data() + plain.size(), whole, base);
  if (result.ec == std::errc::result_out_of_range && result.ptr == plain.data() + plain.size()) {
    if (base == 10) return Value(parse_number(plain).value_or(0));
    double x = 0;
    for (const char c : plain) {
      if (c == '-') continue;
      const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      x = x * base + digit;
    }
    return Value(negative ? -x : x);
  }
  if (result.ec != std::errc() || result.ptr != plain.data() + plain.size()) return std::nullopt;
  return Value(whole);
}

/// Splits a sign off.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  return negative;
}

/// Shape of a decimal number with a point or an exponent.
struct DecimalShape {
  bool point = false;
  bool exponent = false;
  bool exponent_sign = false;
  bool leading_digit = false;
  bool underscore = false;
};

std::optional<DecimalShape> decimal_shape(std::string_view text) {
  DecimalShape shape;
  std::size_t i = 0;
  std::size_t seen = 0;
  const auto run = [&] {
    while (i < text.size() && (is_digit(text[i]) || (text[i] == '_' && seen > 0))) {
      if (text[i] == '_')
        shape.underscore = true;
      else
        ++seen;
      ++i;
    }
  };
  run();
  shape.leading_digit = seen > 0;
  if (i < text.size() && text[i] == '.') {
    shape.point = true;
    ++i;
    run();
  }
  if (seen == 0) return std::nullopt;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    shape.exponent = true;
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) {
      shape.exponent_sign = true;
      ++i;
    }
    const std::size_t from = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    if (i == from) return std::nullopt;
  }
  if (i != text.size()) return std::nullopt;
  return shape;
}

double to_double(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += c;
  }
  return parse_number(plain).value_or(0);
}

std::optional<Value> special_float(std::string_view text) {
  if (one_of(text, {".nan", ".NaN", ".NAN"}))
    return Value(std::numeric_limits<double>::quiet_NaN());
  const bool negative = take_sign(text);
  if (!one_of(text, {".inf", ".Inf", ".INF"})) return std::nullopt;
  const double inf = std::numeric_limits<double>::infinity();
  return Value(negative ? -inf : inf);
}

/// `12:30:45`, base 60; the last piece may have a fraction.
std::optional<Value> sexagesimal(std::string_view text) {
  const bool negative = take_sign(text);
  const auto pieces = split(text, ':');
  if (pieces.size() < 2 || pieces.front().empty() || !is_digit(pieces.front().front())) {
    return std::nullopt;
  }
  double total = 0;
  bool fraction = false;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string_view piece = pieces[i];
    const bool last = i + 1 == pieces.size();
    const std::size_t point = piece.find('.');
    if (point != std::string_view::npos && !last) return std::nullopt;
    const std::string_view whole = piece.substr(0, point);
    if (whole.empty() || (i > 0 && (whole.size() > 2 || (whole.size() == 2 && whole[0] > '5')))) {
      return std::nullopt;
    }
    if (piece.find_first_not_of(i == 0 || last ? "0123456789_." : "0123456789") !=
        std::string_view::npos) {
      return std::nullopt;
    }
    fraction = fraction || point != std::string_view::npos;
    total = total * 60 + to_double(piece);
  }
  if (negative) total = -total;
  if (fraction) return Value(total);
  if (pieces.front().front() == '0') return std::nullopt;  // the integer form starts with 1–9
  if (std::abs(total) > 9e15) return Value(total);
  return Value(static_cast<std::int64_t>(total));
}

/// `2024-01-05`, or with a time behind it.
bool is_timestamp(std::string_view text) {
  const auto digits_at = [&](std::size_t from, std::size_t count) {
    if (from + count > text.size()) return false;
    for (std::size_t i = from; i < from + count; ++i) {
      if (!is_digit(text[i])) return false;
    }
    return true;
  };
  if (!digits_at(0, 4) || text.size() < 8 || text[4] != '-') return false;
  if (text.size() == 10) return digits_at(5, 2) && text[7] == '-' && digits_at(8, 2);
  const std::size_t clock = text.find_first_of("Tt ");
  return clock != std::string_view::npos && clock >= 8 && clock <= 10 && digits_at(clock + 1, 1) &&
         text.find(':', clock) != std::string_view::npos;
}

Value resolve_core(std::string_view text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return Value();
  if (one_of(text, {"true", "True", "TRUE"})) return Value(true);
  if (one_of(text, {"false", "False", "FALSE"})) return Value(false);
  if (const auto special = special_float(text)) return *special;
  if (text.substr(0, 2) == "0o") {
    if (const auto whole = digits(text.substr(2), 8, false, false)) return *whole;
  }
  if (text.substr(0, 2) == "0x") {
    if (const auto whole = digits(text.substr(2), 16, false, false)) return *whole;
  }
  std::string_view magnitude = text;
  const bool negative = take_sign(magnitude);
  if (!magnitude.empty() && is_digit(magnitude.front())) {
    if (const auto whole = digits(magnitude, 10, negative, false)) return *whole;
  }
  const auto shape = decimal_shape(magnitude);
  if (shape && !shape->underscore) {
    const double x = to_double(magnitude);
    return Value(negative ? -x : x);
  }
  return Value(text);
}

std::string for_people(const std::optional<Value>& reading) {
  if (!reading) return "a date";
  if (reading->is_string()) return "the text '" + reading->as_string() + "'";
  return reading->dump();
}

}  // namespace

Value resolve_scalar(const YamlNode& scalar) {
  if (scalar.is_null()) return Value();
  const auto tagged = [&](std::string_view name) {
    return scalar.tag == "tag:yaml.org,2002:" + std::string(name);
  };
  if (tagged("str")) return Value(scalar.text);
  if (!scalar.plain && scalar.tag.empty()) return Value(scalar.text);
  const Value value = resolve_core(scalar.text);
  if (tagged("float") && value.is_int()) return Value(value.as_number());
  return value;
}

std::optional<Value> resolve_yaml11(std::string_view text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return Value();
  if (one_of(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
    return Value(true);
  }
  if (one_of(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    return Value(false);
  }
  if (const auto special = special_float(text)) return *special;
  if (is_timestamp(text)) return std::nullopt;
  std::string_view magnitude = text;
  const bool negative = take_sign(magnitude);
  const std::string_view prefix = magnitude.substr(0, 2);
  std::optional<Value> whole;
  if (prefix == "0b") {
    whole = digits(magnitude.substr(2), 2, negative, true);
  } else if (prefix == "0x") {
    whole = digits(magnitude.substr(2), 16, negative, true);
  } else if (magnitude.size() > 1 && magnitude[0] == '0') {
    whole = digits(magnitude.substr(1), 8, negative, true);
  } else if (!magnitude.empty() && is_digit(magnitude[0])) {
    whole = digits(magnitude, 10, negative, true);
  }
  if (whole) return *whole;
  if (const auto sixty = sexagesimal(text)) return *sixty;
  const auto shape = decimal_shape(magnitude);
  // PyYAML wants a point, a sign in the exponent, and no sign before a leading point.
  if (shape && shape->point && (!shape->exponent || shape->exponent_sign) &&
      (shape->leading_digit || magnitude.size() == text.size())) {
    const double x = to_double(magnitude);
    return Value(negative ? -x : x);
  }
  return Value(text);
}

std::optional<std::string> yaml11_difference(const YamlNode& scalar) {
  if (!scalar.is_scalar() || !scalar.plain || !scalar.tag.empty()) return std::nullopt;
  const Value core = resolve_scalar(scalar);
  const std::optional<Value> old = resolve_yaml11(scalar.text);
  if (old && (same_value(core, *old) || (core.dump() == old->dump()))) return std::nullopt;
  // 1e-5 and 09: a number here, the same text there; the program gets the same argument either way.
  // 0o10 is octal here.
  const bool prefixed = scalar.text.substr(0, 2) == "0o";
  if (old && core.is_number() && old->is_string() && !prefixed) return std::nullopt;
  return for_people(old);
}

Value to_value(const YamlNode& node) {
  if (node.is_sequence()) {
    Value::List list;
    for (const YamlNode& item : node.items) list.push_back(to_value(item));
    return Value(std::move(list));
  }
  if (node.is_map()) {
    Value::Map map;
    for (const YamlMember& member : node.members)
      map.emplace_back(member.key, to_value(member.value));
    return Value(std::move(map));
  }
  return resolve_scalar(node);
}

TextSpan span_within(const YamlNode& scalar, std::string_view source, std::size_t offset,
                     std::size_t length) {
  const std::string_view shown =
      source.substr(scalar.span.begin, scalar.span.end - scalar.span.begin);
  const std::size_t quote = scalar.plain ? 0 : 1;
  if (scalar.block || shown.size() < scalar.text.size() + quote ||
      shown.substr(quote, scalar.text.size()) != scalar.text) {
    return scalar.span;
  }
  const std::size_t begin = scalar.span.begin + quote + std::min(offset, scalar.text.size());
  const std::size_t end = std::min(begin + length, scalar.span.begin + quote + scalar.text.size());
  return {begin, std::max(begin, end)};
}

}  // namespace hone
