#include "hone/cli/ui_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/ui_render.h"

namespace hone::cli {
namespace {

constexpr int kGap = 2;
constexpr int kCellAtMost = 14;   ///< of a parameter or the metric's name
constexpr int kReasonLeast = 12;  ///< columns that make a reason worth beginning
constexpr int kStateWidth = 8;    ///< "stopping", so that the table stands still

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

struct Column {
  std::string name;
  bool right = false;
  int least = 0;        ///< width that it has whatever the rows hold
  bool of_end = false;  ///< stands aside for the reason of an end
  std::function<Cell(const LiveRow&)> cell;
  int width = 0;
};

Cell against_cell(const LiveView& view, const LiveRow& row) {
  if (row.is_best) return {"best", Tone::good};
  if (!row.against) return {};
  const Tone tone = *row.against == 0                       ? Tone::dim
                    : is_better(view.goal, *row.against, 0) ? Tone::good
                                                            : Tone::plain;
  constexpr double kShareAtMost = 10;
  if (!row.against_share || std::abs(*row.against_share) >= kShareAtMost)
    return {(*row.against > 0 ? "+" : "") + format_number(*row.against, 2), tone};
  return {fmt::format("{:+.1f} %", *row.against_share * 100), tone};
}

/// Of a running trial in whole seconds, so that the eye is left in peace.
std::string time_text(const LiveRow& row) {
  return row.is_running ? whole_seconds(row.time_us) : format_duration_us(row.time_us);
}

/// All columns, the most telling first; the curve's scale is that of all rows.
std::vector<Column> columns_by_rank(const LiveView& view, const std::vector<LiveRow>& rows) {
  std::vector<double> values;
  bool any_where = false;
  bool any_curve = false;
  for (const LiveRow& row : rows) {
    any_where = any_where || !row.where.empty();
    for (const auto& value : row.curve) {
      if (!value) continue;
      any_curve = true;
      values.push_back(*value);
    }
  }
  const BarScale scale = bar_scale(std::move(values));
  std::vector<Column> out;
  out.push_back({"trial", true, 5, false, [](const LiveRow& row) {
                   return Cell{std::to_string(row.trial), Tone::plain};
                 }});
  out.push_back({"state", false, kStateWidth, false, [](const LiveRow& row) {
                   return Cell{row.state, row.tone};
                 }});
  out.push_back({view.metric, true, 6, false, [](const LiveRow& row) {
                   return Cell{row.value ? metric_text(*row.value) : "",
                               row.is_best ? Tone::bold : Tone::plain};
                 }});
  out.push_back({view.fidelity, true, 3, false, [](const LiveRow& row) {
                   return Cell{row.at, Tone::plain};
                 }});
  if (any_curve) {
    out.push_back(
        {"", false, static_cast<int>(LiveModel::kCurveBars), true, [scale](const LiveRow& row) {
           return Cell{bars(row.curve, scale), Tone::plain};
         }});
  }
  out.push_back(
      {"vs best", true, 7, true, [&view](const LiveRow& row) { return against_cell(view, row); }});
  out.push_back({"time", true, 8, true, [](const LiveRow& row) {
                   return Cell{time_text(row), Tone::dim};
                 }});
  if (any_where) {
    out.push_back({"on", false, 2, true, [](const LiveRow& row) {
                     return Cell{row.where, Tone::dim};
                   }});
  }
  for (std::size_t i = 0; i < view.parameters.size(); ++i) {
    out.push_back({view.parameters[i], true, 4, true, [i](const LiveRow& row) {
                     return Cell{i < row.values.size() ? row.values[i] : "", Tone::plain};
                   }});
  }
  return out;
}

void measure(Column& column, const std::vector<LiveRow>& rows) {
  column.name = cut_to_columns(printable(column.name), kCellAtMost);
  column.width = std::max(column.least, columns_of(column.name));
  for (const LiveRow& row : rows) {
    if (column.of_end && !row.reason.empty()) continue;
    const int width = columns_of(printable(column.cell(row).text));
    column.width = std::max(column.width, std::min(width, kCellAtMost));
  }
}

/// Those that fit, in reading order: the step stands before the value.
std::vector<Column> chosen(std::vector<Column> ranked, int width) {
  std::vector<Column> out;
  int used = 0;
  for (Column& column : ranked) {
    const int more = column.width + (out.empty() ? 0 : kGap);
    if (used + more > width) break;
    used += more;
    out.push_back(std::move(column));
  }
  if (out.size() >= 4) std::swap(out[2], out[3]);
  return out;
}

void add_cell(ScreenLine& line, const Column& column, const Cell& cell, int from) {
  const std::string text = cut_to_columns(printable(cell.text), column.width);
  line.pad_to(from);
  if (column.right) line.pad_to(from + column.width - columns_of(text));
  line.add(text, cell.tone);
}

}  // namespace

std::vector<ScreenLine> trial_table(const LiveView& view, const std::vector<LiveRow>& rows,
                                    int width) {
  std::vector<Column> ranked = columns_by_rank(view, rows);
  for (Column& column : ranked) measure(column, rows);
  const std::vector<Column> columns = chosen(std::move(ranked), width);
  std::vector<ScreenLine> lines(rows.size() + 1);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ScreenLine& line = lines[i];
    const LiveRow* row = i == 0 ? nullptr : &rows[i - 1];
    int from = 0;
    for (const Column& column : columns) {
      if (row != nullptr && column.of_end && !row->reason.empty()) break;
      add_cell(line, column, row == nullptr ? Cell{column.name, Tone::dim} : column.cell(*row),
               from);
      from += column.width + kGap;
    }
    if (row != nullptr && !row->reason.empty() && width - from >= kReasonLeast) {
      line.pad_to(from).add_cut(row->reason, width - from,
                                row->tone == Tone::bad ? Tone::bad : Tone::dim);
    }
    line.cut(width);
  }
  return lines;
}

}  // namespace hone::cli
