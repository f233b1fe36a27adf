#include "hone/cli/ui_keys.h"

#include <array>
#include <optional>
#include <utility>

namespace hone::cli {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::size_t kLongest = 32;  // a sequence that is longer is none

/// The sequences of a VT220 and what xterm and the Linux console send instead.
constexpr std::array<std::pair<std::string_view, Key>, 18> kSequences = {{
    {"[A", Key::up},
    {"[B", Key::down},
    {"[C", Key::right},
    {"[D", Key::left},
    {"OA", Key::up},
    {"OB", Key::down},
    {"OC", Key::right},
    {"OD", Key::left},
    {"[H", Key::home},
    {"[F", Key::end},
    {"OH", Key::home},
    {"OF", Key::end},
    {"[1~", Key::home},
    {"[4~", Key::end},
    {"[5~", Key::page_up},
    {"[6~", Key::page_down},
    {"[7~", Key::home},
    {"[8~", Key::end},
}};

/// How many bytes the sequence after an escape character has; nullopt while it is not all there.
std::optional<std::size_t> length_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text[0] == 'O') return text.size() >= 2 ? std::optional<std::size_t>(2) : std::nullopt;
  if (text[0] != '[') return 1;  // a key with Alt
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
  }
  return text.size() >= kLongest ? std::optional(text.size()) : std::nullopt;
}

std::optional<KeyPress> plain_key(char c) {
  switch (c) {
    case '\r':
    case '\n':
      return KeyPress{Key::enter};
    case '\t':
      return KeyPress{Key::tab};
    case '\b':
    case '\x7f':
      return KeyPress{Key::backspace};
    default:
      if (c >= ' ' && c <= '~') return KeyPress{Key::character, c};
      return std::nullopt;
  }
}

}  // namespace

std::vector<KeyPress> KeyReader::read(std::string_view bytes) {
  waiting_.append(bytes);
  std::vector<KeyPress> keys;
  std::size_t at = 0;
  while (at < waiting_.size()) {
    if (waiting_[at] != kEscape) {
      if (const auto key = plain_key(waiting_[at])) keys.push_back(*key);
      ++at;
      continue;
    }
    const std::string_view rest = std::string_view(waiting_).substr(at + 1);
    if (!rest.empty() && rest[0] == kEscape) {  // the key, and something after it
      keys.push_back({Key::escape});
      ++at;
      continue;
    }
    const auto length = length_of(rest);
    if (!length) break;
    for (const auto& [sequence, key] : kSequences) {
      if (sequence == rest.substr(0, *length)) keys.push_back({key});
    }
    at += 1 + *length;
  }
  waiting_.erase(0, at);
  return keys;
}

std::vector<KeyPress> KeyReader::pause() {
  const bool escape = waiting_ == std::string(1, kEscape);
  waiting_.clear();
  if (!escape) return {};
  return {KeyPress{Key::escape}};
}

}  // namespace hone::cli
