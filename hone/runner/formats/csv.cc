// CSV files: Lightning's metrics.csv (sparse: most cells are blank), Keras' CSVLogger, anyone's
// own. Read only where a source is said to be CSV, because any prose with commas could pass for a
// header. The separator is that of comma, semicolon and tab which the header has most of. A line of
// texts only is a header, also later on: writers that are started again write theirs again.
#include <algorithm>

#include "hone/runner/log_format.h"
#include "hone/runner/log_format_text.h"

namespace hone::log_format {
namespace {

constexpr std::size_t kMaxColumns = 512;

char separator_of(std::string_view header) {
  char best = ',';
  for (const char c : {';', '\t'}) {
    if (std::count(header.begin(), header.end(), c) >
        std::count(header.begin(), header.end(), best))
      best = c;
  }
  return best;
}

/// The cells of a line, without quotes; a quoted cell may hold the separator.
std::vector<std::string> cells_of(std::string_view line, char separator) {
  std::vector<std::string> cells;
  std::size_t at = 0;
  while (at <= line.size() && cells.size() < kMaxColumns) {
    std::string cell;
    bool quoted = false;
    for (; at < line.size() && (quoted || line[at] != separator); ++at) {
      if (line[at] != '"') {
        cell += line[at];
      } else if (quoted && at + 1 < line.size() && line[at + 1] == '"') {
        cell += line[++at];
      } else {
        quoted = !quoted;
      }
    }
    cells.emplace_back(trim_blanks(cell));
    ++at;
  }
  return cells;
}

}  // namespace

Reading read_csv(const Line& line, FormatContext& context, ParsedRecord& record) {
  FormatState& state = context.state;
  std::string_view text = line.raw;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (state.csv_header.empty()) state.csv_delimiter = separator_of(text);
  std::vector<std::string> cells = cells_of(text, state.csv_delimiter);
  bool any_number = false;
  bool any_text = false;
  for (const auto& cell : cells) {
    (whole_number(cell) ? any_number : any_text) |= !cell.empty();
  }
  if (!any_number) {
    const bool any_blank = std::find(cells.begin(), cells.end(), "") != cells.end();
    if (!any_text || (any_blank && !state.csv_header.empty())) return Reading::silent;
    state.csv_delimiter = separator_of(text);
    cells = cells_of(text, state.csv_delimiter);
    for (auto& cell : cells) {
      if (!is_metric_name(cell)) cell.clear();
    }
    state.csv_header = std::move(cells);
    return Reading::silent;
  }
  RecordBuilder builder(record);
  for (std::size_t i = 0; i < std::min(cells.size(), state.csv_header.size()); ++i) {
    if (state.csv_header[i].empty()) continue;
    if (const auto value = whole_number(cells[i])) builder.add(state.csv_header[i], *value);
  }
  return record.metrics.empty() ? Reading::silent : Reading::record;
}

}  // namespace hone::log_format
