// Small readers of text that the formats share: numbers as programs print them, names, positions, a
// cursor.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hone/runner/metric_parser.h"

namespace hone::log_format {

/// A number at the start of `text`: 12, -0.5, +3, 1.45e-05, nan, NaN, -nan, inf, -Infinity. What is
/// too large is an infinity (1e999), what is too small is 0. `length` becomes the bytes read.
std::optional<double> number_prefix(std::string_view text, std::size_t& length);
/// The whole of `text` is a number.
std::optional<double> whole_number(std::string_view text);

/// 1 to kMaxNameBytes bytes of valid UTF-8 without control characters, no blank at either end.
bool is_metric_name(std::string_view name);

/// How strongly a key names the step: 0 = not at all; global_step is stronger than step, step than
/// iter. Any case.
int step_key_strength(std::string_view key);
/// "epoch", any case.
bool is_epoch_key(std::string_view key);
/// Either of them.
bool is_position_key(std::string_view key);

/// Adds a metric unless the record is full, the name is unfit or there already (the first one
/// counts).
void add_metric(ParsedRecord& record, std::string_view name, double value);

/// Gathers the members of one record: positions go to step and epoch (the strongest key wins), the
/// rest to metrics.
class RecordBuilder {
 public:
  explicit RecordBuilder(ParsedRecord& record) : record_(record) {}
  void add(std::string_view key, double value);
  /// True if a position was among the members.
  bool has_position() const { return record_.step || record_.epoch; }

 private:
  ParsedRecord& record_;
  int strength_ = 0;
};

/// Reads a text from left to right; every method that fails leaves the place as it was.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  std::string_view rest() const { return rest_; }
  bool done() const { return rest_.empty(); }
  bool skip(std::string_view token);
  void skip_blanks();
  std::optional<double> number();
  /// Decimal digits only.
  std::optional<double> integer();
  /// Moves behind the next `token`; the text before it, or nullopt if there is none.
  std::optional<std::string_view> until(std::string_view token);

 private:
  std::string_view rest_;
};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_ignoring_case(std::string_view a, std::string_view b);
std::string_view trim_blanks(std::string_view text);

}  // namespace hone::log_format
