// Text for a screen of cells: nothing that a terminal would obey, known widths, lines of toned
// pieces. What programs print is shown with it, so it expects anything: control characters, bytes
// that are no UTF-8, characters that take two columns or none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hone/cli/terminal.h"

namespace hone::cli {

/// The text with every byte sequence that is no printable character replaced: control characters
/// and broken UTF-8 by "?", tabs and line ends by blanks. Control sequences (colours), and marks
/// that turn the direction of writing or join characters are left out. A terminal shows it as it
/// stands, whatever it was.
std::string printable(std::string_view text);
/// The same in ASCII, column for column: drawing characters by their nearest likeness, others by
/// "?". Expects printable text.
std::string ascii_likeness(std::string_view text);
/// Columns that printable text takes.
int columns_of(std::string_view text);
/// At most `columns` columns of printable text; "…" at the end where something was cut.
std::string cut_to_columns(std::string_view text, int columns);

/// Whether the terminal's character set is UTF-8, by LC_ALL, LC_CTYPE and LANG; `get` reads a
/// variable of the environment (null: not set).
bool is_utf8_locale(const char* (*get)(const char*));

struct Piece {
  std::string text;  ///< printable
  Tone tone = Tone::plain;
  friend bool operator==(const Piece&, const Piece&) = default;
};

/// One line of a screen, built from left to right.
class ScreenLine {
 public:
  /// Appends; the text is made printable.
  ScreenLine& add(std::string_view text, Tone tone = Tone::plain);
  /// Appends at most `columns` columns of it.
  ScreenLine& add_cut(std::string_view text, int columns, Tone tone = Tone::plain);
  /// Blanks up to a column; nothing where the line is longer already.
  ScreenLine& pad_to(int column);
  /// Cuts the line to a width.
  void cut(int columns);

  int width() const { return width_; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  /// Without tones and without blanks at the end.
  std::string text() const;
  /// For a terminal.
  std::string encoded(bool colour, bool ascii) const;
  friend bool operator==(const ScreenLine&, const ScreenLine&) = default;

 private:
  std::vector<Piece> pieces_;
  int width_ = 0;
};

}  // namespace hone::cli
