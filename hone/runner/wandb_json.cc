#include "hone/runner/wandb_json.h"

#include <charconv>
#include <limits>
#include <system_error>

namespace hone {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxNameBytes = 4096;  // longer names are passed over

/// Takes the numbers out of one JSON value; an object's are named `prefix.key`.
class JsonNumbers {
 public:
  JsonNumbers(std::string_view text, WandbNumberMap& into) : rest_(text), into_(into) {}

  /// False when the text is no JSON; `into` may then hold what came before.
  bool read(const std::string& name) {
    if (!value(name, 0)) return false;
    blanks();
    return rest_.empty();
  }

 private:
  void blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' ||
                              rest_.front() == '\n' || rest_.front() == '\r')) {
      rest_.remove_prefix(1);
    }
  }
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool value(const std::string& name, int depth) {
    if (depth > kMaxDepth) return false;
    blanks();
    if (rest_.empty()) return false;
    switch (rest_.front()) {
      case '{':
        return object(name, depth);
      case '[':
        return list(depth);
      case '"':
        return text(nullptr);
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number(name);
    }
  }

  bool object(const std::string& name, int depth) {
    rest_.remove_prefix(1);
    WandbNumberMap found;
    bool is_media = false;
    JsonNumbers inner("", found);
    WandbNumberMap dropped;
    JsonNumbers unnamed("", dropped);
    blanks();
    for (bool first = true; !take("}"); first = false) {
      std::string key;
      if (!first && !take(",")) return false;
      blanks();
      if (!text(&key)) return false;
      blanks();
      if (!take(":")) return false;
      const bool is_named = name.size() + key.size() < kMaxNameBytes;
      JsonNumbers& reader = is_named ? inner : unnamed;
      reader.rest_ = rest_;
      if (!reader.value(is_named ? name + "." + key : "", depth + 1)) return false;
      rest_ = reader.rest_;
      is_media = is_media || key == "_type";
      blanks();
    }
    if (!is_media) into_.merge(found);
    return true;
  }

  bool list(int depth) {
    rest_.remove_prefix(1);
    WandbNumberMap dropped;
    JsonNumbers inner("", dropped);
    blanks();
    for (bool first = true; !take("]"); first = false) {
      if (!first && !take(",")) return false;
      inner.rest_ = rest_;
      if (!inner.value("", depth + 1)) return false;
      rest_ = inner.rest_;
      blanks();
    }
    return true;
  }

  /// A string; its text with the simple escapes resolved goes to `into` where that is given.
  bool text(std::string* into) {
    if (!take("\"")) return false;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\') {
        if (rest_.empty()) return false;
        c = rest_.front();
        rest_.remove_prefix(1);
        if (c == 'u') {
          if (!escape(into)) return false;
          continue;
        }
        constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
        const std::size_t at = kLetters.find(c);
        if (at != std::string_view::npos) c = kMeant[at];
      }
      if (into != nullptr) into->push_back(c);
    }
    return false;
  }

  /// The four digits after \u as UTF-8. Halves of a pair become two code points of three bytes
  /// each, which keeps names apart; wandb writes names beyond ASCII unescaped.
  bool escape(std::string* into) {
    if (rest_.size() < 4) return false;
    unsigned code = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    if (error != std::errc{} || end != rest_.data() + 4) return false;
    rest_.remove_prefix(4);
    if (into == nullptr) return true;
    if (code < 0x80) {
      into->push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      into->push_back(static_cast<char>(0xC0u | code >> 6));
      into->push_back(static_cast<char>(0x80u | (code & 0x3Fu)));
    } else {
      into->push_back(static_cast<char>(0xE0u | code >> 12));
      into->push_back(static_cast<char>(0x80u | (code >> 6 & 0x3Fu)));
      into->push_back(static_cast<char>(0x80u | (code & 0x3Fu)));
    }
    return true;
  }

  bool number(const std::string& name) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    double found = 0.0;
    if (take("NaN")) {
      found = std::numeric_limits<double>::quiet_NaN();
    } else if (take("Infinity")) {
      found = kInfinity;
    } else if (take("-Infinity")) {
      found = -kInfinity;
    } else {
      const char first = rest_.front();
      if (first != '-' && (first < '0' || first > '9')) return false;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), found);
      if (error == std::errc::invalid_argument) return false;
      const std::string_view digits(rest_.data(), static_cast<std::size_t>(end - rest_.data()));
      if (error == std::errc::result_out_of_range) found = out_of_range(digits);
      rest_.remove_prefix(digits.size());
    }
    into_.insert_or_assign(name, found);
    return true;
  }

  /// What a number beyond double's range rounds to.
  static double out_of_range(std::string_view digits) {
    const std::size_t exponent = digits.find_first_of("eE");
    const bool is_tiny = exponent != std::string_view::npos && exponent + 1 < digits.size() &&
                         digits[exponent + 1] == '-';
    const double size = is_tiny ? 0.0 : std::numeric_limits<double>::infinity();
    return digits.front() == '-' ? -size : size;
  }

  std::string_view rest_;
  WandbNumberMap& into_;
};

}  // namespace

bool read_json_numbers(std::string_view text, const std::string& name, WandbNumberMap& into) {
  return JsonNumbers(text, into).read(name);
}

}  // namespace hone
