// Explanations by symptom: first what commonly causes any parser error (tabs, an unquoted
// placeholder), then by yaml-cpp's message.
#include "hone/study/yaml_errors.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/study/yaml.h"

namespace hone {
namespace {

/// Length of the UTF-8 sequence at i, 0 if it is none (overlong forms and surrogates included).
std::size_t utf8_size(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return 1;
  std::size_t size = 0;
  if (first >= 0xC2 && first <= 0xDF)
    size = 2;
  else if (first >= 0xE0 && first <= 0xEF)
    size = 3;
  else if (first >= 0xF0 && first <= 0xF4)
    size = 4;
  if (size == 0 || i + size > text.size()) return 0;
  for (std::size_t k = 1; k < size; ++k) {
    if ((byte(i + k) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned char second = byte(i + 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return size;
}

Diagnostic whole_text(std::string message) {
  Diagnostic d;
  d.message = std::move(message);
  return d;
}

/// A tab in the indentation of the line of `at` or of one of the two before it.
std::optional<std::size_t> tab_in_indentation(const LineIndex& lines, std::size_t at) {
  const int last = lines.line_of(at);
  for (int number = last; number >= std::max(1, last - 2); --number) {
    const std::string_view line = lines.line(number);
    for (std::size_t i = 0; i < line.size() && (line[i] == ' ' || line[i] == '\t'); ++i) {
      if (line[i] == '\t') return lines.line_start(number) + i;
    }
  }
  return std::nullopt;
}

/// An unquoted `${name}` within [ ] or { }, just before the error.
std::optional<TextSpan> bare_placeholder(std::string_view text, std::size_t at,
                                         const YamlProgress& progress) {
  if (!progress.open_flow) return std::nullopt;
  const std::size_t from = *progress.open_flow;
  const std::size_t to = std::min(text.size(), std::max(at, progress.last_end) + 2);
  bool found = false;
  std::size_t begin = 0;
  char quote = 0;
  for (std::size_t i = from; i + 1 < to; ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '$' && text[i + 1] == '{') {
      found = true;
      begin = i;
      break;
    }
  }
  if (!found) return std::nullopt;
  const std::size_t close = text.find('}', begin);
  const std::size_t line_end = std::min(text.find('\n', begin), text.size());
  return TextSpan{begin,
                  close == std::string_view::npos || close > line_end ? begin + 2 : close + 1};
}

/// Where the quote opens that is never closed.
std::size_t open_quote(std::string_view text, const YamlProgress& progress) {
  for (std::size_t i = progress.last_end; i < text.size(); ++i) {
    if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n')) {
      i = std::min(text.find('\n', i), text.size());
    } else if (text[i] == '"' || text[i] == '\'') {
      return i;
    }
  }
  return progress.last_end;
}

Diagnostic explain_alias(std::string_view text, const LineIndex& lines, std::size_t at,
                         const YamlProgress& progress) {
  std::size_t end = at;
  while (end < text.size() &&
         std::string_view(" \t\r\n,[]{}").find(text[end]) == std::string_view::npos) {
    ++end;
  }
  const std::string name(text.substr(std::min(at + 1, end), end - std::min(at + 1, end)));
  const auto near = nearest_name(name, progress.anchors);
  return lines.at({at, end}, Severity::error,
                  fmt::format("*{} names an anchor that is not defined above; write &{} where the "
                              "value stands, or quote a text that begins with '*'",
                              name, name),
                  near ? fmt::format("did you mean *{}?", *near) : "");
}

Diagnostic explain_unclosed(std::string_view text, const LineIndex& lines, std::size_t at,
                            const YamlProgress& progress) {
  const std::size_t open = progress.open_flow.value_or(at);
  const bool list = text.substr(open, 1) == "[";
  return lines.at({open, open + 1}, Severity::error,
                  fmt::format("this {} is not closed: '{}' is missing, or something before it does "
                              "not belong into a {}",
                              list ? "list" : "map", list ? ']' : '}', list ? "list" : "map"));
}

}  // namespace

bool check_text(std::string_view text, std::vector<Diagnostic>& diagnostics) {
  const auto refuse = [&](Diagnostic d) {
    diagnostics.push_back(std::move(d));
    return false;
  };
  if (text.size() > kYamlMaxBytes) {
    return refuse(whole_text(fmt::format("the file has {}; at most {} are read",
                                         format_bytes(static_cast<std::int64_t>(text.size())),
                                         format_bytes(static_cast<std::int64_t>(kYamlMaxBytes)))));
  }
  const std::string_view mark = text.substr(0, 2);
  if (mark == "\xFF\xFE" || mark == "\xFE\xFF") {
    return refuse(
        whole_text("the file is in UTF-16 (its byte-order mark says so); save it as UTF-8"));
  }
  const std::string_view body = without_byte_order_mark(text);
  const LineIndex lines(body);
  const bool unix_ends = body.find('\n') != std::string_view::npos;
  for (std::size_t i = 0; i < body.size();) {
    const std::size_t size = utf8_size(body, i);
    const auto byte = static_cast<unsigned char>(body[i]);
    if (size == 0) {
      return refuse(
          lines.at({i, i + 1}, Severity::error,
                   fmt::format("the byte 0x{:02x} is no UTF-8; save the file as UTF-8", byte)));
    }
    if (byte == 0) {
      return refuse(
          lines.at({i, i + 1}, Severity::error,
                   "a zero byte: this is no text file, or it is in UTF-16; save it as UTF-8"));
    }
    if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7F) {
      return refuse(
          lines.at({i, i + 1}, Severity::error,
                   fmt::format("the control character 0x{:02x} is not allowed; remove it", byte)));
    }
    if (byte == '\r' && !unix_ends) {
      return refuse(whole_text(
          "the lines end in bare carriage returns; save the file with LF or CRLF line ends"));
    }
    i += size;
  }
  return true;
}

Diagnostic explain_yaml_error(std::string_view text, const LineIndex& lines, std::size_t at,
                              const std::string& parser_message, const YamlProgress& progress) {
  const auto says = [&](std::string_view part) {
    return parser_message.find(part) != std::string::npos;
  };
  at = std::min(at, text.size());
  const auto here = [&](std::string message, std::string fix = "") {
    return lines.at({at, std::min(at + 1, text.size())}, Severity::error, std::move(message),
                    std::move(fix));
  };
  if (says("anchor is not defined")) return explain_alias(text, lines, at, progress);
  if (says("in scalar")) {  // illegal EOF, illegal document indicator
    const std::size_t open = open_quote(text, progress);
    return lines.at({open, open + 1}, Severity::error, kUnclosedText);
  }
  if (says("unknown escape character")) {
    const std::size_t slash = text.rfind('\\', at);
    const std::size_t from = slash == std::string_view::npos ? at : slash;
    return lines.at({from, from + 2}, Severity::error,
                    fmt::format("'{}' is no escape of double-quoted text; use single quotes, or "
                                "'\\\\' for a backslash",
                                text.substr(from, 2)));
  }
  if (const auto span = bare_placeholder(text, at, progress)) {
    const std::string name(text.substr(span->begin, span->end - span->begin));
    return lines.at(
        *span, Severity::error,
        "a placeholder within [ ] or { } needs quotes, since YAML takes its '{' for a map",
        fmt::format("write \"{}\"", name));
  }
  if (const auto tab = tab_in_indentation(lines, at)) {
    return lines.at({*tab, *tab + 1}, Severity::error,
                    "a tab in the indentation: YAML wants blanks");
  }
  if (says("flow not found")) return explain_unclosed(text, lines, at, progress);
  if (says("illegal flow end")) {
    return here(fmt::format("'{}' does not fit the bracket that is open, or there is none",
                            text.substr(at, 1)));
  }
  if (says("unknown token")) {
    return here(
        fmt::format("a text cannot begin with '{}': put it into quotes", text.substr(at, 1)));
  }
  if (says("illegal map value")) {
    return here(
        "a ':' is not expected here; a text that contains ': ' needs quotes, and keys of one "
        "map need the same indentation");
  }
  if (says("end of map not found") || says("end of sequence not found")) {
    return here(
        "the indentation does not fit the lines before: keys of one map and items of one list "
        "stand in one column");
  }
  if (says("bad file") || says("depth")) {
    return here(fmt::format("nested more than {} levels deep", kYamlMaxDepth));
  }
  return here(fmt::format("this is no YAML: {}", parser_message));
}

Diagnostic empty_text(std::string_view text) {
  return whole_text(
      trim(text).empty()
          ? "the file is empty; the smallest study file has command (or program), metric "
            "and parameters: see hone help study-file"
          : "the file holds comments only; the smallest study file has command (or "
            "program), metric and parameters: see hone help study-file");
}

}  // namespace hone
