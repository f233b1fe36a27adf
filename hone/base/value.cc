#include "hone/base/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "hone/base/json_text.h"

namespace hone {
namespace {

constexpr int kMaxDepth = 200;

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

/// The tokens that JSON lacks, and the numbers that stand for them while the library reads: zeros
/// spelled in a way that nowhere occurs in the text. Numbers know no escapes, so looking is enough.
class Marks {
 public:
  explicit Marks(std::string_view json) {
    for (int exponent = 7000;; ++exponent) {
      zero_ = "0e-" + std::to_string(exponent);
      if (json.find(zero_) == std::string_view::npos) return;
    }
  }

  /// The text with marks in place of bare tokens, outside of string literals.
  std::string put(std::string_view json) const {
    std::string out;
    out.reserve(json.size() + 16);
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
      const char c = json[i];
      if (in_string) {
        out += c;
        if (c == '\\' && i + 1 < json.size())
          out += json[++i];
        else if (c == '"')
          in_string = false;
        continue;
      }
      const std::size_t token = token_at(json.substr(i));
      if (token < kTokens.size()) {
        out += ' ' + zero_ + std::to_string(token) + ' ';  // no part of a number around it
        i += kTokens[token].size() - 1;
        continue;
      }
      in_string = c == '"';
      out += c;
    }
    return out;
  }

  /// What the number's text stands for, if it is a mark.
  std::optional<double> meant_by(std::string_view number) const {
    if (zero_.empty() || number.substr(0, zero_.size()) != zero_) return std::nullopt;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr std::array kMeant = {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity};
    return kMeant[static_cast<std::size_t>(number.back() - '0')];
  }

  /// No token is there, so no number is a mark.
  Marks() = default;

 private:
  static constexpr std::array<std::string_view, 3> kTokens = {"NaN", "Infinity", "-Infinity"};
  static std::size_t token_at(std::string_view rest) {
    std::size_t token = 0;
    while (token < kTokens.size() && rest.substr(0, kTokens[token].size()) != kTokens[token])
      ++token;
    return token;
  }

  std::string zero_;
};

class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(const Marks& marks) : marks_(marks) {}

  bool null() override { return add(Value()); }
  bool boolean(bool b) override { return add(Value(b)); }
  bool number_integer(number_integer_t i) override { return add(Value(std::int64_t{i})); }
  bool number_unsigned(number_unsigned_t u) override {
    if (u <= static_cast<std::uint64_t>(INT64_MAX)) return add(Value(static_cast<std::int64_t>(u)));
    return add(Value(static_cast<double>(u)));
  }
  bool number_float(number_float_t d, const string_t& text) override {
    return add(Value(marks_.meant_by(text).value_or(double{d})));
  }
  bool string(string_t& s) override { return add(Value(std::move(s))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value(Value::Map{})); }
  bool key(string_t& k) override {
    keys_.back() = std::move(k);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Value(Value::List{})); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }
  Value take() { return std::move(root_); }

 private:
  bool open(Value container) {
    if (stack_.size() >= kMaxDepth) return false;
    stack_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    Value done = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }
  bool add(Value v) {
    if (stack_.empty()) {
      root_ = std::move(v);
    } else if (stack_.back().is_list()) {
      stack_.back().as_list().push_back(std::move(v));
    } else {
      stack_.back().set(keys_.back(), std::move(v));
    }
    return true;
  }
  const Marks& marks_;
  std::vector<Value> stack_;
  std::vector<std::string> keys_;
  Value root_;
};

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

std::optional<Value> Value::parse(std::string_view json) {
  const bool special =
      json.find("NaN") != std::string_view::npos || json.find("Infinity") != std::string_view::npos;
  const Marks marks = special ? Marks(json) : Marks();
  Builder builder(marks);
  try {
    const bool ok = special ? nlohmann::json::sax_parse(marks.put(json), &builder)
                            : nlohmann::json::sax_parse(json, &builder);
    if (!ok) return std::nullopt;
  } catch (const nlohmann::json::exception&) {  // e.g. a number beyond the range of double
    return std::nullopt;
  }
  return builder.take();
}

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
