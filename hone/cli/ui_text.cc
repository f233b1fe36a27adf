#include "hone/cli/ui_text.h"

#include <wchar.h>

#include <algorithm>
#include <clocale>

#include "hone/study/diagnostic.h"

namespace hone::cli {
namespace {

constexpr char32_t kBroken = 0xFFFFFFFF;
constexpr std::string_view kEllipsis = "…";

struct Decoded {
  char32_t value = kBroken;
  std::size_t size = 1;
};

/// The code point at `i`; kBroken for overlong forms, surrogates and whatever else is no UTF-8.
Decoded decode(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || i + size > text.size()) return {};
  char32_t value = first & (0xFFU >> (size + 1));
  for (std::size_t k = 1; k < size; ++k) {
    if ((byte(i + k) & 0xC0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i + k) & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, size};
}

/// The C library's table of widths, which is newer than any of our own; its locale is of this
/// thread and for the call only. −1: not printable; where there is no such locale, ours.
int width_of(char32_t c, std::string_view bytes) {
  if (c < 0x7F) return c < 0x20 ? -1 : 1;
  if (c < 0xA0) return -1;
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return display_width(bytes);
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(c));
  uselocale(before);
  return width;
}

/// Direction marks, joiners and variation selectors: terminals differ on them, and the first kind
/// can make a text read as another one.
bool is_left_out(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || c == 0xAD ||
         c == 0x2028 || c == 0x2029 || (c >= 0xE0000 && c <= 0xE0FFF);
}

/// Dots of a Braille character by height.
char ascii_of_braille(char32_t c) {
  const unsigned dots = static_cast<unsigned>(c) & 0xFFU;
  if (dots == 0) return ' ';
  const bool high = (dots & 0x09U) != 0;
  const bool middle = (dots & 0x36U) != 0;
  const bool low = (dots & 0xC0U) != 0;
  if (high + middle + low > 1) return ':';
  return high ? '\'' : middle ? '-' : '.';
}

char ascii_of(char32_t c) {
  if (c >= 0x2800 && c <= 0x28FF) return ascii_of_braille(c);
  if (c >= 0x2581 && c <= 0x2588) return "_.,-=+*#"[c - 0x2581];
  switch (c) {
    case 0xB7:    // ·
    case 0x2013:  // –
    case 0x2014:  // —
    case 0x2500:  // ─
    case 0x2212:  // −
      return '-';
    case 0x2026:  // …
      return '~';
    case 0x25BC:  // ▼
      return 'v';
    case 0x25B2:  // ▲
      return '^';
    case 0xD7:  // ×
      return 'x';
    case 0x2502:  // │
      return '|';
    case 0x2018:
    case 0x2019:
      return '\'';
    default:
      return '?';
  }
}

/// The end of a control sequence of ECMA-48 that begins at `i` with ESC: colours, cursor movements,
/// titles. One that never ends is the ESC alone.
std::size_t after_escape(std::string_view text, std::size_t i) {
  const std::size_t next = i + 1;
  if (next >= text.size()) return next;
  if (text[next] == '[') {
    std::size_t end = next + 1;
    while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40) ++end;
    return end < text.size() && text[end] >= 0x40 && text[end] < 0x7F ? end + 1 : next;
  }
  if (text[next] == ']') {
    constexpr std::size_t kTitleAtMost = 256;
    const std::size_t end = text.find_first_of("\a\x1b", next);
    if (end == std::string_view::npos || end - next > kTitleAtMost) return next;
    return text[end] == '\a' ? end + 1 : end;
  }
  return next;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Decoded c = decode(text, i);
    const std::string_view bytes = text.substr(i, c.size);
    if (c.value == 0x1B) {
      const std::size_t end = after_escape(text, i);
      if (end == i + 1) out += '?';
      i = end;
      continue;
    }
    i += c.size;
    if (c.value == '\t' || c.value == '\n' || c.value == '\r') {
      out += ' ';
    } else if (c.value == kBroken) {
      out += '?';
    } else if (!is_left_out(c.value)) {
      out += width_of(c.value, bytes) < 0 ? "?" : bytes;
    }
  }
  return out;
}

std::string ascii_likeness(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Decoded c = decode(text, i);
    const std::string_view bytes = text.substr(i, c.size);
    i += c.size;
    if (c.value < 0x80) {
      out += bytes;
    } else {
      out.append(static_cast<std::size_t>(std::max(0, width_of(c.value, bytes))),
                 ascii_of(c.value));
    }
  }
  return out;
}

int columns_of(std::string_view text) {
  int columns = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Decoded c = decode(text, i);
    columns += std::max(0, width_of(c.value, text.substr(i, c.size)));
    i += c.size;
  }
  return columns;
}

std::string cut_to_columns(std::string_view text, int columns) {
  if (columns <= 0) return "";
  int used = 0;
  std::size_t fits = 0;  // bytes that leave a column for the ellipsis
  for (std::size_t i = 0; i < text.size();) {
    const Decoded c = decode(text, i);
    used += std::max(0, width_of(c.value, text.substr(i, c.size)));
    if (used > columns) return std::string(text.substr(0, fits)) + std::string(kEllipsis);
    i += c.size;
    if (used < columns) fits = i;
  }
  return std::string(text);
}

bool is_utf8_locale(const char* (*get)(const char*)) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = get(name);
    if (value == nullptr || *value == '\0') continue;
    std::string letters;
    for (const char c : std::string_view(value)) {
      if (c != '-') letters += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return letters.find("utf8") != std::string::npos;
  }
  return false;
}

ScreenLine& ScreenLine::add(std::string_view text, Tone tone) {
  if (text.empty()) return *this;
  std::string clean = printable(text);
  width_ += columns_of(clean);
  if (!pieces_.empty() && pieces_.back().tone == tone) {
    pieces_.back().text += clean;
  } else {
    pieces_.push_back({std::move(clean), tone});
  }
  return *this;
}

ScreenLine& ScreenLine::add_cut(std::string_view text, int columns, Tone tone) {
  return add(cut_to_columns(printable(text), columns), tone);
}

ScreenLine& ScreenLine::pad_to(int column) {
  if (column > width_) add(std::string(static_cast<std::size_t>(column - width_), ' '));
  return *this;
}

void ScreenLine::cut(int columns) {
  if (width_ <= columns) return;
  std::vector<Piece> kept;
  int used = 0;
  for (Piece& piece : pieces_) {
    const int columns_here = columns_of(piece.text);
    if (used + columns_here >= columns) {
      // One more than fits, so that the cut shows even where the next piece begins at the edge.
      piece.text = cut_to_columns(piece.text + "  ", columns - used);
      kept.push_back(std::move(piece));
      break;
    }
    used += columns_here;
    kept.push_back(std::move(piece));
  }
  pieces_ = std::move(kept);
  width_ = 0;
  for (const Piece& piece : pieces_) width_ += columns_of(piece.text);
}

std::string ScreenLine::text() const {
  std::string out;
  for (const Piece& piece : pieces_) out += piece.text;
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string ScreenLine::encoded(bool colour, bool ascii) const {
  std::string out;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    std::string text = ascii ? ascii_likeness(pieces_[i].text) : pieces_[i].text;
    if (i + 1 == pieces_.size()) text.erase(text.find_last_not_of(' ') + 1);
    out += toned(text, pieces_[i].tone, colour);
  }
  return out;
}

}  // namespace hone::cli
