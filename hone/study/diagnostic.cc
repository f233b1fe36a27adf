// Rendering of diagnostics. Widths follow Unicode Standard Annex 11 for the common ranges: what is
// East Asian wide or an emoji takes two columns; rarer scripts may be off by a column, which only
// moves carets.
#include "hone/study/diagnostic.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace hone {
namespace {

constexpr int kTab = 4;           // an excerpt shows tabs as this many blanks
constexpr int kExcerptMax = 100;  // columns of a line that an excerpt shows
constexpr int kExcerptMin = 20;
constexpr int kExcerptMarks = 9;  // columns of "   7 | …" and "…"

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
};

CodePoint decode_at(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  std::size_t size = 1;
  char32_t value = first;
  if (first >= 0xF0 && first < 0xF8) {
    size = 4;
    value = first & 0x07U;
  } else if (first >= 0xE0 && first < 0xF0) {
    size = 3;
    value = first & 0x0FU;
  } else if (first >= 0xC0 && first < 0xE0) {
    size = 2;
    value = first & 0x1FU;
  }
  if (i + size > text.size()) return {first, 1};
  for (std::size_t k = 1; k < size; ++k) {
    if ((byte(i + k) & 0xC0U) != 0x80U) return {first, 1};
    value = (value << 6) | (byte(i + k) & 0x3FU);
  }
  return {value, size};
}

int width_of(char32_t c) {
  const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (in(0x300, 0x36F) || in(0x200B, 0x200F) || in(0x20D0, 0x20FF) || in(0xFE00, 0xFE0F)) return 0;
  const bool wide = in(0x1100, 0x115F) || in(0x2E80, 0x303E) || in(0x3041, 0xA4CF) ||
                    in(0xAC00, 0xD7A3) || in(0xF900, 0xFAFF) || in(0xFE30, 0xFE6F) ||
                    in(0xFF00, 0xFF60) || in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1F64F) ||
                    in(0x1F680, 0x1F6FF) || in(0x1F900, 0x1FAFF) || in(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

/// The line as shown: tabs as blanks, control characters as '?'; columns[i] is where character i
/// starts.
struct Shown {
  std::vector<std::string> characters;
  std::vector<int> columns;
  int width = 0;
};

Shown show_line(std::string_view line) {
  Shown shown;
  for (std::size_t i = 0; i < line.size();) {
    const CodePoint c = decode_at(line, i);
    shown.columns.push_back(shown.width);
    if (c.value == '\t') {
      const int blanks = kTab - shown.width % kTab;
      shown.characters.emplace_back(static_cast<std::size_t>(blanks), ' ');
      shown.width += blanks;
    } else if (c.value < 0x20 || c.value == 0x7F || (c.size == 1 && c.value >= 0x80)) {
      shown.characters.emplace_back("?");
      shown.width += 1;
    } else {
      shown.characters.emplace_back(line.substr(i, c.size));
      shown.width += width_of(c.value);
    }
    i += c.size;
  }
  shown.columns.push_back(shown.width);
  return shown;
}

std::string excerpt(const Diagnostic& d, std::string_view line, int terminal_columns) {
  const int most = terminal_columns > 0
                       ? std::clamp(terminal_columns - kExcerptMarks, kExcerptMin, kExcerptMax)
                       : kExcerptMax;
  const Shown shown = show_line(line);
  const std::size_t count = shown.characters.size();
  const std::size_t from = std::min(static_cast<std::size_t>(std::max(d.column - 1, 0)), count);
  const std::size_t to = std::min(count, from + static_cast<std::size_t>(std::max(d.length, 1)));
  // A long line is cut so that the place is seen.
  std::size_t first = 0;
  if (shown.columns[to] > most) {
    while (first < from && shown.columns[from] - shown.columns[first] > most / 3) ++first;
  }
  std::size_t last = count;
  while (last > from && shown.columns[last] - shown.columns[first] > most) --last;
  const std::string head = first > 0 ? "…" : "";
  std::string text = head;
  for (std::size_t i = first; i < last; ++i) text += shown.characters[i];
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (last < count) text += "…";
  const int indent = shown.columns[from] - shown.columns[first] + (first > 0 ? 1 : 0);
  const std::size_t marked = std::clamp(to, from, std::max(from, last));
  const int carets = std::max(1, shown.columns[marked] - shown.columns[from]);
  std::string out = fmt::format("{:>4} | {}\n", d.line, text);
  std::string under = fmt::format("     | {}{}", std::string(static_cast<std::size_t>(indent), ' '),
                                  std::string(static_cast<std::size_t>(carets), '^'));
  if (!d.fix.empty()) {
    const bool fits = terminal_columns <= 0 ||
                      display_width(under) + 1 + display_width(d.fix) <= terminal_columns;
    under += (fits ? " " : "\n     | ") + d.fix;
  }
  return out + under + "\n";
}

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

std::string render_one(const Diagnostic& d, const LineIndex& lines, std::string_view path,
                       int terminal_columns) {
  if (d.line <= 0) {
    return fmt::format("{}: {}: {}{}{}\n", path, severity_name(d.severity), d.message,
                       d.fix.empty() ? "" : "; ", d.fix);
  }
  return fmt::format("{}:{}:{}: {}: {}\n{}", path, d.line, d.column, severity_name(d.severity),
                     d.message, excerpt(d, lines.line(d.line), terminal_columns));
}

}  // namespace

