// A recursive descent over one line; every byte is looked at a bounded number of times.
#include "hone/runner/log_format_object.h"

#include <cstdint>
#include <optional>

#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

constexpr std::size_t kMaxMembers = 4 * MetricParser::kMaxMetricsPerRecord;

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::optional<std::uint32_t> hex_code(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t code = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    code = code * 16 + static_cast<std::uint32_t>(digit);
  }
  return code;
}

/// A key between its quotes, with escapes resolved. What is no valid text fails later as a name.
std::string decode(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c != 'u') {
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c;
      continue;
    }
    const auto code = hex_code(text, i + 1);
    if (!code) {
      out += c;
      continue;
    }
    i += 4;
    const bool high = *code >= 0xD800 && *code < 0xDC00;
    const auto low =
        high && text.substr(i + 1).starts_with("\\u") ? hex_code(text, i + 3) : std::nullopt;
    if (low && *low >= 0xDC00 && *low < 0xE000) {
      append_utf8(out, 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00));
      i += 6;
    } else {
      append_utf8(out, *code);
    }
  }
  return out;
}

class Scanner {
 public:
  Scanner(std::string_view text, ScannedObject& object) : text_(text), object_(object) {}

  bool object(const std::string& prefix, int depth) {
    if (depth > kMaxObjectDepth || !take('{')) return false;
    if (take('}')) return true;
    while (true) {
      const auto quoted = string();
      if (!quoted) return false;
      std::string key = prefix.empty() ? decode(*quoted) : prefix + "." + decode(*quoted);
      // A name that is too long already need not grow with every level.
      if (key.size() > MetricParser::kMaxNameBytes) key.resize(MetricParser::kMaxNameBytes + 1);
      if (!take(':') || !value(key, depth)) return false;
      if (take(',')) {
        if (take('}')) return true;
        continue;
      }
      return take('}');
    }
  }
  std::size_t at() const { return at_; }

 private:
  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  char peek() {
    blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  /// Behind the string at the place; its text without the quotes.
  std::optional<std::string_view> string() {
    const char quote = peek();
    if (quote != '"' && quote != '\'') return std::nullopt;
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return std::nullopt;
    return text_.substr(begin, at_++ - begin);
  }

  void add(std::string key, double number, int depth) {
    if (object_.members.size() >= kMaxMembers) return;
    object_.members.push_back({std::move(key), number, false, {}, depth > 0});
  }

  bool value(std::string& key, int depth) {
    const char c = peek();
    if (c == '{') return object(key, depth + 1);
    if (c == '[' || c == '(') return skip_brackets();
    if (c == '"' || c == '\'') {
      const auto quoted = string();
      if (!quoted) return false;
      if (const auto number = whole_number(trim_blanks(*quoted))) {
        add(std::move(key), *number, depth);
      } else if (depth == 0 && object_.members.size() < kMaxMembers) {
        object_.members.push_back({std::move(key), 0, true, *quoted, false});
      }
      return true;
    }
    return word(key, depth);
  }

  /// A number, a constant, or a call around a number.
  bool word(std::string& key, int depth) {
    const std::size_t begin = at_;
    const auto is_word = [](char c) {
      return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '+' || c == '-';
    };
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word.empty()) return false;
    if (const auto number = whole_number(word)) {
      add(std::move(key), *number, depth);
      return true;
    }
    if (!is_letter(word.front()) && word.front() != '_') return false;
    if (at_ >= text_.size() || text_[at_] != '(') return true;  // true, None, …
    Cursor inside(text_.substr(at_ + 1));
    if (const auto number = inside.number();
        number && (inside.rest().starts_with(')') || inside.rest().starts_with(','))) {
      add(std::move(key), *number, depth);
    }
    return skip_brackets();
  }

  /// Behind the bracket that closes the one at the place; strings inside may hold brackets.
  bool skip_brackets() {
    std::size_t open = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        if (!string()) return false;
        continue;
      }
      ++at_;
      if (c == '[' || c == '(' || c == '{') ++open;
      if ((c == ']' || c == ')' || c == '}') && --open == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  ScannedObject& object_;
  std::size_t at_ = 0;
};

}  // namespace

bool scan_object(std::string_view text, ScannedObject& object) {
  Scanner scanner(text, object);
  if (!scanner.object("", 0)) return false;
  object.length = scanner.at();
  return true;
}

}  // namespace hone::log_format
