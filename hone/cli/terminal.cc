#include "hone/cli/terminal.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "hone/base/text.h"
#include "hone/study/diagnostic.h"

namespace hone::cli {
namespace {

constexpr int kDefaultWidth = 80;
constexpr int kNamesAtMost = 26;

std::string padded(const std::string& text, int width, bool right) {
  const int missing = std::max(0, width - display_width(text));
  const std::string blanks(static_cast<std::size_t>(missing), ' ');
  return right ? blanks + text : text + blanks;
}

}  // namespace

bool is_terminal(std::FILE* file) { return isatty(fileno(file)) == 1; }

bool wants_colour(std::FILE* file) {
  const char* no = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
  return is_terminal(file) && !dumb && (no == nullptr || *no == '\0');
}

int terminal_width(std::FILE* file) {
  winsize size{};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kDefaultWidth;
}

std::string toned(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::plain || text.empty()) return std::string(text);
  const char* code = "";
  switch (tone) {
    case Tone::plain:
      break;
    case Tone::bold:
      code = "1";
      break;
    case Tone::dim:
      code = "2";
      break;
    case Tone::good:
      code = "32";
      break;
    case Tone::bad:
      code = "31";
      break;
    case Tone::note:
      code = "33";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    std::string& line = lines.back();
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.emplace_back(word);
    } else {
      if (!line.empty()) line += ' ';
      line += word;
    }
  }
  return lines;
}

std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows) {
  int left = 0;
  for (const auto& [name, help] : rows) {
    if (display_width(name) <= kNamesAtMost) left = std::max(left, display_width(name));
  }
  std::string out;
  for (const auto& [name, help] : rows) {
    const std::vector<std::string> lines = wrapped(help, kDefaultWidth - left - 4);
    std::string first = "  " + padded(name, left, false) + "  ";
    std::size_t i = 0;
    if (display_width(name) > left) {
      out += "  " + name + "\n";
      first = std::string(static_cast<std::size_t>(left) + 4, ' ');
    }
    for (; i < lines.size(); ++i) {
      std::string line =
          (i == 0 ? first : std::string(static_cast<std::size_t>(left) + 4, ' ')) + lines[i];
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
  }
  return out;
}

std::string TextTable::text(int cut_to) const {
  std::vector<int> widths;
  const auto measure = [&](const std::vector<std::string>& cells) {
    widths.resize(std::max(widths.size(), cells.size()), 0);
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], display_width(cells[i]));
  };
  measure(header);
  for (const auto& row : rows) measure(row);
  std::string out;
  const auto add = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      line += padded(cells[i], widths[i], i < right.size() && right[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += (cut_to > 0 ? cut_to_width(line, cut_to) : line) + "\n";
  };
  if (!header.empty()) add(header);
  for (const auto& row : rows) add(row);
  return out;
}

std::string cut_to_width(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  int used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    while (i + size < text.size() && (static_cast<unsigned char>(text[i + size]) & 0xC0U) == 0x80U)
      ++size;
    const int columns = display_width(text.substr(i, size));
    if (used + columns > width - 1) break;
    out += text.substr(i, size);
    used += columns;
    i += size;
  }
  return out + "…";
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%^";
  if (!word.empty() && word.find_first_not_of(kSafe) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string shell_command(const std::vector<std::string>& argv) {
  std::string out;
  for (const std::string& word : argv) out += (out.empty() ? "" : " ") + shell_quoted(word);
  return out;
}

}  // namespace hone::cli