LineIndex::LineIndex(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts_.push_back(i + 1);
  }
}

int LineIndex::line_of(std::size_t offset) const {
  const auto after =
      std::upper_bound(starts_.begin(), starts_.end(), std::min(offset, text_.size()));
  return static_cast<int>(after - starts_.begin());
}

int LineIndex::column_of(std::size_t offset) const {
  const std::size_t start = line_start(line_of(offset));
  return 1 + character_count(text_.substr(start, std::min(offset, text_.size()) - start));
}

std::size_t LineIndex::line_start(int number) const {
  const int known = std::clamp(number, 1, line_count());
  return starts_[static_cast<std::size_t>(known - 1)];
}

std::string_view LineIndex::line(int number) const {
  const std::size_t start = line_start(number);
  std::size_t end = text_.find('\n', start);
  if (end == std::string_view::npos) end = text_.size();
  if (end > start && text_[end - 1] == '\r') --end;
  return text_.substr(start, end - start);
}

Diagnostic LineIndex::at(TextSpan span, Severity severity, std::string message,
                         std::string fix) const {
  Diagnostic d;
  d.severity = severity;
  d.message = std::move(message);
  d.fix = std::move(fix);
  d.line = line_of(span.begin);
  d.column = column_of(span.begin);
  const std::string_view whole = line(d.line);
  const std::size_t line_end = line_start(d.line) + whole.size();
  const std::size_t end = std::min(std::max(span.end, span.begin), line_end);
  d.length = end > span.begin ? character_count(text_.substr(span.begin, end - span.begin)) : 1;
  return d;
}

int display_width(std::string_view utf8) {
  int width = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const CodePoint c = decode_at(utf8, i);
    width += width_of(c.value);
    i += c.size;
  }
  return width;
}

int character_count(std::string_view utf8) {
  int count = 0;
  for (std::size_t i = 0; i < utf8.size(); ++count) i += decode_at(utf8, i).size;
  return count;
}

void sort_diagnostics(std::vector<Diagnostic>& diagnostics) {
  const auto key = [](const Diagnostic& d) {
    return std::tuple(d.line, d.column, -static_cast<int>(d.severity));
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  const auto same = [&](const Diagnostic& a, const Diagnostic& b) {
    return key(a) == key(b) && a.message == b.message;
  };
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end(), same), diagnostics.end());
}

bool has_errors(std::span<const Diagnostic> diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string render_diagnostic(const Diagnostic& d, std::string_view text, std::string_view path,
                              int terminal_columns) {
  return render_one(d, LineIndex(text), path, terminal_columns);
}

std::string render_diagnostics(std::span<const Diagnostic> diagnostics, std::string_view text,
                               std::string_view path, int terminal_columns) {
  const LineIndex lines(text);
  std::string out;
  int errors = 0;
  int warnings = 0;
  for (const Diagnostic& d : diagnostics) {
    out += render_one(d, lines, path, terminal_columns);
    if (d.severity == Severity::error) ++errors;
    if (d.severity == Severity::warning) ++warnings;
  }
  if (errors + warnings == 0) return out;
  out += fmt::format("{} {}, {} {}{}\n", errors, errors == 1 ? "error" : "errors", warnings,
                     warnings == 1 ? "warning" : "warnings",
                     errors > 0 ? ": nothing was started" : "");
  return out;
}

}  // namespace hone
