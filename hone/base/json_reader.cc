#include "hone/base/json_reader.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "hone/base/utf8.h"

namespace hone {
namespace {

constexpr int kMaxDepth = 200;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  const auto add = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | (code >> 6));
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18));
    add(0x80 | ((code >> 12) & 0x3F));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") at_ += 3;
  }

  std::optional<Value> document() {
    Value root;
    if (!value(root, 0)) return std::nullopt;
    skip_blanks();
    if (at_ != end_) return std::nullopt;
    return root;
  }

 private:
  bool more() const { return at_ != end_; }
  void skip_blanks() {
    while (more() && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char c) {
    if (!more() || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view expected) {
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, expected.size()) !=
        expected)
      return false;
    at_ += expected.size();
    return true;
  }
  bool constant(std::string_view expected, Value value, Value& out) {
    if (!word(expected)) return false;
    out = std::move(value);
    return true;
  }

  /// `out` is null before.
  bool value(Value& out, int depth) {
    skip_blanks();
    if (!more()) return false;
    switch (*at_) {
      case '{':
        return depth < kMaxDepth && map(out, depth);
      case '[':
        return depth < kMaxDepth && list(out, depth);
      case '"': {
        std::string read;
        if (!text(read)) return false;
        out = Value(std::move(read));
        return true;
      }
      case 't':
        return constant("true", true, out);
      case 'f':
        return constant("false", false, out);
      case 'n':
        return word("null");
      case 'N':
        return constant("NaN", std::nan(""), out);
      case 'I':
        return constant("Infinity", std::numeric_limits<double>::infinity(), out);
      default:
        return number(out);
    }
  }

  bool map(Value& out, int depth) {
    ++at_;
    out = Value::Map{};
    Value::Map& members = out.as_map();
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      std::string key;
      Value member;
      if (!text(key)) return false;
      skip_blanks();
      if (!take(':') || !value(member, depth + 1)) return false;
      bool known = false;
      for (auto& [name, held] : members) {
        if (name != key) continue;
        held = std::move(member);
        known = true;
        break;
      }
      if (!known) members.emplace_back(std::move(key), std::move(member));
      skip_blanks();
    } while (take(','));
    return take('}');
  }

  bool list(Value& out, int depth) {
    ++at_;
    out = Value::List{};
    Value::List& items = out.as_list();
    skip_blanks();
    if (take(']')) return true;
    do {
      if (!value(items.emplace_back(), depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take(']');
  }

  bool text(std::string& out) {
    if (!take('"')) return false;
    for (;;) {
      const char* begin = at_;
      while (more() && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) {
        if (static_cast<unsigned char>(*at_) < 0x80) {
          ++at_;
          continue;
        }
        const std::size_t n = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
        if (n == 0) return false;
        at_ += n;
      }
      out.append(begin, at_);
      if (take('"')) return true;
      if (!take('\\') || !escape(out)) return false;  // else the end, or a control character
    }
  }

  bool escape(std::string& out) {
    if (!more()) return false;
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char name = *at_++;
    if (const std::size_t i = kNames.find(name); i != std::string_view::npos) {
      out += kMeant[i];
      return true;
    }
    if (name != 'u') return false;
    auto code = unit();
    if (!code) return false;
    constexpr unsigned kHigh = 0xD800;
    constexpr unsigned kLow = 0xDC00;
    constexpr unsigned kLast = 0xDFFF;
    if (*code >= kHigh && *code <= kLast) {  // the first half of a pair
      if (*code >= kLow || !word("\\u")) return false;
      const auto low = unit();
      if (!low || *low < kLow || *low > kLast) return false;
      code = 0x10000 + ((*code - kHigh) << 10) + (*low - kLow);
    }
    append_utf8(out, *code);
    return true;
  }

  /// Four hexadecimal digits.
  std::optional<unsigned> unit() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = more() ? hex_digit(*at_) : -1;
      if (digit < 0) return std::nullopt;
      code = code * 16 + static_cast<unsigned>(digit);
      ++at_;
    }
    return code;
  }

  bool number(Value& out) {
    const char* begin = at_;
    const bool minus = take('-');
    if (minus && more() && *at_ == 'I')
      return constant("Infinity", -std::numeric_limits<double>::infinity(), out);
    if (!more() || !is_digit(*at_)) return false;
    if (!take('0')) digits();
    bool is_whole = true;
    if (take('.')) {
      is_whole = false;
      if (!digits()) return false;
    }
    if (more() && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      is_whole = false;
      if (!take('-')) take('+');
      if (!digits()) return false;
    }
    if (is_whole) {
      std::int64_t whole = 0;
      if (std::from_chars(begin, at_, whole).ec == std::errc{}) {
        out = Value(whole);
        return true;
      }
    }
    double real = 0;
    if (std::from_chars(begin, at_, real).ec != std::errc{}) {
      // Beyond double: too large is an error, too small is what is nearest.
      long double wide = 0;
      if (std::from_chars(begin, at_, wide).ec != std::errc{}) return false;
      real = static_cast<double>(wide);
      if (!std::isfinite(real)) return false;
    }
    out = Value(real);
    return true;
  }
  bool digits() {
    const char* begin = at_;
    while (more() && is_digit(*at_)) ++at_;
    return at_ != begin;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

std::optional<Value> read_json(std::string_view text) { return Reader(text).document(); }

}  // namespace hone
