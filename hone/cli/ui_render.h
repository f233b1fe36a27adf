// One moment of a study as the lines of a screen. Pure: the same view and size give the same lines.
#pragma once

#include <vector>

#include "hone/cli/ui_model.h"
#include "hone/cli/ui_text.h"

namespace hone::cli {

struct ScreenSize {
  int columns = 80;
  int rows = 24;
  friend bool operator==(const ScreenSize&, const ScreenSize&) = default;
};

/// At most `rows` − 1 lines (the screen's last one stays with the shell) of at most `columns` − 1
/// columns (a character in the last column leaves terminals in a state in which they differ). What
/// does not fit is left out by rank: columns and lines as a whole, then the ends of texts.
std::vector<ScreenLine> render(const LiveView& view, const ScreenSize& size);

/// The study in one line, and its best trial in one or two.
std::vector<ScreenLine> render_head(const LiveView& view, const ScreenSize& size);

/// How many running and how many ended trials a screen of that size can use.
std::size_t rows_wanted(const ScreenSize& size);

/// "about 3 m", in the precision that an estimate has.
std::string rough_duration(std::int64_t us);
/// "0 s", "42 s", "4 m 12 s", "3 h 05 m".
std::string whole_seconds(std::int64_t us);

}  // namespace hone::cli
