// What the terminal can do, and text laid out for it.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hone::cli {

bool is_terminal(std::FILE* file);
/// A terminal, and neither NO_COLOR nor TERM=dumb.
bool wants_colour(std::FILE* file);
/// Columns of the terminal; 80 where there is none.
int terminal_width(std::FILE* file);

enum class Tone { plain, bold, dim, good, bad, note };
/// The text in a tone, or as it is.
std::string toned(std::string_view text, Tone tone, bool colour);

/// Pieces of at most `width` columns, broken at blanks; words that are longer stay whole.
std::vector<std::string> wrapped(std::string_view text, int width);
/// Names on the left, wrapped explanations on the right, within 80 columns. Ends with a line end.
std::string two_columns(const std::vector<std::pair<std::string, std::string>>& rows);

/// Rows of cells in columns as wide as their widest cell, two blanks between. Columns whose name is
/// in `right` are set to the right. The last column is cut at the width where `cut_to` is positive.
struct TextTable {
  std::vector<std::string> header;
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows;
  std::string text(int cut_to = 0) const;
};

/// At most `width` columns, with "…" where something was cut.
std::string cut_to_width(std::string_view text, int width);
/// A word for a POSIX shell, quoted where it must be.
std::string shell_quoted(const std::string& word);
std::string shell_command(const std::vector<std::string>& argv);

}  // namespace hone::cli
