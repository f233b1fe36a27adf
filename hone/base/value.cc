#include "hone/base/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "hone/base/json_reader.h"
#include "hone/base/json_text.h"

namespace hone {
namespace {

void write(std::string& out, const Value& v, bool sorted) {
  if (v.is_null()) {
    out += "null";
  } else if (v.is_bool()) {
    out += v.as_bool() ? "true" : "false";
  } else if (v.is_int()) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, v.as_int()).ptr;
    out.append(buffer, end);
  } else if (v.is_double()) {
    out += format_double(v.as_number());
  } else if (v.is_string()) {
    append_json_text(out, v.as_string());
  } else if (v.is_list()) {
    out += '[';
    bool first = true;
    for (const Value& item : v.as_list()) {
      if (!first) out += ',';
      first = false;
      write(out, item, sorted);
    }
    out += ']';
  } else {
    const Value::Map& map = v.as_map();
    std::vector<const std::pair<std::string, Value>*> order;
    order.reserve(map.size());
    for (const auto& member : map) order.push_back(&member);
    if (sorted) {
      std::sort(order.begin(), order.end(),
                [](const auto* a, const auto* b) { return a->first < b->first; });
    }
    out += '{';
    bool first = true;
    for (const auto* member : order) {
      if (!first) out += ',';
      first = false;
      append_json_text(out, member->first);
      out += ':';
      write(out, member->second, sorted);
    }
    out += '}';
  }
}

}  // namespace

double Value::as_number() const {
  return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_);
}

const Value* Value::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const auto& [name, value] : as_map()) {
    if (name == key) return &value;
  }
  return nullptr;
}

Value& Value::set(std::string_view key, Value value) {
  if (is_null()) *this = Map{};
  for (auto& [name, held] : as_map()) {
    if (name == key) {
      held = std::move(value);
      return *this;
    }
  }
  as_map().emplace_back(std::string(key), std::move(value));
  return *this;
}

std::int64_t Value::int_or(std::string_view key, std::int64_t fallback) const {
  const Value* v = find(key);
  return v != nullptr && v->is_int() ? v->as_int() : fallback;
}
double Value::number_or(std::string_view key, double fallback) const {
  const Value* v = find(key);
  return v != nullptr && v->is_number() ? v->as_number() : fallback;
}
bool Value::bool_or(std::string_view key, bool fallback) const {
  const Value* v = find(key);
  return v != nullptr && v->is_bool() ? v->as_bool() : fallback;
}
std::string Value::string_or(std::string_view key, std::string_view fallback) const {
  const Value* v = find(key);
  return v != nullptr && v->is_string() ? v->as_string() : std::string(fallback);
}

std::string Value::dump() const {
  std::string out;
  write(out, *this, false);
  return out;
}

std::string Value::canonical() const {
  std::string out;
  write(out, *this, true);
  return out;
}

std::optional<Value> Value::parse(std::string_view json) { return read_json(json); }

bool same_value(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
    return a.as_number() == b.as_number();
  }
  return a == b;
}

std::string format_double(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "Infinity" : "-Infinity";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".eE") == std::string::npos) text += ".0";
  return text;
}

}  // namespace hone
