// `val_loss=0.41`, `loss = 0.5, acc=0.9`, and for declared names also `val_loss: 0.41`, anywhere in
// a line: what scripts print, Lightning's and tqdm's bars included. So that prose and settings do
// not count, a line needs a declared name; while none is declared, two pairs or a position (`epoch
// 3 …`, `step=100`). Not counted: a name behind "best", "lowest", …, which tells of an earlier
// value, and validation metrics in a bar that runs within an epoch, where they are left over from
// the epoch before until the bar is complete.
#include <array>

#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

constexpr std::array<std::string_view, 12> kEarlierWords{"best", "lowest",  "highest", "min",
                                                         "max",  "minimum", "maximum", "previous",
                                                         "prev", "old",     "target",  "from"};
constexpr std::array<std::string_view, 5> kValidationPrefixes{"val", "valid", "eval", "test",
                                                              "dev"};

constexpr std::array<bool, 256> key_char_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const char as_char = static_cast<char>(c);
    table[c] = c >= 0x80 || is_letter(as_char) || is_digit(as_char);
  }
  for (const unsigned char c : {'_', '/', '.', '@', '-'}) table[c] = true;
  return table;
}
constexpr auto kKeyChars = key_char_table();

bool is_key_char(char c) { return kKeyChars[static_cast<unsigned char>(c)]; }

/// The key that ends at `end` (exclusive, blanks skipped), "" if there is none.
std::string_view key_before(std::string_view text, std::size_t end) {
  while (end > 0 && is_blank(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_key_char(text[begin - 1])) --begin;
  if (begin == end || end - begin > MetricParser::kMaxNameBytes) return {};
  const char first = text[begin];
  if (!is_letter(first) && first != '_' && static_cast<unsigned char>(first) < 0x80) return {};
  constexpr std::string_view kBefore = " \t,;:([{|'\"<>*";  // not ? & $: addresses and shells
  if (begin > 0 && kBefore.find(text[begin - 1]) == std::string_view::npos) return {};
  return text.substr(begin, end - begin);
}

/// The word before `end` is one of those that tell of an earlier value.
bool tells_of_earlier(std::string_view text, std::size_t end) {
  while (end > 0 && is_blank(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  for (const auto word : kEarlierWords) {
    if (same_ignoring_case(text.substr(begin, end - begin), word)) return true;
  }
  return false;
}

/// The number after a separator, if what follows lets it stand as one ("3s" and "1/2" are none).
std::optional<double> value_after(std::string_view text) {
  Cursor cursor(text);
  cursor.skip_blanks();
  const bool quoted = cursor.skip("\"") || cursor.skip("'");
  const auto value = cursor.number();
  if (!value) return std::nullopt;
  const std::string_view rest = cursor.rest();
  if (rest.empty()) return quoted ? std::nullopt : value;
  if (quoted) return rest.front() == '"' || rest.front() == '\'' ? value : std::nullopt;
  if (rest.front() == '.') {
    return rest.size() == 1 || is_blank(rest[1]) ? value : std::nullopt;
  }
  constexpr std::string_view kEnds = " \t,;)]}|%";
  const bool ends = kEnds.find(rest.front()) != std::string_view::npos ||
                    rest.starts_with("\xC2\xB1") || rest.starts_with("+/-");
  return ends ? value : std::nullopt;
}

/// `epoch 3`, `Epoch: 3/10`, `Epoch [3/10]`, `step=100`, `iter #5`, anywhere in the line.
void find_positions(std::string_view text, RecordBuilder& builder) {
  const auto in_word = [](char c) { return is_letter(c) || c == '_' || c == '/'; };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    while (i < text.size() && in_word(text[i])) ++i;
    if (i == begin) {
      ++i;
      continue;
    }
    if (!is_position_key(text.substr(begin, i - begin))) continue;
    if (begin > 0 && is_key_char(text[begin - 1])) continue;
    std::size_t at = i;
    constexpr std::string_view kBetween = " \t:=#[(";
    constexpr std::size_t kMaxBetween = 4;
    while (at < text.size() && at < i + kMaxBetween &&
           kBetween.find(text[at]) != std::string_view::npos)
      ++at;
    std::size_t length = 0;
    const auto value = number_prefix(text.substr(at), length);
    if (at == i || !value) continue;
    at += length;
    if (at < text.size() && (is_letter(text[at]) || text[at] == '_')) continue;
    builder.add(text.substr(begin, i - begin), *value);
  }
}

/// A progress bar `Epoch 3:  40%|███ | 40/100 […` that is still running.
bool is_running_epoch_bar(const Line& line) {
  const auto bar = line.text.find("%|");
  if (bar == std::string_view::npos) return false;
  ParsedRecord prefix;
  RecordBuilder builder(prefix);
  find_positions(line.text.substr(0, bar), builder);
  if (!prefix.epoch) return false;
  if (line.end == LineEnd::carriage_return) return true;
  Cursor cursor(line.text.substr(bar + 2));
  if (!cursor.until("|")) return true;
  cursor.skip_blanks();
  const auto done = cursor.integer();
  return !(done && cursor.skip("/") && cursor.integer() == done);
}

bool is_validation_name(std::string_view name) {
  for (const auto prefix : kValidationPrefixes) {
    if (name.starts_with(prefix) && name.size() > prefix.size() && !is_letter(name[prefix.size()]))
      return true;
  }
  return false;
}

bool has_declared_key(std::string_view text, const FormatContext& context) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=' && text[at] != ':') continue;
    const std::string_view key = key_before(text, at);
    if (!key.empty() && context.wanted.contains(key)) return true;
  }
  return false;
}

/// All pairs of the line to the record; whether a declared name is among them.
bool gather(const Line& line, const FormatContext& context, ParsedRecord& record) {
  const std::string_view text = line.text;
  bool declared = false;
  std::optional<bool> running_bar;  // found out only when it matters
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=' && text[at] != ':') continue;
    const std::string_view key = key_before(text, at);
    if (key.empty() || is_position_key(key)) continue;
    const bool is_declared = context.wanted.contains(key);
    if (text[at] == ':' && !is_declared) continue;
    const auto value = value_after(text.substr(at + 1));
    if (!value) continue;
    if (tells_of_earlier(text, static_cast<std::size_t>(key.data() - text.data()))) continue;
    if (is_validation_name(key)) {
      if (!running_bar) running_bar = is_running_epoch_bar(line);
      if (*running_bar) continue;
    }
    declared = declared || is_declared;
    add_metric(record, key, *value);
  }
  return declared;
}

}  // namespace

Reading read_key_value(const Line& line, FormatContext& context, ParsedRecord& record) {
  const bool any_declared = !context.wanted.empty();
  if (!(line.classes & kEquals) && !(any_declared && (line.classes & kColon)))
    return Reading::not_mine;
  // Most lines end here: no key is declared.
  if (any_declared && !has_declared_key(line.text, context)) return Reading::not_mine;
  const bool declared = gather(line, context, record);
  if (record.metrics.empty() || (any_declared && !declared)) return Reading::not_mine;
  RecordBuilder builder(record);
  find_positions(line.text, builder);
  if (!any_declared && record.metrics.size() < 2 && !builder.has_position()) {
    if (context.fidelity.empty() || record.metrics[0].name != context.fidelity)
      return Reading::not_mine;
  }
  std::optional<double>& announced = context.state.announced_epoch;
  if (!record.epoch) {
    record.epoch = announced;
  } else if (record.epoch != announced) {
    announced.reset();  // the heading is of an earlier epoch
  }
  return Reading::record;
}

}  // namespace hone::log_format
