// Sentences for a person: errors, hints, notes. On a terminal they are folded at its width, as a
// writer would: a path, a command, a quoted piece, an excerpt of a file and its carets stay in one
// piece. Elsewhere they are left as they are, one line each, so that programs and searches find
// them.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace hone::cli {

/// How far the second and later lines of a sentence are set in, beyond the first.
inline constexpr int kProseMargin = 4;

/// The text with every line folded at `width` columns (a terminal may be narrower than a piece that
/// stays whole: that stands on a line of its own). Lines that follow are set in like their first
/// line, and by `margin` where that begins at the left edge; less in a narrow place. Excerpts
/// ("   7 | lr: …", "  | Traceback") stay as they are. Ends as the text does.
std::string folded(std::string_view text, int width, int margin = kProseMargin);

/// The text as it is to be written to `file`: folded on a terminal, else as it is.
std::string prose_for(std::FILE* file, std::string_view text, int margin = kProseMargin);
/// Writes it.
void print_prose(std::FILE* file, std::string_view text, int margin = kProseMargin);

}  // namespace hone::cli
