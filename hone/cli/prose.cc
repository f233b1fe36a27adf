// Folding by pieces: a line is words and blanks, and some blanks hold on. They do within quotes and
// brackets, and within commands of hone ("hone run study.yaml --trials +40"), which end where their
// words stop looking like arguments or a mark ends the clause.
#include "hone/cli/prose.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "hone/base/text.h"
#include "hone/cli/terminal.h"
#include "hone/study/diagnostic.h"

namespace hone::cli {
namespace {

constexpr int kNarrowText = 30;  ///< columns that a margin must leave

bool is_excerpt(std::string_view line) {
  const std::size_t bar = line.find('|');
  if (bar == std::string_view::npos || bar == 0) return false;
  return std::ranges::all_of(line.substr(0, bar),
                             [](unsigned char c) { return c == ' ' || std::isdigit(c) != 0; });
}

/// What closes a piece that this character opens; 0: it opens none.
char closing(char open) {
  switch (open) {
    case '\'':
    case '"':
    case '`':
      return open;
    case '{':
      return '}';
    case '[':
      return ']';
    default:
      return 0;
  }
}

/// The index of the word in which a quote or bracket that is open after `words[first]` closes; none
/// where it is not open, or never closes.
std::optional<std::size_t> end_of_quoted(const std::vector<std::string_view>& words,
                                         std::size_t first) {
  const std::string_view word = words[first];
  const std::size_t at = word.find_first_not_of("(:");
  if (at == std::string_view::npos) return std::nullopt;
  const char open = word[at];
  const char close = closing(open);
  if (close == 0) return std::nullopt;
  int depth = 1;
  for (std::size_t i = first; i < words.size(); ++i) {
    for (std::size_t k = i == first ? at + 1 : 0; k < words[i].size(); ++k) {
      if (words[i][k] == close) {
        --depth;
      } else if (words[i][k] == open) {
        ++depth;
      }
      if (depth == 0) return i;
    }
  }
  return std::nullopt;
}

bool ends_clause(std::string_view word) {
  return !word.empty() && std::string_view(";,.:)").find(word.back()) != std::string_view::npos;
}

bool looks_like_argument(std::string_view word) {
  if (word.starts_with('-') || word == "&&" || word == "…") return true;
  if (word.find_first_of("/=~$<'\"") != std::string_view::npos) return true;
  const std::size_t dot = word.find('.');
  if (dot != std::string_view::npos && dot + 1 < word.size()) return true;
  return std::ranges::all_of(word, [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0 || std::ispunct(c) != 0;
  });
}

/// The index of the last word of the command of hone that begins at `first`: words that look like
/// arguments, and those that may be any words: the command's name and what it is about, the program
/// behind "--" and its script, the command behind "&&".
std::size_t end_of_command(const std::vector<std::string_view>& words, std::size_t first) {
  std::size_t last = first;
  int any = 2;
  for (std::size_t i = first + 1; i < words.size() && !ends_clause(words[last]); ++i) {
    if (words[i].starts_with('(')) break;
    if (words[i] == "--") {
      any = 2;
    } else if (words[i] == "&&") {
      any = 3;
    } else if (!looks_like_argument(words[i])) {
      if (any == 0) break;
      --any;
    } else if (any > 0 && !words[i].starts_with('-')) {
      --any;
    }
    if (const auto quoted = end_of_quoted(words, i)) i = *quoted;
    last = i;
  }
  return last;
}

/// The line's words, those that stay together as one; all of them are views of the line.
std::vector<std::string_view> pieces(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t first = i;
    if (words[i] == "hone" || words[i] == "(hone") i = end_of_command(words, i);
    if (const auto quoted = end_of_quoted(words, first)) i = *quoted;
    const char* const end = words[i].data() + words[i].size();
    out.emplace_back(words[first].data(), static_cast<std::size_t>(end - words[first].data()));
  }
  return out;
}

void fold_line(std::string_view line, int width, int margin, std::string& out) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  int further = indent > 0 ? static_cast<int>(indent) : margin;
  if (width - further < kNarrowText) further = std::min(further, kProseMargin);
  std::string row;
  const char* end = line.data();  // of what is in `out` and `row`
  for (const std::string_view piece : pieces(line)) {
    const std::string_view gap(end, static_cast<std::size_t>(piece.data() - end));
    const bool first = end == line.data();
    end = piece.data() + piece.size();
    if (!first && display_width(row) + display_width(gap) + display_width(piece) > width) {
      out += row + "\n";
      row.assign(static_cast<std::size_t>(further), ' ');
      row += piece;
    } else {
      row += gap;
      row += piece;
    }
  }
  out += row;
}

}  // namespace

std::string folded(std::string_view text, int width, int margin) {
  std::string out;
  bool first = true;
  for (const std::string_view line : split(text, '\n')) {
    if (!first) out += '\n';
    first = false;
    if (display_width(line) <= width || is_excerpt(line)) {
      out += line;
    } else {
      fold_line(line, width, margin, out);
    }
  }
  return out;
}

std::string prose_for(std::FILE* file, std::string_view text, int margin) {
  return is_terminal(file) ? folded(text, terminal_width(file), margin) : std::string(text);
}

void print_prose(std::FILE* file, std::string_view text, int margin) {
  std::fputs(prose_for(file, text, margin).c_str(), file);
}

}  // namespace hone::cli
