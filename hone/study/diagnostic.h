// Mistakes in a text that a person wrote: where, what is wrong, what was probably meant. Written so
// that an editor can jump to them (path:line:column) and a reader sees the place (excerpt with
// carets).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

enum class Severity { note, warning, error };

/// A half-open range of bytes of a text.
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Lines and columns count from 1; columns and lengths are characters (code points), not bytes.
struct Diagnostic {
  Severity severity = Severity::error;
  int line = 0;  ///< 0: about the text as a whole
  int column = 0;
  int length = 1;       ///< of the underlined part, on its first line
  std::string message;  ///< one sentence: what, and why it is wrong
  std::string fix;      ///< said behind the carets ("did you mean …?"); may be empty
};

/// Finds lines and columns of byte offsets. Keeps a view of the text.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);

  /// Counts from 1; an offset beyond the end is the end.
  int line_of(std::size_t offset) const;
  int column_of(std::size_t offset) const;
  /// Without its line end.
  std::string_view line(int number) const;
  std::size_t line_start(int number) const;
  int line_count() const { return static_cast<int>(starts_.size()); }
  /// The diagnostic for a range; only the part on its first line is underlined.
  Diagnostic at(TextSpan span, Severity severity, std::string message, std::string fix = "") const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

/// Columns that a terminal needs for a text: combining marks 0, wide East Asian characters and
/// emoji 2.
int display_width(std::string_view utf8);
/// Code points in the text (bytes that are no UTF-8 count one each).
int character_count(std::string_view utf8);

/// Sorted by line and column (those about the whole first), repeats removed.
void sort_diagnostics(std::vector<Diagnostic>& diagnostics);
bool has_errors(std::span<const Diagnostic> diagnostics);

/// One diagnostic as text: `path:7:18: error: …`, then the line with carets, of which a long one is
/// cut around the place: at 100 columns, and so that the excerpt fits `terminal_columns` where they
/// are given. Ends with a line end.
std::string render_diagnostic(const Diagnostic& diagnostic, std::string_view text,
                              std::string_view path, int terminal_columns = 0);
/// All of them and the line of sums: "3 errors, 0 warnings: nothing was started" (that ending only
/// with errors).
std::string render_diagnostics(std::span<const Diagnostic> diagnostics, std::string_view text,
                               std::string_view path, int terminal_columns = 0);

}  // namespace hone
