// Numbers are read by std::from_chars: the same on every machine and locale, and no copy of the
// text.
#include "hone/runner/log_format_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace hone::log_format {
namespace {

constexpr std::size_t kMaxNumberBytes = 400;  // longer digits are no measurement
constexpr std::int64_t kMaxExponent = 1'000'000;

/// What from_chars calls out of range: whether it was too large, from the decimal exponent of the
/// first digit that is not 0. `text` is a well-formed number without sign.
bool is_overflow(std::string_view text) {
  std::int64_t exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    const bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) digits.remove_prefix(1);
    for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kMaxExponent);
    if (negative) exponent = -exponent;
    text = text.substr(0, e);
  }
  const auto point = std::min(text.find('.'), text.size());
  const auto first = text.find_first_not_of("0.");
  if (first == std::string_view::npos) return false;
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  return exponent + place > 0;
}

struct StepKey {
  std::string_view name;
  int strength;
};
constexpr std::array<StepKey, 9> kStepKeys{{{"global_step", 9},
                                            {"trainer/global_step", 8},
                                            {"current_steps", 7},
                                            {"step", 6},
                                            {"steps", 5},
                                            {"_step", 4},
                                            {"iteration", 3},
                                            {"iter", 2},
                                            {"iter_num", 1}}};

/// Length of the UTF-8 sequence at the start of `text`, 0 if it is none (overlong forms and
/// surrogates included).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return follows(1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (c == 0xE0 && byte(1) < 0xA0) return 0;
    if (c == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (c == 0xF0 && byte(1) < 0x90) return 0;
    if (c == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::optional<double> number_prefix(std::string_view text, std::size_t& length) {
  std::size_t sign = 0;
  if (text.empty()) return std::nullopt;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') sign = 1;
  if (sign == text.size()) return std::nullopt;
  const char first = text[sign];
  if (!is_digit(first) && first != '.' && to_lower(first) != 'n' && to_lower(first) != 'i') {
    return std::nullopt;
  }
  const char* begin = text.data() + sign;
  const char* end = text.data() + std::min(text.size(), sign + kMaxNumberBytes + 1);
  double value = 0;
  auto [stop, code] = std::from_chars(begin, end, value);
  if (code == std::errc::invalid_argument) return std::nullopt;
  // from_chars reads "nan(…)" too, which nothing prints; the bracket is left to the caller.
  if (to_lower(first) == 'n') stop = begin + 3;
  if (stop - begin > static_cast<std::ptrdiff_t>(kMaxNumberBytes)) return std::nullopt;
  if (code == std::errc::result_out_of_range) {
    const std::string_view digits(begin, static_cast<std::size_t>(stop - begin));
    value = is_overflow(digits) ? std::numeric_limits<double>::infinity() : 0.0;
  }
  length = static_cast<std::size_t>(stop - text.data());
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();  // one NaN, without sign
  return negative ? -value : value;
}

std::optional<double> whole_number(std::string_view text) {
  std::size_t length = 0;
  const auto value = number_prefix(text, length);
  return value && length == text.size() ? value : std::nullopt;
}

bool is_metric_name(std::string_view name) {
  if (name.empty() || name.size() > MetricParser::kMaxNameBytes) return false;
  if (is_blank(name.front()) || is_blank(name.back())) return false;
  for (std::size_t i = 0; i < name.size();) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == 0x7F) return false;
    const std::size_t length = utf8_length(name.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

int step_key_strength(std::string_view key) {
  for (const auto& [name, strength] : kStepKeys) {
    if (same_ignoring_case(key, name)) return strength;
  }
  return 0;
}

bool is_epoch_key(std::string_view key) { return same_ignoring_case(key, "epoch"); }

bool is_position_key(std::string_view key) {
  return is_epoch_key(key) || step_key_strength(key) > 0;
}

void add_metric(ParsedRecord& record, std::string_view name, double value) {
  if (record.metrics.size() >= MetricParser::kMaxMetricsPerRecord || !is_metric_name(name)) return;
  for (const auto& metric : record.metrics) {
    if (metric.name == name) return;
  }
  record.metrics.push_back({std::string(name), value});
}

void RecordBuilder::add(std::string_view key, double value) {
  if (is_epoch_key(key)) {
    if (!record_.epoch && std::isfinite(value)) record_.epoch = value;
  } else if (const int strength = step_key_strength(key); strength > 0) {
    if (strength > strength_ && std::isfinite(value)) {
      record_.step = value;
      strength_ = strength;
    }
  } else {
    add_metric(record_, key, value);
  }
}

bool Cursor::skip(std::string_view token) {
  if (!rest_.starts_with(token)) return false;
  rest_.remove_prefix(token.size());
  return true;
}

void Cursor::skip_blanks() {
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
}

std::optional<double> Cursor::number() {
  std::size_t length = 0;
  const auto value = number_prefix(rest_, length);
  if (value) rest_.remove_prefix(length);
  return value;
}

std::optional<double> Cursor::integer() {
  std::size_t length = 0;
  while (length < rest_.size() && is_digit(rest_[length])) ++length;
  constexpr std::size_t kMaxDigits = 18;
  if (length == 0 || length > kMaxDigits) return std::nullopt;
  const auto value = whole_number(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return value;
}

std::optional<std::string_view> Cursor::until(std::string_view token) {
  const auto at = rest_.find(token);
  if (at == std::string_view::npos) return std::nullopt;
  const auto before = rest_.substr(0, at);
  rest_.remove_prefix(at + token.size());
  return before;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace hone::log_format
